"""More data than fits: many clients, a small memory tier, a device of half the data."""

import collections
import random
import threading
import time

from harness import content
from harness.case import Case
from harness.content import GIB, KIB, MIB

# Sizes around every boundary that matters, and together 2 GiB.
SIZES = ([20 * KIB] * 300 + [MIB - 1, MIB, MIB + 1] * 20 + [3 * MIB + 4321] * 60 +
         [8 * MIB] * 80 + [20 * MIB + 7] * 20)
LARGE = 64 * MIB + 4095


class Capacity(Case):
    takes = 20
    memory = "256MiB"
    device = "1GiB"
    seconds = 240
    clients = 64

    def test_64_clients_read_2_GiB_through_a_device_of_1_GiB(self):
        sizes = list(SIZES)
        while sum(sizes) < 2 * GIB:
            sizes.append(LARGE)
        objects = [(f"object-{number}-{size}", size) for number, size in enumerate(sizes)]
        for key, size in objects:
            self.store(key, size)

        work = self.schedule(objects)
        deadline = time.monotonic() + 180
        problems, words, moved = [], collections.Counter(), []
        threads = [threading.Thread(target=self.read_all, daemon=True,
                                    args=(lists, deadline, problems, words, moved))
                   for lists in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(200)

        self.assertEqual(problems[:5], [])
        self.assertFalse(any(thread.is_alive() for thread in threads), "a client hangs")
        self.assertGreaterEqual(sum(moved), 2 * GIB)
        if not self.world.direct:
            self.assertGreater(words["HIT"], 0, words)
            self.assertLess(self.lode.resident(), (256 + 2 * 64) * MIB + self.clients * 64 * KIB)

    def schedule(self, objects):
        """For each client a list of (key, size, first, length): every object is read whole by one
        client and in part by another, in an order of its own; some are read by everyone."""
        draw = random.Random(64)
        work = [[] for _ in range(self.clients)]
        popular = draw.sample([each for each in objects if each[1] <= 8 * MIB], 10)
        for number, (key, size) in enumerate(objects):
            work[number % self.clients].append((key, size, 0, size))
            first = draw.randrange(size)
            length = draw.randrange(1, min(size - first, 4 * MIB) + 1)
            work[(number * 7 + 1) % self.clients].append((key, size, first, length))
        for lists in work:
            lists += [(key, size, 0, size) for key, size in popular]
            draw.shuffle(lists)
        return work

    def read_all(self, lists, deadline, problems, words, moved):
        """One client: reads its list over one connection, compares every byte."""
        client = self.lode.client()
        buffer = bytearray(MIB)
        try:
            for key, size, first, length in lists:
                if problems or time.monotonic() > deadline:
                    problems.append("out of time")
                    return
                ranged = (first, length) != (0, size)
                signed = [("range", f"bytes={first}-{first + length - 1}")] if ranged else []
                response = client.send("GET", client.path(self.bucket, key), signed=signed)
                if response.status != (206 if ranged else 200):
                    problems.append(f"{key} {first}+{length}: {response.status} {response.read()}")
                    return
                words[response.getheader("X-Cache")] += 1
                at = 0
                while count := response.readinto(buffer):
                    if not content.matches(key, first + at, memoryview(buffer)[:count]):
                        problems.append(f"{key}: other bytes near {first + at}")
                        return
                    at += count
                if at != length:
                    problems.append(f"{key} {first}+{length}: {at} bytes came")
                    return
                moved.append(at)
        except Exception as trouble:  # a client that fails is a finding, not a lost thread
            problems.append(f"{key} {first}+{length}: {trouble!r}")
        finally:
            client.close()
