"""Two requests of Kafka's protocol, so that "ready" means that a broker answers, not just listens.

Every line of brokers since 0.10.0 answers these versions.
"""

import socket
import struct

API_VERSIONS, METADATA = 18, 3


def _read(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("the broker closed the connection")
        data += part
    return data


def call(port, key, version, body, seconds=5):
    """One request on a connection of its own; the answer behind its correlation id."""
    client = b"lab"
    head = struct.pack(">hhih", key, version, 1, len(client)) + client
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        size = struct.unpack(">i", _read(connection, 4))[0]
        return _read(connection, size)[4:]


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0]

    def text(self):
        length = self.take("h")
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length:self.at].decode()


def api_versions(port):
    """{api key: (lowest, highest version)} that the broker speaks."""
    reader = _Reader(call(port, API_VERSIONS, 0, b""))
    error, count = reader.take("h"), reader.take("i")
    if error:
        raise ConnectionError(f"ApiVersions: error {error}")
    return {reader.take("h"): (reader.take("h"), reader.take("h")) for _ in range(count)}


def cluster(port):
    """({broker id: (host, port)}, id of the controller or -1) as this broker sees them."""
    reader = _Reader(call(port, METADATA, 1, struct.pack(">i", 0)))
    brokers = {}
    for _ in range(reader.take("i")):
        node, host, at = reader.take("i"), reader.text(), reader.take("i")
        reader.text()  # rack
        brokers[node] = host, at
    return brokers, reader.take("i")


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


def answers(port, brokers):
    """Whether the broker on this port knows a controller and all its fellows."""
    try:
        known, controller = cluster(port)
    except (OSError, struct.error):
        return False
    return controller >= 0 and len(known) == brokers
