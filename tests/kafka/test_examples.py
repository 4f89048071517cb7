"""The examples of the verbs that need brokers, as docs/cli.md has them."""

import os
import re
import signal
import subprocess
import uuid

import pytest

from job import environment
from support.program import PROGRAM, ROOT, run, wait_until

ON_KAFKA = re.compile(r" (local|cluster|conf/ours\.toml)( |$)")
ENDLESS = re.compile(r"loanstream (source|stream) local$")


def examples():
    text = (ROOT / "docs/cli.md").read_text()
    return [line for block in re.findall(r"```\n(.*?)```", text, re.S)
            for line in block.splitlines() if ON_KAFKA.search(line)]


def test_there_are_some():
    assert len(examples()) > 5


@pytest.mark.parametrize("example", examples())
def test_the_example_works(kafka, tmp_path, example):
    client = kafka.client
    if client.exists("fintech_pyspark"):
        client.delete_topic("fintech_pyspark")
    env = {**os.environ, **environment(kafka.access(), kafka__group=uuid.uuid4().hex,
                                       topic__replication="1"),
           "PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"}
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/ours.toml").write_text((ROOT / "conf/cluster.toml").read_text())
    if "create" not in example:
        client.create_topic("fintech_pyspark")
        feed = tmp_path / "feed.jsonl"
        feed.write_text(run("applicants", "generate", "-n", 20).out)
        run("source", "local", "--file", feed, "--quiet", env=env)
        client.commit("1", "fintech_pyspark", {0: 5})
    if not ENDLESS.match(example):
        done = subprocess.run(["bash", "-c", example], cwd=tmp_path, env=env, capture_output=True,
                              timeout=100, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr.decode()
        return
    log = tmp_path / "output"
    with open(log, "wb") as output:
        process = subprocess.Popen(["bash", "-c", "exec " + example], cwd=tmp_path, env=env,
                                   stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: b"event=" in log.read_bytes(), 30, "it has begun")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, log.read_text()
    finally:
        process.kill()
