"""What the tests run of src/, measured by gcov; ./dev coverage [--write]

Two measures of the build `coverage`: of the unit tests and the stories, and of those with the
suites that start the program as a user does. --write puts the table into docs/coverage.md. The
lines that nothing runs stand in build/coverage/uncovered.txt, file by file.
"""

import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/coverage"
PAGE = ROOT / "docs/coverage.md"
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->\n"
SUITES = ["cli", "oracle", "prove", "lender"]
sys.path.insert(0, str(ROOT / "tests"))

import run  # noqa: E402


def measured():
    """{file: {line: how often it ran}}, without tests and their fixtures."""
    report = BUILD / "coverage.json"
    subprocess.run(
        ["gcovr", "--root", ROOT, "--object-directory", BUILD, "--filter", f"{ROOT}/src/",
         "--exclude", r".*_(test|bench)\.cc", "--exclude", r".*(_fixture|_world|_case)\.h",
         "--exclude-directories", r".*CMakeFiles/[0-9.]+(/.*)?", "-j", "2",
         "--json", report, BUILD], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    files = {}
    for one in json.loads(report.read_text())["files"]:
        lines = {}
        for line in one["lines"]:
            if not line.get("gcovr/noncode"):
                number = line["line_number"]
                lines[number] = lines.get(number, 0) + line["count"]
        files[one["file"]] = lines
    return files


def by_module(files):
    """{module: (lines that ran, lines)}, the whole under ''."""
    sums = {}
    for path, lines in files.items():
        for module in (path.split("/")[1], ""):
            ran, total = sums.get(module, (0, 0))
            sums[module] = (ran + sum(count > 0 for count in lines.values()), total + len(lines))
    return sums


def percent(part):
    ran, total = part
    return f"{100 * ran / total:.1f} %" if total else "-"


def table(tests, all_suites):
    out = ["| module | lines | unit tests and stories | and the suites " + ", ".join(SUITES) + " |",
           "|---|---|---|---|"]
    for module in sorted(all_suites, key=lambda name: (name == "", name)):
        name = module or "**all**"
        out.append(f"| {name} | {all_suites[module][1]:,} | "
                   f"{percent(tests.get(module, (0, 0)))} | {percent(all_suites[module])} |")
    return "\n".join(out) + "\n"


def ranges(numbers):
    """[1, 2, 3, 7] -> "1-3 7"."""
    out = []
    for number in numbers:
        if out and out[-1][1] == number - 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return " ".join(f"{a}-{b}" if a != b else f"{a}" for a, b in out)


def write_uncovered(files):
    by_count = []
    for path, lines in files.items():
        missing = sorted(number for number, count in lines.items() if count == 0)
        if missing:
            by_count.append((len(missing), len(lines), path, ranges(missing)))
    text = "".join(f"{path}: {missing} of {total}: {where}\n"
                   for missing, total, path, where in sorted(by_count, reverse=True))
    (BUILD / "uncovered.txt").write_text(text)


def play(name, suite, arguments):
    counts, output = suite(arguments)
    print(f"{name:12} {counts}", flush=True)
    if output:
        print(output)
    return counts.failed


def main():
    parser = argparse.ArgumentParser(prog="./dev coverage", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="into docs/coverage.md")
    arguments = parser.parse_args()
    arguments.full = False
    for old in BUILD.rglob("*.gcda"):
        old.unlink()
    failed = play("unit", lambda _: run.unit_tests("coverage"), arguments)
    failed += play("flow", run.stories("coverage"), arguments)
    tests = by_module(measured())
    for suite in SUITES:
        failed += play(suite, run.pytest(suite, "coverage"), arguments)
    files = measured()
    write_uncovered(files)
    text = table(tests, by_module(files))
    print(text, end="")
    if arguments.write:
        page = PAGE.read_text()
        head, rest = page.split(BEGIN)
        PAGE.write_text(head + BEGIN + text + END + rest.split(END)[1])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
