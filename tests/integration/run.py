#!/usr/bin/env python3
"""Runs the integration tests, one line per test, and closes with `N passed, N failed, N skipped`.

    run.py [--build DIR] [--fetched DIR] [--origin NAME]... [--only TEXT]... [--list] [--direct]
           [--lanes N]

--lanes runs so many cases at the same time, each lane in a process of its own with its own origins
(harness/lanes.py). --only keeps the tests whose line contains the text. --direct leaves lode out and
lets every test that makes sense without it talk to the origin itself: a test that fails there is
wrong about the origin, not about lode.
"""

import argparse
import faulthandler
import importlib
import os
import pathlib
import re
import signal
import sys
import time
import traceback
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
# Debian's own tools, whatever else this machine has on its path, and no settings of its user's.
os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
for name in list(os.environ):
    if re.match(r"AWS_|RCLONE_|REQUESTS_CA|CURL_CA|SSL_CERT|.*_proxy$", name, re.IGNORECASE):
        del os.environ[name]

from harness import lanes, processes  # noqa: E402
from harness.case import EVERY_ORIGIN, Case, World  # noqa: E402

GRACE_SECONDS = 60      # after a test's own limit, before the whole run is given up


class TookTooLong(Exception):
    pass


def main():
    options = arguments()
    world = World(options.build, options.direct, options.fetched)
    cases = [case for case in variants(options, world) if tests_of(case, options)]
    if options.lanes > 1 and len(cases) > 1 and not options.list and not lanes.is_one():
        world.stop()
        return lanes.run(options.lanes, cases)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGALRM, give_up)
    counts = {"pass": 0, "fail": 0, "skip": 0}
    try:
        for case in lanes.mine(cases):
            run_case(case, options, counts)
    except KeyboardInterrupt:
        counts["fail"] += 1
        print("interrupted", flush=True)
    finally:
        stop_world(world)
    if not options.list:
        print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
    return 1 if counts["fail"] else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=HERE.parent.parent / "build")
    parser.add_argument("--fetched", help="what fetch_clients.py made; default: BUILD/clients")
    parser.add_argument("--origin", action="append", choices=EVERY_ORIGIN)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--lanes", type=int, default=1)
    options = parser.parse_args()
    options.origin = options.origin or EVERY_ORIGIN
    return options


def leave(*_):
    raise KeyboardInterrupt


def give_up(*_):
    raise TookTooLong("the test took longer than its limit")


def stop_world(world):
    try:
        world.stop()
    finally:
        processes.stop_all()


def variants(options, world):
    """Every concrete Case of the test modules, once per origin that it names."""
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for case in list(vars(module).values()):
            if not isinstance(case, type) or not issubclass(case, Case):
                continue
            if case.__module__ != path.stem or vars(case).get("abstract", False):
                continue
            for origin in case.origins:
                if origin in options.origin:
                    yield type(case.__name__, (case,), {
                        "origin_name": origin, "world": world, "abstract": False})


def title_of(case, method):
    about = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", case.__name__).lower()
    return f"{case.origin_name:11}  {about}: {method.removeprefix('test_').replace('_', ' ')}"


def tests_of(case, options):
    """(method, title) of those that are wanted."""
    tests = [(method, title_of(case, method))
             for method in unittest.TestLoader().getTestCaseNames(case)]
    return [(method, title) for method, title in tests
            if all(text in title for text in options.only)]


def run_case(case, options, counts):
    tests = tests_of(case, options)
    if options.list:
        for _, title in tests:
            print(title)
        return
    if case.world.direct and case.needs_lode:
        for _, title in tests:
            report("skip", title, 0, "needs lode", counts)
        return
    try:
        trouble = guarded(case.setUpClass, 120)
    except processes.Absent as absent:
        for _, title in tests:
            report("skip", title, 0, str(absent), counts)
        return
    if trouble is not None:
        for _, title in tests:
            report("fail", title, 0, trouble, counts)
        guarded(case.tearDownClass, 60)
        return
    for method, title in tests:
        run_test(case(method), title, counts)
    trouble = guarded(case.tearDownClass, 60)
    if trouble is not None:
        report("fail", title_of(case, "test_lode_ends_in_good_order"), 0, trouble, counts)


def guarded(step, seconds):
    """What went wrong in a step, as text, or None. What this machine has not goes on up."""
    try:
        limited(step, seconds)
    except processes.Absent:
        raise
    except Exception:
        return traceback.format_exc()
    return None


def limited(step, seconds):
    faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        step()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


def run_test(test, title, counts):
    result = unittest.TestResult()
    begun = time.monotonic()
    try:
        limited(lambda: test.run(result), test.seconds)
    except TookTooLong:
        result.errors.append((test, traceback.format_exc()))
    took = time.monotonic() - begun
    if result.failures or result.errors:
        text = "\n".join(text for _, text in result.failures + result.errors)
        report("fail", title, took, text, counts)
    elif result.skipped:
        report("skip", title, took, result.skipped[0][1], counts)
    else:
        report("pass", title, took, None, counts)


def report(word, title, took, text, counts):
    counts[word] += 1
    print(f"{word}  {title}  ({took:.1f} s)", flush=True)
    if text:
        print("      " + text.strip().replace("\n", "\n      "), flush=True)


if __name__ == "__main__":
    sys.exit(main())
