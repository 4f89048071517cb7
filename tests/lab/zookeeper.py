"""The old lines of Kafka, with ZooKeeper, as clusters of HDP and others still run them."""

import dataclasses

from . import jars
from .brokers import Brokers
from .process import LabError, wait_until
from .wire import is_open

# log4j 1 (0.10 and 1.1); ZooKeeper 3.4 registers beans that reload4j does not have.
LOG4J = """log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss.SSS} %p %m (%c)%n
"""
# What a broker says that finds the entry of its killed self.
STILL_THERE = "already registered", "NodeExists"


@dataclasses.dataclass(frozen=True)
class Line:
    jars: str
    version: str


LINES = {"kafka39": Line("kafka-3.9", "3.9.1"),
         "kafka11": Line("kafka-1.1", "1.1.1"),
         "kafka010": Line("kafka-0.10", "0.10.2.2")}


class ZooKeeperKafka(Brokers):
    """One broker of an old line and its ZooKeeper, from the same jars."""

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
                         heap_mib=self.heap_mib, definitions=self.definitions())

    def prepare(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j.properties").write_text(LOG4J)
        # Sessions end between 2 and 20 ticks: short ticks let a killed broker come back soon.
        (self.folder / "zookeeper.cfg").write_text(
            f"tickTime=500\ndataDir={self.folder}/zookeeper\nclientPort={self.zookeeper_port()}\n"
            "clientPortAddress=127.0.0.1\nadmin.enableServer=false\nmaxClientCnxns=0\n")
        self.write_properties(0, {
            "broker.id": 0,
            "zookeeper.connect": f"127.0.0.1:{self.zookeeper_port()}",
            "zookeeper.session.timeout.ms": 3000,
            "zookeeper.connection.timeout.ms": 30000,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port(0)}",
            "advertised.listeners": f"PLAINTEXT://localhost:{self.port(0)}",
            "log.dirs": self.data(0),
            "delete.topic.enable": "true",  # 0.10 and 1.0: false unless said
        })
        self.zookeeper.start()
        self.zookeeper.ready(lambda: is_open(self.zookeeper_port()))

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
