"""A certificate authority of our own, made with openssl when a test needs it."""

import pathlib
import subprocess

from .process import LabError

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise LabError(f"openssl {arguments[0]}: {done.stderr[-1000:]}")


class Authority:
    """Signs certificates; ca is what clients and brokers trust."""

    def __init__(self, folder, name="loanstream lab"):
        self.folder, self.name = pathlib.Path(folder), name
        self.ca, self._key = self.folder / "ca.pem", self.folder / "ca.key"

    def _create(self):
        if not self.ca.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            _openssl("req", "-x509", *CURVE, "-keyout", self._key, "-out", self.ca, "-days", 3650,
                     "-subj", f"/CN={self.name}")

    def issue(self, name, host, expired=False):
        """A key and a certificate for the host: (certificate, key, both in one file)."""
        self._create()
        certificate, key, both = (self.folder / f"{name}{end}" for end in (".pem", ".key", ".both"))
        if not both.exists():
            request, extension = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
            extension.write_text(f"subjectAltName=DNS:{host}\n")
            _openssl("req", *CURVE, "-keyout", key, "-out", request, "-subj", f"/CN={host}")
            # A lifetime of minus one day ended yesterday.
            _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key,
                     "-CAcreateserial", "-days", -1 if expired else 3650, "-extfile", extension,
                     "-out", certificate)
            both.write_text(key.read_text() + certificate.read_text())
        return certificate, key, both
