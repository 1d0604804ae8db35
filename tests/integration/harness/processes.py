"""Daemons that a run starts, each ended by its own pid whatever happens to the run.

A daemon is started through setpriv so that the kernel ends it when this process dies, and every
daemon that still runs when the interpreter leaves is stopped. Ports are found by binding port 0.
Daemons must be started from the main thread: the kernel ties them to the thread that started them.
"""

import atexit
import contextlib
import os
import random
import pathlib
import signal
import socket
import subprocess
import time
import unittest


class Failed(Exception):
    """A daemon or a tool did not do what the run needs."""


class Absent(unittest.SkipTest):
    """Not on this machine; says why. A test that needs it is skipped with that reason."""


running = []


def free_port():
    """A port that nothing listens on right now; no two calls of one run give the same.

    Runs at the same time keep out of each other's way by LANE: the kernel gives none of these ports away
    by itself.
    """
    lane = os.environ.get(LANE)
    while True:
        wanted = 0 if lane is None else 10000 + 4000 * int(lane) + random.randrange(4000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            port = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


LANE = "LODE_TEST_LANE"
_given = set()


class Loopback:
    """Where servers run unless a test makes hosts for them; `hosts.Host` has the same members."""

    name = "loopback"
    address = "127.0.0.1"

    def enter(self, command):
        """The command that runs this one there."""
        return command

    def inside(self):
        """A context in which the sockets that this thread makes belong there."""
        return contextlib.nullcontext()

    def free_port(self):
        return free_port()


HERE = Loopback()


class Daemon:
    def __init__(self, name, command, directory, environment=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.output_path = pathlib.Path(directory) / f"{name}.out"
        self._environment = {**os.environ, **(environment or {})}
        self._process = None

    def start(self):
        with open(self.output_path, "ab") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self.command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=self._environment, start_new_session=True)
        running.append(self)
        return self

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def output(self, limit=4000):
        text = self.output_path.read_text(errors="replace")
        return text[-limit:]

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, seconds):
        """The exit code, or None when it still runs after that long."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds=20):
        """Asks with SIGTERM, insists with SIGKILL; returns the exit code (-9 when insisted)."""
        if self._process is None:
            return None
        if self.alive():
            self.signal(signal.SIGTERM)
            if self.wait(seconds) is None:
                self._process.kill()
                self._process.wait()
        if self in running:
            running.remove(self)
        return self._process.returncode

    def wait_until(self, ready, seconds, what):
        """Polls ready() until it is true; a daemon that ends or takes too long is a failure."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if ready():
                return
            if not self.alive():
                raise Failed(f"{self.name} ended with {self._process.returncode} before it "
                             f"was {what}:\n{self.output()}")
            time.sleep(0.02)
        raise Failed(f"{self.name} was not {what} within {seconds} s:\n{self.output()}")


def stop_all():
    for daemon in list(reversed(running)):
        daemon.stop(5)


atexit.register(stop_all)


def run(command, seconds=60, environment=None, check=True, text=True, stdin=None):
    """Runs a command to its end; a failure shows what it printed."""
    try:
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, timeout=seconds, text=text,
            env=None if environment is None else {**os.environ, **environment}, input=stdin)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{command[0]} took longer than {seconds} s: {command}") from late
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(str(word) for word in command)}\nended with {done.returncode}:\n"
                     f"{done.stdout}\n{done.stderr}")
    return done


def accepts(port, address="127.0.0.1"):
    """Whether something listens on this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((address, port)) == 0


def is_bound(port, address="127.0.0.1"):
    """Whether somebody has this port, listening or not."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def accepted_connections(port, pid="self"):
    """How many sockets of the host that this process is on have this local port, do not merely listen, and belong to a
    process: the connections a server still holds. What the kernel finishes by itself has inode 0."""
    count = 0
    listening = "0A"
    with open(f"/proc/{pid}/net/tcp") as table:
        next(table)
        for line in table:
            words = line.split()
            if int(words[1].split(":")[1], 16) == port and words[3] != listening and words[9] != "0":
                count += 1
    return count
