"""The program against real brokers: its words and environment, and what must hold afterwards."""

import contextlib
import itertools
import os
import re
import uuid

from oracle import compare
from support.program import Process, run, run_json, wait_until

SETTINGS = {  # of ours, by librdkafka's name for the same
    "bootstrap.servers": "BOOTSTRAP", "sasl.mechanism": "MECHANISM", "sasl.mechanisms": "MECHANISM",
    "sasl.username": "USER", "sasl.password": "PASSWORD", "ssl.ca.location": "CA_FILE",
    "ssl.certificate.location": "CERTIFICATE_FILE", "ssl.key.location": "KEY_FILE",
    "sasl.kerberos.keytab": "KEYTAB", "sasl.kerberos.principal": "PRINCIPAL",
    "sasl.kerberos.service.name": "SERVICE_NAME",
}


def environment(access, **settings):
    """What makes the profile `local` reach these brokers; settings as kafka__group="g"."""
    env = {}
    for name, value in access.properties.items():
        if name == "security.protocol":
            env["LOANSTREAM_KAFKA_SECURITY"] = value.lower()
        elif name in SETTINGS:
            env[f"LOANSTREAM_KAFKA_{SETTINGS[name]}"] = str(value)
    env.update({str(k): str(v) for k, v in access.env.items()})
    for name, value in settings.items():
        env[f"LOANSTREAM_{name.replace('__', '_').upper()}"] = str(value)
    return env


class Job:
    """One topic, one warehouse, one consumer group."""

    numbers = itertools.count()

    def __init__(self, brokers, folder, partitions=1, **settings):
        self.brokers, self.folder = brokers, folder
        self.topic = f"job-{uuid.uuid4().hex[:8]}"
        self.data = folder / "data"
        settings = {"kafka__session_timeout": "6s", "table__commit_every": "200ms", **settings}
        self.env = environment(brokers.access(), kafka__group=self.topic, **settings)
        self.partitions = partitions
        if partitions:
            self.run("topic", "create", "--partitions", partitions)

    def words(self, *words):
        """PROFILE and TOPIC behind the verb."""
        verb = 2 if words[0] in ("topic", "table", "dead") else 1
        named = words[0] in ("source", "stream") or (words[0] == "topic" and words[1] != "list")
        topic = [self.topic] if named else []
        return [*words[:verb], "local", *topic, *words[verb:]]

    def run(self, *words, env=None, **options):
        return run(*self.words(*words), data=self.data, env={**self.env, **(env or {})}, **options)

    @contextlib.contextmanager
    def running(self, *words, env=None):
        process = self.start(*words, env=env)
        try:
            yield process
        finally:
            process.close()

    def start(self, *words, env=None):
        return Process(*self.words(*words), data=self.data, folder=self.folder,
                       env={**self.env, **(env or {})})

    def feed(self, count, seed=1, dirty=0.02):
        """Applications in a file."""
        path = self.folder / f"feed-{next(self.numbers)}.jsonl"
        path.write_text(run("applicants", "generate", "-n", count, "--seed", seed,
                            "--dirty", dirty).out)
        return path

    def produce(self, count, seed=1, dirty=0.02):
        self.run("source", "--file", self.feed(count, seed, dirty), "--quiet")

    def stream(self, *words, **options):
        return self.run("stream", "--once", "--quiet", *words, **options)

    def landed(self):
        """Rows of both tables; 0 while there is no table yet."""
        done = run("table", "show", "--json", data=self.data, expect=None)
        match = re.search(r'"records":\s*(\d+)', done.out)
        return int(match[1]) if match and done.returncode == 0 else 0

    def wait_landed(self, count, seconds=60):
        wait_until(lambda: self.landed() >= count, seconds, f"{count} records land")

    def prove(self, expect=0):
        return run_json_of(self.run("table", "prove", "--complete", "--json", expect=expect))

    def sql(self, query):
        return run_json("table", "sql", query, data=self.data)

    def records(self):
        """(partition, offset, bytes) as a reader of committed records has them."""
        read = self.brokers.client.read(self.topic, **{"isolation.level": "read_committed"})
        return [(x.partition, x.offset, x.value or b"") for x in read]

    def holds(self, records=None):
        """Proved, every row as the oracle decides it, nothing left in staging."""
        report = self.prove()
        assert report["proved"], report
        topic = self.records()
        assert compare.differences_of(topic, self.topic, self.data / "warehouse") == []
        assert records is None or len(topic) == records
        staging = self.data / "warehouse/_loanstream/staging"
        assert [p.name for p in staging.iterdir() if p.name.endswith(".staged")] == []


def run_json_of(done):
    import json
    return json.loads(done.out)


def has_line(text, *parts):
    """One line with all the parts."""
    return any(all(part in line for part in parts) for line in text.splitlines())


FULL = bool(os.environ.get("LOANSTREAM_FULL"))
