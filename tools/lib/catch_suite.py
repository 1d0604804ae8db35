#!/usr/bin/env python3
"""Runs the Catch2 executables of a build and counts their test cases.

    catch_suite.py --build DIR [--only PREFIX]... [--targets] [--jobs N] [--seconds N]

The executables are those that `meson introspect --tests` names; --only keeps those whose test name
begins with one of the prefixes. --targets prints the ninja targets instead of running them. Says
what failed and where, and closes with `N passed, N failed, N skipped`, counted in test cases. An
executable that ends before its report is complete counts its missing end as one failure.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

sys.dont_write_bytecode = True

import programs  # noqa: E402


def main():
    parser = programs.parser_of(__doc__)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--seconds", type=int, default=600, help="limit of one executable")
    options = parser.parse_args()

    tests = [test for test in programs.introspect(options.build, "tests")
             if not options.only or test["name"].startswith(tuple(options.only))]
    # What may take longest begins first.
    tests.sort(key=lambda test: -test["timeout"])
    if options.targets:
        return programs.print_targets(options.build, [test["cmd"][0] for test in tests])
    return programs.run_all(tests, lambda test: run(test, options.seconds), options.jobs)


def run(test, seconds):
    """([passed, failed, skipped] cases of one executable, what there is to say about them)"""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lode-suite-") as scratch:
        report = pathlib.Path(scratch) / "report.xml"
        command = [*test["cmd"], "-r", "xml", "-o", str(report)]
        try:
            done = subprocess.run(command, cwd=scratch, capture_output=True, timeout=seconds,
                                  env={**os.environ, **test["env"]}, errors="replace",
                                  check=False)
            code, output = done.returncode, done.stdout + done.stderr
        except subprocess.TimeoutExpired as late:
            code = f"nothing within {seconds} s"
            output = "".join((part or b"").decode(errors="replace")
                             for part in (late.stdout, late.stderr))
        counts, lines, complete = read(report)
    if not complete or (code != 0 and counts[1] == 0):
        counts[1] += 1
        lines.append(f"fail  {test['name']}: ended with {code}"
                     f"{'' if complete else ' before its report was complete'}")
    if output.strip():
        lines.append(output[-20000:])
    lines.append(f"      {test['name']}: {counts[0]} passed, {counts[1]} failed, "
                 f"{counts[2]} skipped  ({time.monotonic() - begun:.1f} s)")
    return counts, "\n".join(lines)


def read(report):
    """([passed, failed, skipped], what failed, whether the report has its end)"""
    counts, lines, name, failures, complete = [0, 0, 0], [], None, [], False
    try:
        for event, element in xml.etree.ElementTree.iterparse(report, events=("start", "end")):
            if event == "start" and element.tag == "TestCase":
                name, failures = element.get("name"), []
            elif event == "end" and element.tag in ("Expression", "Failure", "Exception",
                                                    "FatalErrorCondition"):
                if element.get("success") != "true":
                    failures.append(describe(element))
            elif event == "end" and element.tag == "OverallResult":
                if element.get("success") == "true":
                    counts[2 if element.get("skips", "0") != "0" else 0] += 1
                else:
                    counts[1] += 1
                    lines += [f"fail  {name}", *failures]
            elif event == "end" and element.tag in ("Catch", "Catch2TestRun"):
                complete = True
    except (xml.etree.ElementTree.ParseError, FileNotFoundError):
        if name is not None:
            lines.append(f"      the report ends in: {name}")
    return counts, lines, complete


def describe(element):
    place = f"      {element.get('filename')}:{element.get('line')}: "
    if element.tag == "Expression":
        return (f"{place}{element.get('type')}( {(element.findtext('Original') or '').strip()} )\n"
                f"          was: {(element.findtext('Expanded') or '').strip()}")
    return f"{place}{element.tag}: {(element.text or '').strip()}"


if __name__ == "__main__":
    sys.exit(main())
