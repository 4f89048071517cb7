"""The rules of the house that a program can check; each gives "path:line: what" for every break."""

import ast
import pathlib
import re
import subprocess

RANKS = {"base": 0, "policy": 1, "http": 1, "feed": 2, "clean": 2, "model": 2, "decide": 3,
         "log": 3, "pipeline": 4, "train": 4, "monitor": 4, "kafka": 5, "table": 5, "hadoop": 5,
         "hbase": 5, "lookup": 5, "web": 6, "yarn": 6, "app": 7}
# Third-party headers, and the only modules that may see them.
ONLY_IN = {r"arrow/|parquet/": {"table"}, r"librdkafka/": {"kafka"}, r"boost/": {"http", "web"},
           r"CLI/": {"app"}, r"toml\+\+/": {"policy"}, r"curl/": {"http"}}
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_LINE = 500, 60, 100
BANNED_NAMES = {"utils", "util", "common", "helper", "helpers", "manager", "misc"}
CODE = {".cc", ".h", ".py", ".sh"}
BASH = {"dev", ".ci/run"}


def tracked(root):
    """Files that git tracks or would add; all files where there is no git."""
    done = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                          capture_output=True, text=True)
    if done.returncode == 0 and done.stdout:
        paths = [pathlib.Path(root) / line for line in done.stdout.splitlines()]
    else:
        paths = list(pathlib.Path(root).rglob("*"))
    return sorted(p for p in paths if p.is_file())


def is_code(root, path):
    return path.suffix in CODE or str(path.relative_to(root)) in BASH


def module_of(root, path):
    parts = path.relative_to(root).parts
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def includes(root):
    """A module includes only its own and lower ranks, and third-party headers where they belong."""
    for path in tracked(root):
        module = module_of(root, path)
        if module is None or path.suffix not in {".cc", ".h"}:
            continue
        if module not in RANKS:
            yield f"{path.relative_to(root)}:1: module '{module}' has no rank"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
            if not found:
                continue
            target, place = found[1], f"{path.relative_to(root)}:{number}"
            other = target.split("/")[0] if "/" in target else None
            if other in RANKS and other != module and RANKS[other] >= RANKS[module]:
                yield f"{place}: {module} (rank {RANKS[module]}) includes {target}"
            for pattern, modules in ONLY_IN.items():
                if re.match(pattern, target) and module not in modules:
                    yield f"{place}: {target} belongs in {', '.join(sorted(modules))}"


def lengths(root):
    for path in tracked(root):
        if not is_code(root, path):
            continue
        lines = path.read_text().splitlines()
        name = path.relative_to(root)
        if len(lines) > LONGEST_FILE:
            yield f"{name}:{len(lines)}: longer than {LONGEST_FILE} lines"
        for number, line in enumerate(lines, 1):
            if len(line) > LONGEST_LINE:
                yield f"{name}:{number}: longer than {LONGEST_LINE} characters"


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def without_texts(line):
    """C++ without string and character literals and line comments."""
    line = re.sub(r'R"\w*\(.*?\)\w*"', '""', line)
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    line = re.sub(r"'(\\.|[^'\\])'", "''", line)
    return line.split("//")[0]


def cpp_functions(text, is_test):
    """Bodies that open at a line ending in '{' behind a ')', and close where braces balance.

    A test is a table: its rows and texts do not make a function long.
    """
    text = re.sub(r'R"(\w*)\(.*?\)\1"', lambda found: '""' + "\n" * found[0].count("\n"), text,
                  flags=re.S)
    raw = text.splitlines()
    lines = [without_texts(line) for line in raw]
    at = 0
    while at < len(lines):
        head = lines[at].rstrip()
        opens = re.search(r"\)\s*(const|noexcept|override|final|->\s*[\w:<>*& ,]+|\s)*\{$", head)
        control = re.match(r"\s*(\}\s*)?(if|for|while|switch|else|do|catch)\b", head)
        # A signature may span lines; an initialiser list ends in "}" or ")" before its "{".
        initialiser = head.endswith(") {") or head.endswith("} {")
        if head.endswith("{") and (opens or initialiser) and not control and "(" in head or (
                head.endswith("{") and opens and not control):
            depth, end = 0, at
            while end < len(lines):
                depth += lines[end].count("{") - lines[end].count("}")
                if depth <= 0:
                    break
                end += 1
            body = raw[at:end + 1]
            counted = [x for x in body if x.strip() and not is_table_row(x)] if is_test else body
            yield head.strip(), at + 1, len(counted)
            if end > at:
                at = end
        at += 1


def bash_functions(text):
    begin = None
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\w+\(\) \{$", line):
            begin = number
        elif line == "}" and begin:
            yield "function", begin, number - begin + 1
            begin = None


def is_table_row(line):
    return re.match(r'\s*([{"]|R"|\}\}?,)', line) is not None


def functions(root):
    for path in tracked(root):
        if not is_code(root, path):
            continue
        text = path.read_text()
        if path.suffix == ".py":
            found = python_functions(text)
        elif path.suffix in {".cc", ".h"}:
            found = cpp_functions(text, re.search(r"_(test\.cc|fixture\.h)$", path.name))
        else:
            found = bash_functions(text)
        for name, line, length in found:
            if length > LONGEST_FUNCTION:
                yield (f"{path.relative_to(root)}:{line}: {length} lines in one function, "
                       f"at most {LONGEST_FUNCTION}: {name[:50]}")


def names(root):
    for path in tracked(root):
        relative = path.relative_to(root)
        for part in relative.parts:
            stem = part.split(".")[0]
            if set(stem.lower().split("_")) & BANNED_NAMES:
                yield f"{relative}:1: a name that says nothing: {part}"
        if path.suffix in {".cc", ".h"} and re.search(r"[a-z]\d+$", path.stem) \
                and path.stem not in {"sha256"}:
            yield f"{relative}:1: told apart by a digit"


def headers(root):
    """A header says what the thing is before anything else, and is included once."""
    for path in tracked(root):
        if path.suffix != ".h":
            continue
        lines = path.read_text().splitlines()
        if not lines or not lines[0].startswith("// "):
            yield f"{path.relative_to(root)}:1: opens without saying what it is"
        if "#pragma once" not in lines:
            yield f"{path.relative_to(root)}:1: no #pragma once"


def notes(root):
    for path in tracked(root):
        if not is_code(root, path) or path.parent.name == "tidy":
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                yield f"{path.relative_to(root)}:{number}: unfinished work belongs in an issue"


def suites(root):
    """Every folder of tests is run."""
    runner = pathlib.Path(root) / "tests/run.py"
    if not runner.exists():
        return
    text = runner.read_text()
    for folder in sorted({p.parent for p in tracked(root) if p.name.startswith("test_")
                          and p.suffix == ".py"}):
        name = folder.name
        if not re.search(rf'pytest\("{name}"[,)]', text):
            yield f"{folder.relative_to(root)}:1: no suite of tests/run.py runs it"


def crash_points(root):
    """docs/delivery.md names every crash point of the code."""
    code = pathlib.Path(root) / "src/base/crash_points.h"
    page = pathlib.Path(root) / "docs/delivery.md"
    if not code.exists() or not page.exists():
        return
    text = page.read_text()
    for name in re.findall(r'X\(\w+, "([a-z-]+)"', code.read_text()):
        if name not in text:
            yield f"docs/delivery.md:1: crash point {name} is not in it"


RULES = [includes, lengths, functions, names, headers, notes, suites, crash_points]
