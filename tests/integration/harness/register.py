"""Whether what many clients saw of one key is what a linearizable register could have shown.

Core: an operation is a write or a read of a value, with the times of its invocation and its end. A
write and the reads that returned its value form a cluster. Wherever an operation of cluster A ended
before one of B began, A's value was current before B's. If that holds both ways for two clusters, no
order of the writes explains what was seen; if it holds for no two, there is one (Gibbons and Korach,
1997). That is a check in quadratic time, and it takes no guess about what the store does inside.

A write that failed may have happened, at any time after its invocation, or never: its end is
FOREVER, and it counts only once somebody has read it. A read that failed says nothing and is left out.

Values that several writes may have in common (nothing there, an empty object) do not tell whose
they are: such a read must fit one of those writes.
"""

from dataclasses import dataclass

FOREVER = float("inf")


@dataclass(frozen=True)
class Operation:
    kind: str           # "write" or "read"
    value: object
    begun: float
    ended: float        # FOREVER: a write of which nobody knows
    what: str = ""      # for people

    def __str__(self):
        ended = "never" if self.ended == FOREVER else f"{self.ended:.6f}"
        return f"{self.kind} of {self.value} [{self.begun:.6f}, {ended}] {self.what}"


@dataclass
class Cluster:
    write: Operation
    operations: list

    @property
    def first_end(self):
        return min(each.ended for each in self.operations)

    @property
    def last_begin(self):
        return max(each.begun for each in self.operations)

    def contradicts(self, other):
        """Each was current before the other."""
        return self.first_end < other.last_begin and other.first_end < self.last_begin


def contradictions(operations, shared=()):
    """What no linearizable register could have shown, as texts. Values in `shared` may have been
    written more than once, every other value only once."""
    found = []
    writes, lone = {}, {value: [] for value in shared}
    for each in operations:
        if each.kind != "write":
            continue
        if each.value in lone:
            lone[each.value].append(each)
        elif each.value in writes:
            raise ValueError(f"written twice: {each}")
        else:
            writes[each.value] = Cluster(each, [each])

    shared_reads = []
    for each in operations:
        if each.kind != "read":
            continue
        if each.value in lone:
            shared_reads.append(each)
        elif each.value not in writes:
            found.append(f"{each}: nobody ever wrote that")
        else:
            cluster = writes[each.value]
            if each.ended < cluster.write.begun:
                found.append(f"{each}: before {cluster.write} began")
            cluster.operations.append(each)

    clusters = list(writes.values())
    every = clusters + [Cluster(each, [each]) for listed in lone.values() for each in listed]
    for at, one in enumerate(clusters):
        found += [explain(one, other) for other in clusters[at + 1:] if one.contradicts(other)]
        found += [explain(one, other) for other in every[len(clusters):] if one.contradicts(other)]
    for read in shared_reads:
        fitting = (Cluster(each, [each, read]) for each in lone[read.value]
                   if each.begun <= read.ended)
        if not any(not any(one.contradicts(other) for other in every
                           if other.write is not one.write) for one in fitting):
            found.append(f"{read}: no write of it was current then")
    return found


def explain(one, other):
    told = [f"{one.write} and {other.write} were each current before the other:"]
    told += [f"    {each}" for cluster in (one, other) for each in
             (min(cluster.operations, key=lambda op: op.ended),
              max(cluster.operations, key=lambda op: op.begun))]
    return "\n".join(told)
