"""What the runners of test programs share: which programs a build has, running several of them side
by side, and the closing line that tools/test adds up."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess


def parser_of(about):
    """The options that all runners take."""
    parser = argparse.ArgumentParser(description=about.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--targets", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    return parser


def introspect(build, what):
    done = subprocess.run(["meson", "introspect", f"--{what}", build], capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)


def print_targets(build, programs):
    """The programs as ninja calls them."""
    for program in programs:
        print(os.path.relpath(program, build.resolve()))
    return 0


def run_all(programs, run, jobs):
    """Runs each program with run(program), which gives ([passed, failed, skipped], what to print);
    returns the exit code."""
    totals = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for counts, text in pool.map(run, programs):
            totals = [total + new for total, new in zip(totals, counts)]
            print(text, flush=True)
    if not programs:
        print("the build has none of them")
        totals[1] += 1
    print("{} passed, {} failed, {} skipped".format(*totals))
    return 1 if totals[1] else 0
