"""Who makes the load: lode-bench where it is built, else wrk."""

from comparison.lode_bench import LodeBench
from comparison.wrk import Wrk

CLIENTS = {"lode-bench": LodeBench, "wrk": Wrk}


def choose(name, build, folder, cpus, shared):
    """One thread for every CPU; half of them where the servers run on the same."""
    threads = max(1, len(cpus) // 2) if shared else len(cpus)
    for known, kind in CLIENTS.items():
        if name in ("", known) and kind.there(build):
            return kind(build, folder, cpus, threads)
    raise SystemExit(f"there is no client {name or 'at all'}: one of {', '.join(CLIENTS)} is needed")
