"""Runs every suite, prints each one's time and a closing line; exit 0 only if all passed.

./dev test [--full] [SUITE...]    a suite is a row of SUITES; --full also runs the long forms
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

from fuzz import fuzz as fuzzers

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class Failed(Exception):
    """A suite could not run at all; the text is its output."""


class Patience:
    """How long one command of a suite, and all suites together, may take, in seconds."""

    command, all, began = 1500, 4500, time.monotonic()

    @classmethod
    def left(cls):
        """For the next command; an error once all time is used up."""
        left = cls.began + cls.all - time.monotonic()
        if left < 1:
            raise Failed(f"not run: the suites before took the {cls.all} s that all may take")
        return min(cls.command, left)


def call(*commands, env=None):
    """(exit status, output) of commands side by side: the first that failed, all outputs. One that
    takes too long is killed with its children, and its output so far is in the error."""
    running = []
    with contextlib.ExitStack() as closing:
        for command in commands:
            output = closing.enter_context(tempfile.TemporaryFile())
            running.append((output, subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **(env or {})}, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)))
        late = not wait_for([process for _, process in running], Patience.left())
        texts = []
        for output, _ in running:
            output.seek(0)
            texts.append(output.read().decode("utf-8", "replace"))
        if late:
            shown = "\n".join(text[-6000:] for text in texts)
            raise Failed(f"killed, it did not end in its time\n{shown}")
        return (next((x.returncode for _, x in running if x.returncode), 0), "".join(texts))


def wait_for(processes, seconds):
    """Whether all ended in time; those that did not are killed, and their children."""
    end = time.monotonic() + seconds
    in_time = True
    for process in processes:
        try:
            process.wait(timeout=max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            in_time = False
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return in_time


def build(preset, *targets):
    status, output = call([str(ROOT / "dev"), "build-targets", preset, *targets])
    if status != 0:
        raise Failed(output)


def build_release(_):
    build("release", "loanstream")
    return Counts(1), ""


def build_asan(_):
    build("asan", "tests", "loanstream")
    return Counts(1), ""


SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_container_overflow=0", "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": f"suppressions={ROOT}/tests/tsan.suppressions history_size=4"}


# The unit tests with threads, by program; the others would only be slow under ThreadSanitizer.
THREADED = {"base_test": "*", "http_test": "*", "log_test": "Rivals*",
            "table_test": "GroupEncoder*"}


def unit_program(program, chosen):
    """Runs the tests of a gtest program that a filter chooses."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        status, text = call([str(program), f"--gtest_output=json:{report.name}",
                             "--gtest_brief=1", f"--gtest_filter={chosen}"], env=SANITIZER_OPTIONS)
        content = report.read()
    if not content:
        return Counts(failed=1), f"{program.name}: exit {status}, no report\n{text[-6000:]}"
    cases = [case for suite in json.loads(content)["testsuites"] for case in suite["testsuite"]]
    failed = sum("failures" in case for case in cases)
    skipped = sum(case.get("result") == "SKIPPED" for case in cases)
    if status != 0 and failed == 0:
        failed = 1
    return (Counts(len(cases) - failed - skipped, failed, skipped),
            f"{program.name}: exit {status}\n{text[-6000:]}" if failed else "")


def unit_tests(preset, chosen=None):
    """Every gtest program of a build, or the tests of those that are chosen; a core each."""
    folder = ROOT / "build" / preset
    # The table's take longest: from the end of the alphabet, so that they do not come last.
    names = chosen or dict.fromkeys(
        sorted((path.name for path in folder.glob("*_test")), reverse=True), "*")
    counts, output = Counts(), ""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(unit_program, folder / name, names[name]) for name in names]
        for one in running:
            more, text = one.result()
            counts += more
            output += text
    return counts, output


def unit(_):
    return unit_tests("asan")


def stories(preset):
    def run(_):
        files = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "tests/flow").glob("*.story"))
        status, text = call([str(ROOT / f"build/{preset}/loanstream"), "policy", "test", *files],
                            env=SANITIZER_OPTIONS)
        found = re.search(r"^(\d+) passed, (\d+) failed", text, re.M)
        if not found:
            raise Failed(text[-6000:])
        counts = Counts(int(found[1]), int(found[2]))
        if status != 0 and counts.failed == 0:
            counts.failed = 1
        return counts, text[-6000:] if counts.failed else ""
    return run


def fuzz(_):
    """Each fuzzer for 3 s, from its corpus."""
    if fault := fuzzers.build():
        raise Failed(fault)
    counts, output = Counts(), ""
    for name in fuzzers.names():
        with tempfile.TemporaryDirectory() as finds:
            status, text = fuzzers.run_short(name, 3, finds)
        counts += Counts(status == 0, status != 0)
        if status != 0:
            output += f"{name}_fuzz: exit {status}; ./dev fuzz {name}\n{text[-6000:]}"
    return counts, output


def tsan(arguments):
    """ThreadSanitizer over what has threads: unit tests, the stories' children, the program."""
    if not arguments.full:
        return Counts(skipped=1), "ThreadSanitizer: only with --full"
    build("tsan", *THREADED, "loanstream")
    counts, output = unit_tests("tsan", THREADED)
    for part in (stories("tsan"), pytest("tsan", "tsan")):
        more, text = part(arguments)
        counts += more
        output += text
    return counts, output


STUCK = 300  # seconds after which pytest shows where a test is


def pytest(folder, preset="release"):
    def run(arguments):
        env = {"LOANSTREAM_PROGRAM": str(ROOT / f"build/{preset}/loanstream"), **SANITIZER_OPTIONS,
               "LOANSTREAM_FULL": "1" if arguments.full else ""}
        with tempfile.TemporaryDirectory() as temporary:
            report = f"{temporary}/report.xml"
            status, text = call([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                                 "-rfs", "-o", f"faulthandler_timeout={STUCK}", "--basetemp",
                                 f"{temporary}/base", "--junitxml", report, f"tests/{folder}"],
                                env=env)
            if not os.path.exists(report):
                raise Failed(text[-6000:])
            suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
        total, failed, errors, skipped = (
            int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped"))
        counts = Counts(total - failed - errors - skipped, failed + errors, skipped)
        if status != 0 and counts.failed == 0:
            counts.failed = 1
        return counts, text[-8000:] if counts.failed else ""
    return run


def simulate(arguments):
    """1,000 worlds on both cores, then every planted bug must be found."""
    build("release", "sim")
    program = str(ROOT / "build/release/sim")
    share = 5000 if arguments.full else 500
    status, output = call([program, "--seeds", str(share), "--from", "1"],
                          [program, "--seeds", str(share), "--from", str(share + 1)])
    held = len(re.findall(r"^\d+ seeds from \d+ held", output, re.M))
    counts = Counts(share * held, max(2 - held, int(status != 0)))
    output = output if counts.failed else ""
    status, text = call([program, "--plants", "tests/sim/plants.txt"])
    found = len(re.findall(r": found by seed \d+", text))
    missed = len(re.findall(r": NOT FOUND", text))
    counts += Counts(found, max(missed, int(status != 0)))
    return counts, output + (text if status != 0 or found == 0 else "")


def needing(needs, suite):
    """A suite with needs of its own (tools/packages.txt), installed when it runs."""
    def run(arguments):
        status, output = call([str(ROOT / "dev"), "setup", *needs])
        if status != 0:
            raise Failed(output[-6000:])
        return suite(arguments)
    return run


# In the order they run. A folder of tests that is not named here fails tests/tidy.
SUITES = {
    "tidy": pytest("tidy"),          # the rules of the house
    "model": pytest("model"),        # the delivery protocol, state by state
    "build": build_release,
    "build-asan": build_asan,
    "unit": unit,
    "flow": stories("release"),
    "flow-asan": stories("asan"),
    "fuzz": fuzz,                    # each fuzzer for a moment; ./dev fuzz for longer
    "tsan": tsan,                    # with --full
    "oracle": pytest("oracle"),      # an independent implementation agrees
    "fitted": pytest("fitted"),      # the shipped models come from their script
    "lender": pytest("lender"),      # another lender's policy, model and records
    "cli": pytest("cli"),            # words, docs, demo, the two-process shape
    "prove": pytest("prove"),        # planted faults are found
    "faults": pytest("faults"),      # full disks, damaged files, bad input of every kind
    "sim": simulate,                 # the protocol in a thousand simulated worlds
    "kill": pytest("kill"),          # SIGKILL, crash points, stand-by
    "package": needing(["package", "package-test"], pytest("package")),  # run where nothing else is
    "kafka": needing(["lab", "kafka"], pytest("kafka")),  # brokers of each line
}


def run_suite(name, arguments):
    began = time.monotonic()
    try:
        counts, output = SUITES[name](arguments)
    except (Failed, subprocess.TimeoutExpired) as failure:
        counts, output = Counts(failed=1), str(failure)
    if counts.passed + counts.failed + counts.skipped == 0:
        counts, output = Counts(failed=1), "no test ran\n" + output
    print(f"{name:12} {time.monotonic() - began:7.1f} s   {counts}", flush=True)
    if output:
        print(output, flush=True)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    arguments = parser.parse_args()
    if arguments.full:
        Patience.command, Patience.all = 5000, 20000
    for name in arguments.suites:
        if name not in SUITES:
            parser.error(f"no suite '{name}': {', '.join(SUITES)}")
    total = Counts()
    for name in arguments.suites or SUITES:
        total += run_suite(name, arguments)
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
