"""Seals part 0, merges it, switches, and deletes the inputs after the grace time (rules 16 to 20,
34)."""
from .world import having, rows_of, to


class MergerMoves:
    def merger(self, s, p):
        return getattr(self, "merger_" + p.pc)(s, p, self.view(s, p))

    def merger_decide(self, s, p):
        st = self.view(s, p)
        p = having(p, then=None)
        if not st.seals[0]:
            return to(p, "seal")
        generations = [g for part, g in st.merged if part == 0]
        again = not self.rule("merge-once") and p.own not in generations
        if not generations or again and p.inc == 0:
            written = (0, p.own) in {item[:2] for item in s.files}
            return to(p, "merge" if written else "inputs")
        if (0, self.wanted(p, st)) not in st.open_merges:
            return to(p, "gone")
        if self.wanted(p, st) in st.switched:
            return to(p, "delete")
        return to(p, "mark" if p.pc == "mark" else "switch")

    # ---- a process that only seals
    def sealer_decide(self, s, p):
        return to(p, "seal" if self.view(s, p).seals[0] == p.i else "gone", then=None)

    def sealer(self, s, p):
        if p.pc == "seal":
            yield from self.put(s, p, ("seal", p.i), "gone", self.sealer_decide)
        else:
            yield from self.merger_gone(s, p, None)

    @staticmethod
    def wanted(p, st):
        """The generation that shall stand: the last merge entry's, or its own."""
        generations = [g for part, g in st.merged if part == 0]
        return generations[-1] if generations and p.own not in generations else p.own

    def merger_seal(self, s, p, _):
        yield from self.put(s, p, ("seal", 0), "inputs", self.merger_decide)

    def merger_inputs(self, s, p, st):
        inputs = [(f, part) for f, part, _ in st.live if part == 0]
        if st.manifests[0] and st.manifests[0] not in s.manifests:
            yield ("finds a manifest gone, loads again",), s, to(p, "list")
            return
        if self.rule("merge-publishes") and not st.merged:
            done = self.publish_first(s, [i for i in inputs if i[0] in s.staged])
            if done:
                yield done + (p,)
                return
        if self.w.power and self.rule("merge-syncs-renames"):
            s = self.sync_renames(s, {0})
        rows = tuple(sorted(r for f, _ in inputs for r in rows_of(f, self.w.tables)))
        output = (0, p.own, ("merged", rows))
        soft = s.soft
        if self.w.power and not self.rule("merge-syncs-output"):
            soft = soft | {("written", output)}
        yield ("writes generation %d", p.own), having(
            s, files=s.files | {output}, soft=soft), to(p, "merge")

    def merger_merge(self, s, p, _):
        output = next((f for part, g, f in s.files if (part, g) == (0, p.own)), None)
        if output is None:  # its own output was swept: the merge of another stands
            yield ("finds its generation gone, loads again",), s, to(p, "list")
            return
        entry = ("merge", 0, p.own, output)
        yield from self.put(s, p, entry, "switch", self.merger_decide)

    def merger_switch(self, s, p, st):
        wanted = self.wanted(p, st)
        old = s.loc[0]
        if self.w.mode == "metastore":
            moved = having(s, loc=(wanted,) + s.loc[1:])
            yield ("switches part 0 to %d", wanted), moved, to(p, "mark")
            if s.lost:
                yield ("switches, answer lost",), having(moved, lost=s.lost - 1), p
            return
        if self.rule("exchange-guarded"):
            now, label = wanted, ("locks, looks, exchanges unless done",)
        else:  # a bare exchange turns back what is already turned
            now, label = 0 if old else wanted, ("exchanges the folders",)
        soft = s.soft
        if self.w.power and now != old:
            soft = soft | {("exchanged", 0)}
        yield label, having(s, loc=(now,) + s.loc[1:], soft=soft), to(p, "mark")

    def merger_mark(self, s, p, st):
        wanted = self.wanted(p, st)
        if wanted in st.switched:
            yield ("has the switch on record",), s, to(p, "delete")
        else:
            yield from self.put(s, p, ("switched", wanted), "delete", self.merger_decide)

    def merger_delete(self, s, p, st):
        if any(q.then == "grace" for q in s.procs):
            return
        stands = wanted = self.wanted(p, st)
        if self.w.mode == "exchange":
            if self.rule("delete-looks") and s.loc[0] != wanted:
                yield ("sees that the outputs are not in place",), s, to(p, "switch")
                return
            stands = s.loc[0]  # what lies in retired/ goes, by path
            if self.w.power and self.rule("delete-syncs"):
                s = having(s, soft=s.soft - {("exchanged", 0)})
        for item in sorted(s.files, key=str):
            if item[0] == 0 and item[1] != stands:
                soft = frozenset(t for t in s.soft if t[1] != item)
                yield ("deletes %s", item), having(s, files=s.files - {item}, soft=soft), p
                return
        yield ("has deleted the inputs",), s, to(p, "done", view=0, anchor=0)

    def merger_gone(self, s, p, _):
        """Merged, and a checkpoint says that the inputs are gone."""
        yield ("has nothing left to do",), s, to(p, "done", view=0, anchor=0)
