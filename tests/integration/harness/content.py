"""Object contents that anybody can recompute: cheap to make, cheap to compare.

One block of random bytes, the same on every machine, whose length is no multiple of a chunk. The
content of an object is that block, repeated and entered at a place that its name decides. So every
object differs from every other, and no two chunks of one object are alike: a chunk served at the
wrong place or for the wrong object is always seen.
"""

import hashlib
import random

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

_period = 16 * MIB + 9973
_block = random.Random(20).randbytes(_period)


def _start(name):
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % _period


def slice_of(name, offset, length):
    """Bytes [offset, offset + length) of the content called name."""
    out = bytearray()
    at = (_start(name) + offset) % _period
    while length > 0:
        piece = _block[at:at + length]
        out += piece
        length -= len(piece)
        at = 0
    return bytes(out)


def whole(name, size):
    return slice_of(name, 0, size)


def pieces(name, size, piece=MIB):
    """The content as an iterator of pieces, for bodies that should not be held in memory."""
    for offset in range(0, size, piece):
        yield slice_of(name, offset, min(piece, size - offset))


def matches(name, offset, data):
    """Whether data is what stands at this offset of the content called name."""
    at = (_start(name) + offset) % _period
    view = memoryview(data)
    done = 0
    while done < len(view):
        step = min(len(view) - done, _period - at)
        if _block[at:at + step] != bytes(view[done:done + step]):
            return False
        done += step
        at = 0
    return True
