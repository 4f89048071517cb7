"""Each kind of security lets the right client in and keeps the wrong one out.

By kcat, with Debian's librdkafka (the one the program is built with), and by confluent-kafka's own
newer librdkafka for SCRAM: Debian's 2.0.2 sends a wrong nonce, which Kafka 4 refuses.
"""

import pytest

from lab import client
from lab.client import Client
from lab.fixtures import full
from lab.kcat import kcat, refusal
from lab.sasl import SCRAM

TOPIC = "secrets"


@pytest.fixture(scope="module")
def secured(secured_kafka):
    secured_kafka.client.create_topic(TOPIC)
    return secured_kafka


def roundtrip(access, value):
    produced = kcat(access, "-P", "-t", TOPIC, "-X", "message.timeout.ms=10000", data=value)
    assert produced.returncode == 0, produced.stderr
    read = kcat(access, "-C", "-t", TOPIC, "-e", "-q", "-o", "beginning")
    assert read.returncode == 0, read.stderr
    assert value in read.stdout.splitlines()


@pytest.mark.parametrize("name", ["PLAINTEXT", "TLS", "TLS_CLIENT", "SASL PLAIN", "SASL_TLS PLAIN",
                                  "SASL GSSAPI", "SASL_TLS GSSAPI"])
def test_the_right_client_gets_in(secured, name):
    roundtrip(secured.accesses()[name], f"by {name}")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("mechanism", SCRAM)
def test_scram(secured, mechanism, tls):
    access = secured.sasl_access(mechanism, tls)
    value = f"{mechanism} {tls}".encode()
    Client(access).produce(TOPIC, [value])
    assert value in [record.value for record in Client(access).read(TOPIC)]
    assert "invalid credentials" in client.refusal(access.but(sasl_password="wrong"))


@full
@pytest.mark.parametrize("mechanism", SCRAM)
def test_scram_of_the_programs_own_client(kafka39, mechanism):
    kafka39.client.create_topic(f"{TOPIC}-{mechanism}")
    access = kafka39.sasl_access(mechanism)
    assert kcat(access, "-P", "-t", f"{TOPIC}-{mechanism}", data="x").returncode == 0
    assert refusal(access.but(sasl_password="wrong"), "invalid credentials") is True


def test_wrong_certificates_are_refused(secured):
    for listener in ["TLS_EXPIRED", "TLS_WRONG_HOST"]:
        assert refusal(secured.tls_access(listener), "certificate verify failed") is True
    # It is the name alone that is wrong.
    lenient = secured.tls_access("TLS_WRONG_HOST").but(
        ssl_endpoint_identification_algorithm="none")
    assert kcat(lenient, "-L").returncode == 0


def test_an_unknown_authority_is_refused(secured):
    stranger = secured.tls_access().but(ssl_ca_location=None)
    assert refusal(stranger, "certificate verify failed") is True


def test_a_client_without_certificate_is_refused(secured):
    assert refusal(secured.tls_access("TLS_CLIENT"), "certificate") is True


@pytest.mark.parametrize("tls", [False, True])
def test_a_wrong_password_is_refused(secured, tls):
    access = secured.sasl_access("PLAIN", tls).but(sasl_password="wrong")
    assert refusal(access, "Invalid username or password") is True


def test_a_principal_without_a_valid_key_is_refused(secured):
    secured.kdc.add("guest")
    access = secured.sasl_access("GSSAPI").but(
        sasl_kerberos_principal="guest@LOANSTREAM.LAB",
        sasl_kerberos_keytab=str(secured.keytab("guest")))
    access.env = {**access.env, "KRB5CCNAME": f"FILE:{secured.kdc.folder}/guest-tickets"}
    roundtrip(access, "by guest")
    secured.kdc.keytab("guest", "guest-new")  # the old keytab is stale from here on
    access.env["KRB5CCNAME"] += "-new"
    assert refusal(access, "kinit") is True
