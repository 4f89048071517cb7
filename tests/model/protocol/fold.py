"""What a prefix of the log says: pure, one entry after the other, as src/log/state.cc does."""
import functools
from collections import namedtuple

from .world import PARTS

# epoch, next, incarnation, decided (the last day): one a source partition; seals: one a key;
# recent: (file, part) committed since the newest checkpoint; live: (file, part, generation);
# manifests: one a key or None; stale: keys whose sealed parts have changed since; merged:
# (part, generation) in order; open_merges: those whose inputs may lie somewhere; switched:
# generations; checkpoint: number of the newest.
Fold = namedtuple("Fold", "epoch next incarnation decided seals recent live manifests stale merged "
                  "open_merges switched checkpoint length")


def placed(values, at, value):
    return values[:at] + (value,) + values[at + 1:]


class LogFold:
    def __init__(self, partitions, keys):
        none = (0,) * partitions
        self.empty = Fold(none, none, none, none, (0,) * keys, (), (), (None,) * keys,
                          frozenset(), (), (), frozenset(), 0, 0)
        self.of = functools.lru_cache(None)(self._of)

    def _of(self, entries):
        if not entries:
            return self.empty
        before, entry = self.of(entries[:-1]), entries[-1]
        after = getattr(self, entry[0])(before, *entry[1:])
        return after._replace(length=len(entries))

    @staticmethod
    def claim(st, partition, epoch):
        return st._replace(epoch=placed(st.epoch, partition, epoch))

    @staticmethod
    def commit(st, ranges, files):
        nexts, decided = list(st.next), list(st.decided)
        for partition, _, _, _, following, day in ranges:
            nexts[partition], decided[partition] = following, day
        late = {part // PARTS for _, part in files
                if part % PARTS != st.seals[part // PARTS]}
        return st._replace(next=tuple(nexts), decided=tuple(decided), recent=st.recent + files,
                           live=st.live + tuple((f, part, 0) for f, part in files),
                           stale=st.stale | late)

    @staticmethod
    def seal(st, part):
        key = part // PARTS
        return st._replace(seals=placed(st.seals, key, st.seals[key] + 1), stale=st.stale | {key})

    @staticmethod
    def merge(st, part, generation, output):
        live = tuple(item for item in st.live if item[1] != part) + ((output, part, generation),)
        return st._replace(live=live, stale=st.stale | {part // PARTS},
                           merged=st.merged + ((part, generation),),
                           open_merges=st.open_merges + ((part, generation),))

    @staticmethod
    def switched(st, generation):
        return st._replace(switched=st.switched | {generation})

    @staticmethod
    def lost(st, partition, _incarnation, _epoch, _begin, following):
        return st._replace(next=placed(st.next, partition, following))

    @staticmethod
    def reset(st, partition, incarnation, _epoch, _begin, following):
        return st._replace(next=placed(st.next, partition, following),
                           incarnation=placed(st.incarnation, partition, incarnation))

    @staticmethod
    def checkpoint(st, inline, manifests, merges):
        live = inline + tuple(item for m in manifests if m for item in m[3])
        return st._replace(recent=(), live=live, manifests=manifests or st.manifests,
                           stale=frozenset(), open_merges=merges, checkpoint=st.length)
