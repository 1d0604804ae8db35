#!/usr/bin/env python3
"""A smoke run of every libFuzzer target: first its whole corpus, then a few seconds of new inputs.

    fuzz_suite.py --build DIR [--targets] [--seconds N]

The targets are the executables of tests/fuzz; the corpus of `NAME_fuzz` is tests/fuzz/corpus/NAME
and is never written to. Every fuzzer starts from the same seed. --targets prints the ninja targets
instead. Closes with `N passed, N failed, N skipped`, one per fuzzer.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CORPORA = ROOT / "tests/fuzz/corpus"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--targets", action="store_true")
    parser.add_argument("--seconds", type=int, default=5, help="of new inputs, for each fuzzer")
    options = parser.parse_args()

    programs = fuzzers(options.build)
    if options.targets:
        for program in programs:
            print(os.path.relpath(program, options.build.resolve()))
        return 0
    failed = 0
    for program in programs:
        trouble = run(program, options.seconds)
        print(f"{'fail' if trouble else 'pass'}  {program.name}", flush=True)
        if trouble:
            failed += 1
            print(trouble)
    if not programs:
        print("no fuzzers")
        failed += 1
    print(f"{len(programs) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def fuzzers(build):
    done = subprocess.run(["meson", "introspect", "--targets", build], capture_output=True,
                          text=True, check=True)
    return sorted(pathlib.Path(target["filename"][0]) for target in json.loads(done.stdout)
                  if target["type"] == "executable"
                  and pathlib.Path(target["defined_in"]).is_relative_to(ROOT / "tests/fuzz"))


def run(program, seconds):
    """What went wrong, or None."""
    with tempfile.TemporaryDirectory(prefix="lode-fuzz-") as scratch:
        inputs = pathlib.Path(scratch) / "inputs"
        corpus = CORPORA / program.name.removesuffix("_fuzz")
        if corpus.is_dir():
            shutil.copytree(corpus, inputs)
        else:
            inputs.mkdir()
        try:
            done = subprocess.run(
                [program, "-seed=1", f"-max_total_time={seconds}", "-timeout=10",
                 "-rss_limit_mb=1024", "-print_final_stats=1", inputs], cwd=scratch,
                capture_output=True, text=True, errors="replace", timeout=seconds + 120,
                check=False)
        except subprocess.TimeoutExpired:
            return f"did not end within {seconds + 120} s"
        if done.returncode == 0:
            return None
        found = [f"{path.name}: {path.read_bytes()[:4096]!r}"
                 for path in pathlib.Path(scratch).iterdir() if path.is_file()]
        return "\n".join([done.stderr[-8000:], *found])


if __name__ == "__main__":
    sys.exit(main())
