#!/usr/bin/env python3
"""A smoke run of every libFuzzer target: first its whole corpus, then a few seconds of new inputs.

    fuzz_suite.py --build DIR [--targets] [--jobs N] [--seconds N]

The targets are the executables of tests/fuzz; the corpus of `NAME_fuzz` is tests/fuzz/corpus/NAME
and is never written to. Every fuzzer starts from the same seed. --targets prints the ninja targets
instead. Closes with `N passed, N failed, N skipped`, one per fuzzer.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import programs  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CORPORA = ROOT / "tests/fuzz/corpus"


def main():
    parser = programs.parser_of(__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of new inputs, for each fuzzer")
    options = parser.parse_args()

    fuzzers = sorted(pathlib.Path(target["filename"][0])
                     for target in programs.introspect(options.build, "targets")
                     if target["type"] == "executable"
                     and pathlib.Path(target["defined_in"]).is_relative_to(ROOT / "tests/fuzz"))
    if options.targets:
        return programs.print_targets(options.build, fuzzers)
    return programs.run_all(fuzzers, lambda fuzzer: judge(fuzzer, options.seconds), options.jobs)


def judge(fuzzer, seconds):
    trouble = run(fuzzer, seconds)
    if trouble is None:
        return (1, 0, 0), f"pass  {fuzzer.name}"
    return (0, 1, 0), f"fail  {fuzzer.name}\n{trouble}"


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
