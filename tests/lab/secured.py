"""One Kafka 4 broker with a listener of every kind of security, right ones and wrong ones."""

from . import sasl
from .brokers import Access
from .certificates import Authority
from .kerberos import REALM, Kdc
from .kraft import Kraft, Listener
from .sasl import PASSWORD, SCRAM, USER

SERVICE = "kafka"
MECHANISMS = ["PLAIN", *SCRAM, "GSSAPI"]
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
        return [word for mechanism in SCRAM
                for word in ("--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]")]

    def tls(self, name, host="localhost", **options):
        both = self.authority.issue(name, host, **options)[2]
        return {"ssl.keystore.type": "PEM", "ssl.keystore.location": both,
                "ssl.truststore.type": "PEM", "ssl.truststore.location": self.authority.ca}

    def sasl(self):
        settings = sasl.listener_settings(self.mechanisms())
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
    def tls_access(self, listener="TLS"):
        """TLS, TLS_EXPIRED or TLS_WRONG_HOST: only the first is to be trusted."""
        return Access({"bootstrap.servers": f"localhost:{self.listener_port(listener)}",
                       "broker.address.family": "v4", "security.protocol": "ssl",
                       "ssl.ca.location": str(self.authority.ca)})

    def tls_client_access(self):
        certificate, key, _ = self.authority.issue("client", USER)
        access = self.tls_access("TLS_CLIENT")
        access.properties |= {"ssl.certificate.location": str(certificate),
                              "ssl.key.location": str(key)}
        return access

    def sasl_access(self, mechanism, tls=False):
        access = sasl.access(self.listener_port("SASL_TLS" if tls else "SASL"), mechanism,
                             self.authority.ca if tls else None)
        if mechanism == "GSSAPI":
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
