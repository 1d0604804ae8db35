"""A disk that is slow for one process: the kernel's own limit on what a control group reads and writes.

It holds for direct and buffered reads and for direct writes, down to a few operations a second, with the
queue that a slow device has. Both generations of control groups have it (blkio.throttle, io.max).

    disk = SlowDisk(directory)              # Impossible where its file system has no such limit
    disk.take(pid)
    disk.limit(bytes_per_second=2 * MIB)
    disk.limit()                            # as fast as ever
    disk.remove()
"""

import atexit
import contextlib
import itertools
import os
import pathlib
import re
import time

from . import maker
from .processes import Absent

GROUPS = pathlib.Path("/sys/fs/cgroup")
_numbers = itertools.count(1)


class Impossible(Absent):
    """This machine cannot make a disk slow; says why."""


class SlowDisk:
    def __init__(self, directory):
        self._device = _block_device(directory)
        self._first = (GROUPS / "blkio").is_dir()       # the first generation
        root = GROUPS / "blkio" if self._first else GROUPS
        sweep(root)
        self._group = root / f"lode-{maker.mark()}-disk-{next(_numbers)}"
        try:
            if not self._first:
                (root / "cgroup.subtree_control").write_text("+io")
            self._group.mkdir()
            self.limit()
        except OSError as trouble:
            self.remove()
            raise Impossible(f"this machine gives us no control group that limits a disk: "
                             f"{trouble}") from trouble
        atexit.register(self.remove)

    def take(self, pid):
        """All threads of the process belong to it from now on."""
        (self._group / "cgroup.procs").write_text(f"{pid}\n")

    def limit(self, bytes_per_second=None, operations_per_second=None):
        """Reads and writes, each by itself; None is no limit."""
        if self._first:
            for name, value in (("bps", bytes_per_second), ("iops", operations_per_second)):
                for way in ("read", "write"):
                    (self._group / f"blkio.throttle.{way}_{name}_device").write_text(
                        f"{self._device} {value or 0}\n")
            return
        bps, iops = bytes_per_second or "max", operations_per_second or "max"
        (self._group / "io.max").write_text(
            f"{self._device} rbps={bps} wbps={bps} riops={iops} wiops={iops}\n")

    def remove(self):
        atexit.unregister(self.remove)
        if self._group.is_dir():
            _remove(self._group)


def sweep(root):
    """Removes the groups of makers that are gone."""
    for group in root.glob("lode-*-disk-*"):
        if maker.is_gone(re.match(r"lode-([\d.]+)-", group.name)[1]):
            _remove(group)


def _remove(group):
    """What still runs in the group goes on without a limit."""
    with contextlib.suppress(OSError):
        for pid in (group / "cgroup.procs").read_text().split():
            (group.parent / "cgroup.procs").write_text(pid)
    for _ in range(100):        # a process that has just ended is in it for a moment
        with contextlib.suppress(OSError):
            group.rmdir()
        if not group.exists():
            return
        time.sleep(0.01)


def _block_device(directory):
    """The whole disk, as MAJOR:MINOR, that this folder is on."""
    number = os.stat(directory).st_dev
    place = pathlib.Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if not place.exists():
        raise Impossible(f"{directory} is on no disk of its own, so that none can be made slow")
    place = place.resolve()
    if (place / "partition").exists():
        place = place.parent
    return (place / "dev").read_text().strip()
