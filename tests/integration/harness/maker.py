"""Whose the things are that outlive a process that is killed: they carry a mark of it in their names.

A mark is a process's id and the time of its start: another process with the same id has another mark.
"""

import os
import pathlib


def mark():
    """The mark of this process."""
    return f"{os.getpid()}.{_stat(os.getpid())[19]}"


def is_gone(made_by):
    """Whether the process with this mark has ended."""
    pid, _, started = made_by.partition(".")
    stat = _stat(pid)
    return stat is None or stat[0] == "Z" or stat[19] != started


def is_dead(pid):
    stat = _stat(pid)
    return stat is None or stat[0] == "Z"


def _stat(pid):
    """The fields of /proc/PID/stat behind the name, of which the first is the state."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
