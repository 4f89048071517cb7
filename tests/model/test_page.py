"""The page of the protocol agrees with itself, with the checker and with the program."""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import page  # noqa: E402

TEXT = page.PAGE.read_text()
ENTRIES = [json.loads(block) for block in page.examples(TEXT)]


def test_checksums_chain():
    assert page.rewritten(TEXT) == TEXT, "run: python3 tests/model/page.py --rewrite"
    assert [list(e)[:6] for e in ENTRIES] == [
        ["format", "sum", "prev", "id", "at_ms", "kind"]] * len(ENTRIES)


def test_every_kind_has_an_example():
    shown = [e["kind"] for e in ENTRIES]
    told = re.findall(r"^\*\*(\w+)\*\*", TEXT, re.M)
    assert shown == told
    assert set(shown) == {"checkpoint", "claim", "commit", "seal", "merge", "switched", "lost",
                          "reset", "replay", "order"}


def test_examples_follow_each_other():
    """The last checkpoint says what the entries before it say."""
    kind = {e["kind"]: e for e in ENTRIES}
    last, reset, lost = ENTRIES[-1], kind["reset"], kind["lost"]
    of_range = kind["commit"]["ranges"][0]
    assert of_range["records"] == of_range["decided"] + of_range["rejected"]
    assert of_range["next"] == lost["begin"] and lost["next"] == reset["begin"]
    assert last["partitions"][0]["incarnation"] == reset["incarnation"]
    assert last["partitions"][0]["next"] == reset["next"]
    assert last["ended"][0]["next"] == reset["begin"]
    assert last["merges"][0]["outputs"] == kind["merge"]["outputs"]
    assert last["merges"][0]["inputs"] == [kind["commit"]["files"][0]["name"]]
    assert [f["name"] for f in last["files"]] == [kind["commit"]["files"][1]["name"]]
    assert last["versions"] == sorted({of_range["policy"], of_range["model"]})
    number = "%020d" % (len(ENTRIES) - 1)
    assert number in [d["path"] for d in last["days"] if d["path"]][0]


def test_hashes_have_their_length():
    for text in re.findall(r'"(?:sha256|policy|model|prev|sum)": "([^"]*)"', TEXT):
        assert re.fullmatch("[0-9a-f]{64}|", text), text


def test_crash_points_are_those_of_the_program():
    header = page.PAGE.parents[1] / "src" / "base" / "crash_points.h"
    declared = re.findall(r'X\(k\w+, "([a-z-]+)"', header.read_text())
    section = TEXT.split("## Crash points")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", section, re.M) == declared
