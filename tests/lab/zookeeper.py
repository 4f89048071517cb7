"""The old lines of Kafka, with ZooKeeper, as clusters of HDP and others still run them."""

import dataclasses
import subprocess

from . import jars, sasl
from .brokers import Brokers
from .process import LabError, wait_until
from .wire import is_open

# log4j 1 (0.10 and 1.1); ZooKeeper 3.4 registers beans that reload4j does not have.
LOG4J = """log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss.SSS} %p %m (%c)%n
"""
# JDK 17 keeps sun.nio.ch to itself; without it 0.10 cannot delete a log.
FLAGS = ["--add-exports=java.base/sun.nio.ch=ALL-UNNAMED"]

# What a broker says that finds the entry of its killed self.
STILL_THERE = "already registered", "NodeExists"


@dataclasses.dataclass(frozen=True)
class Line:
    jars: str
    version: str
    sasl: bool = False


LINES = {"kafka39": Line("kafka-3.9", "3.9.1", sasl=True),
         "kafka11": Line("kafka-1.1", "1.1.1"),
         "kafka010": Line("kafka-0.10", "0.10.2.2")}


class ZooKeeperKafka(Brokers):
    """One broker of an old line and its ZooKeeper, from the same jars.

    kafka39 has a listener for passwords too, with which librdkafka before 2.6.1 can do SCRAM.
    """

    def __init__(self, folder, line, **options):
        self.line = LINES[line]
        super().__init__(folder, **options)
        self.zookeeper = self.server("zookeeper", self.zookeeper_command)

    def before(self):
        return [self.zookeeper]

    def definitions(self):
        return {"log4j.configuration": f"file:{self.folder}/log4j.properties",
                "org.slf4j.simpleLogger.showDateTime": "true",
                "org.slf4j.simpleLogger.dateTimeFormat": "HH:mm:ss.SSS",
                "zookeeper.jmx.log4j.disable": "true"}

    def zookeeper_port(self):
        return self.ports.get("zookeeper", 2181)

    def zookeeper_command(self):
        return jars.java(self.line.jars, "org.apache.zookeeper.server.ZooKeeperServerMain",
                         self.folder / "zookeeper.cfg", heap_mib=64,
                         definitions=self.definitions())

    def command(self, node):
        return jars.java(self.line.jars, "kafka.Kafka", self.properties_file(node),
                         heap_mib=self.heap_mib, definitions=self.definitions(), flags=FLAGS)

    def write_settings(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j.properties").write_text(LOG4J)
        # Sessions end between 2 and 20 ticks: short ticks let a killed broker come back soon.
        (self.folder / "zookeeper.cfg").write_text(
            f"tickTime=500\ndataDir={self.folder}/zookeeper\nclientPort={self.zookeeper_port()}\n"
            "clientPortAddress=127.0.0.1\nadmin.enableServer=false\nmaxClientCnxns=0\n")
        ports = {"PLAINTEXT": self.port(0)}
        sasl_settings = {}
        if self.line.sasl:
            ports["SASL_PLAINTEXT"] = self.sasl_port()
            sasl_settings = {f"listener.name.sasl_plaintext.{key}": value for key, value
                             in sasl.listener_settings(["PLAIN", *sasl.SCRAM]).items()}
        self.write_properties(0, {
            "broker.id": 0,
            "zookeeper.connect": f"127.0.0.1:{self.zookeeper_port()}",
            "zookeeper.session.timeout.ms": 3000,
            "zookeeper.connection.timeout.ms": 30000,
            "listeners": ",".join(f"{k}://127.0.0.1:{v}" for k, v in ports.items()),
            "advertised.listeners": ",".join(f"{k}://localhost:{v}" for k, v in ports.items()),
            "log.dirs": self.data(0),
            "delete.topic.enable": "true",  # 0.10 and 1.0: false unless said
            **sasl_settings,
        })

    def prepare(self):
        self.write_settings()
        fresh = not (self.folder / "zookeeper").exists()
        self.zookeeper.start()
        self.zookeeper.ready(lambda: is_open(self.zookeeper_port()))
        if fresh and self.line.sasl:
            self._add_user()

    def _add_user(self):
        secret = ",".join(f"{mechanism}=[password={sasl.PASSWORD}]" for mechanism in sasl.SCRAM)
        done = subprocess.run(
            jars.java(self.line.jars, "kafka.admin.ConfigCommand", "--zookeeper",
                      f"127.0.0.1:{self.zookeeper_port()}", "--alter", "--entity-type", "users",
                      "--entity-name", sasl.USER, "--add-config", secret, heap_mib=64),
            capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise LabError(f"no SCRAM user\n{(done.stdout + done.stderr)[-2000:]}")

    def sasl_port(self):
        return self.ports.get("sasl")

    def sasl_access(self, mechanism):
        return sasl.access(self.sasl_port(), mechanism)

    def start_broker(self, node):
        """After a kill -9 ZooKeeper remembers the dead session for 3 s and refuses its heir."""
        def started():
            try:
                super(ZooKeeperKafka, self).start_broker(node)
                return True
            except LabError:
                if any(sign in self.servers[node].log_since_start() for sign in STILL_THERE):
                    return False
                raise
        wait_until(started, 60, "ZooKeeper lets the broker in again")
