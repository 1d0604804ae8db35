"""Hits from the device: data of four times the memory, beside fio with the same block and depth."""

import os
import re
import urllib.request

from comparison.rounds import in_rounds, one_run
from peers import fio

FIO = "fio O_DIRECT"
FROM_DISK_LEAST = 0.9


def write_file(path, length):
    """Really there, so that no read finds a hole."""
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(length >> 20):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def served(lode):
    """Bytes from memory and from the device so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{lode.admin_port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found = dict(re.findall(r"^lode_store_served_(\w+)_bytes_total ([\d.e+]+)$", text, re.MULTILINE))
    return {where: float(found.get(where, 0)) for where in ("memory", "disk")}


def run(client, lode, load, connections, seconds, rounds, path):
    """fio's depth is the connections', its block is an answer. The file has the length of the objects."""
    write_file(path, load.data.length)
    seen = {lode.name: [], FIO: []}
    for order in in_rounds(rounds, seen):
        for name in order:
            if name == FIO:
                rate = fio.read(path, load.data.length, load.answer_length, connections, seconds,
                                lode.setting.cpus)
                seen[name].append({"gbs": rate, "rate": rate * 1e9 / load.answer_length, "errors": 0})
                continue
            before = served(lode)
            one = one_run(client, lode, load, seconds, connections)
            after = served(lode)
            moved = {where: after[where] - before[where] for where in after}
            one["from_disk"] = moved["disk"] / max(1, sum(moved.values()))
            if one["from_disk"] < FROM_DISK_LEAST:
                raise SystemExit(f"only {one['from_disk']:.0%} of the bytes came from the device")
            seen[name].append(one)
    return seen
