"""The parts of ./dev bench that set loanstream beside Python programs on the same input.

A part fails where the two do not say the same of every row. The comparison runs in a process of
its own: what a child's memory peaks at counts from what its parent held when it was started.

  python_parts.py table DATA_FOLDER OTHER.parquet | csv OURS.csv OTHER.csv
"""

import csv
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TRIES = 3
OWN = {"program", "decided_ms"}  # each program's own
CLOSE = {"probability_of_default": 1e-12, "data": 1e-7}  # the second is a float32


def same(name, ours, theirs):
    if ours == theirs or name in OWN:
        return True
    if name not in CLOSE or ours in ("", None) or theirs in ("", None):
        return False
    return math.isclose(float(ours), float(theirs), rel_tol=0, abs_tol=CLOSE[name])


def insist(part, columns, ours, theirs):
    """The same rows in the same order, every column of each."""
    rows = 0
    for one, other in zip(ours, theirs, strict=True):
        if not list(one) == list(other) == columns:
            raise SystemExit(f"{part}: the columns are {list(one)} and {list(other)}")
        for name in columns:
            if not same(name, one[name], other[name]):
                raise SystemExit(f"{part}: row {rows}, {name}: {one[name]!r}, {other[name]!r}")
        rows += 1
    if rows == 0:
        raise SystemExit(f"{part}: no rows to compare")


def applications(program, records, path):
    with open(path, "w", encoding="utf-8") as out:
        subprocess.run([str(program), "applicants", "generate", "-n", str(records), "--dirty",
                        "0"], stdout=out, check=True)


def declared_columns():
    """What docs/table.md says that prediction has, in its order."""
    section = (HERE.parent / "docs/table.md").read_text().split("## Columns of ")[1]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def rows_of(path):
    import pyarrow.parquet
    for batch in pyarrow.parquet.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()


def table_rows(folder):
    """In the order of the files' names, which say the offsets that they hold."""
    paths = pathlib.Path(folder).glob("warehouse/prediction/dt=*/part=*/*.parquet")
    for path in sorted(paths, key=lambda path: int(path.stem.split("-")[-3])):
        yield from rows_of(path)


def python_line(arguments, program, measured):
    records = arguments.python_records
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = pathlib.Path(temporary)
        applications(program, records, folder / "feed.jsonl")
        for attempt in range(TRIES):
            data = folder / f"data{attempt}"
            subprocess.run([str(program), "source", "--file", folder / "feed.jsonl", "--once",
                            "--quiet", "--data", data], check=True, stdout=subprocess.DEVNULL)
            topic = data / "topics/fintech_pyspark"
            ours.append(measured(program, "stream", "--once", "--quiet", "--data", data))
            out = folder / f"python{attempt}.parquet"
            theirs.append(measured(sys.executable, HERE / "python_line.py", topic, out))
        subprocess.run([sys.executable, __file__, "table", data, out], check=True)
    cpu = [min(run[1] for run in runs) for runs in (ours, theirs)]
    peak = [statistics.median(run[2] for run in runs) for runs in (ours, theirs)]
    return [f"{records:,} records, the same topic, columns and reasons; every row compared",
            f"python (orjson, pyarrow): {records / cpu[1]:,.0f} records per "
            f"CPU second, peak {peak[1]:.0f} MiB; nothing durable, no dead letters",
            f"loanstream: {records / cpu[0]:,.0f} records per CPU second, peak {peak[0]:.0f} MiB",
            f"records per CPU second: {cpu[1] / cpu[0]:.1f} x; memory: 1 / {peak[1] / peak[0]:.1f}"]


def pandas_decide(arguments, program, measured):
    records = arguments.python_records
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = pathlib.Path(temporary)
        applications(program, records, folder / "feed.jsonl")
        with open(folder / "feed.jsonl", encoding="utf-8") as lines, \
                open(folder / "feed.csv", "w", newline="", encoding="utf-8") as out:
            writer = None
            for line in lines:
                row = json.loads(line)
                if writer is None:
                    writer = csv.DictWriter(out, row)
                    writer.writeheader()
                writer.writerow(row)
        for _ in range(TRIES):
            ours.append(measured(program, "decide", folder / "feed.csv", "--out",
                                 folder / "ours.csv"))
            theirs.append(measured(sys.executable, HERE / "pandas_decide.py", folder / "feed.csv",
                                   folder / "theirs.csv"))
        subprocess.run([sys.executable, __file__, "csv", folder / "ours.csv",
                        folder / "theirs.csv"], check=True)
    wall = [min(run[0] for run in runs) for runs in (ours, theirs)]
    peak = [statistics.median(run[2] for run in runs) for runs in (ours, theirs)]
    return [f"{records:,} rows of CSV to CSV, the same columns; every row compared",
            f"pandas: {records / wall[1]:,.0f} rows/s, peak {peak[1]:.0f} MiB; nothing durable",
            f"loanstream decide: {records / wall[0]:,.0f} rows/s, peak {peak[0]:.0f} MiB",
            f"time: {wall[1] / wall[0]:.1f} x; memory: 1 / {peak[1] / peak[0]:.1f}"]


def main():
    kind, ours, theirs = sys.argv[1:]
    columns = declared_columns()
    if kind == "table":
        insist("python-line", columns, table_rows(ours), rows_of(theirs))
        return
    with open(ours, encoding="utf-8", newline="") as one, \
            open(theirs, encoding="utf-8", newline="") as other:
        insist("pandas-decide", columns, csv.DictReader(one), csv.DictReader(other))


if __name__ == "__main__":
    main()
