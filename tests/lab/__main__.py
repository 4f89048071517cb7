"""./dev lab NAME up|down|status|logs: the servers of the tests, on the usual ports where free."""

import argparse
import pathlib
import sys
import time

from . import jars
from .kraft import Kraft
from .process import LabError, say
from .secured import SecuredKafka
from .zookeeper import ZooKeeperKafka

KINDS = {
    "kafka": ("Kafka 4.4, one broker", Kraft, {}),
    "kafka3": ("Kafka 4.4, three brokers, min.insync.replicas 2", Kraft, {"count": 3}),
    "kafka-secure": ("Kafka 4.4 with TLS, SASL and Kerberos listeners", SecuredKafka, {}),
    "kafka39": ("Kafka 3.9 with ZooKeeper", ZooKeeperKafka, {"line": "kafka39"}),
    "kafka11": ("Kafka 1.1 with ZooKeeper", ZooKeeperKafka, {"line": "kafka11"}),
    "kafka010": ("Kafka 0.10.2 with ZooKeeper", ZooKeeperKafka, {"line": "kafka010"}),
}


def brokers(arguments):
    _, make, options = KINDS[arguments.name]
    parent = pathlib.Path(arguments.folder or jars.cache_folder() / "lab" / "run")
    return make(parent / arguments.name, overrides=dict(arguments.set), standard=True,
                dies_with_us=False, **options)


def describe(name, running):
    print(f"{name} is up: {running.bootstrap} ({running.memory_mib()} MiB)")
    if isinstance(running, SecuredKafka):
        for way, path in write_accesses(running):
            print(f"  {way:24} {path}")


def write_accesses(running):
    """A properties file for each way in: librdkafka's settings, and the environment as comments."""
    for way, access in running.accesses().items():
        path = running.folder / "clients" / f"{way.lower().replace(' ', '-')}.properties"
        path.parent.mkdir(exist_ok=True)
        lines = [f"# export {key}={value}" for key, value in access.env.items()]
        lines += [f"{key}={value}" for key, value in access.properties.items()]
        path.write_text("\n".join(lines) + "\n")
        yield way, path


def up(name, running, _):
    if running.alive():
        describe(name, running)
        return 0
    running.kill()  # the rest of one that died
    began = time.monotonic()
    running.start()
    say(f"{name}: up in {time.monotonic() - began:.1f} s, data in {running.folder}")
    describe(name, running)
    return 0


def down(name, running, arguments):
    running.stop()
    if arguments.wipe:
        running.wipe()
    print(f"{name} is down")
    return 0


def status(name, running, _):
    if running.alive():
        describe(name, running)
        return 0
    alive = running.living()
    print(f"{name} is down" if alive == 0 else f"{name}: {alive} of {running.count} brokers live")
    return 1


def logs(_, running, __):
    for server in [*running.before(), *running.servers]:
        print(f"{server.log}:")
        sys.stdout.write(server.log_since_start())
    return 0


VERBS = {"up": up, "down": down, "status": status, "logs": logs}


def pin():
    """For whoever changes the coordinates in jars.py: writes the checksum lists anew."""
    for name in jars.SETS:
        jars.pin(name)
        print(f"{jars.checksum_list(name)}")


def setting(text):
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"'{text}' is not PROPERTY=VALUE")
    return key, value


def parse(words):
    names = "\n".join(f"  {name:14} {text}" for name, (text, *_) in KINDS.items())
    parser = argparse.ArgumentParser(
        prog="./dev lab", description=__doc__, epilog=names,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=[*KINDS, "jars"], metavar="NAME")
    parser.add_argument("verb", choices=[*VERBS, "pin"], metavar="up|down|status|logs")
    parser.add_argument("--set", action="append", default=[], metavar="PROPERTY=VALUE",
                        type=setting, help="a broker property, for up")
    parser.add_argument("--folder", metavar="DIR", help="where data lies (default: the cache)")
    parser.add_argument("--wipe", action="store_true", help="down: forgets the records too")
    arguments = parser.parse_args(words)
    if (arguments.name == "jars") != (arguments.verb == "pin"):
        parser.error(f"'{arguments.name}' has no '{arguments.verb}'")
    return arguments


def main():
    arguments = parse(None)
    if arguments.verb == "pin":
        pin()
        return 0
    try:
        return VERBS[arguments.verb](arguments.name, brokers(arguments), arguments)
    except LabError as failure:
        say(f"{arguments.name}: {failure}")
        return 3


if __name__ == "__main__":
    sys.exit(main())
