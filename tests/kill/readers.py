"""Readers that loop while others write, merge and die: each look is either right or one of the
errors that docs/delivery.md tells of, which are counted and tried again."""

import json
import subprocess
import threading
import time

import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet

from support.program import ROOT, run, run_json

POSITION = ["source_topic", "source_partition", "source_offset"]
COUNT = ("select count(*) as n, count(distinct (source_topic, source_partition, source_offset)) "
         "as d from ")


class NotFound(Exception):
    """The reader met a file that is not there any more, or nothing at all yet."""


def one_row(rows):
    return int(rows["n"]), int(rows["d"])


def by_sql(data):
    done = run("table", "sql", COUNT + "prediction", "--json", data=data)
    return one_row(json.loads(done.out)[0])


def by_files(data):
    """Each file that the log named, opened in its folder; the log is asked again after a miss."""
    tables = []
    for file in run_json("table", "files", data=data):
        if file["table"] != "prediction":
            continue
        try:
            table = pyarrow.parquet.ParquetFile(file["path"]).read(columns=POSITION)
        except FileNotFoundError as missing:
            raise NotFound from missing
        assert table.num_rows == file["rows"], file["path"]
        tables.append(table)
    if not tables:
        raise NotFound
    table = pyarrow.concat_tables(tables)
    return table.num_rows, table.group_by(POSITION).aggregate([]).num_rows


def by_pyarrow(data):
    try:
        table = pyarrow.dataset.dataset(data / "warehouse/prediction",
                                        format="parquet").to_table(columns=POSITION)
    except (FileNotFoundError, OSError) as missing:
        raise NotFound from missing
    if not table.num_rows:
        raise NotFound
    return table.num_rows, table.group_by(POSITION).aggregate([]).num_rows


def by_polars(data):
    try:
        frame = polars.scan_parquet(str(data / "warehouse/prediction/dt=*/part=*/*.parquet"),
                                    hive_partitioning=False).select(POSITION).collect()
    except (FileNotFoundError, OSError, polars.exceptions.ComputeError) as missing:
        if "No such file" not in str(missing) and "expanded paths were empty" not in str(missing):
            raise
        raise NotFound from missing
    return frame.height, frame.unique().height


def by_duckdb(program):
    def look(data):
        folder = data / "warehouse/prediction/dt=*/part=*/*.parquet"
        done = subprocess.run([program, "-json", "-c", f"{COUNT} read_parquet('{folder}')"],
                              capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            assert any(text in done.stderr for text in
                       ("No files found", "No such file", "Cannot open file")), done.stderr
            raise NotFound
        return one_row(json.loads(done.stdout)[0])
    return look


class Reader(threading.Thread):
    """Looks again and again. Through the log: never an error, never fewer rows than before."""

    def __init__(self, name, look, data, by_log):
        super().__init__(name=name, daemon=True)
        self.look, self.data, self.by_log = look, data, by_log
        self.looks = self.missing = self.short = self.most = 0
        self.wrong = None
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set() and self.wrong is None:
            try:
                rows, distinct = self.look(self.data)
            except NotFound:
                self.missing += 1
                if self.by_log:
                    self.wrong = "a file that the log names was not found"
            except AssertionError as error:
                if "there is no table yet" not in str(error):
                    self.wrong = str(error)
            else:
                self.looks += 1
                if rows != distinct:
                    self.wrong = f"{rows} rows, {distinct} of them differ"
                elif rows < self.most and self.by_log:
                    self.wrong = f"{rows} rows, and {self.most} before"
                self.short += rows < self.most
                self.most = max(self.most, rows)
            self.ended.wait(0.05)

    def line(self):
        return (f"{self.name}: {self.looks} looks, {self.missing} not found, {self.short} short, "
                f"{self.most} rows at most")


def duckdb_program():
    cache = (ROOT / "build/release/CMakeCache.txt").read_text()
    return next(line.split("=", 1)[1] for line in cache.splitlines()
                if line.startswith("LOANSTREAM_DUCKDB:"))


def start_readers(data):
    readers = [Reader("table sql", by_sql, data, True),
               Reader("table files", by_files, data, False),
               Reader("pyarrow", by_pyarrow, data, False),
               Reader("polars", by_polars, data, False),
               Reader("duckdb", by_duckdb(duckdb_program()), data, False)]
    for reader in readers:
        reader.start()
    return readers


def end_readers(readers, rows, seconds=60):
    """Each must come to see all rows; prints what each has met."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(r.most < rows and r.wrong is None for r in readers):
        time.sleep(0.05)
    for reader in readers:
        reader.ended.set()
    for reader in readers:
        reader.join(60)
        print(reader.line())
    wrong = [r.name + ": " + r.wrong for r in readers if r.wrong]
    assert wrong == [], "\n".join(wrong)
    assert [r.line() for r in readers if r.most != rows] == []
