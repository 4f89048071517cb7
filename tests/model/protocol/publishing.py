"""Publishing and registering: steps that writers, mergers and checkpointers share."""
from .world import Violation, having


class Publishing:
    def folder(self, s, part):
        """The generation that a rename by path into the part's folder meets."""
        return s.loc[part] if self.w.mode == "exchange" else 0

    def publish(self, s, file, part):
        """One step of it as (label, state), or None: done, by whomever."""
        target = (part, self.folder(s, part), file)
        if file not in s.staged:
            if not self.rule("missing-is-done") and target not in s.files:
                raise Violation("recovery stops: %s neither staged nor in place" % (file,))
            return None
        if not self.w.link:
            soft = s.soft | {("renamed", target)} if self.w.power else s.soft
            return ("renames %s into part %d", file, part), having(
                s, staged=s.staged - {file}, files=s.files | {target}, soft=soft)
        if target not in s.files:
            return ("links %s into part %d", file, part), having(s, files=s.files | {target})
        if not self.rule("unlink-staged"):
            return None
        return ("unlinks staged %s", file), having(s, staged=s.staged - {file})

    def publish_first(self, s, files):
        """The first step that publishing these (file, part) still needs, or None."""
        for file, part in files:
            if file in s.staged or not self.rule("missing-is-done"):
                done = self.publish(s, file, part)
                if done:
                    return done
        return None

    @staticmethod
    def sync_renames(s, parts):
        """Renames into these parts are durable from here on."""
        return having(s, soft=frozenset(
            t for t in s.soft if t[0] != "renamed" or t[1][0] not in parts))

    def register(self, s, part):
        loc = list(s.loc)
        if loc[part] is None or not self.rule("register-adds-only"):
            loc[part] = 0
        return ("registers part %d", part), having(s, loc=tuple(loc))
