"""Debian's kcat, with Debian's librdkafka: the client that the program is built with."""

import os
import subprocess


def _command(access, words):
    settings = [word for setting in access.properties.items()
                for word in ("-X", "=".join(setting))]
    return ["kcat", *settings, *map(str, words)]


def kcat(access, *words, data=None, timeout=60):
    """Runs kcat with the access's properties; the CompletedProcess with texts."""
    return subprocess.run(_command(access, words), input=data, capture_output=True, text=True,
                          env={**os.environ, **access.env}, timeout=timeout)


def refusal(access, because, seconds=30):
    """Whether kcat is kept out and says this; else all that it said. Does not wait its retries."""
    said = ""
    with subprocess.Popen(_command(access, ["-L", "-m", str(seconds)]), text=True,
                          env={**os.environ, **access.env}, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as process:
        for line in process.stderr:
            said += line
            if because in line:
                process.kill()
                return True
    return said or "it got in"
