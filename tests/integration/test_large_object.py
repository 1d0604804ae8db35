"""Objects of which a client wants little: only what it touches is fetched, or is fetched first. One has
more than 5 GiB in parts, one is a single part of 1 GiB.

Most of its parts are zeros, and holes of a file of lode-origin's, which is written here, past
lode-origin, because 5 GiB take their time over HTTP (tools/lode-origin/storage/record.h has the form).
Three parts are not, so that a byte of the wrong place is seen."""

import ctypes
import ctypes.util
import os
import struct
import time
import unittest

from harness import content
from harness.case import Case
from harness.content import GIB, KIB, MIB

HOLE = 256 * MIB
HOLES = 10          # before the middle, and after it
EDGE, TAIL = 8 * MIB, MIB + 7


class Planted(Case):
    """An object with holes, which takes the place of an empty one that was stored."""

    abstract = True
    origins = ("lode-origin",)
    seconds = 120
    device = "2GiB"
    key = "large"
    size = 0
    etag = "0123456789abcdef" * 2
    sizes = ()          # of its parts, if it has any
    filled = ()         # (begin, length) of what is no hole

    @classmethod
    def plant(cls):
        found = ctypes.util.find_library("xxhash")
        cls.absent = None if found else "libxxhash is not here"
        if found:
            stored = cls.origin.client().put(cls.bucket, cls.key, b"")
            if stored.status != 200:
                raise AssertionError(stored)
            cls.grow(ctypes.CDLL(found))

    @classmethod
    def grow(cls, xxhash):
        xxhash.XXH3_64bits.restype = ctypes.c_uint64
        path = cls.origin.data / "buckets" / cls.bucket / "objects" / f"o.{cls.key}"
        lines = path.read_bytes()[:-32].decode().splitlines()
        changed = {"etag": cls.etag, "size": str(cls.size)}
        fields = [line.split(" ", 1) for line in lines]
        fields = [(name, changed.get(name, value)) for name, value in fields]
        at = [name for name, _ in fields].index("incarnation") + 1
        fields[at:at] = [("part", str(size)) for size in cls.sizes]
        record = "".join(f"{name} {value}\n" for name, value in fields).encode()
        new = path.with_name("new")
        with open(new, "wb") as file:
            for begin, length in cls.filled:
                file.seek(begin)
                file.write(content.slice_of(cls.key, begin, length))
            file.seek(cls.size)
            file.write(record + struct.pack("<8sQIIQ", b"LODEOBJ1", cls.size, len(record), 0,
                                            xxhash.XXH3_64bits(record, ctypes.c_size_t(len(record)))))
        os.replace(new, path)

    def setUp(self):
        if self.absent is not None:
            raise unittest.SkipTest(self.absent)
        super().setUp()

    def expected(self, first, last):
        """These bytes of the object."""
        out = bytearray(last + 1 - first)
        for begin, length in self.filled:
            low, high = max(first, begin), min(last + 1, begin + length)
            if low < high:
                out[low - first:high - first] = content.slice_of(self.key, low, high - low)
        return bytes(out)


class LargeObject(Planted):
    # Nothing is fetched that nobody waits for, so that the counters show what was needed.
    settings = {"origin": {"background_rate": "1MiB"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sizes = [EDGE, *[HOLE] * HOLES, EDGE, *[HOLE] * HOLES, TAIL]
        cls.begins = [sum(cls.sizes[:number]) for number in range(len(cls.sizes))]
        cls.size = sum(cls.sizes)
        cls.etag = f"{Planted.etag}-{len(cls.sizes)}"
        cls.filled = [(begin, size) for begin, size in zip(cls.begins, cls.sizes) if size != HOLE]
        assert cls.size > 5 * GIB
        cls.plant()

    def expect_range(self, first, last, *words, **how):
        answer = self.s3.get(self.bucket, self.key, **(how or {"range": f"bytes={first}-{last}"}))
        self.expect_status(answer, 206)
        self.assertEqual(answer.header("Content-Range"), f"bytes {first}-{last}/{self.size}")
        self.assertTrue(answer.body == self.expected(first, last), "other bytes")
        if words:
            self.expect_cache(answer, *words)

    def test_little_ranges_at_each_end_and_in_the_middle_fetch_little(self):
        middle = self.begins[HOLES + 1]
        end = self.size - 1
        wanted = [(0, 99), (EDGE - 100, EDGE - 1), (middle, middle + 99), (middle + 5 * MIB, middle + EDGE - 1),
                  (end - 99, end), (5 * GIB, 5 * GIB + 99), (4 * GIB - 10, 4 * GIB + 9)]
        self.origin.mark()
        for first, last in wanted:
            with self.subTest(first=first):
                self.expect_range(first, last)
        time.sleep(0.5)
        sent = self.origin.tally().sent

        # The three whole parts, and of two holes what one request fetches, a few of them at a time.
        self.assertLess(sent, 2 * EDGE + TAIL + 2 * 4 * 8 * MIB + 8 * MIB)
        for first, last in wanted[:-2]:
            with self.subTest(again=first):
                self.expect_range(first, last, "HIT")
                self.expect_range(first, last, "HIT", signed=[("range", f"bytes={first}-{last}")])
        self.expect_range(end - 99, end, "HIT", range="bytes=-100")
        self.expect_range(end - 99, end, "HIT", range=f"bytes={end - 99}-")
        self.expect_range(middle - 50, middle + 49)

    def test_its_parts_have_their_numbers(self):
        for number in (1, HOLES + 2, len(self.sizes), 2, len(self.sizes) + 1):
            for method in ("HEAD", "GET"):
                if method == "GET" and number == 2:
                    continue        # a hole, and long
                with self.subTest(number=number, method=method):
                    answer, direct = (
                        client.request(method, client.path(self.bucket, self.key),
                                       query=[("partNumber", number)])
                        for client in (self.s3, self.at_origin))
                    self.assertEqual(answer.status, direct.status, answer)
                    if direct.status == 206:
                        self.assertTrue(answer.body == direct.body, "other bytes")
                    for name in ("Content-Length", "Content-Range", "x-amz-mp-parts-count", "ETag"):
                        if direct.status == 206:
                            self.assertEqual(answer.header(name), direct.header(name), name)

    def test_no_range_lies_beyond_it(self):
        for value in (f"bytes={self.size}-", f"bytes={self.size + GIB}-", f"bytes={self.size}-{self.size}"):
            answer, direct = (client.get(self.bucket, self.key, range=value)
                              for client in (self.s3, self.at_origin))
            self.assertEqual((answer.status, answer.error_code), (direct.status, direct.error_code))
        self.expect_range(self.size - 1, self.size - 1, range=f"bytes={self.size - 1}-{self.size + GIB}")


class LargePart(Planted):
    """One part of 1 GiB, before an origin that gives little at a time."""

    size = GIB
    begin = 700 * MIB + 300 * KIB
    filled = ((begin - MIB, 3 * MIB),)
    rate = 4 * MIB      # bytes per second of each answer

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plant()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.origin.heal)

    def test_a_little_range_comes_before_the_part_and_the_part_follows(self):
        last = self.begin + 100 * KIB - 1
        self.origin.inject(operation="GetObject", bytes_per_second=self.rate)
        self.origin.mark()

        answer = self.s3.get(self.bucket, self.key, range=f"bytes={self.begin}-{last}")
        sent = self.origin.tally().sent
        arrived = self.lode.number("lode_store_filled_bytes_total")

        self.expect_status(answer, 206)
        self.expect_cache(answer, "MISS")
        self.assertTrue(answer.body == self.expected(self.begin, last), "other bytes")
        self.assertLess(sent, 2 * MIB)
        self.assertLess(arrived, 2 * MIB)
        self.origin.heal()
        self.eventually(lambda: self.lode.number("lode_store_filled_bytes_total") > 64 * MIB,
                        seconds=30, what="the part goes on being filled")
        again = self.s3.get(self.bucket, self.key, range=f"bytes={self.begin}-{last}")
        self.expect_cache(again, "HIT")
        self.assertTrue(again.body == answer.body, "other bytes")
