"""What all kinds of Kafka have in common: brokers as servers of one folder."""

import dataclasses
import pathlib
import shutil

from . import wire
from .ports import PortBook
from .process import LabError, Server, say, wait_until

# Small and quick: short housekeeping intervals, so that tests of retention do not wait minutes.
QUICK = {
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "group.max.session.timeout.ms": 600000,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "log.cleaner.dedupe.buffer.size": 4 << 20,
    "log.initial.task.delay.ms": 500,
    "log.retention.check.interval.ms": 1000,
}
START_ATTEMPTS = 3


@dataclasses.dataclass
class Access:
    """How a client reaches a listener: librdkafka's properties, and its environment's variables."""

    properties: dict
    env: dict = dataclasses.field(default_factory=dict)

    @property
    def bootstrap(self):
        return self.properties["bootstrap.servers"]

    def but(self, **changes):
        """The same with other properties; `_` stands for `.`, None takes a property away."""
        changes = {key.replace("_", "."): value for key, value in changes.items()}
        merged = {**self.properties, **changes}
        return Access({k: v for k, v in merged.items() if v is not None}, self.env)


class Brokers:
    """One or more brokers; broker ids count from 0.

    `overrides` are broker properties (message.max.bytes and the like). `standard` takes Kafka's
    usual ports where they are free. Data stays in the folder until wipe().
    """

    heap_mib = 256

    def __init__(self, folder, count=1, overrides=None, standard=False, dies_with_us=True):
        self.folder, self.count = pathlib.Path(folder).resolve(), count
        self.overrides, self.ports = overrides or {}, PortBook(folder, standard)
        self.dies_with_us = dies_with_us
        self.servers = [self.server(f"broker-{node}", lambda node=node: self.command(node))
                        for node in range(count)]

    def server(self, name, command):
        return Server(name, self.folder, command, dies_with_us=self.dies_with_us)

    # What each kind says for itself.
    def command(self, node):
        raise NotImplementedError

    def prepare(self):
        """Writes settings, formats folders, starts what must run before a broker."""

    def before(self):
        """Servers that the brokers stand on, in the order in which they start."""
        return []

    # Where it is.
    def port(self, node):
        return self.ports.get(f"broker-{node}", 9092 + node)

    @property
    def bootstrap(self):
        return ",".join(f"localhost:{self.port(node)}" for node in range(self.count))

    def access(self):
        """The plain listener. Without an address family a client tries ::1 first and complains."""
        return Access({"bootstrap.servers": self.bootstrap, "broker.address.family": "v4"})

    # Life.
    def start(self):
        """Up and answering; what was started is killed again if that fails."""
        for attempt in range(1, START_ATTEMPTS + 1):
            self.ports.drop_taken()
            try:
                return self._start()
            except LabError as failure:
                # Another program was quicker to take a port that was free a moment ago.
                if "ddress already in use" not in str(failure) or attempt == START_ATTEMPTS:
                    raise
                say(f"a port was taken meanwhile: starting again\n{failure}")

    def _start(self):
        try:
            self.prepare()
            for server in self.servers:
                server.start()
            for node in range(self.count):
                self.wait_ready(node)
        except BaseException:
            self.kill()
            raise
        return self

    def wait_ready(self, node):
        self.servers[node].ready(lambda: wire.answers(self.port(node), self.living()))

    def living(self):
        return sum(server.alive() for server in self.servers)

    def alive(self):
        return all(server.alive() for server in self.servers)

    def kill_broker(self, node):
        self.servers[node].kill()

    def stop_broker(self, node):
        self.servers[node].stop()

    def start_broker(self, node):
        self.servers[node].start()
        self.wait_ready(node)

    def pause_broker(self, node):
        """SIGSTOP: its connections stay open and nothing answers."""
        self.servers[node].pause()

    def resume_broker(self, node):
        self.servers[node].resume()

    def stop(self, seconds=10):
        """SIGTERM to all, then SIGKILL to who is left. Brokers before what they stand on."""
        for server in self.servers:
            server.terminate()
        try:
            wait_until(lambda: self.living() == 0, seconds, "the brokers stop")
        except LabError:
            pass  # the last of a quorum waits for a controller that is no more
        for server in [*self.servers, *reversed(self.before())]:
            server.stop()

    def kill(self):
        for server in [*self.servers, *reversed(self.before())]:
            server.kill()

    def wipe(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def memory_mib(self):
        return sum(server.memory_mib() for server in [*self.before(), *self.servers])

    def log_ends(self):
        return "\n".join(server.log_end() for server in [*self.before(), *self.servers])

    # Settings.
    def write_properties(self, node, properties):
        merged = {**QUICK, **self.replication(), **properties, **self.overrides}
        path = self.properties_file(node)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{key}={value}\n" for key, value in merged.items()))

    def properties_file(self, node):
        return self.folder / f"broker-{node}.properties"

    def data(self, node):
        return self.folder / f"data-{node}"

    def replication(self):
        insync = 2 if self.count > 1 else 1
        return {"default.replication.factor": self.count,
                "min.insync.replicas": insync,
                "offsets.topic.replication.factor": self.count,
                "transaction.state.log.replication.factor": self.count,
                "transaction.state.log.min.isr": insync}
