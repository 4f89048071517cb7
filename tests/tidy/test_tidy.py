"""The tree keeps the rules of the house; and each rule finds what is planted for it."""

import pathlib

import pytest

import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]

PLANTED = [  # rule, file, content
    (rules.includes, "src/base/a.cc", '#include "policy/policy.h"\n'),
    (rules.includes, "src/clean/a.cc", '#include "feed/topic.h"\n'),
    (rules.includes, "src/decide/a.cc", "#include <arrow/api.h>\n"),
    (rules.includes, "src/log/a.h", "#include <boost/asio.hpp>\n"),
    (rules.includes, "src/nowhere/a.cc", "int a;\n"),
    (rules.lengths, "src/base/a.cc", "// x\n" * 501),
    (rules.lengths, "src/base/a.py", "#" + "x" * 100 + "\n"),
    (rules.functions, "src/base/a.cc", "int f(int x) {\n" + "    ++x;\n" * 60 + "}\n"),
    (rules.functions, "src/base/a.cc",
     "A::A(int x)\n    : b_(x),\n      c_(std::move(x)) {\n" + "    ++x;\n" * 60 + "}\n"),
    (rules.functions, "a.py", "def f():\n" + "    pass\n" * 60),
    (rules.functions, "dev", "f() {\n" + "    true\n" * 60 + "}\n"),
    (rules.names, "src/base/string_utils.h", "// x\n"),
    (rules.names, "src/base/reader2.cc", "\n"),
    (rules.headers, "src/base/a.h", "#pragma once\n"),
    (rules.headers, "src/base/a.h", "// What it is.\n"),
    (rules.notes, "src/base/a.cc", "// TODO: later\n"),
]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps(rule):
    assert list(rule(ROOT)) == []


@pytest.mark.parametrize("rule, name, content", PLANTED)
def test_a_rule_finds_what_is_planted(tmp_path, rule, name, content):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    assert len(list(rule(tmp_path))) == 1


def test_an_unrun_suite_is_found(tmp_path):
    (tmp_path / "tests/lost").mkdir(parents=True)
    (tmp_path / "tests/run.py").write_text('SUITES = {"tidy": pytest("tidy")}\n')
    (tmp_path / "tests/lost/test_a.py").write_text("")
    assert len(list(rules.suites(tmp_path))) == 1


def test_a_crash_point_left_out_of_the_docs_is_found(tmp_path):
    (tmp_path / "src/base").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "src/base/crash_points.h").write_text('    X(kPolled, "polled", "x")\n')
    (tmp_path / "docs/delivery.md").write_text("nothing\n")
    assert len(list(rules.crash_points(tmp_path))) == 1
