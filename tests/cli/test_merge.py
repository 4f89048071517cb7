"""table merge and table wait, as a scheduler runs them: a day of small files, and the next day."""

import datetime
import pathlib

import pyarrow.parquet

from support.program import run, run_json

LINE = '{"loan_amnt":"1000","annual_inc":"50000","dti":"5","grade":"A","id":"%d"}\n'
DAY = 86_400


def land(folder, data, files, env, first=0):
    """Each commit of ten records is a file."""
    for number in range(files):
        feed = folder / "feed.jsonl"
        feed.write_text("".join(LINE % (first + number * 10 + n) for n in range(10)))
        run("source", "--file", feed, "--once", "--quiet", data=data, env=env)
        run("stream", "--once", "--quiet", "--set", "table.merge=off", data=data, env=env)


def waiting(data):
    return run_json("table", "show", data=data)["waiting"]


def test_a_day_is_merged_and_then_complete(tmp_path, shim):
    data = tmp_path / "data"
    # Two days: right after midnight yesterday is not over for good.
    yesterday = {"LD_PRELOAD": shim, "SHIM_CLOCK_SECONDS": str(-2 * DAY)}
    land(tmp_path, data, 6, yesterday)
    dt = run_json("table", "files", data=data)[0]["dt"]
    assert waiting(data) == {"open_files": 6, "unmerged_parts": 0, "unmerged_files": 0}
    not_yet = run("table", "wait", "--dt", dt, "--landed", data=data, expect=1)
    assert "rows may still come from" in not_yet.out, not_yet.out
    run("table", "wait", "--dt", "2020-01-01", "--timeout", "x", data=data, expect=2)
    run("table", "merge", data=data, env=yesterday)  # the day is not over: nothing to merge
    assert waiting(data)["open_files"] == 6

    land(tmp_path, data, 1, {}, first=60)
    landed = run("table", "wait", "--dt", dt, "--landed", "--timeout", "1s", data=data)
    assert dt in landed.out
    assert "wait to be sealed" in run("table", "wait", "--dt", dt, data=data, expect=1).out
    merged = run("table", "merge", data=data)
    assert "6 files" in merged.out and f"{dt} is complete" in merged.out, merged.out
    assert run("table", "wait", "--dt", dt, data=data).out == f"{dt}: complete\n"
    assert (data / f"warehouse/_loanstream/complete/dt={dt}.json").exists()
    assert waiting(data) == {"open_files": 1, "unmerged_parts": 0, "unmerged_files": 0}
    assert run_json("table", "prove", "--complete", data=data)["proved"]


def test_files_are_named_with_their_paths(tmp_path):
    data = tmp_path / "data"
    land(tmp_path, data, 5, {})
    for merged in (False, True):
        rows = 0
        for file in run_json("table", "files", data=data):
            rows += pyarrow.parquet.ParquetFile(pathlib.Path(file["path"])).metadata.num_rows
        assert rows == 50
        if not merged:
            assert "1 part merged" in run("table", "merge", "--seal", data=data).out


def test_today_is_not_complete(tmp_path):
    data = tmp_path / "data"
    land(tmp_path, data, 2, {})
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    run("table", "wait", "--dt", "today", data=data, expect=1)
    assert not (data / f"warehouse/_loanstream/complete/dt={today}.json").exists()
