#!/usr/bin/env python3
"""Explores the delivery protocol of docs/delivery.md.

  check.py                      every world with every rule: no violation may be found
  check.py --world NAME         one world
  check.py --break RULE         leaves one rule out, prints the shortest violating trace
  check.py --break all          each rule in turn: each must be seen to matter
  check.py --list               the worlds and the rules
"""
import argparse
import functools
import multiprocessing
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from protocol.explore import explore  # noqa: E402
from protocol.model import INVARIANTS  # noqa: E402
from protocol.rules import RULES  # noqa: E402
from protocol.world import WORLDS  # noqa: E402


def job(limit, task):
    world, broken = task
    return explore(WORLDS[world], broken, limit)


def report(result, with_trace=True):
    print("%-28s %8d states %9d moves %6d ends %6.1f s  %s" % (
        result.world, result.states, result.moves, result.ends, result.seconds,
        result.violation or "holds"), flush=True)
    for number, step in enumerate(result.trace if with_trace else (), 1):
        print("  %3d  %s" % (number, step))


def check_worlds(pool, names, limit):
    print(INVARIANTS)
    began, results = time.time(), []
    for result in pool.imap_unordered(functools.partial(job, limit), [(n, None) for n in names]):
        report(result)
        results.append(result)
    violated = sum(r.violation is not None for r in results)
    print("%d worlds, %d states, %d moves, %.0f s: %d violated" % (
        len(results), sum(r.states for r in results), sum(r.moves for r in results),
        time.time() - began, violated))
    return violated == 0


def break_rules(pool, rules, world, limit):
    tasks = [(world or RULES[rule][1], rule) for rule in rules]
    mattered = 0
    for rule, result in zip(rules, pool.imap(functools.partial(job, limit), tasks)):
        print("without %s (rule %d: %s)" % (rule, RULES[rule][0], RULES[rule][2]))
        report(result)
        mattered += bool(result.trace)
    print("%d of %d rules seen to matter" % (mattered, len(rules)))
    return mattered == len(rules)


def main():
    args = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--break", dest="broken", metavar="RULE", choices=[*RULES, "all"])
    args.add_argument("--world", metavar="NAME", choices=list(WORLDS))
    args.add_argument("--limit", type=int, default=3_000_000, help="states in one world")
    args.add_argument("--jobs", type=int, default=2)
    args.add_argument("--list", action="store_true")
    given = args.parse_args()
    if given.list:
        print("\n".join("%-28s %s" % (n, tuple(w)[1:]) for n, w in WORLDS.items()))
        print("\n".join("%-22s rule %2d, %s: %s" % (n, *r) for n, r in RULES.items()))
        return 0
    with multiprocessing.Pool(given.jobs, maxtasksperchild=1) as pool:
        if given.broken:
            rules = list(RULES) if given.broken == "all" else [given.broken]
            return 0 if break_rules(pool, rules, given.world, given.limit) else 1
        names = [given.world] if given.world else list(WORLDS)
        return 0 if check_worlds(pool, names, given.limit) else 1


if __name__ == "__main__":
    sys.exit(main())
