"""Debian's kcat, with Debian's librdkafka: the client that the program is built with."""

import os
import subprocess


def kcat(access, *words, data=None, timeout=30):
    """Runs kcat with the access's properties; the CompletedProcess with texts."""
    command = ["kcat"]
    for key, value in access.properties.items():
        command += ["-X", f"{key}={value}"]
    return subprocess.run([*command, *map(str, words)], input=data, capture_output=True, text=True,
                          env={**os.environ, **access.env}, timeout=timeout)
