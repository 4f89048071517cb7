"""The servers' jars: pinned coordinates, fetched once by Maven, believed only by checksum.

Maven's own settings say where jars come from. A set lies in the cache, shared by every tree and
run: <cache>/lab/jars/NAME-<hash of its checksum list>. It comes there by one rename, under a
lock, after every file was checked against tests/lab/NAME.sha256; it is checked again before each
use, since a damaged cache must not pass for a damaged server.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
from xml.sax.saxutils import escape

from .process import LabError, say

HERE = pathlib.Path(__file__).resolve().parent
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
SLF4J, RELOAD4J = "1.7.36", "ch.qos.reload4j:reload4j:1.2.22"

# Set -> coordinates; a "-group:artifact" is excluded from the closures of the others.
SETS = {
    "kafka-4.4": ["org.apache.kafka:kafka_2.13:4.4.0", f"org.slf4j:slf4j-simple:{SLF4J}"],
    "kafka-3.9": ["org.apache.kafka:kafka_2.13:3.9.1", f"org.slf4j:slf4j-simple:{SLF4J}"],
    # log4j 1 by its maintained successor: Kafka calls it directly.
    "kafka-1.1": ["org.apache.kafka:kafka_2.11:1.1.1", RELOAD4J,
                  f"org.slf4j:slf4j-reload4j:{SLF4J}"],
    # JDK 11 dropped javax.xml.bind, in which this one looks for DatatypeConverter.
    "kafka-0.10": ["org.apache.kafka:kafka_2.11:0.10.2.2", RELOAD4J,
                   f"org.slf4j:slf4j-reload4j:{SLF4J}", "javax.xml.bind:jaxb-api:2.3.1",
                   "-log4j:log4j", "-org.slf4j:slf4j-log4j12"],
}


def cache_folder():
    """As ./dev has it."""
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("LOANSTREAM_CACHE") or pathlib.Path(home) / "loanstream")


def checksum_list(name):
    return HERE / f"{name}.sha256"


def _sums(folder):
    sums = {}
    for path in sorted(folder.iterdir()):
        with open(path, "rb") as file:
            sums[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def _pinned(name):
    lines = checksum_list(name).read_text().splitlines()
    return {file: digest for digest, file in (line.split() for line in lines)}


def differences(name, folder):
    """What tells the folder from the list: "FILE: changed", "missing" or "not in the list"."""
    pinned, found = _pinned(name), _sums(folder)
    for file in sorted(pinned.keys() | found.keys()):
        if file not in found:
            yield f"{file}: missing"
        elif file not in pinned:
            yield f"{file}: not in the list"
        elif pinned[file] != found[file]:
            yield f"{file}: changed"


def _project(name):
    """A pom.xml whose runtime closure is the set."""
    excluded = "".join(
        f"<exclusion><groupId>{group}</groupId><artifactId>{artifact}</artifactId></exclusion>"
        for group, artifact in (x[1:].split(":") for x in SETS[name] if x.startswith("-")))
    wanted = ""
    for coordinates in SETS[name]:
        if not coordinates.startswith("-"):
            group, artifact, version = map(escape, coordinates.split(":"))
            wanted += (f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
                       f"<version>{version}</version><exclusions>{excluded}</exclusions>"
                       "</dependency>")
    return ('<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
            f"<groupId>lab</groupId><artifactId>{escape(name)}</artifactId><version>1</version>"
            f"<packaging>pom</packaging><dependencies>{wanted}</dependencies></project>")


def _download(name, folder):
    with tempfile.TemporaryDirectory() as project:
        pom = pathlib.Path(project) / "pom.xml"
        pom.write_text(_project(name))
        command = ["mvn", "-q", "-B", "-f", str(pom), PLUGIN, "-DincludeScope=runtime",
                   f"-DoutputDirectory={folder}", "-Dmdep.useBaseVersion=true"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        except FileNotFoundError:
            raise LabError("Maven is missing: ./dev setup lab") from None
    if done.returncode != 0:
        raise LabError(f"Maven could not fetch {name}\n{(done.stdout + done.stderr)[-3000:]}")


@contextlib.contextmanager
def _lock(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(name):
    """The set's folder, downloaded if it is not there or not whole."""
    parent = cache_folder() / "lab" / "jars"
    key = hashlib.sha256(checksum_list(name).read_bytes()).hexdigest()[:12]
    folder = parent / f"{name}-{key}"
    with _lock(parent):
        if folder.exists():
            damage = list(differences(name, folder))
            if not damage:
                return folder
            say(f"{folder} is damaged ({damage[0]}): fetching it again")
            shutil.rmtree(folder)
        say(f"fetching the jars of {name}")
        with tempfile.TemporaryDirectory(dir=parent) as fresh:
            jars = pathlib.Path(fresh) / "jars"
            _download(name, jars)
            damage = list(differences(name, jars))
            if damage:
                raise LabError(f"the jars of {name} are not those of {checksum_list(name).name}:\n"
                               + "\n".join(damage))
            jars.rename(folder)
    return folder


def pin(name):
    """Writes the checksum list anew, for whoever changes the coordinates above."""
    with tempfile.TemporaryDirectory() as fresh:
        jars = pathlib.Path(fresh) / "jars"
        _download(name, jars)
        lines = [f"{digest}  {file}\n" for file, digest in _sums(jars).items()]
    checksum_list(name).write_text("".join(lines))


@functools.cache
def class_path(name):
    return ":".join(str(path) for path in sorted(fetch(name).glob("*.jar")))


def java(name, main, *arguments, heap_mib=256, definitions=None, flags=()):
    """A command line for a main class of the set, with flags for a quick start in little memory."""
    flags = [*flags, f"-Xmx{heap_mib}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
             "-XX:+ExitOnOutOfMemoryError"]
    flags += [f"-D{key}={value}" for key, value in (definitions or {}).items()]
    return ["java", *flags, "-cp", class_path(name), main, *map(str, arguments)]
