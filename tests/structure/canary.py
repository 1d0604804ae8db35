"""A tree that breaks every rule once: each check must report exactly what is wrong with it."""

import pathlib
import tempfile

import checks
from tree import Tree

GOOD_HEADER = "// {path}\n//\n// What this file is for.\n#pragma once\n{rest}"


def library_of(one, other):
    """One library of two sources, and what stands in their anonymous namespaces."""
    text = "// It.\nnamespace {{\n{}\n}}\n}}  // namespace\n"
    return {"engine/base/a.cc": text.format(one), "engine/base/b.cc": text.format(other),
            "engine/base/meson.build": "static_library('base',\n  'a.cc', 'b.cc')\n"}


# check, files (path: text), and a text that one of its findings must hold
CANARIES = [
    (checks.includes_point_down,
     {"engine/base/a.h": '#include "engine/runtime/b.h"\n', "engine/runtime/b.h": ""},
     "engine/base may not include engine/runtime/b.h"),
    (checks.includes_point_down,
     {"engine/runtime/a.h": '#include "engine/store/b.h"\n', "engine/store/b.h": ""},
     "engine/runtime may not include engine/store/b.h"),
    (checks.includes_point_down,
     {"engine/store/a.cc": '  #  include "cluster/b.h"\n', "cluster/b.h": ""},
     "engine/store may not include cluster/b.h"),
    (checks.includes_point_down,
     {"cluster/a.h": '#include "engine/store/b.h"\n', "engine/store/b.h": ""},
     "cluster may not include engine/store/b.h"),
    (checks.includes_point_down,
     {"cluster/a.h": '#include "frontend/http/b.h"\n', "frontend/http/b.h": ""},
     "cluster may not include frontend/http/b.h"),
    (checks.includes_point_down,
     {"frontend/http/a.h": '#include "frontend/s3/b.h"\n', "frontend/s3/b.h": ""},
     "frontend/http may not include frontend/s3/b.h"),
    (checks.includes_point_down,
     {"frontend/s3/a.h": '#include "frontend/origin/b.h"\n', "frontend/origin/b.h": ""},
     "frontend/s3 may not include frontend/origin/b.h"),
    (checks.includes_point_down,
     {"frontend/origin/a.h": '#include "frontend/b.h"\n', "frontend/b.h": ""},
     "frontend/origin may not include frontend/b.h"),
    (checks.includes_point_down,
     {"frontend/a.h": '#include "tools/b.h"\n', "tools/b.h": ""},
     "frontend may not include tools/b.h"),
    (checks.includes_point_down,
     {"tools/a.cc": '#include "tests/b.h"\n', "tests/b.h": ""},
     "tools may not include tests/b.h"),
    (checks.includes_point_down,
     {"engine/store/a.cc": '#include "b.h"\n', "engine/store/b.h": ""},
     "b.h is no file of the tree"),
    (checks.includes_point_down,
     {"frontend/a.cc": "#include <llhttp.h>\n"},
     "only frontend/http may include <llhttp.h>"),
    (checks.includes_point_down, {"packaging/a.cc": ""},
     "lies in no known folder"),
    (checks.no_circles,
     {"engine/base/a.h": '#include "engine/base/b.h"\n',
      "engine/base/b.h": '#include "engine/base/c.h"\n',
      "engine/base/c.h": '#include "engine/base/a.h"\n'},
     "engine/base/a.h -> engine/base/b.h -> engine/base/c.h -> engine/base/a.h"),
    (checks.openings, {"engine/base/a.h": "#pragma once\n"}, "a.h:1: opens with"),
    (checks.openings, {"engine/base/a.h": "// engine/base/a.h\n//\n// It.\nint a;\n"},
     "stands before `#pragma once`"),
    (checks.openings, {"engine/base/a.cc": "int a;\n"}, "a.cc:1: opens with a comment"),
    (checks.engine_knows_no_http, {"engine/store/a.cc": "int gateway = 0;\n"},
     "a.cc:1: the engine knows no gateway"),
    (checks.words, {"tools/a.sh": "# TODO: everything\n"}, "a.sh:1: unfinished"),
    (checks.words, {"engine/base/a.cc": "\tint a;\n"}, "a.cc:1: a tab"),
    (checks.words, {"engine/base/a.cc": "#include <cassert>\n"}, "a.cc:1: LODE_ASSERT"),
    (checks.words, {"frontend/a.cc": "std::cout << 1;\n"}, "a.cc:1: production code"),
    (checks.words, {"tools/a.sh": "cd {root}\n"}, "a.sh:1: a path of this machine"),
    (checks.no_idle_using, {"engine/base/a.cc": "using std::swap;\nusing b::swap;  // swap\n"},
     "a.cc:1: swap is not used"),
    (checks.names_differ, library_of("constexpr int one = 1;", "constexpr unsigned one{1};"),
     "b.cc:3: engine/base/a.cc:3 has a one of its own"),
    (checks.names_differ, library_of("int one(int x, char y = 1) {", "bool one(int z,\n         char) {"),
     "has a one of its own"),
    (checks.names_differ, library_of("int one(int x, char y = 1) {", "bool one(int z) {"),
     "has a one of its own"),
    (checks.names_differ, library_of("int one(int x) {", "constexpr int one = 1;"),
     "has a one of its own"),
    (checks.names_differ, library_of("using one = char;", "using one = int;"),
     "has a one of its own"),
    (checks.names_differ, library_of("class one {", "using one = int;"), "has a one of its own"),
    (checks.names_differ, library_of("template <class T>\nstruct one {", "enum class one : int {"),
     "has a one of its own"),
    (checks.readmes, {"engine/base/a.cc": "int a;\n"}, "engine/base: has no README.md"),
]


def failures():
    """What the checks do not see or see where nothing is wrong."""
    found = [f"{check.__name__} does not report: {expected}"
             for check, files, expected in CANARIES
             if not any(expected in finding for finding in run(check, files))]
    found += [f"{check.__name__} reports a tree in order: {finding}"
              for check in checks.EVERY_CHECK for finding in run(check, IN_ORDER)]
    return found


IN_ORDER = {
    path: GOOD_HEADER.format(path=path, rest=rest) for path, rest in {
        "engine/base/a.h": "#include <vector>\n",
        "engine/runtime/a.h": '#include "engine/base/a.h"\n#include <liburing.h>\n',
        "engine/store/a.h": '#include "engine/runtime/a.h"\n// As a gateway would.\n',
        "cluster/a.h": '#include "engine/runtime/a.h"\n',
        "frontend/http/a.h": '#include "engine/runtime/a.h"\n#include <llhttp.h>\n',
        "frontend/s3/a.h": '#include "frontend/http/a.h"\n',
        "frontend/origin/a.h": '#include "frontend/s3/a.h"\n#include "frontend/http/a.h"\n',
        "frontend/a.h": '#include "frontend/origin/a.h"\n#include "engine/store/a.h"\n',
        "tools/a.h": '#include "frontend/a.h"\n#include "cluster/a.h"\n',
        "tests/a.h": '#include "tools/a.h"\n',
    }.items()
} | library_of("using one = int;\nint two(int) {", "using one = int;\nint two(char) {") | {f"{folder}/README.md": "What it is for.\n" for folder in (
    "engine/base", "engine/runtime", "engine/store", "cluster", "frontend/http", "frontend/s3",
    "frontend/origin", "frontend", "tools", "tests")}


def run(check, files):
    with tempfile.TemporaryDirectory(prefix="lode-canary-") as root:
        for path, text in files.items():
            target = pathlib.Path(root) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace("{root}", str(pathlib.Path(root).resolve())))
        return check(Tree(root))
