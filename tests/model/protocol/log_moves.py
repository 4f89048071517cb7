"""Loading the log, putting the next entry, and what a power failure does: rules 1 to 6, 32."""
from .world import FIRST_ENTRY, Violation, fresh, having, to

FALSE_ANCHOR = 2  # pos of a load whose anchor is an entry 0 that was put again
GRACE_KINDS = ("reader", "log reader")


def exists(s, n):
    """Does the number have a file with the true entry?"""
    return n < len(s.H) and not s.gone >> n & 1 and n != s.hurt


class LogMoves:
    # ---- loading
    def load(self, s, p, decide):
        if not s.H:
            return
        if not self.in_steps:
            p = having(p, view=len(s.H))
            if self.w.power and self.rule("sync-load") and p.kind != "log reader":
                s = having(s, dur=len(s.H))
            yield ("loads the log",), s, decide(s, p)
        elif p.pc in ("idle", "list"):
            top = max(n for n in range(len(s.H)) if exists(s, n))
            listed_hurt = s.hurt >= 0
            yield ("lists the log, highest %d", top), s, to(
                p, "down", top=top, pos=top, bad=False, anchor=int(listed_hurt))
        elif p.pc == "down":
            yield self.read_down(s, p)
        elif p.pc == "up":
            yield self.read_up(s, p)
        else:
            yield self.end_load(s, p, decide)

    def read_down(self, s, p):
        n = p.pos
        if n < 0 and s.hurt < 0:  # only where a gap was passed over
            return ("finds no checkpoint, loads again",), s, to(p, "list", bad=False)
        if n < 0:
            return self.damage(s, p, (n, p.top))
        if exists(s, n):
            if s.H[n][0] == "checkpoint":
                return ("reads entry %d, its checkpoint", n), s, to(
                    p, "up", anchor=n, view=p.top + 1, pos=p.anchor)
            return ("reads entry %d", n), s, having(p, pos=n - 1)
        if s.garbage >> n & 1 and n == p.top:
            if n == 0:  # another first entry: a checkpoint like any
                return ("reads false entry 0",), s, to(p, "up", anchor=0, view=1,
                                                             pos=FALSE_ANCHOR, bad=True)
            return ("reads false entry %d", n), s, having(p, pos=n - 1, bad=True)
        if s.garbage >> n & 1:  # what stands above it has another prev
            return ("finds false entry %d, loads again", n), s, to(p, "list", bad=False)
        if not self.rule("damage-look"):  # takes the gap for the end of what matters
            return ("finds no entry %d, takes it for the end", n), s, having(
                p, pos=n - 1, top=n - 1, bad=True)
        met = (n, p.top)
        if p.doubt == met or not self.rule("damage-twice"):
            return self.damage(s, p, met)
        return ("finds no entry %d, loads again", n), s, to(p, "list", doubt=met, bad=False)

    @staticmethod
    def damage(s, p, met):
        if s.hurt < 0:
            raise Violation("a truncation is taken for damage: entry %d below %d" % met)
        return ("reports damage: no entry %d below %d", *met), s, to(
            p, "done", anchor=0, view=0, pos=0, top=0, doubt=None, bad=False)

    def read_up(self, s, p):
        n = p.view
        if exists(s, n):
            return ("reads entry %d", n), s, having(p, view=n + 1)
        if s.garbage >> n & 1:
            return ("reads false entry %d", n), s, having(p, view=n + 1, bad=True)
        return ("finds no entry %d", n), s, to(p, "loaded", bad=p.bad or n < len(s.H))

    def end_load(self, s, p, decide):
        """Looks whether the anchor stands, and moves it to the newest checkpoint read."""
        if self.rule("load-anchor") and s.gone >> p.anchor & 1 and p.pos != FALSE_ANCHOR:
            return ("finds checkpoint %d gone, loads again", p.anchor), s, to(
                p, "list", bad=False)
        if p.bad and (s.hurt < 0 or p.pos):
            raise Violation("a shortened log was taken for the whole one")
        anchor = max(p.anchor, self.fold.of(s.H[:p.view]).checkpoint)
        p = having(p, anchor=anchor, pos=0, top=0, doubt=None, bad=False)
        return ("has the whole log",), s, decide(s, p)

    # ---- putting
    def put(self, s, p, entry, then, decide):
        n, label = p.view, ("puts %s as %d", entry, p.view)
        if n == s.hurt:  # the gap looks like the end: rule 33 says that this is not seen
            return
        if n == len(s.H):
            yield from self.put_first(s, p, entry, then)
        elif s.gone >> n & 1 and not s.garbage >> n & 1:
            yield label + (": a freed number",), having(s, garbage=s.garbage | 1 << n), to(
                p, "verify", view=n + 1, then=then, bad=True)
        elif self.in_steps:
            yield ("finds %d taken", n), s, to(p, "up")
        else:
            for told, s2, p2 in self.load(s, p, decide):
                yield ("finds %d taken, %s", n, told[0]), s2, p2

    def put_first(self, s, p, entry, then):
        n, label = p.view, ("puts %s as %d", entry, p.view)
        self.check_append(s, entry)
        won = having(s, H=s.H + (entry,))
        start = "switched" if self.rule("grace-from-switch") else "merge"
        if entry[0] == start:  # the grace time outlives the readers of this moment
            won = having(won, procs=tuple(
                having(q, then="grace") if q.kind in GRACE_KINDS and q.pc not in ("done", "idle")
                else q for q in won.procs))
        if self.in_steps or self.w.power and self.rule("sync-append"):
            yield label, won, having(p, view=n + 1, pc="verify", then=then, bad=False)
        else:
            yield label, won, having(p, view=n + 1, pc=then)
        if s.lost:
            unknown = to(p, "up" if self.in_steps else "list", then="unknown")
            yield label + (", answer lost",), having(won, lost=s.lost - 1), unknown
            yield ("sends %s as %d, no answer yet", entry, n), having(
                s, lost=s.lost - 1, flight=s.flight + ((n, entry),)), unknown

    def verify(self, s, p):
        """After a won put: sync, and look whether the anchor stands."""
        if self.w.power:
            yield ("syncs the log",), having(s, dur=max(s.dur, p.view)), to(p, p.then, then=None)
        elif self.rule("anchor") and s.gone >> p.anchor & 1:
            yield ("finds checkpoint %d gone, loads again", p.anchor), s, to(
                p, "list", then=None, bad=False)
        elif p.bad:
            raise Violation("a put below a checkpoint is believed: no reader will ever see it")
        else:
            anchor = max(p.anchor, self.fold.of(s.H[:p.view]).checkpoint)
            yield ("finds its checkpoint still there",), s, to(
                p, p.then, then=None, anchor=anchor)

    # ---- what befalls the log
    def accidents(self, s):
        for n, entry in s.flight:  # a late request: it wins if its number is free, else nothing
            late = having(s, flight=tuple(m for m in s.flight if m != (n, entry)))
            if n == len(s.H):
                self.check_append(s, entry)
                late = having(late, H=s.H + (entry,))
            elif s.gone >> n & 1:  # a freed number: nobody may ever read it
                late = having(late, garbage=s.garbage | 1 << n)
            yield ("the late put of %s as %d arrives", entry, n), late
        if self.w.damage and s.hurt < 0 and s.H:
            newest = self.fold.of(s.H).checkpoint
            for n in range(newest, len(s.H) - 1):
                yield ("entry %d is lost by accident", n), having(s, hurt=n)
        if s.power:
            yield from self.power_failures(s)

    def power_failures(self, s):
        procs = tuple(fresh(p.kind, p.i, p.inc + 1) for p in s.procs)
        for kept in range(s.dur, len(s.H) + 1):
            dark = having(s, H=s.H[:kept], dur=kept, procs=procs, power=0, soft=frozenset())
            yield ("power fails, entries from %d on are lost", kept), dark
            if s.soft:
                undone = self.undo(dark, s.soft)
                yield ("power fails, entries from %d on and all unsynced are lost",
                       kept), undone

    @staticmethod
    def undo(s, soft):
        """Each soft thing: (what, ...) as the one who made it has put it there."""
        staged, files, loc, manifests = set(s.staged), set(s.files), list(s.loc), set(s.manifests)
        for what, *thing in sorted(soft, key=str):
            if what == "staged":
                staged.discard(thing[0])
            elif what == "renamed" and thing[0] in files:
                files.discard(thing[0])
                staged.add(thing[0][2])
            elif what == "written":
                files.discard(thing[0])
            elif what == "exchanged":
                loc[thing[0]] = 0
            elif what == "manifest":
                manifests.discard(thing[0])
        return having(s, staged=frozenset(staged), files=frozenset(files), loc=tuple(loc),
                      manifests=frozenset(manifests))

    # ---- the first entry
    def opener(self, s, p):
        if p.pc == "idle":
            if s.H:
                yield ("sees a log",), s, to(p, "done")
            else:
                yield ("sees no log",), s, to(p, "begin")
        elif p.pc == "begin":
            if not s.H:
                yield ("puts entry 0",), having(s, H=(FIRST_ENTRY,), dur=1), to(p, "done")
            elif s.gone & 1 and not s.garbage & 1 and not self.rule("born-once"):
                yield ("puts entry 0 once more",), having(s, garbage=s.garbage | 1), to(p, "done")
            else:
                yield ("is not the first to put it",), s, to(p, "done")
