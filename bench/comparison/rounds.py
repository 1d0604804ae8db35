"""Interleaved rounds: every server once in each, forward and backward in turn, and what each saw."""

import dataclasses
import random
import resource
import statistics
import threading

from comparison.data import Data, sent_by

GB = 1e9


@dataclasses.dataclass(frozen=True)
class Load:
    """What is asked for, again and again: the objects of `data`, whole or as ranges of `range_size`."""

    title: str
    data: Data
    range_size: int = 0

    @property
    def ranged(self):
        return self.range_size > 0

    @property
    def answer_length(self):
        return self.range_size or self.data.size

    def without_ranges(self):
        """As many bytes an answer, asked for as whole objects: of servers that know no ranges."""
        return Load(self.title, dataclasses.replace(self.data, size=self.answer_length))

    def requests(self):
        """Key and first byte of each, in an order that is the same for every server. One round through
        all of them comes before any is asked for again."""
        every = [(key, first) for key in self.data.keys
                 for first in range(0, self.data.size, self.answer_length)]
        random.Random(1).shuffle(every)
        return every


def in_rounds(count, names):
    """The names in the order in which they run, each round a list."""
    return [list(names) if number % 2 == 0 else list(reversed(names)) for number in range(count)]


def one_run(client, server, load, seconds, connections, origin=None):
    """One server for some seconds. With an origin the bytes that it sent meanwhile are counted; its CPU as well."""
    load = load if server.knows_ranges else load.without_ranges()
    cpu = server.cpu()
    origin_cpu, origin_sent = (origin.cpu(), sent_by(origin)) if origin else (0, 0)
    client_cpu = children_cpu()
    seen = client.run(server, load, seconds, connections)
    client_cpu = children_cpu() - client_cpu
    requests = seen["requests"]
    if not requests:
        raise SystemExit(f"{server.name} answered nothing in {seconds} s")
    cpu = server.cpu() - cpu
    moved = requests * load.answer_length
    seen["rate"] = requests / seen["seconds"]
    seen["gbs"] = moved / seen["seconds"] / GB
    seen["cpu_per_gb"] = cpu / moved * GB
    seen["cpu_us"] = cpu / requests * 1e6
    seen["client_per_gb"] = client_cpu / moved * GB
    if origin:
        seen["origin_us"] = (origin.cpu() - origin_cpu) / requests * 1e6
        seen["origin_share"] = (sent_by(origin) - origin_sent) / moved
    return seen


def children_cpu():
    """Of processes that have ended: clients do, servers only after the last run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Watch:
    """The most memory that a server had while the block ran."""

    def __init__(self, server):
        self.server, self.most = server, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while True:
            self.most = max(self.most, self.server.resident())
            if self.over.wait(0.2):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def median(rounds, what):
    return statistics.median(r[what] for r in rounds)


def ratio(rounds, others, what):
    """The median of each round's ratio: what disturbs the machine for a while disturbs both."""
    return statistics.median(a[what] / b[what] for a, b in zip(rounds, others) if b[what])

