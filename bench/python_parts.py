"""The parts of ./dev bench that set loanstream beside Python programs on the same input.

A part fails where the two do not say the same of every row. The comparison runs in a process of
its own: what a child's memory peaks at counts from what its parent held when it was started.

  python_parts.py table DATA_FOLDER OTHER.parquet | csv OURS.csv OTHER.csv
"""

import csv
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TRIES = 3
OWN = {"program", "decided_ms", "event_ms"}  # each program's own


def same(name, ours, theirs):
    if name in ("probability_of_default", "data") and None not in (ours, theirs):
        return math.isclose(float(ours), float(theirs), rel_tol=0, abs_tol=1e-7)
    return ours == theirs


def insist(name_of, ours, theirs):
    """Every column that the Python program has, row by row, in the order of the records."""
    for row, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        for name, value in other.items():
            if name not in OWN and not same(name, one[name], value):
                raise SystemExit(f"{name_of}: row {row}, {name}: {one[name]!r} and {value!r}")


def applications(program, records, path):
    with open(path, "w", encoding="utf-8") as out:
        subprocess.run([str(program), "applicants", "generate", "-n", str(records), "--dirty",
                        "0"], stdout=out, check=True)


def table_rows(folder):
    import pyarrow.parquet
    rows = []
    for path in pathlib.Path(folder).glob("warehouse/prediction/dt=*/part=*/*.parquet"):
        rows += pyarrow.parquet.ParquetFile(path).read().to_pylist()
    return sorted(rows, key=lambda row: row["source_offset"])


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
    seconds = [min(run[0] for run in runs) for runs in (ours, theirs)]
    peak = [statistics.median(run[2] for run in runs) for runs in (ours, theirs)]
    return [f"{records:,} rows of CSV to CSV, the same columns; every row compared",
            f"pandas: {records / seconds[1]:,.0f} rows/s, peak {peak[1]:.0f} MiB",
            f"loanstream decide: {records / seconds[0]:,.0f} rows/s, peak {peak[0]:.0f} MiB",
            f"time: {seconds[1] / seconds[0]:.1f} x; memory: 1 / {peak[1] / peak[0]:.1f}"]


def main():
    kind, ours, theirs = sys.argv[1:]
    if kind == "table":
        import pyarrow.parquet
        insist("python-line", table_rows(ours), pyarrow.parquet.ParquetFile(theirs).read()
               .to_pylist())
        return
    csv.field_size_limit(1 << 24)
    with open(ours, encoding="utf-8") as one, open(theirs, encoding="utf-8") as other:
        insist("pandas-decide", csv.DictReader(one), csv.DictReader(other))


if __name__ == "__main__":
    main()
