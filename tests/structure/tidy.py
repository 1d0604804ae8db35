#!/usr/bin/env python3
"""Runs clang-tidy over the sources of a build, side by side, and only where something changed.

    tidy.py [--build DIR] [--jobs N] [--tests] [FILE]...

Tests are looked at only with --tests: they take a third of the time and run nowhere but here.

A source that came through clean leaves a stamp in the build directory, named after the hash of
everything that its verdict depends on: the source, every file of the tree that it includes, its
compile command, .clang-tidy and clang-tidy's version.

The sources of a target are looked at in batches, as if one source included them: nearly all of the
time goes into the headers, which are then read once. A batch of which there is anything to say, be
it that its sources cannot be compiled together, is looked at again source by source. Closes with
`N passed, N failed, N skipped`, one per source.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from tree import Tree  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = "clang-tidy-19"

# Catch2's CHECK(a == b) is `decomposer <= a == b`, a chained comparison by design; and how fast a
# test fills a vector is nobody's concern.
FOR_TESTS = "-bugprone-chained-comparison,-performance-*"

BATCH = 16
FOR_BATCHES = "-bugprone-suspicious-include"    # of sources: that is what a batch does


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--tests", action="store_true", help="also the sources of tests")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()

    tree = Tree(ROOT)
    stamps = options.build / "tidy-stamps"
    stamps.mkdir(exist_ok=True)
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, check=True).stdout
    common = version + FOR_TESTS.encode() + (ROOT / ".clang-tidy").read_bytes()

    entries = {path: entry for path, entry in sources_of(tree, options.build).items()
               if wanted(path, options)}
    keys = {path: key_of(tree, path, entry["command"], common) for path, entry in entries.items()}
    stale = [path for path, key in keys.items() if not (stamps / key).exists()]

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        work = [pool.submit(look_at, batch, entries, options.build)
                for batch in batches(stale, entries)]
        for done in concurrent.futures.as_completed(work):
            for path, output in done.result().items():
                if output is None:
                    (stamps / keys[path]).touch()
                else:
                    failed += 1
                    print(f"fail  {path}\n{output}", flush=True)
    for old in stamps.iterdir():
        if not options.files and old.name not in keys.values():
            old.unlink()
    print(f"{len(keys)} sources, {len(stale)} of them changed since they were last clean")
    print(f"{len(keys) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def wanted(path, options):
    if options.files:
        return str(path) in options.files
    return options.tests or path.parts[0] != "tests"


def sources_of(tree, build):
    """{path in the tree: entry of the compilation database} of every source of ours that the build compiles."""
    known = set(tree.sources)
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        absolute = pathlib.Path(os.path.normpath(pathlib.Path(entry["directory"]) / entry["file"]))
        if absolute.is_relative_to(ROOT) and absolute.relative_to(ROOT) in known:
            entries[absolute.relative_to(ROOT)] = entry
    return dict(sorted(entries.items()))


def key_of(tree, path, command, common):
    digest = hashlib.sha256(common)
    digest.update(command.encode())
    for other in sorted(tree.closure(path)):
        digest.update(str(other).encode() + b"\0" + (ROOT / other).read_bytes())
    return digest.hexdigest()


def batches(paths, entries):
    """The paths, those of one target together, at most BATCH at a time."""
    targets = {}
    for path in paths:
        targets.setdefault(os.path.dirname(entries[path]["output"]), []).append(path)
    return [of_one[first:first + BATCH] for of_one in targets.values()
            for first in range(0, len(of_one), BATCH)]


def look_at(paths, entries, build):
    """{path: what clang-tidy has to say, or None}"""
    if len(paths) > 1 and together(paths, entries[paths[0]]) is None:
        return {path: None for path in paths}
    return {path: tidy(path, checks_for(path), build) for path in paths}


def together(paths, entry):
    """What clang-tidy has to say of a source that includes these, or None. The compiler's own warnings
    are the release build's: here a name of one source may shadow another's."""
    with tempfile.TemporaryDirectory(prefix="lode-tidy-") as scratch:
        source = pathlib.Path(scratch) / "batch.cc"
        source.write_text("".join(f'#include "{ROOT / path}"\n' for path in paths))
        batch = {**entry, "file": str(source),
                 "command": entry["command"].replace(entry["file"], str(source))}
        (pathlib.Path(scratch) / "compile_commands.json").write_text(json.dumps([batch]))
        return tidy(source, f"{checks_for(paths[0])},{FOR_BATCHES}", scratch,
                    f"--config-file={ROOT / '.clang-tidy'}", r"--header-filter=\.(h|cc)$",
                    "--extra-arg=-w")


def checks_for(path):
    return FOR_TESTS if path.parts[0] == "tests" else ""


def tidy(source, checks, database, *more):
    """What clang-tidy has to say, or None."""
    done = subprocess.run([PROGRAM, "--quiet", f"--checks={checks}", *more, "-p", database,
                           str(source)], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and "warning:" not in done.stdout:
        return None
    return done.stdout or done.stderr


if __name__ == "__main__":
    sys.exit(main())
