"""What the clients of a load write, so that whoever reads any of it knows which write it was."""

import itertools
import threading

ABSENT, EMPTY = "absent", "empty"


class Versions:
    """Every content that was ever written, by its length: no two have the same. So the length that
    an answer states says which version it is, and every byte of it can be recomputed."""

    def __init__(self, seed):
        self._seed = seed
        self._lock = threading.Lock()
        self._number = itertools.count(1)
        self._known = {0: EMPTY}
        self._etags = {}

    def new(self, least):
        """The length of a new version that has at least so many bytes (a multiple of 64 KiB)."""
        with self._lock:
            size = least + next(self._number)
            self._known[size] = self.name(size)
            return size

    def name(self, size):
        return f"{self._seed}-{size}"

    def value(self, size):
        with self._lock:
            return self._known.get(size, f"never written: {size} bytes")

    def has_this_etag(self, size, etag):
        """Whether this version never had another ETag. Some stores state none now and then."""
        with self._lock:
            return not etag or self._etags.setdefault(size, etag) == etag
