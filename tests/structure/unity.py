"""Whether the sources of a library or an executable can be compiled as one.

The sanitizers' builds and clang-tidy do that (tests/README.md), which takes less than half the
time; but what two sources call by one name in their anonymous namespaces then stands there twice.
clang-format puts every declaration of a namespace at the beginning of a line, so that lines do.
"""

import collections
import pathlib
import re

TARGET = re.compile(r"\b(?:static_library|executable|files)\(\s*((?:'[^']*'|[^')])*)\)")
SOURCE = re.compile(r"'([^']+\.cc)'")
NAMESPACE = re.compile(r"(?:inline )?namespace ([\w:]+) \{|(namespace \{)")
TYPE = re.compile(r"(?:template <.*> )?(?:struct|class|union|enum class|enum|concept) "
                  r"(?:\[\[\w+\]\] )?(\w+)(?! *;)\b")
ALIAS = re.compile(r"(?:using|namespace) (\w+) = (.*)")
BORROWED = re.compile(r"using (?:namespace )?[\w:]+;")
TEST = re.compile(r"(?:TEST_CASE|SCENARIO|TEMPLATE_TEST_CASE)\b")
FUNCTION = re.compile(r"[\w:<>,&*\[\] .]*?[\s&*>](operator[^\w\s]+?|\w+)\((.*)")
CONSTANT = re.compile(r"[\w:<>,&*\[\] .()]*?[\s&*>](\w+)(?:\[[^]]*\])? ?(?:=|\{|;)")
# The types of its parameters, and how many of them a call must give.
Function = collections.namedtuple("Function", "types least")
ARGUMENT = re.compile(r"(?<=[\w>\]&*]) *(?<![\w:])\w+$")


def names_differ(tree):
    """No two sources of a target name two things alike in their anonymous namespaces."""
    findings = set()
    for sources in targets(tree):
        seen = collections.defaultdict(list)
        for path in sources:
            for number, name, what in private_names(tree.lines(path)):
                findings |= {f"{path}:{number}: {other}:{line} has a {name[1]} of its own, and both "
                             "are compiled as one source"
                             for other, line, already in seen[name]
                             if other != path and collide(what, already)}
                seen[name].append((path, number, what))
    return sorted(findings)


def collide(one, other):
    """Two functions do when one call may mean either, and two names for a type when they name two."""
    if isinstance(one, Function) and isinstance(other, Function):
        least, most = max(one.least, other.least), min(len(one.types), len(other.types))
        return any(one.types[:count] == other.types[:count] for count in range(least, most + 1))
    return one is None or one != other


def targets(tree):
    """The sources of each library and each executable, as the files meson.build say."""
    known = set(tree.sources)
    for path in tree.files:
        if path.name == "meson.build":
            for listed in TARGET.findall("\n".join(tree.lines(path))):
                sources = [pathlib.Path(*_plain(path.parent / name))
                           for name in SOURCE.findall(listed)]
                yield [source for source in sources if source in known]


def _plain(path):
    parts = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return parts


def private_names(lines):
    """(line number, (namespace, name), what) of what a source declares for itself. What: a Function,
    the type that an alias names, or None."""
    outer, private, found = "", False, []
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.startswith("}  // namespace") or line == "}":
            if line.startswith("}  // namespace"):
                private = False
            continue
        entered = NAMESPACE.match(line)
        if entered:
            private = entered[2] is not None
            outer = outer if private else entered[1]
            continue
        if not private or not re.match(r"[\w\[]", line) or BORROWED.match(line) or TEST.match(line):
            continue
        begun = number
        declaration = line
        while number < len(lines) and not re.search(r"[;{]", declaration) and lines[number]:
            declaration += " " + lines[number].strip()
            number += 1
        name, what = described(declaration)
        if name:
            found.append((begun, (outer, name), what))
    return found


def described(declaration):
    """(name, what)"""
    declaration = declaration.split("//")[0]
    alias, named = ALIAS.match(declaration), TYPE.match(declaration)
    if alias or named:
        return (alias[1], alias[2]) if alias else (named[1], None)
    head = re.sub(r"\boperator\W*", "", declaration).split("=")[0]
    called = FUNCTION.match(declaration) if "(" in head or "operator" in declaration else None
    if called:
        return called[1], function(called[2])
    constant = CONSTANT.match(declaration)
    return (constant[1] if constant else None), None


def function(text):
    """Of a list of parameters, which begins behind its bracket."""
    depth, each = 0, [""]
    for letter in text:
        if letter in "([{<":
            depth += 1
        elif letter in ")]}>":
            if depth == 0:
                break
            depth -= 1
        if letter == "," and depth == 0:
            each.append("")
        else:
            each[-1] += letter
    each = [one for one in each if one.strip()]
    plain = [one.split("=")[0].split("/*")[0].strip() for one in each]
    return Function([ARGUMENT.sub("", one).strip() for one in plain],
                    sum("=" not in one for one in each))
