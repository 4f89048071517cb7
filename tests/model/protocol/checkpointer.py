"""Publishes what is committed, writes manifests, puts a checkpoint, truncates (rules 21, 22, 29,
30)."""
from .world import PARTS, having, to


class CheckpointerMoves:
    def checkpointer_decide(self, s, p):
        return to(p, "prepare", own=(), then=None)

    def checkpointer(self, s, p):
        return getattr(self, "checkpointer_" + p.pc)(s, p, self.view(s, p))

    def checkpointer_prepare(self, s, p, st):
        staged = [i for i in st.recent if i[0] in s.staged]
        done = self.rule("checkpoint-publishes") and self.publish_first(s, staged)
        if done:
            yield done + (p,)
            return
        if self.rule("checkpoint-syncs") and any(t[0] == "renamed" for t in s.soft):
            yield ("syncs the folders",), self.sync_renames(s, set(range(len(s.loc)))), p
            return
        for key, named in enumerate(self.manifests(p, st)):
            written = key in [m[1] for m in p.own]
            if named and named[0] == p.view and named[2] == (p.i, p.inc) and not written:
                soft = s.soft
                if self.w.power and not self.rule("manifest-sync"):
                    soft = soft | {("manifest", named)}
                yield ("writes manifest %s", named), having(
                    s, manifests=s.manifests | {named}, soft=soft), having(p, own=p.own + (named,))
                return
        yield from self.put(s, p, self.checkpoint_entry(s, p, st), "truncate",
                            self.checkpointer_decide)

    def manifests(self, p, st):
        """What the checkpoint would name, one a key."""
        found = []
        for key, before in enumerate(st.manifests):
            content = tuple(item for item in st.live
                            if item[1] // PARTS == key and item[1] % PARTS < st.seals[key])
            stale = key in st.stale and (self.rule("manifest-fresh") or not before)
            new = (p.view, key, (p.i, p.inc), content)
            found.append(new if stale and (content or before) else before)
        return tuple(found)

    def checkpoint_entry(self, s, p, st):
        inline = tuple(i for i in st.live if i[1] % PARTS >= st.seals[i[1] // PARTS])
        if not self.rule("checkpoint-carries"):
            inline = ()
        merges = []
        for part, g in st.open_merges:
            over = s.loc[part] == g and not any(i[0] == part and i[1] != g for i in s.files)
            if ("exchanged", part) in s.soft:
                over = False
            if g not in st.switched or not over and self.rule("merges-until-gone"):
                merges.append((part, g))
        return ("checkpoint", inline, self.manifests(p, st), tuple(merges))

    def checkpointer_truncate(self, s, p, st):
        if self.w.truncate:
            there = [n for n in range(p.view - 1) if not s.gone >> n & 1 or s.garbage >> n & 1]
            if there:
                n = min(there) if self.rule("ascending") else max(there)
                yield ("deletes entry %d", n), having(
                    s, gone=s.gone | 1 << n, garbage=s.garbage & ~(1 << n)), p
                return
        for m in sorted(s.manifests):
            taken = m[0] < p.view or not self.rule("manifest-number")
            if m not in st.manifests and taken:
                yield ("deletes manifest %s", m), having(s, manifests=s.manifests - {m}), p
                return
        yield ("has truncated",), s, to(p, "done", view=0, anchor=0, own=None)
