"""Runs one fuzzer and keeps what it finds; also what the suite `fuzz` of tests/run.py runs.

./dev fuzz NAME [--seconds N]   N seconds (60) from tests/fuzz/corpus/NAME; inputs that reach new
                                code are kept in build/fuzz/corpus/NAME and used the next time
./dev fuzz NAME --replay FILE   one input, as a crash left it
./dev fuzz NAME --minimize      prints the few of the kept inputs that reach all that they reach
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/fuzz"
BUILD = ROOT / "build/fuzz"
SEEDS_TOO = {"story": [ROOT / "tests/flow"]}  # beside tests/fuzz/corpus/NAME
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


def names():
    return sorted(p.name.removesuffix("_fuzz.cc") for p in HERE.glob("*_fuzz.cc"))


def program(name):
    return BUILD / f"tests/fuzz/{name}_fuzz"


def build():
    """None, or what the build said when it failed."""
    done = subprocess.run([ROOT / "dev", "build-targets", "fuzz", "all"], cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.stdout.decode("utf-8", "replace") if done.returncode else None


def seeds(name):
    return [HERE / "corpus" / name, *SEEDS_TOO.get(name, [])]


def command(name, seconds, finds, kept):
    """New inputs go into the first folder: never into the tree's."""
    return [str(program(name)), *map(str, [kept, *seeds(name)]), f"-dict={HERE / name}.dict",
            f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
            f"-artifact_prefix={finds}/{name}-"]


def environment():
    return {**os.environ, **ENVIRONMENT}


def run_short(name, seconds, finds):
    """From the corpus of the tree alone, keeping nothing; exit status and output."""
    kept = pathlib.Path(finds) / "kept"
    kept.mkdir()
    done = subprocess.run(command(name, seconds, finds, kept), cwd=ROOT, env=environment(),
                          timeout=seconds + 120, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def run_long(name, seconds):
    kept, finds = BUILD / "corpus" / name, BUILD / "finds"
    kept.mkdir(parents=True, exist_ok=True)
    finds.mkdir(parents=True, exist_ok=True)
    before = set(finds.iterdir())
    status = subprocess.run(command(name, seconds, finds, kept), cwd=ROOT,
                            env=environment()).returncode
    print(f"./dev: {len(list(kept.iterdir()))} inputs are kept in {kept.relative_to(ROOT)}")
    for find in sorted(set(finds.iterdir()) - before):
        print(f"./dev: found: {find.relative_to(ROOT)}\n"
              f"./dev: again: ./dev fuzz {name} --replay {find.relative_to(ROOT)}")
    return 1 if status else 0


def minimize(name):
    few = BUILD / "few" / name
    shutil.rmtree(few, ignore_errors=True)
    few.mkdir(parents=True)
    status = subprocess.run([program(name), "-merge=1", few, *seeds(name),
                             BUILD / "corpus" / name], cwd=ROOT, env=environment()).returncode
    print(f"./dev: {len(list(few.iterdir()))} inputs in {few.relative_to(ROOT)}")
    return 1 if status else 0


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=names())
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--replay", metavar="FILE")
    parser.add_argument("--minimize", action="store_true")
    arguments = parser.parse_args()
    if not arguments.name:
        print("\n".join(names()))
        return 0
    if fault := build():
        print(fault, file=sys.stderr)
        return 1
    if arguments.replay:
        done = subprocess.run([program(arguments.name), arguments.replay], cwd=ROOT,
                              env=environment())
        return 1 if done.returncode else 0
    if arguments.minimize:
        return minimize(arguments.name)
    return run_long(arguments.name, arguments.seconds)


if __name__ == "__main__":
    sys.exit(main())
