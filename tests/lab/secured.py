"""One Kafka 4 broker with a listener of every kind of security, right ones and wrong ones."""

from .brokers import Access
from .certificates import Authority
from .kerberos import REALM, Kdc
from .kraft import Kraft, Listener

USER, PASSWORD = "loanstream", "loanstream-secret"
SERVICE = "kafka"
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI"]
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
KERBEROS = "com.sun.security.auth.module.Krb5LoginModule"


class SecuredKafka(Kraft):
    """Listeners beside the plain one (access() reaches that one without security):

    TLS, TLS_EXPIRED, TLS_WRONG_HOST: the server's certificate as the name says;
    TLS_CLIENT: asks for the client's certificate;
    SASL, SASL_TLS: each of MECHANISMS, without and with TLS. GSSAPI only with kerberos=True.
    """

    def __init__(self, folder, kerberos=True, **options):
        super().__init__(folder, **options)
        self.authority = Authority(self.folder / "tls")
        self.kdc = Kdc(self.folder / "kdc", self.dies_with_us) if kerberos else None
        if kerberos:
            self.definitions["java.security.krb5.conf"] = self.kdc.config

    def before(self):
        return [self.kdc.server] if self.kdc else []

    def mechanisms(self):
        return [x for x in MECHANISMS if self.kdc or x != "GSSAPI"]

    def keytab(self, name):
        return self.kdc.folder / f"{name}.keytab"

    def prepare(self):
        if self.kdc:
            self.kdc.start()
            for principal in [USER, f"{SERVICE}/localhost"]:
                if not self.keytab(principal.replace("/", "-")).exists():
                    self.kdc.add(principal)
        super().prepare()

    def format_arguments(self):
        return [word for mechanism in MECHANISMS if mechanism.startswith("SCRAM")
                for word in ("--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]")]

    def tls(self, name, host="localhost", **options):
        both = self.authority.issue(name, host, **options)[2]
        return {"ssl.keystore.type": "PEM", "ssl.keystore.location": both,
                "ssl.truststore.type": "PEM", "ssl.truststore.location": self.authority.ca}

    def sasl(self):
        settings = {"sasl.enabled.mechanisms": ",".join(self.mechanisms()),
                    "plain.sasl.jaas.config": f'{PLAIN} required user_{USER}="{PASSWORD}";'}
        for mechanism in self.mechanisms():
            if mechanism.startswith("SCRAM"):
                settings[f"{mechanism.lower()}.sasl.jaas.config"] = f"{SCRAM} required;"
        if self.kdc:
            settings["sasl.kerberos.service.name"] = SERVICE
            settings["gssapi.sasl.jaas.config"] = (
                f"{KERBEROS} required useKeyTab=true storeKey=true "
                f'keyTab="{self.keytab(f"{SERVICE}-localhost")}" '
                f'principal="{SERVICE}/localhost@{REALM}";')
        return settings

    def listeners(self):
        right = self.tls("server")
        return [
            Listener("TLS", "SSL", right),
            Listener("TLS_EXPIRED", "SSL", self.tls("expired", expired=True)),
            Listener("TLS_WRONG_HOST", "SSL", self.tls("other-host", "other.example")),
            Listener("TLS_CLIENT", "SSL", {**right, "ssl.client.auth": "required"}),
            Listener("SASL", "SASL_PLAINTEXT", self.sasl()),
            Listener("SASL_TLS", "SASL_SSL", {**right, **self.sasl()}),
        ]

    # For clients: librdkafka's properties, as right as can be.
    def _secure(self, listener, protocol, **more):
        properties = {"bootstrap.servers": f"localhost:{self.listener_port(listener)}",
                      "broker.address.family": "v4", "security.protocol": protocol}
        if protocol.endswith("ssl"):
            properties["ssl.ca.location"] = str(self.authority.ca)
        return Access({**properties, **more})

    def tls_access(self, listener="TLS"):
        """TLS, TLS_EXPIRED or TLS_WRONG_HOST: only the first is to be trusted."""
        return self._secure(listener, "ssl")

    def tls_client_access(self):
        certificate, key, _ = self.authority.issue("client", USER)
        return self._secure("TLS_CLIENT", "ssl", **{"ssl.certificate.location": str(certificate),
                                                    "ssl.key.location": str(key)})

    def sasl_access(self, mechanism, tls=False):
        listener, protocol = ("SASL_TLS", "sasl_ssl") if tls else ("SASL", "sasl_plaintext")
        access = self._secure(listener, protocol, **{"sasl.mechanisms": mechanism})
        if mechanism != "GSSAPI":
            access.properties |= {"sasl.username": USER, "sasl.password": PASSWORD}
            return access
        access.properties |= {"sasl.kerberos.service.name": SERVICE,
                              "sasl.kerberos.principal": f"{USER}@{REALM}",
                              "sasl.kerberos.keytab": str(self.keytab(USER))}
        access.env = self.kdc.env
        return access

    def accesses(self):
        """Every right way in, by name."""
        found = {"PLAINTEXT": self.access(), "TLS": self.tls_access(),
                 "TLS_CLIENT": self.tls_client_access()}
        for mechanism in self.mechanisms():
            found[f"SASL {mechanism}"] = self.sasl_access(mechanism)
            found[f"SASL_TLS {mechanism}"] = self.sasl_access(mechanism, tls=True)
        return found
