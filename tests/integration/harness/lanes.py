"""Several cases at the same time: a run of run.py for each lane, whose lines are put together.

Most tests wait more than they compute, so that there may be more lanes than cores. Within a lane tests
run one at a time, before origins and on ports of its own: what an origin saw still belongs to the test
that asks. Lanes take cases as they come to them, those that take longest first. The first lane begins
with the real stores', which the others then hardly start; the second has all that make hosts. What
bears nobody beside itself is run when all lanes have ended.

What is to do lies in pipes, of which each lane reads one number of a case after the other.
"""

import collections
import os
import re
import struct
import subprocess
import sys
import threading

from harness import processes

TURNS = "LODE_TEST_TURNS"       # the pipes that a lane reads, in this order
NUMBER = struct.Struct("=H")    # of a case, in the order in which run.py finds them

BEGINS = re.compile(r"(pass|fail|skip)  ")
CLOSES = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped$")


def run(count, cases):
    """The exit code, after the sum of what the lanes counted."""
    todo = collections.defaultdict(list)
    for number, case in sorted(enumerate(cases), key=lambda each: -each[1].takes):
        todo[kind_of(case)].append(number)
    sums = []
    wanted = ["store", "any"], ["hosts", "any"], *([["any", "store"]] * (count - 2))
    abreast(wanted, todo, sums)
    abreast([["alone"]] if todo["alone"] else [], todo, sums)
    passed, failed, skipped = (sum(column) for column in zip(*sums))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def kind_of(case):
    if case.alone:
        return "alone"
    if case.makes_hosts:
        return "hosts"
    return "any" if case.origin_name == "lode-origin" else "store"


def abreast(wanted, todo, sums):
    """Runs a lane for each list of kinds, to their ends."""
    pipes = {kind: pipe_of(todo[kind]) for kind in sorted({each for kinds in wanted for each in kinds})}
    children, threads = [], []
    output = threading.Lock()
    try:
        for lane, kinds in enumerate(wanted):
            children.append(start(lane, [pipes[kind] for kind in kinds]))
            threads.append(threading.Thread(target=relay, args=(children[-1], output, sums)))
            threads[-1].start()
        for thread in threads:
            thread.join()
    finally:
        for child in children:
            child.terminate()
            child.wait()
        for pipe in pipes.values():
            os.close(pipe)


def pipe_of(numbers):
    """Its end for reading; the numbers are there already."""
    reading, writing = os.pipe()
    os.write(writing, b"".join(NUMBER.pack(number) for number in numbers))
    os.close(writing)
    return reading


def is_one():
    """Whether this process is a lane."""
    return TURNS in os.environ


def mine(cases):
    """Those that this process runs: all of them, or in a lane what is still to do."""
    if not is_one():
        yield from cases
        return
    for pipe in map(int, os.environ[TURNS].split()):
        while turn := os.read(pipe, NUMBER.size):
            yield cases[NUMBER.unpack(turn)[0]]


def start(lane, pipes):
    return subprocess.Popen([sys.executable, *sys.argv], stdout=subprocess.PIPE, text=True,
                            pass_fds=pipes,
                            env={**os.environ, processes.LANE: str(lane),
                                 TURNS: " ".join(map(str, pipes))})


def relay(child, output, sums):
    """A test's lines stay together; the last line is the count."""
    pending, counted = [], False

    def show():
        with output:
            sys.stdout.writelines(pending)
            sys.stdout.flush()
        pending.clear()

    for line in child.stdout:
        closing = CLOSES.match(line.strip())
        if closing:
            sums.append(tuple(int(number) for number in closing.groups()))
            counted = True
            continue
        if BEGINS.match(line):
            show()
        pending.append(line)
    show()
    if not counted:
        with output:
            print("a lane did not come to its end", flush=True)
        sums.append((0, 1, 0))
