"""kill -9 at any moment: no wrong byte afterwards, and what was durable is found again. And orderly
restarts, after which everything is there, whatever became of cores, memory and devices meanwhile."""

import collections
import contextlib
import http.client
import random
import threading
import time

from harness import content
from harness.case import Case
from harness.content import KIB, MIB

FLUSH_SECONDS = 0.2
# A version that lode does not know yet is learned with one byte of its object where the client asks for
# the last bytes of it: then no more than that one can have come from the origin.
LEARNED = 1
# Of what is durable so much may make room for others between a look and the kill.
EVICTED_SHARE = 0.05
SIZES = [5 * KIB, 5 * KIB, 40 * KIB, 300 * KIB, MIB - 1, MIB, MIB + 1, 2 * MIB + 7, 3 * MIB]


Sample = collections.namedtuple("Sample", "when durable evicted")


def all_of(size):
    """A range of the whole object, from its end."""
    return f"bytes=-{size}"


def chunks_of(size):
    return -(-size // MIB)


class Life:
    """What is known of one lode between its start and its end by SIGKILL."""

    def __init__(self, lode):
        self.lode = lode
        self.recovered = lode.number("lode_store_recovered_chunks")
        self.began = time.monotonic()
        self.killed = None      # when
        self.problems = []
        self.served = 0
        self.samples = []
        self.evicted_before = 0     # the last look

    def settle(self):
        """Nobody reads: waits until all that has come is durable. False: it took too long."""
        before = None
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            page = self.lode.metrics()
            filled, running, disk, durable, evicted = (
                page[f"lode_store_{name}"][()] for name in (
                    "chunks_filled_total", "fills_running", "chunks_disk", "chunks_durable",
                    "evicted_disk_chunks_total"))
            now = (filled, durable) if running == 0 and disk == durable else None
            if now is not None and now == before:
                self.evicted_before = evicted
                return True
            before = now
            time.sleep(FLUSH_SECONDS / 2)
        return False

    def hardly_evicted(self):
        """Whether next to nothing has made room for others since the last look."""
        if not self.samples:
            return True
        last = self.samples[-1]
        return last.evicted - self.evicted_before <= EVICTED_SHARE * last.durable

    def watch(self):
        while not self.killed:
            try:
                page = self.lode.metrics()
            except (OSError, http.client.HTTPException):
                return
            self.samples.append(Sample(time.monotonic(), page["lode_store_chunks_durable"][()],
                                       page["lode_store_evicted_disk_chunks_total"][()]))
            time.sleep(0.1)

    def must_survive(self):
        """How many chunks had been durable for a second and were not evicted since, at least."""
        then = Sample(self.began, self.recovered, 0)
        for sample in self.samples:
            if sample.when < self.killed - 1:
                then = sample
        last = self.samples[-1] if self.samples else then
        return then.durable - (last.evicted - then.evicted)


class Crash(Case):
    takes = 125
    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False
    seconds = 200
    memory = "64MiB"
    rounds = 50             # of each test
    clients = 4
    looked_at = 10          # objects of either kind after each start

    def setUp(self):
        super().setUp()
        self.draw = random.Random(9)
        self.sizes = {}
        for number in range(450):
            key, size = f"crash-{number}", SIZES[number % len(SIZES)]
            self.sizes[self.store(key, size)] = size
        self.not_yet = list(self.sizes)
        self.kept = {}      # key: since when it is in the cache, the least recently filled first
        self.durable = {"new": [], "old": []}   # seen on the device before the last kill
        self.lock = threading.Lock()
        self.go_on = threading.Event()          # else nobody begins to read
        self.go_on.set()
        self.reading = 0                        # how many do
        self.fills_to_the_end = True
        self.nothing_else = []                  # if any: what is read

    def test_no_kill_9_loses_what_was_durable_while_there_is_room(self):
        evicted = self.live_and_die(device_size=768 * MIB, new=0.02)

        self.assertEqual(evicted, 0)

    def test_no_kill_9_serves_a_wrong_byte_while_chunks_come_and_go(self):
        # Of what was durable much would be gone by the time of the kill: then only that is read.
        self.fills_to_the_end = False
        evicted = self.live_and_die(device_size=256 * MIB, new=0.06)

        self.assertGreater(evicted, 10 * self.rounds)

    def live_and_die(self, device_size, new):
        """How many chunks were evicted; new is the share of requests for objects not asked for."""
        lode = self.make_lode(device=f"{device_size // MIB}MiB",
                              settings={"cache": {"flush_delay": f"{FLUSH_SECONDS * 1000:.0f}ms"}})
        self.addCleanup(lode.remove)
        must_survive, served, evicted = 0, 0, 0
        seen = {"new": collections.Counter(), "old": collections.Counter()}
        for number in range(self.rounds):
            life = Life(lode.start())
            self.assertGreaterEqual(life.recovered, 0.9 * must_survive, f"in round {number}")
            for age, keys in self.durable.items():
                seen[age].update(asked=len(keys), hits=len(self.look_at(life, keys)))
            # They are known to have outlived one life.
            self.durable = {"new": [], "old": self.look_at(life, self.some_of(self.kept))}

            seconds = self.draw.uniform(*self.draw.choice([(0.05, 0.6)] * 3 + [(1.5, 2.2)] * 2))
            self.live(life, seconds, new)

            self.assertEqual(life.problems[:3], [], f"in round {number}")
            must_survive = life.must_survive()
            served += life.served
            evicted += life.samples[-1].evicted if life.samples else 0
        # It would prove nothing if nothing had happened.
        self.assertGreater(served, 10 * self.rounds)
        for counts in seen.values():
            self.assertGreater(counts["asked"], self.rounds // 2, seen)
            self.assertGreaterEqual(counts["hits"], 0.9 * counts["asked"], seen)
        return evicted

    def look_at(self, life, keys):
        """Those of these that come from the device, without a byte from the origin. None is stored anew."""
        life.lode.drop_memory()
        client, hits = life.lode.client(), []
        try:
            for key in keys:
                self.origin.mark()
                answer = client.get(self.bucket, key, range=all_of(self.sizes[key]),
                                    headers=[("Cache-Control", "no-cache")])
                self.expect_content(answer, key, 0, self.sizes[key])
                if self.origin.tally().sent <= LEARNED:
                    hits.append(key)
                    self.expect_cache(answer, "HIT")
                    self.assertIn("detail=disk", answer.header("Cache-Status"))
        finally:
            client.close()
        return hits

    def live(self, life, seconds, new):
        """Some load, and SIGKILL in the midst of it."""
        self.nothing_else = []
        threads = [threading.Thread(target=life.watch, daemon=True)]
        threads += [threading.Thread(target=self.load, daemon=True,
                                     args=(life, random.Random(self.draw.random()), new))
                    for _ in range(self.clients)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        if seconds > 1:
            self.look_before_the_kill(life)
            time.sleep(self.draw.uniform(0, 0.1))
        life.killed = time.monotonic()
        life.lode.kill()
        for thread in threads:
            thread.join(20)
            if thread.is_alive():
                life.problems.append("a client hangs")
        if not life.hardly_evicted():
            self.durable = {"new": [], "old": []}

    def look_before_the_kill(self, life):
        """Everybody pauses, until what has come is durable; some of it is on the device, and must be there
        after the kill."""
        self.go_on.clear()
        while self.reading:
            time.sleep(0.01)
        if life.settle():
            new = [key for key, since in self.kept.items() if since > life.began]
            old = [key for key, since in self.kept.items() if since <= life.began]
            self.durable = {"new": self.look_at(life, self.some_of(new)),
                            "old": self.look_at(life, self.some_of(old))}
            if not self.fills_to_the_end:
                self.nothing_else = [*self.durable["new"], *self.durable["old"]]
        self.go_on.set()

    def some_of(self, keys):
        """Of the latest ones."""
        return self.draw.sample(list(keys)[-3 * self.looked_at:], min(len(keys), self.looked_at))

    @contextlib.contextmanager
    def turn(self):
        while True:
            self.go_on.wait()
            with self.lock:
                if self.go_on.is_set():
                    self.reading += 1
                    break
        try:
            yield
        finally:
            with self.lock:
                self.reading -= 1

    def load(self, life, draw, new):
        client = life.lode.client(timeout=10)
        try:
            while not life.killed and not life.problems:
                with self.turn():
                    self.read_one(life, client, draw, draw.random() < new)
        except (OSError, http.client.HTTPException) as trouble:
            if not life.killed:
                life.problems.append(repr(trouble))
        finally:
            client.close()

    def read_one(self, life, client, draw, new):
        with self.lock:
            new = (new or not self.kept) and not self.nothing_else
            if new and not self.not_yet:
                self.not_yet = list(self.kept)[:50]     # the oldest: evicted by now, or soon
            key = self.not_yet.pop(0) if new else draw.choice(
                self.nothing_else or list(self.kept))
        size = self.sizes[key]
        first, length = 0, size
        if not new and draw.random() < 0.4:
            first = draw.randrange(size)
            length = draw.randrange(1, size - first + 1)
        ranged = [("Range", f"bytes={first}-{first + length - 1}")] if length != size else []

        response = client.send("GET", client.path(self.bucket, key), headers=ranged)
        if response.status not in (200, 206):
            life.problems.append(f"{key}: {response.status}")
            return
        came, buffer = 0, bytearray(MIB)
        while count := response.readinto(buffer):
            if not content.matches(key, first + came, memoryview(buffer)[:count]):
                life.problems.append(f"{key}: other bytes near {first + came}")
                return
            came += count
        if came == length:
            life.served += 1
            if length == size and response.getheader("X-Cache") != "HIT":
                with self.lock:
                    self.kept.pop(key, None)
                    self.kept[key] = time.monotonic()
        elif not life.killed:
            life.problems.append(f"{key}: ended after {came} of {length} bytes")


class OrderlyRestart(Case):
    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False
    device = "256MiB"

    def setUp(self):
        super().setUp()
        self.sizes = {self.store(self.new_key(), SIZES[number % len(SIZES)]):
                      SIZES[number % len(SIZES)] for number in range(72)}
        self.chunks = sum(map(chunks_of, self.sizes.values()))

    def restarted(self, lode):
        """lode, anew; the one before must have ended well."""
        if lode.daemon is not None:
            self.assertEqual(lode.daemon.stop(), 0, lode.daemon.output())
        return lode.start()

    def started(self, devices=1):
        lode = self.make_lode()
        self.addCleanup(lode.remove)
        lode.settings["cache.device"] = [
            {"path": str(lode.directory / f"device.{number}"), "size": self.device}
            for number in range(devices)]
        return self.restarted(lode)

    def read_all(self, lode):
        """The keys that were hits."""
        client = lode.client()
        try:
            answers = {key: client.get(self.bucket, key, range=all_of(size))
                       for key, size in self.sizes.items()}
        finally:
            client.close()
        for key, answer in answers.items():
            self.expect_content(answer, key, 0, self.sizes[key])
        return {key for key, answer in answers.items() if answer.cache == "HIT"}

    def filled(self, lode):
        self.read_all(lode)
        self.eventually(lambda: lode.number("lode_store_chunks_disk") == self.chunks,
                        what="every chunk on a device")
        return lode

    def expect_everything(self, lode):
        self.assertEqual(lode.number("lode_store_recovered_chunks"), self.chunks)
        self.expect_only_hits(lode)

    def expect_only_hits(self, lode):
        self.origin.mark()
        self.assertEqual(self.read_all(lode), set(self.sizes))
        self.assertLessEqual(self.origin.tally().sent, LEARNED * len(self.sizes))

    def test_everything_is_there_again(self):
        lode = self.filled(self.started())

        for _ in range(3):
            self.expect_everything(self.restarted(lode))

    def test_with_another_number_of_cores_and_another_memory(self):
        lode = self.filled(self.started())

        for cores, memory in ((1, "64MiB"), (2, "128MiB"), (1, "256MiB")):
            with self.subTest(cores=cores, memory=memory):
                lode.settings["node"].update(cores=cores, memory=memory)
                self.expect_everything(self.restarted(lode))

    def test_with_its_devices_in_another_order(self):
        lode = self.filled(self.started(devices=3))

        lode.settings["cache.device"].reverse()

        self.expect_everything(self.restarted(lode))

    def test_without_one_of_two_devices_and_with_it_again(self):
        lode = self.filled(self.started(devices=2))
        both = lode.settings["cache.device"]

        lode.settings["cache.device"] = both[1:]
        on_the_second = self.restarted(lode).number("lode_store_recovered_chunks")
        lode.settings["cache.device"] = both[:1]
        on_the_first = self.restarted(lode).number("lode_store_recovered_chunks")
        hits = self.read_all(lode)
        lode.settings["cache.device"] = both
        self.restarted(lode)

        self.assertGreater(min(on_the_first, on_the_second), 0)
        self.assertEqual(on_the_first + on_the_second, self.chunks)
        self.assertEqual(sum(chunks_of(self.sizes[key]) for key in hits), on_the_first)
        self.expect_only_hits(lode)
