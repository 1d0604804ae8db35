"""The rules that the tree itself must keep. Each check returns its findings, one line each."""

import pathlib
import re

from unity import names_differ

# Who may include whom: a folder, and the folders that its files may name. The longest folder that
# contains a file is the one that counts. Sources of a folder may always include the folder itself.
ENGINE = ("engine/base", "engine/runtime", "engine/store")
FRONTEND = ("frontend/http", "frontend/s3", "frontend/sealing", "frontend/origin",
            "frontend/access", "frontend/peer")
MAY_INCLUDE = {
    "engine/base": (),
    "engine/runtime": ("engine/base",),
    "engine/store": ("engine/base", "engine/runtime"),
    "cluster": ("engine/base", "engine/runtime"),
    "frontend/http": (*ENGINE, "cluster"),
    "frontend/s3": (*ENGINE, "cluster", "frontend/http"),
    "frontend/sealing": (*ENGINE, "frontend/http", "frontend/s3"),
    "frontend/origin": (*ENGINE, "cluster", "frontend/http", "frontend/s3", "frontend/sealing"),
    "frontend/access": (*ENGINE, "cluster", "frontend/http", "frontend/s3"),
    "frontend/peer": (*ENGINE, "cluster", "frontend/http", "frontend/s3", "frontend/origin"),
    "frontend": (*ENGINE, "cluster", *FRONTEND),
    "tools": (*ENGINE, "cluster", *FRONTEND, "frontend"),
    "bench": (*ENGINE, "cluster", *FRONTEND, "frontend", "tools"),
    "tests": (*ENGINE, "cluster", *FRONTEND, "frontend", "tools", "bench"),
}

# Libraries that one folder wraps, so that the rest of the production code does not know them.
WRAPPED = {
    "llhttp.h": ("frontend/http",),
    "liburing.h": ("engine/runtime",),
    "curl/curl.h": ("cluster",),
    "nlohmann/json.hpp": ("cluster",),
}
PRODUCTION = ("engine", "cluster", "frontend")

# The engine knows bytes and parts; these words belong to the floors above it.
NOT_FOR_THE_ENGINE = re.compile(r"\b(llhttp|https?:|S3|XML|gateway)\b")

USING = re.compile(r"\s*using [\w:]*::(\w+);")

WORDS = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "unfinished work is not committed"),
]
SOURCE_WORDS = [
    (re.compile(r"\t"), "a tab"),
    (re.compile(r"\busing namespace std;"), "using namespace std"),
    (re.compile(r"#\s*include\s*<(cassert|assert\.h)>"), "LODE_ASSERT is the tree's assertion"),
]
PRODUCTION_WORDS = [
    (re.compile(r"\bstd::(cout|cerr|endl)\b"), "production code writes to the log"),
]


def folder_of(path):
    """The longest folder of MAY_INCLUDE that contains the file, or None."""
    for parent in path.parents:
        if str(parent) in MAY_INCLUDE:
            return str(parent)
    return None


def is_below(path, folders):
    return any(folder in map(str, path.parents) for folder in folders)


def includes_point_down(tree):
    """Every include names a file from the root, and none points upward."""
    known = set(tree.sources)
    findings = []
    for path in tree.sources:
        own = folder_of(path)
        if own is None:
            findings.append(f"{path}: lies in no known folder")
            continue
        for number, name, quoted in tree.includes(path):
            where = f"{path}:{number}"
            if not quoted:
                homes = WRAPPED.get(name)
                if homes and is_below(path, PRODUCTION) and not is_below(path, homes):
                    findings.append(f"{where}: only {' and '.join(homes)} may include <{name}>")
                continue
            target = pathlib.Path(name)
            if target not in known:
                findings.append(f"{where}: {name} is no file of the tree (includes start at its "
                                "root)")
                continue
            other = folder_of(target)
            if other != own and other not in MAY_INCLUDE[own]:
                findings.append(f"{where}: {own} may not include {target}")
    return findings


def no_circles(tree):
    """No file includes itself by way of others."""
    findings, done, trail = [], set(), []

    def visit(path):
        if path in trail:
            circle = trail[trail.index(path):] + [path]
            findings.append(" -> ".join(map(str, circle)) + ": a circle of includes")
            return
        if path in done:
            return
        trail.append(path)
        for other in tree.own_includes(path):
            visit(other)
        trail.pop()
        done.add(path)

    for path in tree.sources:
        visit(path)
    return findings


def openings(tree):
    """Headers open with their path and contract. A source opens with a comment or with the header
    that it implements."""
    findings = []
    for path in tree.sources:
        lines = tree.lines(path)
        first = lines[0] if lines else ""
        if path.suffix == ".h":
            if first != f"// {path}":
                findings.append(f"{path}:1: opens with `// {path}` and what the file is for")
            comment = [line for line in lines[:lines.index("#pragma once")]
                       if line.startswith("// ")] if "#pragma once" in lines else []
            if len(comment) < 2:
                findings.append(f"{path}: a contract of at least a sentence stands before "
                                "`#pragma once`")
        elif not first.startswith("//") and not first.startswith(
                "#include" if path.parts[0] == "tests" else '#include "'):
            findings.append(f"{path}:1: opens with a comment or its own header")
    return findings


def engine_knows_no_http(tree):
    """The code of engine/ speaks of no HTTP, S3, gateway or XML."""
    findings = []
    for path in tree.sources:
        if is_below(path, ("engine",)):
            for number, line in enumerate(tree.lines(path), 1):
                code = line.split("//")[0]
                found = NOT_FOR_THE_ENGINE.search(code)
                if found:
                    findings.append(f"{path}:{number}: the engine knows no {found[0]}")
    return findings


def words(tree):
    """Nothing unfinished, no paths of the machine it was written on, no forbidden calls."""
    findings = []
    own_places = [str(tree.root)]
    own_name = "tests/structure"
    for path in tree.files:
        rules = [] if str(path).startswith(own_name) else list(WORDS)
        if path.suffix in (".h", ".cc"):
            rules += SOURCE_WORDS
            if is_below(path, PRODUCTION):
                rules += PRODUCTION_WORDS
        for number, line in enumerate(tree.lines(path), 1):
            findings += [f"{path}:{number}: {why}" for pattern, why in rules
                         if pattern.search(line)]
            findings += [f"{path}:{number}: a path of this machine" for place in own_places
                         if place in line]
    return findings


def readmes(tree):
    """Every folder with sources says what it is for."""
    folders = {path.parent for path in tree.sources if is_below(path, (*PRODUCTION, "bench"))}
    folders |= {pathlib.Path(name) for name in ("tests", "tools")
                if any(path.parts[0] == name for path in tree.sources)}
    return [f"{folder}: has no README.md" for folder in sorted(folders)
            if not (tree.root / folder / "README.md").is_file()]


def no_idle_using(tree):
    """A name that a source borrows with `using` occurs in it again."""
    findings = []
    for path in tree.sources:
        if path.suffix == ".cc":
            code = [line.split("//")[0] for line in tree.lines(path)]
            for number, line in enumerate(code, 1):
                borrowed = USING.match(line)
                if borrowed and sum(len(re.findall(rf"\b{borrowed[1]}\b", each))
                                    for each in code if not USING.match(each)) == 0:
                    findings.append(f"{path}:{number}: {borrowed[1]} is not used")
    return findings


EVERY_CHECK = (includes_point_down, no_circles, openings, engine_knows_no_http, words, readmes,
               no_idle_using, names_differ)
