"""Jars are believed by their checksums only: no changed, torn or damaged one is ever run."""

import concurrent.futures
import hashlib
import threading

import pytest

from lab import jars
from lab.process import LabError

GOOD = {"a.jar": b"aaa", "b.jar": b"bbb"}


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A set "x" with a list of GOOD's checksums, and the downloads that it will get."""
    pinned = "".join(f"{hashlib.sha256(v).hexdigest()}  {k}\n" for k, v in GOOD.items())
    (tmp_path / "x.sha256").write_text(pinned)
    downloads = []

    def download(_, folder):
        folder.mkdir()
        content = downloads.pop(0)
        for name, data in content.items():
            if data is None:
                raise LabError("the connection broke")
            (folder / name).write_bytes(data)
    monkeypatch.setattr(jars, "HERE", tmp_path)
    monkeypatch.setattr(jars, "_download", download)
    monkeypatch.setenv("LOANSTREAM_CACHE", str(tmp_path / "cache"))
    return downloads


def cached(tmp_path):
    return [p.name for p in (tmp_path / "cache/lab/jars").iterdir() if p.name != "lock"]


@pytest.mark.parametrize("content, said", [
    ({**GOOD, "a.jar": b"evil"}, "a.jar: changed"),
    ({"a.jar": b"aaa"}, "b.jar: missing"),
    ({**GOOD, "c.jar": b"c"}, "c.jar: not in the list"),
    ({"a.jar": b"aaa", "b.jar": None}, "the connection broke"),
])
def test_a_wrong_download_is_refused_and_leaves_nothing(registry, tmp_path, content, said):
    registry += [content, GOOD]
    with pytest.raises(LabError, match=said):
        jars.fetch("x")
    assert cached(tmp_path) == []
    assert {p.name: p.read_bytes() for p in jars.fetch("x").iterdir()} == GOOD


def test_a_damaged_cache_is_fetched_again(registry):
    registry += [GOOD, GOOD]
    (jars.fetch("x") / "a.jar").write_bytes(b"torn")
    assert (jars.fetch("x") / "a.jar").read_bytes() == b"aaa"
    assert registry == []


def test_many_at_once_download_once(registry, monkeypatch):
    registry += [GOOD, GOOD]
    second, download = threading.Event(), jars._download

    def slow(name, folder):
        """Lasts until a second one has begun, which must not happen."""
        if len(registry) == 1:
            second.set()
        download(name, folder)
        second.wait(0.3)
    monkeypatch.setattr(jars, "_download", slow)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(jars.fetch, ["x"] * 8))) == 1
    assert registry == [GOOD]


def test_every_set_has_its_list():
    lists = {path.stem for path in jars.HERE.glob("*.sha256")}
    assert lists == set(jars.SETS)
