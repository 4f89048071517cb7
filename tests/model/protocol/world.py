"""What is explored: bounded worlds, and the state that their processes share.

A part is an int: PARTS * key + number, key = days * table + day. A row is
(partition, incarnation, offset). A file is (table, partition, incarnation, epoch,
begin, next), or ("merged", rows). Generation 0 is what commits have published.
"""
from collections import namedtuple

PARTS = 3  # of a day of a table, at most: no world seals three times

World = namedtuple(
    "World", "name mode writers records mergers sealers checkpointers readers log_readers openers "
    "crashes "
    "lost power tables days batch truncate damage gaps resets empty link settled",
    defaults=[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, False, 0, 0, 0, False, False, False])

# kind, i, inc: who, and how often it has started. anchor, view, pos, top: of its loading.
# doubt: an absence met (number, highest listed). bad: what it has read is not the true log; of a
# reader: the grace time waits for it. own: its work, see each kind. then: the state after a put.
Proc = namedtuple("Proc", "kind i inc pc anchor view pos top doubt bad own then")

# H: the true history; gone, garbage: bit masks of log numbers deleted, and put again after that;
# dur: entries on disk for sure; staged: files; files: (part, generation, file); loc: the generation
# that a part shows (None: the metastore does not know it); manifests: (number, key, who, content);
# soft: what a power failure may undo; flight: puts sent and not yet carried out; hurt: an entry
# that was lost by accident (-1: none).
State = namedtuple("State", "H gone garbage dur staged files loc manifests soft procs crashes lost "
                   "power flight hurt")

# settled: the first record is landed and its part sealed before the world begins.
# An entry is its kind and its fields; a checkpoint's are the files of open parts, each key's
# manifest, and the merges whose inputs may still lie somewhere.
FIRST_ENTRY = ("checkpoint", (), (), ())

ONE, TWICE = ((0,),), ((0,), (0,))
WORLDS = {w.name: w for w in [  # writers: the source partitions of each
    World("fence", "path", TWICE, 4, crashes=1),
    World("fence, two crashes", "path", TWICE, 2, crashes=2),
    World("two partitions", "path", ((0,), (1,)), 2, crashes=2),
    World("two ranges", "path", ((0, 1), (1,)), 1, crashes=0),
    World("two ranges, crash", "path", ((0, 1), (1, 0)), 1, crashes=1),
    World("two ranges, seal", "path", ((0, 1), (1,)), 1, sealers=1, crashes=1),
    World("two ranges, checkpoint", "path", ((0, 1), (1,)), 1, checkpointers=1, lost=1),
    World("two ranges, rivals", "path", ((0, 1), (1, 0)), 1, lost=1),
    World("two ranges, merge", "exchange", ((0, 1), (1,)), 1, mergers=1),
    World("two ranges, lost answers", "path", ((0, 1), (1,)), 1, lost=1),
    World("two ranges and tables", "path", ((0, 1), (1,)), 2, tables=2, batch=2),
    World("two tables", "path", TWICE, 2, tables=2, batch=2, crashes=1),
    World("two tables, merge", "metastore", ONE, 2, mergers=1, tables=2, batch=2, crashes=1),
    World("midnight", "path", TWICE, 2, days=2, crashes=1),
    World("midnight, merge", "metastore", ONE, 2, mergers=1, days=2, readers=1),
    World("empty range", "path", ((0, 1),), 1, days=2, empty=True, lost=1),
    World("empty range, fence", "path", ((0, 1), (1,)), 1, days=2, empty=True),
    World("gaps", "path", TWICE, 2, gaps=1, resets=1, crashes=1),
    World("gaps, lost answers", "path", ONE, 2, gaps=1, resets=1, lost=2),
    World("lost answers", "path", TWICE, 2, crashes=1, lost=2),
    World("lost answers, merge", "metastore", ONE, 2, mergers=1, lost=2),
    World("truncation", "path", TWICE, 2, checkpointers=1, truncate=True),
    World("truncation, two at once", "path", ONE, 2, checkpointers=2, truncate=True),
    World("truncation, crash", "path", ONE, 2, checkpointers=1, crashes=1, truncate=True),
    World("truncation, log reader", "path", ONE, 2, checkpointers=1, log_readers=1,
          truncate=True),
    World("truncation, lost answers", "path", ONE, 1, checkpointers=1, lost=2, truncate=True),
    World("truncation, late put", "path", ONE, 1, checkpointers=1, log_readers=1, lost=1,
          truncate=True),
    World("birth", "path", ONE, 1, checkpointers=1, openers=2, log_readers=1,
          truncate=True),
    World("damage", "path", ONE, 2, checkpointers=1, log_readers=1, truncate=True, damage=1),
    World("checkpoint, one writer", "path", ONE, 1, checkpointers=1, crashes=1),
    World("checkpoint", "path", TWICE, 2, checkpointers=1, crashes=1),
    World("checkpoint, lost answers", "path", TWICE, 1, checkpointers=1, lost=2),
    World("register", "metastore", ONE, 2, sealers=1, crashes=1),
    World("merge", "metastore", ONE, 2, mergers=1, readers=1, crashes=1),
    World("zombie and merge", "metastore", TWICE, 1, mergers=1, crashes=1),
    World("zombie, merge, reader", "metastore", TWICE, 1, mergers=1, readers=1),
    World("two mergers", "metastore", ONE, 2, mergers=2, readers=1),
    World("two mergers, crash", "metastore", ONE, 1, mergers=2, crashes=1),
    World("log reader", "metastore", ONE, 2, mergers=1, log_readers=1, crashes=1),
    World("exchange", "exchange", ONE, 2, mergers=1, readers=1, crashes=1),
    World("exchange, zombie", "exchange", TWICE, 1, mergers=1, readers=1),
    World("exchange, two mergers", "exchange", ONE, 1, mergers=2, crashes=1),
    World("exchange, log reader", "exchange", ONE, 2, mergers=1, log_readers=1, crashes=1),
    World("merge, link", "exchange", TWICE, 1, mergers=1, crashes=1, link=True),
    World("manifest", "path", (), 1, sealers=2, checkpointers=2, log_readers=1, settled=True),
    World("manifest, growing", "path", ONE, 2, sealers=2, checkpointers=2),
    World("manifest, late commit", "exchange", ONE, 1, mergers=1, checkpointers=2),
    World("manifest, merge", "exchange", (), 1, mergers=1, checkpointers=2, log_readers=1,
          settled=True),
    World("manifest, crash", "exchange", (), 1, mergers=1, checkpointers=1, crashes=1,
          settled=True),
    World("manifest, merge, crash", "exchange", ONE, 1, mergers=1, checkpointers=1, crashes=1),
    World("manifest, truncation, two", "path", (), 1, checkpointers=2, log_readers=1,
          truncate=True, settled=True),
    World("manifest, truncation", "exchange", ONE, 1, mergers=1, checkpointers=1, truncate=True),
    World("power", "metastore", ONE, 1, mergers=2, power=1),
    World("power and checkpoint", "path", ONE, 1, checkpointers=1, power=1),
    World("power and merge", "exchange", ONE, 1, mergers=1, power=1),
    World("power and exchange", "exchange", (), 1, mergers=1, log_readers=1, power=1,
          settled=True),
    World("power and manifest", "exchange", (), 1, mergers=1, checkpointers=1, power=1,
          settled=True),
    World("power, rivals", "path", TWICE, 1, checkpointers=1, power=1),
    World("power, two ranges", "path", ((0, 1), (1,)), 1, power=1, crashes=1),
    World("power, manifest, writer", "exchange", ONE, 1, mergers=1, checkpointers=1, power=1),
    World("power, merge, log reader", "exchange", ONE, 1, mergers=1, log_readers=1, power=1),
]}


class Violation(Exception):
    """What an invariant, or a process that can go no further, says."""


def to(proc, pc, **changes):
    return proc._replace(pc=pc, **changes)


def having(value, **changes):
    return value._replace(**changes)


def fresh(kind, i, inc):
    own = {"writer": NO_WORK, "merger": 1 + i + 10 * inc}.get(kind)
    return Proc(kind, i, inc, "idle", 0, 0, 0, 0, None, False, own, None)


# Of a writer. epochs: one a source partition (0: to be claimed, -1: given up to a newer owner);
# ranges: (partition, incarnation, epoch, begin, next, day); files: (file, part); gap: an entry.
Work = namedtuple("Work", "epochs ranges files gap")
NO_WORK = Work((), (), (), None)


def start(world):
    procs = []
    for kind, count in (("opener", world.openers), ("writer", len(world.writers)),
                        ("merger", world.mergers), ("sealer", world.sealers),
                        ("checkpointer", world.checkpointers),
                        ("reader", world.readers), ("log reader", world.log_readers)):
        procs += [fresh(kind, i, 0) for i in range(count)]
    places = PARTS * world.tables * world.days
    loc = (None if world.mode == "metastore" else 0,) * places
    nothing = frozenset()
    log = () if world.openers else (FIRST_ENTRY,)
    files = nothing
    if world.settled:
        file = (0, 0, 0, 1, 0, 1)
        log += (("claim", 0, 1), ("commit", (file[1:] + (0,),), ((file, 0),)), ("seal", 0))
        files = frozenset({(0, 0, file)})
    return State(log, 0, 0, len(log), nothing, files, loc, nothing, nothing, tuple(procs),
                 world.crashes, world.lost, world.power, (), -1)


def rows_of(file, tables):
    """The rows that a file holds: records go to the tables in turn."""
    if file[0] == "merged":
        return file[1]
    table, partition, incarnation, _, begin, following = file
    return tuple((partition, incarnation, o) for o in range(begin, following)
                 if o % tables == table)
