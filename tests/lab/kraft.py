"""Kafka 4: each process is a broker and a controller of the quorum (KRaft), no ZooKeeper."""

import dataclasses
import subprocess

from . import jars
from .brokers import Brokers
from .process import LabError

JARS = "kafka-4.4"
CLUSTER_ID = "bG9hbnN0cmVhbS1sYWItMQ"


@dataclasses.dataclass
class Listener:
    """A listener beside the plain one: its protocol and its settings, without their prefix."""

    name: str
    protocol: str
    settings: dict


class Kraft(Brokers):
    """Kafka 4.4 with 1 or 3 brokers; a dead broker's partitions move after about 4 s."""

    def __init__(self, folder, count=1, **options):
        super().__init__(folder, count, **options)
        self.definitions = {"org.slf4j.simpleLogger.showDateTime": "true",
                            "org.slf4j.simpleLogger.dateTimeFormat": "HH:mm:ss.SSS"}

    def listeners(self):
        return []

    def format_arguments(self):
        return []

    def controller_port(self, node):
        return self.ports.get(f"controller-{node}")

    def listener_port(self, name, node=0):
        return self.ports.get(f"{name.lower()}-{node}")

    def command(self, node):
        return jars.java(JARS, "kafka.Kafka", self.properties_file(node), heap_mib=self.heap_mib,
                         definitions=self.definitions)

    def prepare(self):
        for node in range(self.count):
            self.write_properties(node, self.properties(node))
        fresh = [node for node in range(self.count)
                 if not (self.data(node) / "meta.properties").exists()]
        running = [(node, subprocess.Popen(self.format_command(node), stdin=subprocess.DEVNULL,
                                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
                   for node in fresh]
        for node, process in running:
            output = process.communicate(timeout=120)[0].decode("utf-8", "replace")
            if process.returncode != 0:
                raise LabError(f"broker {node} could not be formatted\n{output[-3000:]}")

    def format_command(self, node):
        return jars.java(JARS, "kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID,
                         "--config", self.properties_file(node), "--ignore-formatted",
                         *self.format_arguments(), heap_mib=128)

    def properties(self, node):
        names = {"PLAINTEXT": self.port(node)}
        protocols = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
        settings = {}
        for listener in self.listeners():
            names[listener.name] = self.listener_port(listener.name, node)
            protocols[listener.name] = listener.protocol
            for key, value in listener.settings.items():
                settings[f"listener.name.{listener.name.lower()}.{key}"] = value
        bound = {**names, "CONTROLLER": self.controller_port(node)}
        voters = ",".join(f"{i}@127.0.0.1:{self.controller_port(i)}" for i in range(self.count))
        return {
            "process.roles": "broker,controller",
            "node.id": node,
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": ",".join(f"{k}://127.0.0.1:{v}" for k, v in bound.items()),
            "advertised.listeners": ",".join(f"{k}://localhost:{v}" for k, v in names.items()),
            "listener.security.protocol.map":
                ",".join(f"{k}:{v}" for k, v in protocols.items()),
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.data(node),
            "share.coordinator.state.topic.replication.factor": self.count,
            "share.coordinator.state.topic.min.isr": 1,
            # A dead broker's partitions move after this, and until then it is not let in again.
            "broker.session.timeout.ms": 4000 if self.count > 1 else 2000,
            "broker.heartbeat.interval.ms": 300,
            **settings,
        }
