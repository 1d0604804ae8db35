"""What lode should reach beside the others, and whether it did. Pure arithmetic on what the rounds saw."""

import dataclasses
import statistics

from comparison.rounds import ratio

LODE, GATEWAY, LIMIT, ORIGIN = "lode local+bounded", "lode gateway+strong", "send loop", "origin"
MIB, KIB = 1 << 20, 1 << 10


@dataclasses.dataclass(frozen=True)
class Goal:
    workload: str
    what: str
    value: float
    limit: float
    at_least: bool  # else: at most
    unit: str = "x"

    @property
    def met(self):
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def wanted(self):
        return f"{'>=' if self.at_least else '<='} {self.limit:g}{self.unit}"


# workload, figure, beside whom, limit, whether it is the least
RATIOS = [
    ("whole", "gbs", "varnish", 1.0, True),
    ("whole", "gbs", LIMIT, 0.90, True),
    ("whole", "cpu_per_gb", LIMIT, 1.10, False),
    ("ranges", "gbs", "varnish", 1.0, True),
    ("ranges", "gbs", "nginx", 1.4, True),
    ("ranges", "cpu_per_gb", LIMIT, 1.10, False),
    ("small-16", "rate", "varnish", 1.2, True),
    ("small-16", "rate", "nginx", 1.05, True),
    ("small-16", "cpu_us", LIMIT, 1.15, False),
    ("small-64", "rate", "varnish", 1.2, True),
    ("small-64", "rate", "nginx", 1.05, True),
    ("small-64", "cpu_us", LIMIT, 1.15, False),
    ("disk", "gbs", "fio O_DIRECT", 0.95, True),
    ("miss", "gbs", ORIGIN, 0.95, True),
    ("miss", "gbs", "nginx", 1.2, True),
    ("miss", "gbs", "varnish", 1.2, True),
]
FIGURES = {"gbs": "GB/s", "rate": "requests/s", "cpu_per_gb": "CPU per GB", "cpu_us": "CPU per request"}


def of_ratios(seen, titles):
    """Each a median of the rounds' own ratios; what did not run is left out."""
    for workload, figure, other, limit, at_least in RATIOS:
        rounds = seen.get(workload, {})
        if LODE in rounds and other in rounds:
            yield Goal(titles[workload], f"{FIGURES[figure]} beside {other}",
                       ratio(rounds[LODE], rounds[other], figure), limit, at_least)


def of_modes(seen, titles):
    """The gateway's word on every hit, beside none. The gateway's CPU is not lode's and not in here."""
    rounds = seen.get("whole", {})
    if LODE in rounds and GATEWAY in rounds:
        for figure, limit, at_least in (("gbs", 0.90, True), ("cpu_per_gb", 1.10, False)):
            yield Goal(titles["whole"], f"{FIGURES[figure]}: gateway+strong beside local+bounded",
                       ratio(rounds[GATEWAY], rounds[LODE], figure), limit, at_least)


def of_ladder(steps):
    """`steps`: connections to the rounds at them."""
    if not steps:
        return
    rate = {n: statistics.median(r["rate"] for r in rounds) for n, rounds in steps.items()}
    slow = {n: statistics.median(r["p999"] for r in rounds) for n, rounds in steps.items()}
    many = [n for n in steps if n >= 8]
    title = f"1 to {max(steps):,} connections, 64 KiB"
    yield Goal(title, "least requests/s from 8 connections on, beside the peak",
               min(rate[n] for n in many) / max(rate.values()), 0.90, True)
    yield Goal(title, "errors", sum(r["errors"] for rounds in steps.values() for r in rounds), 0, False, "")
    first = min(many)
    grown = [(slow[n] / slow[first]) / (n / first) for n in many if n > first]
    if grown:
        yield Goal(title, f"p99.9 per connection, at most, beside that at {first}", max(grown), 1.0, False)


def of_memory(resident, tier, cores, connections):
    """Bytes, in MiB: the tier, 64 MiB a core and 64 KiB a connection."""
    allowed = tier + cores * 64 * MIB + connections * 64 * KIB
    return Goal(f"memory at {connections:,} connections", "resident", resident / MIB,
                allowed // MIB, False, " MiB")


def of_errors(seen, titles):
    """A load with errors is no measurement, whoever made them."""
    for workload, rounds in seen.items():
        errors = {name: sum(r["errors"] for r in each) for name, each in rounds.items()}
        for name, count in errors.items():
            if count:
                yield Goal(titles[workload], f"errors of {name}", count, 0, False, "")


def all_goals(results):
    seen, titles = results["seen"], results["titles"]
    steps = {int(n): rounds for n, rounds in results["ladder"].items()}
    goals = [*of_ratios(seen, titles), *of_modes(seen, titles), *of_ladder(steps)]
    if results["memory"]:
        goals.append(of_memory(**results["memory"]))
    return goals + list(of_errors(seen, titles))
