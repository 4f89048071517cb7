"""docs/lab.md: its example runs as it stands, and it names every kind of server."""

import pathlib
import re

from lab.__main__ import KINDS, parse

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/lab.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S)


def test_the_example_runs(tmp_path):
    (example,) = blocks("python")
    exec(compile(example, PAGE, "exec"), {"folder": tmp_path})


def test_every_kind_is_told():
    assert re.findall(r"^\| `(\S+)` \|", PAGE.read_text(), re.M) == list(KINDS)


def test_the_commands_are_understood():
    commands = re.findall(r"^\./dev lab ([^#\n]*)", "".join(blocks("")), re.M)
    assert len(commands) > 3
    for command in commands:
        parse(command.split())
