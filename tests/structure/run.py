#!/usr/bin/env python3
"""Checks the tree itself: who includes whom, how files open, formatting, forbidden words.

One line per check; closes with `N passed, N failed, N skipped`.
"""

import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True

import canary  # noqa: E402
import checks  # noqa: E402
from tree import Tree  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    tree = Tree(ROOT)
    passed = failed = 0
    every = [("the checks report a tree that breaks every rule", canary.failures)]
    every += [(check.__doc__.split(". ")[0].split(".\n")[0].strip(". \n").replace("\n    ", " "),
               lambda check=check: check(tree)) for check in checks.EVERY_CHECK]
    every += [("sources are formatted by clang-format", lambda: formatting(tree))]
    for title, check in every:
        findings = check()
        print(f"{'fail' if findings else 'pass'}  {title}")
        for finding in findings:
            print(f"      {finding}")
        passed, failed = passed + (not findings), failed + bool(findings)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def formatting(tree):
    if not tree.sources:
        return []
    done = subprocess.run(["clang-format-19", "--dry-run", "--Werror", "--ferror-limit=1",
                           *map(str, tree.sources)], cwd=tree.root, capture_output=True,
                          text=True, check=False)
    return [line for line in done.stderr.splitlines() if "error:" in line] or (
        [f"clang-format-19 ended with {done.returncode}: {done.stderr}"] if done.returncode else [])


if __name__ == "__main__":
    sys.exit(main())
