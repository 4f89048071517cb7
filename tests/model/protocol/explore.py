"""Breadth first through every interleaving of a world; the first violation has a shortest trace."""
import time
from array import array
from collections import deque, namedtuple

from .model import DARK, Model, told
from .world import Violation, start

Result = namedtuple("Result", "world broken states moves ends seconds violation trace")
UNFINISHED = "not finished: more states than the limit"


class Graph:
    """The states met, by number, with the moves between them."""

    def __init__(self, first):
        self.ids, self.queue = {first: 0}, deque([first])
        self.parents = array("I", [0])
        self.sources, self.targets = array("I"), array("I")
        self.ends = []

    def move(self, here, state):
        there = self.ids.setdefault(state, len(self.ids))
        if there == len(self.parents):
            self.parents.append(here)
            self.queue.append(state)
        self.sources.append(here)
        self.targets.append(there)

    def stuck(self):
        """A state from which no end can be reached, or -1."""
        before = [[] for _ in self.ids]
        for here, there in zip(self.sources, self.targets):
            before[there].append(here)
        good, todo = bytearray(len(self.ids)), list(self.ends)
        while todo:
            k = todo.pop()
            if not good[k]:
                good[k] = 1
                todo += before[k]
        return good.find(0)

    def trace(self, model, at, last):
        """The labels on the way to a state, found again step by step."""
        path = [at]
        while path[-1]:
            path.append(self.parents[path[-1]])
        path.reverse()
        states = dict.fromkeys(path)
        for state, number in self.ids.items():
            if number in states:
                states[number] = state
        labels = []
        for here, there in zip(path, path[1:]):
            labels.append(next(told(label) for label, state in safe_steps(model, states[here])
                               if state == states[there]))
        return labels + [told(label) for label in last]


def safe_steps(model, state):
    """The steps of a state up to one that violates."""
    found = []
    try:
        for step in model.steps(state):
            found.append(step)
    except Violation:
        pass
    return found


def unforced(label):
    """Crashes and power failures: a world may rest without them."""
    return label[2] == "crashes" or label[2].startswith(DARK)


def expand(model, graph, state):
    here, last = graph.ids[state], ()
    try:
        steps = model.steps(state)
        if state.hurt >= 0:
            graph.ends.append(here)
        elif state.H and all(unforced(label) for label, _ in steps):
            model.check_end(state)
            graph.ends.append(here)
        for label, following in steps:
            last = (label,)
            dark = label[2].startswith("power")
            model.check(state, following, dark)
            graph.move(here, following)
    except Violation as violation:
        return str(violation), last
    return None


def explore(world, broken=None, limit=3_000_000):
    began, model = time.time(), Model(world, broken)
    graph = Graph(start(world))

    def result(violation, at=None, last=()):
        trace = [] if at is None else graph.trace(model, at, last)
        return Result(world.name, broken, len(graph.ids), len(graph.sources), len(graph.ends),
                      time.time() - began, violation, trace)

    while graph.queue:
        state = graph.queue.popleft()
        found = expand(model, graph, state)
        if found:
            return result(found[0], graph.ids[state], found[1])
        if len(graph.ids) > limit:
            return result(UNFINISHED)
    stuck = graph.stuck()
    return result(None) if stuck < 0 else result("no way to finish from here", stuck)
