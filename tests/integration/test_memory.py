"""Memory has a bound: the tier, 64 MiB for each core, and 64 KiB for each connection."""

import threading

from harness import content
from harness.case import Case
from harness.content import KIB, MIB
from harness.raw_http import Raw


class MemoryBound(Case):
    needs_lode = True
    memory = "128MiB"
    seconds = 120
    connections = 500

    def test_500_connections_stay_below_the_bound(self):
        keys = [(self.store(self.new_key(), size), size) for size in
                [20 * KIB, MIB, 8 * MIB, 32 * MIB] * 8]
        idle = [Raw(self.s3.address) for _ in range(self.connections // 2)]
        problems, highest = [], [0]
        stop = threading.Event()

        def read(number):
            client = self.lode.client()
            try:
                for turn in range(3):
                    key, size = keys[(number * 5 + turn) % len(keys)]
                    response = client.send("GET", client.path(self.bucket, key))
                    data = response.read(256 * KIB)
                    if response.status != 200 or not content.matches(key, 0, data):
                        problems.append((key, response.status))
                    client.close()      # leaves in the middle of the larger ones
            except Exception as trouble:
                problems.append(repr(trouble))

        def watch():
            while not stop.wait(0.05):
                highest[0] = max(highest[0], self.lode.resident())
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        readers = [threading.Thread(target=read, args=(number,), daemon=True)
                   for number in range(self.connections // 2)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(90)
        stop.set()
        watcher.join()
        for raw in idle:
            raw.close()

        self.assertEqual(problems[:3], [])
        bound = (128 + 2 * 64) * MIB + self.connections * 64 * KIB
        self.assertLessEqual(highest[0], bound)

    def test_past_the_limit_of_connections_new_ones_are_turned_away(self):
        lode = self.make_lode(settings={"limits": {"connections": 64}})
        lode.start()
        self.addCleanup(lode.stop)
        key = self.store(self.new_key(), 1000)
        held = []
        try:
            held = [Raw(("127.0.0.1", lode.port), 2) for _ in range(100)]
            self.eventually(lambda: lode.connections() <= 64 + 2, seconds=5,
                            what="a bound on connections")
        finally:
            for raw in held:
                raw.close()
        client = lode.client()
        self.addCleanup(client.close)
        self.eventually(lambda: lode.connections() == 0)
        self.expect_content(client.get(self.bucket, key), key, 0, 1000)
