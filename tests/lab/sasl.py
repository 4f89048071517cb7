"""Users and passwords of the lab: what a broker's listener and what a client must be told."""

from .brokers import Access

USER, PASSWORD = "loanstream", "loanstream-secret"
SCRAM = ["SCRAM-SHA-256", "SCRAM-SHA-512"]
_SECURITY = "org.apache.kafka.common.security"


def listener_settings(mechanisms):
    """Of a SASL listener, without their prefix; GSSAPI needs more (secured.py)."""
    settings = {
        "sasl.enabled.mechanisms": ",".join(mechanisms),
        "plain.sasl.jaas.config":
            f'{_SECURITY}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'}
    for mechanism in SCRAM:
        settings[f"{mechanism.lower()}.sasl.jaas.config"] = \
            f"{_SECURITY}.scram.ScramLoginModule required;"
    return settings


def access(port, mechanism, ca=None):
    """A client of the listener on this port; with TLS where an authority is given."""
    properties = {"bootstrap.servers": f"localhost:{port}", "broker.address.family": "v4",
                  "security.protocol": "sasl_ssl" if ca else "sasl_plaintext",
                  "sasl.mechanisms": mechanism}
    if ca:
        properties["ssl.ca.location"] = str(ca)
    if mechanism != "GSSAPI":
        properties |= {"sasl.username": USER, "sasl.password": PASSWORD}
    return Access(properties)
