"""A strict reader of Prometheus' text format: what it does not understand is a failure."""

import re

from .processes import Failed

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)(?: (-?\d+))?")
KINDS = {"counter", "gauge", "histogram", "summary", "untyped"}


def parse(text):
    """{name: {labels as a sorted tuple of pairs: value}}"""
    if not text.endswith("\n"):
        raise Failed("the last line of the metrics has no end")
    samples, kinds = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if kind not in KINDS or name in kinds or not NAME.fullmatch(name):
                raise Failed(f"not a TYPE line: {line!r}")
            kinds[name] = kind
        elif line.startswith("# HELP "):
            if len(line.split(" ", 3)) < 4:
                raise Failed(f"help without a text: {line!r}")
        elif line and not line.startswith("#"):
            name, labels, value = _sample(line)
            if labels in samples.setdefault(name, {}):
                raise Failed(f"the same sample twice: {line!r}")
            samples[name][labels] = value
    for name in samples:
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        if name not in kinds and family not in kinds:
            raise Failed(f"{name} has no TYPE line")
    for name, kind in kinds.items():
        if kind == "histogram":
            _check_histogram(name, samples)
    return samples


def _sample(line):
    match = SAMPLE.fullmatch(line)
    if match is None:
        raise Failed(f"not a sample: {line!r}")
    name, inside, value, _ = match.groups()
    labels, at = [], 0
    while inside and at < len(inside):
        label = LABEL.match(inside, at)
        if label is None:
            raise Failed(f"not a label list: {line!r}")
        labels.append((label.group(1), label.group(2)))
        at = label.end()
    return name, tuple(sorted(labels)), float(value)


def _check_histogram(name, samples):
    """Buckets only grow, and the last one, +Inf, is the count."""
    series = {}
    for labels, value in samples.get(f"{name}_bucket", {}).items():
        edge = float(dict(labels)["le"])
        rest = tuple(pair for pair in labels if pair[0] != "le")
        series.setdefault(rest, []).append((edge, value))
    for rest, buckets in series.items():
        buckets.sort()
        counts = [value for _, value in buckets]
        if counts != sorted(counts) or buckets[-1][0] != float("inf"):
            raise Failed(f"{name}{rest}: buckets do not grow to +Inf")
        if counts[-1] != samples[f"{name}_count"][rest]:
            raise Failed(f"{name}{rest}: the +Inf bucket is not the count")
