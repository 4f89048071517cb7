"""A Kerberos realm in a private folder: MIT's KDC as an ordinary user, on a free port."""

import os
import pathlib
import subprocess

from .ports import PortBook
from .process import LabError, Server
from .wire import is_open

REALM = "LOANSTREAM.LAB"
SBIN = "/usr/sbin"  # not on every user's PATH


class Kdc:
    """The realm; env is what a client's environment needs to find it."""

    def __init__(self, folder, dies_with_us=True):
        self.folder = pathlib.Path(folder).resolve()
        self.ports = PortBook(folder)
        self.config, profile = self.folder / "krb5.conf", self.folder / "kdc.conf"
        self.env = {"KRB5_CONFIG": str(self.config),
                    "KRB5CCNAME": f"FILE:{self.folder}/tickets"}
        self._env = {**self.env, "KRB5_KDC_PROFILE": str(profile)}
        self.server = Server("kdc", self.folder, self._command, self._env, dies_with_us)
        self._profile = profile

    @property
    def port(self):
        return self.ports.get("kdc")

    def _command(self):
        return [f"{SBIN}/krb5kdc", "-n", "-P", self.folder / "krb5kdc.pid"]

    def _run(self, program, *arguments):
        try:
            done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                                  env={**os.environ, **self._env}, timeout=60)
        except FileNotFoundError:
            raise LabError(f"{program} is missing: ./dev setup kafka") from None
        if done.returncode != 0 or "while " in done.stderr:  # kadmin.local exits 0 on errors
            raise LabError(f"{program} {arguments[0]}: {done.stderr[-1000:]}")

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ports.drop_taken()
        # Names as they are given: no DNS; over TCP, which says at once when nobody listens.
        self.config.write_text(
            f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n"
            " dns_lookup_realm = false\n dns_canonicalize_hostname = false\n rdns = false\n"
            f" udp_preference_limit = 1\n[realms]\n {REALM} = {{\n"
            f"  kdc = 127.0.0.1:{self.port}\n }}\n")
        self._profile.write_text(
            f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{self.port}\n"
            f" kdc_tcp_listen = 127.0.0.1:{self.port}\n[realms]\n {REALM} = {{\n"
            f"  database_name = {self.folder}/principal\n  key_stash_file = {self.folder}/stash\n"
            f"  acl_file = {self.folder}/acl\n max_life = 1d\n }}\n"
            f"[logging]\n kdc = FILE:{self.folder}/requests.log\n")
        if not (self.folder / "principal.ok").exists():
            self._run(f"{SBIN}/kdb5_util", "create", "-s", "-P", "lab", "-r", REALM)
        self.server.start()
        self.server.ready(lambda: is_open(self.port), 20)
        return self

    def add(self, principal):
        """A new principal and a keytab with its key."""
        self._run(f"{SBIN}/kadmin.local", "-q", f"addprinc -randkey {principal}@{REALM}")
        return self.keytab(principal, principal.replace("/", "-"))

    def keytab(self, principal, name):
        """A keytab with a new key of the principal; older ones open nothing any more."""
        path = self.folder / f"{name}.keytab"
        self._run(f"{SBIN}/kadmin.local", "-q", f"ktadd -k {path} {principal}@{REALM}")
        return path
