"""Every way into a broker that a lender may ask for, and each wrong one told in one clear line."""

import pytest

from job import Job, environment, has_line
from lab.fixtures import full
from lab.sasl import PASSWORD
from sink_job import SinkJob
from support.program import run


class Secured(Job):
    """A job that reaches the same broker by another listener."""

    def by(self, access):
        self.env = {**environment(access, kafka__group=self.topic,
                                  kafka__connect_timeout="6s")}
        return self


@pytest.fixture
def job(secured_kafka, tmp_path):
    return Secured(secured_kafka, tmp_path)


@pytest.mark.parametrize("name", ["TLS", "TLS_CLIENT", "SASL PLAIN", "SASL_TLS PLAIN",
                                  "SASL GSSAPI", "SASL_TLS GSSAPI"])
def test_the_right_client_lands_its_records(job, name):
    job.by(job.brokers.accesses()[name])
    job.produce(50)
    job.stream()
    job.holds(50)


class SecuredSinks(SinkJob):
    """The topics beside its table lie behind the same listener."""

    def by(self, access):
        self.env = environment(access, kafka__group=self.topic, kafka__connect_timeout="6s",
                               kafka__decisions_topic=self.decisions,
                               kafka__dead_letter_topic=self.dead)
        return self


@pytest.mark.parametrize("name", ["SASL_TLS PLAIN", "SASL_TLS GSSAPI"])
def test_the_topics_beside_the_table_are_reached_the_same_way(secured_kafka, tmp_path, name):
    job = SecuredSinks(secured_kafka, tmp_path).by(secured_kafka.accesses()[name])
    job.produce(200, dirty=0.1)
    job.stream()
    assert job.is_announced()
    job.agree()
    assert len(job.announced(job.decisions)) + len(job.announced(job.dead)) == 200


@full
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_scram_with_an_older_broker(kafka39, tmp_path, mechanism):
    job = Secured(kafka39, tmp_path).by(kafka39.sasl_access(mechanism))
    job.produce(20)
    job.stream()
    job.holds(20)


def refused(job, access, *parts, status=3):
    """Each verb says it in one line that holds the parts, and never the password."""
    job.by(access)
    for words in (["topic", "list"], ["stream", "--once"], ["source", "--file", job.feed(1)]):
        done = job.run(*words, expect=status)
        last = done.err.strip().splitlines()[-1]
        assert all(part in last for part in parts), done.err
        assert PASSWORD not in done.err + done.out and "wrong-secret" not in done.err + done.out


def test_a_wrong_password(job):
    access = job.brokers.sasl_access("PLAIN").but(sasl_password="wrong-secret")
    refused(job, access, "refuses the login of user", "by PLAIN", "kafka.password_file")


def test_scram_with_kafka_4_says_what_it_may_be(job):
    refused(job, job.brokers.sasl_access("SCRAM-SHA-256"), "by SCRAM-SHA-256", "Kafka 4",
            "librdkafka 2.0.2")


def test_wrong_certificates(job):
    refused(job, job.brokers.tls_access("TLS_EXPIRED"), "certificate has expired")
    refused(job, job.brokers.tls_access("TLS_WRONG_HOST"), "another host name")
    refused(job, job.brokers.tls_access().but(ssl_ca_location=None), "kafka.ca_file")


def test_a_wrong_keytab(job, tmp_path):
    access = job.brokers.sasl_access("GSSAPI").but(sasl_kerberos_keytab=str(tmp_path / "none"))
    refused(job, access, "keytab cannot be read", "kafka.keytab", status=2)


@pytest.mark.parametrize("name", ["keytab", "principal"])
def test_nothing_of_kerberos_reaches_a_shell(job, tmp_path, name):
    bad = tmp_path / "a;touch b"
    bad.write_text("")
    access = job.brokers.sasl_access("GSSAPI").but(**{f"sasl_kerberos_{name}": str(bad)})
    refused(job, access, f"kafka.{name}", "only letters", status=2)


def test_hosts_that_do_not_answer(job):
    access = job.brokers.access()
    refused(job, access.but(bootstrap_servers="nowhere.invalid:9092"), "host is unknown",
            "kafka.bootstrap")
    refused(job, access.but(bootstrap_servers="127.0.0.1:1"), "no broker answers",
            "kafka.bootstrap")


def test_secrets_come_from_files_or_the_environment_and_are_not_shown(job, tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    access = job.brokers.sasl_access("PLAIN")
    job.by(access.but(sasl_password=None))
    done = job.run("topic", "list", expect=2)
    assert "PLAIN needs a user and a password" in done.err
    job.env["LOANSTREAM_KAFKA_PASSWORD_FILE"] = str(file)
    assert job.topic in job.run("topic", "list").out
    job.env["LOANSTREAM_KAFKA_PASSWORD"] = PASSWORD
    assert has_line(job.run("topic", "list", expect=2).err, "given twice")
    for words in (["config", "show"], ["config", "show", "--json"]):
        shown = run(*words, "local", env=job.env).out
        assert PASSWORD not in shown and "(set)" in shown
    done = run("config", "show", "--set", "kafka.password=wrong-secret", expect=2)
    assert "LOANSTREAM_KAFKA_PASSWORD" in done.err and "wrong-secret" not in done.err
    profile = tmp_path / "ours.toml"
    profile.write_text('[kafka]\npassword = "wrong-secret"\n')
    done = run("config", "show", str(profile), expect=2)
    assert f"{profile}:2" in done.err and "wrong-secret" not in done.err


def test_cluster_without_brokers(tmp_path):
    done = run("stream", "cluster", data=tmp_path, expect=2)
    assert "LOANSTREAM_KAFKA_BOOTSTRAP" in done.err and len(done.err.splitlines()) == 1
