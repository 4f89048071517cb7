"""The owner of source partitions: claims, recovers, stages, commits, publishes (rules 7 to 15, 26
to 28, 36)."""
import itertools

from .world import NO_WORK, PARTS, Work, having, rows_of, to

GIVEN_UP = -1


class WriterMoves:
    def writer(self, s, p):
        return getattr(self, "writer_" + p.pc.replace(" ", "_"))(s, p, self.view(s, p))

    # ---- claim and recovery
    def writer_claim(self, s, p, st):
        partitions = self.w.writers[p.i]
        k = p.own.epochs.index(0)
        epoch = st.epoch[partitions[k]] + 1
        epochs = p.own.epochs[:k] + (epoch,) + p.own.epochs[k + 1:]
        p = having(p, own=having(p.own, epochs=epochs, gap=("claim", k)))
        yield from self.put(s, p, ("claim", partitions[k], epoch), "recover", self.writer_decide)

    def writer_recover(self, s, p, st):
        k = p.own.gap[1]
        partition, epoch = self.w.writers[p.i][k], p.own.epochs[k]
        if self.rule("redo-publish"):
            mine = [(f, part) for f, part in st.recent if f[1] == partition and f in s.staged]
            done = mine and self.publish_first(s, mine)
            if done:
                yield done + (p,)
                return
        named = self.named(st)
        for file in sorted(s.staged):
            dead = file[1] == partition and file[3] < epoch or not self.rule("sweep-own-dead")
            if dead and file not in named:
                yield ("sweeps staged %s", file), having(s, staged=s.staged - {file}), p
                return
        new = [part for f, part in st.recent if f[1] == partition and s.loc[part] is None]
        if new and self.rule("redo-register"):
            yield self.register(s, new[0]) + (p,)
        else:
            after = "claim" if 0 in p.own.epochs else "write"
            yield ("has recovered",), s, to(p, after, own=having(p.own, gap=None))

    @staticmethod
    def named(st):
        return {f for f, _ in st.recent} | {item[0] for item in st.live}

    # ---- the next entry
    def writer_write(self, s, p, st):
        if self.rule("fence") and self.fenced(p, st):  # seen with an entry that stood
            yield ("sees a newer owner",), s, to(p, "fenced")
            return
        if self.w.gaps or self.w.resets:
            yield from self.gaps(s, p, st)
        choices = []
        for k, partition in enumerate(self.w.writers[p.i]):
            if p.own.epochs[k] > 0:
                choices.append(self.ranges(st, partition, p.own.epochs[k]))
        written = False
        for ranges in itertools.product(*choices):
            ranges = tuple(r for r in ranges if r)
            if ranges:
                written = True
                files = self.place(st, ranges)
                yield self.stage(s, to(p, "stage", own=having(
                    p.own, ranges=ranges, files=files, gap=None)))
        if not written:
            yield ("has nothing left to write",), s, to(p, "done", own=NO_WORK, view=0, anchor=0)

    def ranges(self, st, partition, epoch):
        """What an entry may hold of this partition: one of these."""
        begin, last = st.next[partition], st.decided[partition]
        larger = self.w.batch + 1
        found = []
        for clock in range(self.w.days):
            day = max(clock, last) if self.rule("decided-forward") else clock
            head = (partition, st.incarnation[partition], epoch, begin)
            if begin < self.w.records:
                following = min(begin + self.w.batch, self.w.records)
                found.append(head + (following, day))
                if not self.rule("unknown-keeps-file"):
                    found.append(head + (min(begin + larger, self.w.records), day))
            if self.w.empty and day > last:
                found.append(head + (begin, day))
        return sorted(set(found)) or [None]

    def place(self, st, ranges):
        """The files of these ranges, each in the open part of its table's day."""
        files = []
        for *head, day in ranges:
            for table in range(self.w.tables):
                file = (table, *head)
                key = table * self.w.days + day
                if rows_of(file, self.w.tables):
                    files.append((file, PARTS * key + min(st.seals[key], PARTS - 1)))
        return tuple(files)

    def stage(self, s, p):
        missing = [f for f, _ in p.own.files if f not in s.staged]
        ready = "commit" if self.rule("commit-first") else "publish"
        if not missing:
            return ("needs no file",), s, to(p, ready)
        soft = s.soft
        if self.w.power and not self.rule("stage-sync"):
            soft = soft | {("staged", missing[0])}
        s = having(s, staged=s.staged | {missing[0]}, soft=soft)
        return ("stages %s", missing[0]), s, to(p, "stage" if missing[1:] else ready)

    def writer_stage(self, s, p, _):
        yield self.stage(s, p)

    def writer_batch_anew(self, s, p, _):
        files = frozenset(f for f, _ in p.own.files)
        yield ("drops its files for a larger batch",), having(s, staged=s.staged - files), to(
            p, "write", own=having(p.own, ranges=(), files=()))

    def writer_commit(self, s, p, _):
        after = "publish" if self.rule("commit-first") else "write"
        entry = ("commit", p.own.ranges, p.own.files)
        yield from self.put(s, p, entry, after, self.writer_decide)

    def writer_publish(self, s, p, _):
        done = self.publish_first(s, p.own.files)
        metastore = self.w.mode == "metastore" and p.own.files
        after = "register" if metastore else "write"
        if not self.rule("commit-first"):
            after = "commit"
        if not done:
            yield ("finds all published",), s, to(p, after, own=self.ended(p, after))
            return
        left = [f for f, _ in p.own.files if f in done[1].staged]
        if left:
            yield done + (p,)
        else:
            yield done + (to(p, after, own=self.ended(p, after)),)
        if s.lost:
            yield done[0] + (", answer lost",), having(done[1], lost=s.lost - 1), p

    @staticmethod
    def ended(p, after):
        return having(p.own, ranges=(), files=()) if after == "write" else p.own

    def writer_register(self, s, p, _):
        part = p.own.files[0][1]
        left = having(p.own, ranges=(), files=p.own.files[1:])
        yield self.register(s, part) + (to(p, "register" if left.files else "write", own=left),)

    # ---- fenced
    def writer_fenced(self, s, p, st):
        """Drops the staged files of the ranges that a newer owner has, then those ranges."""
        gone = self.fenced(p, st)
        lost = {r for r in p.own.ranges if r[0] in gone}
        drop = [f for f, _ in p.own.files if f[1] in gone or not self.rule("fenced-range-only")]
        named = self.named(st) if self.rule("fenced-keeps-named") else ()
        for file in drop:
            if file in s.staged and file not in named:
                yield ("drops %s", file), having(s, staged=s.staged - {file}), p
                return
        epochs = tuple(GIVEN_UP if partition in gone else e for partition, e in zip(
            self.w.writers[p.i], p.own.epochs))
        ranges = tuple(r for r in p.own.ranges if r not in lost)
        files = tuple((f, part) for f, part in p.own.files if f[1] not in gone)
        if self.rule("seal-check"):  # a seal may have come with the claim
            files = self.place(st, ranges)
        left = Work(epochs, ranges, files, None)
        if max(epochs) < 0:
            yield ("stops",), s, to(p, "stopped", own=NO_WORK, view=0, anchor=0)
        else:
            after = "claim" if 0 in epochs else "commit" if left.ranges else "write"
            yield ("gives up what a newer owner has",), s, to(p, after, own=left)

    def fenced(self, p, st):
        return {partition for partition, e in zip(self.w.writers[p.i], p.own.epochs)
                if e > 0 and st.epoch[partition] != e}

    # ---- gaps: lost and reset
    def gaps(self, s, p, st):
        """A range that retention took, or a topic made anew: the owner's first partition."""
        partition, epoch = self.w.writers[p.i][0], p.own.epochs[0]
        begin, incarnation = st.next[partition], st.incarnation[partition]
        if epoch < 0:
            return
        lost = sum(e[0] == "lost" for e in s.H)
        if begin < self.w.records and lost < self.w.gaps:
            yield self.with_gap(s, p, ("lost", partition, incarnation, epoch, begin, begin + 1))
        if incarnation < self.w.resets:
            yield self.with_gap(s, p, ("reset", partition, incarnation + 1, epoch, begin, 0))

    @staticmethod
    def with_gap(s, p, entry):
        return ("will put %s", entry), s, to(p, "gap", own=having(p.own, gap=entry))

    def writer_gap(self, s, p, _):
        yield from self.put(s, p, p.own.gap, "gap done", self.writer_decide)

    def writer_gap_done(self, s, p, _):
        yield ("goes on behind the gap",), s, to(p, "write", own=having(p.own, gap=None))

    # ---- what the log says about it, after each load
    def writer_decide(self, s, p):
        st, own = self.view(s, p), p.own
        unknown = p.then == "unknown"
        p = having(p, bad=False, then=None)
        if own.gap and own.gap[0] == "claim":  # not won, or not known: claim again, higher
            k = own.gap[1]
            own = having(own, gap=None, epochs=own.epochs[:k] + (0,) + own.epochs[k + 1:])
        if not own.epochs:
            own = having(own, epochs=(0,) * len(self.w.writers[p.i]))
        p = having(p, own=own)
        if own.gap:
            return self.decide_gap(p, st, unknown)
        if not own.ranges:
            fenced = self.fenced(p, st) if self.rule("fence") else ()
            return to(p, "fenced" if fenced else "claim" if 0 in own.epochs else "write")
        return self.decide_entry(p, st, unknown)

    def decide_entry(self, p, st, unknown):
        own = p.own
        fenced = self.fenced(p, st)
        if not self.rule("every-range-checked"):
            fenced &= {own.ranges[0][0]}
        stands = self.rule("lost-answer-look") and any(
            st.epoch[r[0]] == r[2] and st.next[r[0]] == r[4] and st.incarnation[r[0]] == r[1]
            for r in own.ranges if r[3] < r[4] or not self.rule("judge-not-empty"))
        if stands:
            return to(p, "publish")
        if fenced and self.rule("fence"):
            return to(p, "fenced")
        if unknown and not self.rule("unknown-keeps-file"):
            return to(p, "batch anew")
        if self.rule("seal-check"):
            own = having(own, files=self.place(st, own.ranges))
        return to(p, "commit", own=own)

    def decide_gap(self, p, st, unknown):
        kind, partition, incarnation, epoch, begin, following = p.own.gap
        if not self.rule("loss-checked"):
            return to(p, "gap")
        if st.epoch[partition] != epoch:
            return to(p, "fenced", own=having(p.own, gap=None))
        if kind == "lost" and st.next[partition] == following:
            return to(p, "gap done")
        if kind == "reset" and st.incarnation[partition] == incarnation:
            if self.rule("reset-look"):
                return to(p, "gap done")
            again = (kind, partition, incarnation + 1, epoch, st.next[partition], 0)
            return to(p, "gap", own=having(p.own, gap=again))
        return to(p, "gap")
