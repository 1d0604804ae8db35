"""A server of the comparison: an own child process on loopback, its CPU time and memory over all of its processes."""

import os
import pathlib
import signal
import socket
import subprocess
import time

import rig

BUCKET = "bench"
START_SECONDS = 30
STOP_SECONDS = 20


def free_port():
    return rig.free_port()


def cpu_list(cpus):
    return ",".join(map(str, sorted(cpus)))


class Setting:
    """Where a server runs and what it may use; the same for all."""

    def __init__(self, build, folder, cpus, origin_port, memory):
        self.build, self.folder, self.cpus = build, folder, cpus
        self.origin_port, self.memory = origin_port, memory

    @property
    def cores(self):
        return len(self.cpus)


class Server:
    """One of the servers. A subclass says in `command` how it is started, after it has written its configuration."""

    name = ""
    signed = False  # whether requests carry a signature, and the server verifies it
    knows_ranges = True

    def __init__(self, setting):
        self.setting = setting
        self.port = free_port()
        self.folder = setting.folder / self.name.replace(" ", "-")
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def __enter__(self):
        self.folder.mkdir()
        log = self.folder / "log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                ["taskset", "-c", cpu_list(self.setting.cpus), *map(str, self.command())],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder,
                env=os.environ | self.environment())
        try:
            self.wait_until_it_listens(log)
        except BaseException:
            self.stop()
            raise
        return self

    def wait_until_it_listens(self, log):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        last = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise SystemExit(f"{self.name} does not listen on port {self.port}; it wrote:\n{last}")

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Its first process ends the others. What is still there when the time is over is killed."""
        pids = tree(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in pids:
                kill(pid)
            self.process.wait(STOP_SECONDS)

    def path(self, key):
        return f"/{BUCKET}/{key}"

    def target(self, key):
        """What stands in a request's first line."""
        if not self.signed:
            return self.path(key)
        return rig.presigned("GET", self.port, self.path(key)).split(str(self.port), 1)[1]

    def cpu(self):
        """Seconds of all its processes so far, user and system, with those that have ended."""
        return sum(map(cpu_seconds, tree(self.process.pid)))

    def resident(self):
        """Bytes of memory of all its processes; what they share is counted in each."""
        return sum(map(resident_bytes, tree(self.process.pid)))


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def tree(root):
    """A process and all that descend from it."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = stat_fields(entry.name)
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def stat_fields(pid):
    """From the state on; empty once the process is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def cpu_seconds(pid):
    """With the children that it has waited for."""
    fields = stat_fields(pid)
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") if fields else 0


def resident_bytes(pid):
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines
               if line.startswith(("VmRSS:", "HugetlbPages:")))
