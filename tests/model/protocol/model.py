"""One world with its rules: every step that anybody can take, and what must hold after it."""
import functools

from .checkpointer import CheckpointerMoves
from .fold import LogFold
from .log_moves import LogMoves
from .merger import MergerMoves
from .publishing import Publishing
from .reader import ReaderMoves
from .world import PARTS, Violation, fresh, having, rows_of
from .writer import WriterMoves

LOADING = ("idle", "list", "down", "up", "loaded")
RESTING = ("idle", "done", "stopped")
DARK = ("power", "entry")  # how the labels of a power failure and of an accident begin

INVARIANTS = """
at every step  a visible row is committed; no row is visible twice; no visible row ever vanishes
               (but by a power failure); every committed row is in some file; every manifest of
               the newest checkpoint is there
at every put   each epoch is the newest, each begin the last next, the incarnation the newest and
               one that the source has, the part open, no day earlier than the last; a put that is
               believed and a load that is believed are the true history; damage is seen, and a
               truncation is never taken for it
at every read  a listing holds each row at most once and all that were visible when it was planned;
               a listed file opens within the grace time; the log shows what is committed
at every end   all offsets landed or accepted as lost; what is committed is visible once, to those
               who list and to those who read the log; nothing committed is staged; what is staged
               or aside belongs to dead epochs or lost merges, so that a sweep may delete it
of the graph   an end can be reached from every state
"""


class Model(LogMoves, Publishing, WriterMoves, MergerMoves, CheckpointerMoves, ReaderMoves):
    def __init__(self, world, broken=None):
        self.w, self.broken = world, broken
        self.in_steps = world.truncate  # a load is many steps
        partitions = 1 + max((p for shares in world.writers for p in shares), default=0)
        self.fold = LogFold(partitions, world.tables * world.days)
        self.visible = functools.lru_cache(None)(self._visible)
        self.committed = functools.lru_cache(None)(self._committed)

    def rule(self, name):
        return self.broken != name

    def view(self, s, p):
        return self.fold.of(s.H[:p.view])

    # ---- what must hold
    def _visible(self, files, loc):
        return tuple(sorted(r for part, g, f in files if loc[part] == g
                            for r in rows_of(f, self.w.tables)))

    def _committed(self, entries):
        return frozenset(r for e in entries if e[0] == "commit" for f, _ in e[2]
                         for r in rows_of(f, self.w.tables))

    def check(self, old, s, dark=False):
        """`old` is the state before; dark: the power has failed in between."""
        anew = dark
        if anew or s.files is not old.files or s.loc != old.loc or s.H is not old.H:
            self.check_visible(old, s, dark)
        if anew or s.files is not old.files or s.staged is not old.staged:
            kept = {r for _, _, f in s.files for r in rows_of(f, self.w.tables)}
            kept.update(r for f in s.staged for r in rows_of(f, self.w.tables))
            lost = self.committed(s.H) - kept
            if lost:
                raise Violation("committed rows are in no file any more: %s" % sorted(lost))
        if anew or s.manifests is not old.manifests or s.H is not old.H:
            for manifest in self.fold.of(s.H).manifests:
                if manifest and manifest not in s.manifests:
                    raise Violation("the newest checkpoint names a manifest that is gone")

    def check_visible(self, old, s, dark):
        rows = self.visible(s.files, s.loc)
        seen = set(rows)
        if len(seen) != len(rows):
            raise Violation("a row is visible twice: %s" % (rows,))
        if not seen <= self.committed(s.H):
            raise Violation("a visible row is in no commit: %s" % (seen - self.committed(s.H)))
        before = set(self.visible(old.files, old.loc))
        if dark:  # renames that nobody has synced may be undone
            before.difference_update(r for t in old.soft if t[0] == "renamed"
                                     for r in rows_of(t[1][2], self.w.tables))
        if not before <= seen:
            raise Violation("a visible row has vanished")

    def check_append(self, s, entry):
        st, kind = self.fold.of(s.H), entry[0]
        ranges = ()
        if kind == "commit":
            ranges = entry[1]
            for _, part in entry[2]:
                if part % PARTS < st.seals[part // PARTS]:
                    raise Violation("a commit into a sealed part stands")
        elif kind == "lost":
            ranges = (entry[1:] + (0,),)
        elif kind == "reset":
            if entry[2] > self.w.resets:
                raise Violation("the log is at an incarnation that the source never had")
            ranges = ((entry[1], entry[2] - 1) + entry[3:] + (0,),)
        for partition, incarnation, epoch, begin, _, day in ranges:
            if epoch != st.epoch[partition]:
                raise Violation("%s of the dead epoch %d stands after a claim" % (kind, epoch))
            if (incarnation, begin) != (st.incarnation[partition], st.next[partition]):
                raise Violation("ranges not contiguous: begin %d, expected %d" % (
                    begin, st.next[partition]))
            if kind == "commit" and day < st.decided[partition]:
                raise Violation("a row of a day that was complete: decided_ms ran backwards")

    def check_end(self, s):
        st = self.fold.of(s.H)
        if set(st.next) != {self.w.records}:
            raise Violation("at rest, landed up to %s" % (st.next,))
        want = tuple(sorted(self.committed(s.H)))
        if self.visible(s.files, s.loc) != want:
            raise Violation("at rest, visible %s, wanted %s" % (
                self.visible(s.files, s.loc), want))
        by_log = sorted(r for f, _, _ in st.live for r in rows_of(f, self.w.tables))
        if by_log != list(want):
            raise Violation("at rest, the log shows %s, wanted %s" % (by_log, want))
        named = {f for e in s.H if e[0] == "commit" for f, _ in e[2]}
        for f in s.staged:
            if f in named:
                if not self.w.link:
                    raise Violation("at rest, a committed file is still staged: %s" % (f,))
            elif f[3] >= st.epoch[f[1]]:
                raise Violation("at rest, staged garbage that no sweep may delete: %s" % (f,))
        for part, g, f in s.files:
            if s.loc[part] != g and (g == 0 or (part, g) == st.merged[-1]):
                raise Violation("at rest, a file in no visible folder: %s" % ((part, g, f),))

    # ---- one step of anybody: (label, state)
    def steps(self, s):
        out = []
        for k, p in enumerate(s.procs):
            for label, new, p2 in self.moves(s, p):
                procs = new.procs[:k] + (p2,) + new.procs[k + 1:]
                out.append(((p.kind, p.i + 1) + label, having(new, procs=procs)))
            if s.crashes and "reader" not in p.kind and p.pc not in RESTING:
                procs = s.procs[:k] + (fresh(p.kind, p.i, p.inc + 1),) + s.procs[k + 1:]
                out.append(((p.kind, p.i + 1, "crashes"), having(
                    s, procs=procs, crashes=s.crashes - 1)))
        if s.flight or s.power or self.w.damage:
            out += [(("", 0) + label, new) for label, new in self.accidents(s)]
        return out

    def moves(self, s, p):
        actor = p.kind.replace(" ", "_")
        if p.pc in LOADING and p.kind not in ("reader", "opener"):
            return self.load(s, p, getattr(self, actor + "_decide"))
        if p.pc == "verify":
            return self.verify(s, p)
        if p.pc in ("done", "stopped"):
            return ()
        return getattr(self, actor)(s, p)


def told(label):
    """A label as text: who, its number, a format, its values, and perhaps an ending."""
    kind, number, form, *values = label
    count = form.count("%")
    text = form % tuple(values[:count]) + "".join(map(str, values[count:]))
    return "%s %d: %s" % (kind, number, text) if kind else text
