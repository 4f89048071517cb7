"""Readers: by metastore or path (rules 23, 24), and by the log (25, 31, 35)."""
from .world import Violation, rows_of, to

DONE = {"own": None, "then": None, "view": 0, "anchor": 0, "doubt": None}


class ReaderMoves:
    def reader(self, s, p):
        path = self.w.mode != "metastore"
        if p.pc == "idle":  # plan: where the parts are, and what must not be missing
            yield ("plans",), s, to(p, "list", own=(s.loc, self.visible(s.files, s.loc)))
        elif p.pc == "list":
            loc, must = p.own
            loc = s.loc if path else loc
            seen = self.visible(s.files, loc)
            if len(set(seen)) != len(seen) or not set(must) <= set(seen):
                raise Violation("a reader's listing holds %s, must hold %s once" % (seen, must))
            for item in sorted(s.files, key=str):  # the one it will be slow to open
                if loc[item[0]] == item[1]:
                    yield ("lists, will open %s", item), s, to(p, "open", own=item)
            if not seen:
                yield ("lists nothing",), s, to(p, "done", **DONE)
        elif p.pc == "open":
            part, g, _ = p.own
            if p.own in s.files and not (path and s.loc[part] != g):
                yield ("opens it",), s, to(p, "done", **DONE)
            elif path and self.rule("reader-again"):
                yield ("does not find it, runs again",), s, to(
                    p, "list", own=(s.loc, self.visible(s.files, s.loc)), then=None)
            else:
                raise Violation("a reader opens a listed file that is gone")

    # ---- by the log
    def log_reader_decide(self, s, p):
        return to(p, "plan", then=None, own=None)

    def log_reader(self, s, p):
        if p.pc == "plan":
            yield from self.plan(s, p, self.view(s, p))
        elif p.pc != "done":
            yield self.look(s, p)

    def plan(self, s, p, st):
        if any(m and m not in s.manifests for m in st.manifests):
            if not self.rule("manifest-again"):
                raise Violation("a log reader does not find a manifest")
            yield ("finds a manifest gone, loads again",), s, to(p, "list")
            return
        seen = sorted(r for f, _, _ in st.live for r in rows_of(f, self.w.tables))
        committed = sorted(self.committed(s.H[:p.view]))
        if seen != committed:
            raise Violation("the log shows %s to a reader, committed is %s" % (seen, committed))
        for item in st.live:
            yield ("will open %s", item), s, to(p, "final", own=item)
        if not st.live:
            yield ("reads an empty table",), s, to(p, "done", **DONE)

    def look(self, s, p):
        file, part, g = p.own
        exchange = self.w.mode == "exchange"
        shown = s.loc[part] if exchange else g
        if p.pc == "staged":
            found = file in s.staged
        elif p.pc == "retired":
            found = any(i[0] == part and i[1] != shown and i[2] == file for i in s.files)
        else:
            found = (part, shown, file) in s.files
        if found:
            return ("opens it, looking at: %s", p.pc), s, to(p, "done", **DONE)
        if p.pc == "final":
            return ("does not find it",), s, to(p, "staged")
        if p.pc == "staged" and self.rule("reader-third-look"):
            return ("does not find it staged",), s, to(p, "final again")
        if exchange and p.pc != "retired" and self.rule("reader-retired"):
            return ("does not find it again",), s, to(p, "retired")
        if exchange and self.rule("reader-loads-again") and p.doubt != p.view:
            return ("does not find it, loads again",), s, to(p, "list", doubt=p.view)
        raise Violation("a log reader finds a committed file nowhere")
