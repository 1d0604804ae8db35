"""Several origins at the same time: a run of run.py for each lane, whose lines are put together.

Within a lane tests run one at a time, as they do without lanes; what an origin saw still belongs to the
test that asks. Each lane has ports of its own.
"""

import os
import re
import subprocess
import sys
import threading

from harness import processes

BEGINS = re.compile(r"(pass|fail|skip)  ")
CLOSES = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped$")


def run(count, origins):
    """The exit code, after the sum of what the lanes counted."""
    shares = [share for share in split(origins, count) if share]
    threads, sums = [], []
    output = threading.Lock()
    children = [start(number, share) for number, share in enumerate(shares)]
    try:
        for child in children:
            thread = threading.Thread(target=relay, args=(child, output, sums))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()
    finally:
        for child in children:
            child.terminate()
            child.wait()
    if len(sums) != len(children):
        print("a lane did not come to its end", flush=True)
        sums.append((0, 1, 0))
    passed, failed, skipped = (sum(column) for column in zip(*sums))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def split(origins, count):
    """lode-origin has as many tests as the others together: it begins a lane of its own."""
    ordered = sorted(origins, key=lambda name: name != "lode-origin")
    return [ordered[:1]] + [ordered[1 + lane::count - 1] for lane in range(count - 1)]


def start(number, share):
    arguments = []
    skip = False
    for word in sys.argv[1:]:
        if skip or word in ("--lanes", "--origin"):
            skip = not skip
        elif not word.startswith(("--lanes=", "--origin=")):
            arguments.append(word)
    for name in share:
        arguments += ["--origin", name]
    return subprocess.Popen([sys.executable, sys.argv[0], *arguments], stdout=subprocess.PIPE,
                            text=True, env=dict(os.environ, **{processes.LANE: str(number)}))


def relay(child, output, sums):
    """A test's lines stay together; the last line is the count."""
    pending = []

    def show():
        with output:
            sys.stdout.writelines(pending)
            sys.stdout.flush()
        pending.clear()

    for line in child.stdout:
        closing = CLOSES.match(line.strip())
        if closing:
            sums.append(tuple(int(number) for number in closing.groups()))
            continue
        if BEGINS.match(line):
            show()
        pending.append(line)
    show()
