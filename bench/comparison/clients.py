"""Who makes the load: lode-bench where it is built, else wrk."""

from comparison.wrk import Wrk

CLIENTS = {"wrk": Wrk}


def choose(name, build, folder, cpus):
    for known, kind in CLIENTS.items():
        if name in ("", known) and kind.there(build):
            return kind(build, folder, cpus)
    raise SystemExit(f"there is no client {name or 'at all'}: one of {', '.join(CLIENTS)} is needed")
