"""Ports on 127.0.0.1 for servers that are stopped and started again.

Free ones are taken from below the range from which the kernel gives ports to clients. A port in
that range could be given away while its server is down, and a client that keeps on connecting to
it can even connect to itself (source port = target port) and so hold it against the server.
"""

import json
import pathlib
import random
import socket

from .process import say

LOWEST = 20000
_given = set()


def is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _highest():
    text = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    lowest_of_clients = int(text.split()[0])
    return lowest_of_clients - 1 if lowest_of_clients > LOWEST + 1000 else 65535


def free_port():
    """A port that is free now and that this process has not given before."""
    chance = random.SystemRandom()
    for _ in range(1000):
        port = chance.randint(LOWEST, _highest())
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise OSError("no free port on 127.0.0.1")


class PortBook:
    """The ports of one cluster by name, kept in its folder, so that a restart finds them again."""

    def __init__(self, folder, standard=False):
        self.path, self.standard = pathlib.Path(folder) / "ports.json", standard
        self.ports = json.loads(self.path.read_text()) if self.path.exists() else {}

    def drop_taken(self):
        """Before a start: forgets what another program has taken meanwhile."""
        self.ports = {name: port for name, port in self.ports.items() if is_free(port)}

    def get(self, name, standard=None):
        """The port of this name; a new one is `standard` where wanted and free."""
        if name not in self.ports:
            self.ports[name] = self._choose(name, standard if self.standard else None)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(self.ports, indent=1) + "\n")
        return self.ports[name]

    def _choose(self, name, standard):
        if standard is None:
            return free_port()
        if is_free(standard):
            return standard
        port = free_port()
        say(f"port {standard} is taken: {name} of {self.path.parent.name} is on {port}")
        return port
