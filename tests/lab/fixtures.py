"""Session fixtures: each kind of server is started once, when the first test asks for it.

Also `full`: whether the long forms are wanted (./dev test --full).
"""

import contextlib
import os

import pytest

from .client import Client
from .kraft import Kraft
from .secured import SecuredKafka
from .zookeeper import ZooKeeperKafka

FULL = bool(os.environ.get("LOANSTREAM_FULL"))
full = pytest.mark.skipif(not FULL, reason="long: ./dev test --full")


@contextlib.contextmanager
def running(brokers):
    """Started; killed at the end, since nobody wants its data. A failure's logs are shown."""
    try:
        yield brokers.start()
    finally:
        brokers.kill()


def _session(name, make):
    @pytest.fixture(scope="session", name=name)
    def started(tmp_path_factory):
        with running(make(tmp_path_factory.mktemp(name))) as brokers:
            brokers.client = Client(brokers.access())
            yield brokers
    return started


kafka = _session("kafka", Kraft)
kafka3 = _session("kafka3", lambda folder: Kraft(folder, 3))
kafka39 = _session("kafka39", lambda folder: ZooKeeperKafka(folder, "kafka39"))
kafka11 = _session("kafka11", lambda folder: ZooKeeperKafka(folder, "kafka11"))
kafka010 = _session("kafka010", lambda folder: ZooKeeperKafka(folder, "kafka010"))
secured_kafka = _session("secured_kafka", SecuredKafka)
