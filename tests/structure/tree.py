"""The source tree as the checks see it: files, their lines, and who includes whom."""

import pathlib
import re

SOURCE_SUFFIXES = {".h", ".cc"}
TEXT_SUFFIXES = SOURCE_SUFFIXES | {".py", ".md", ".sh", ".toml", ".build", ".txt", ".yml", ".yaml",
                                   ".service", ".json", ""}
TOP_FOLDERS = ("engine", "cluster", "frontend", "tools", "bench", "tests", "packaging", ".ci")
NOT_OURS = {"corpus", "__pycache__"}

INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.files = sorted(self._find())
        self.sources = [path for path in self.files if path.suffix in SOURCE_SUFFIXES]
        self._lines = {}

    def _find(self):
        for path in self.root.iterdir():
            if path.is_file() and path.suffix in TEXT_SUFFIXES:
                yield path.relative_to(self.root)
        for folder in TOP_FOLDERS:
            for path in (self.root / folder).rglob("*"):
                relative = path.relative_to(self.root)
                if path.is_file() and path.suffix in TEXT_SUFFIXES and not (
                        NOT_OURS & set(relative.parts)):
                    yield relative

    def lines(self, path):
        if path not in self._lines:
            self._lines[path] = (self.root / path).read_text(errors="replace").splitlines()
        return self._lines[path]

    def includes(self, path):
        """(line number, name, quoted) of every include of a file."""
        for number, line in enumerate(self.lines(path), 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match[1] or match[2], match[1] is not None

    def own_includes(self, path):
        """The files of this tree that a file includes itself."""
        known = set(self.sources)
        for _, name, quoted in self.includes(path):
            if quoted and pathlib.Path(name) in known:
                yield pathlib.Path(name)

    def closure(self, path):
        """Every file of this tree that a file includes, directly or not, and the file itself."""
        found, waiting = {path}, [path]
        while waiting:
            for other in self.own_includes(waiting.pop()):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return found
