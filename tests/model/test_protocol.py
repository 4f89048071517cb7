"""The delivery protocol holds in every interleaving of small worlds, and each rule is needed.

The short form explores the small worlds and leaves out each rule once; LOANSTREAM_FULL=1 explores
all of them.
"""
import multiprocessing
import os
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import page  # noqa: E402
from protocol.explore import UNFINISHED, explore  # noqa: E402
from protocol.rules import RULES  # noqa: E402
from protocol.world import WORLDS  # noqa: E402

SHORT = [
    "fence", "two ranges", "two ranges, crash", "two ranges, rivals", "two ranges, lost answers",
    "two ranges and tables", "two tables", "two tables, merge", "midnight", "empty range",
    "empty range, fence", "gaps, lost answers", "truncation, crash", "checkpoint, one writer",
    "register", "manifest", "manifest, crash", "power and checkpoint", "power and merge",
    "power and exchange", "power and manifest",
]
CHOSEN = list(WORLDS) if os.environ.get("LOANSTREAM_FULL") == "1" else SHORT
LIMIT = 3_000_000  # states; a world is two minutes long at most
SECONDS = 1500     # for all of them, on a busy machine


def explored(task):
    world, broken = task
    return explore(WORLDS[world], broken, LIMIT)


@pytest.fixture(scope="module")
def results():
    """Every task at once on two processes, in the order of the tests."""
    tasks = [(world, None) for world in CHOSEN]
    tasks += [(world, rule) for rule, (_, world, _) in RULES.items()]
    with multiprocessing.Pool(2) as pool:
        yield {task: pool.apply_async(explored, (task,)) for task in tasks}
        pool.terminate()


@pytest.mark.parametrize("world", CHOSEN)
def test_holds_with_every_rule(results, world):
    result = results[world, None].get(SECONDS)
    assert result.violation is None, "\n".join([result.violation, *result.trace])
    assert result.ends > 0


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_needed(results, rule):
    result = results[RULES[rule][1], rule].get(SECONDS)
    assert result.violation not in (None, UNFINISHED)
    assert result.trace and all(result.trace)


def test_short_worlds_and_rules_exist():
    assert set(SHORT) <= set(WORLDS)
    assert {world for _, world, _ in RULES.values()} <= set(WORLDS)


def test_every_rule_stands_on_the_page_under_its_number():
    told = {}
    for number, text in re.findall(r"^(\d+)\. (.*)$", page.PAGE.read_text(), re.M):
        for name in re.findall(r"`([a-z-]+)`", text):
            if name in RULES:
                told[name] = int(number)
    assert told == {name: number for name, (number, _, _) in RULES.items()}
