"""Many clients write and read the same few keys at once, through lode and behind its back; what each
of them saw must be what a store without any cache could have answered.

LODE_MODEL_SEED repeats the choices of a run (not its timing); a failure names it.
"""

import collections
import hashlib
import http.client
import os
import random
import threading
import time

from harness import content
from harness.case import Case
from harness.content import KIB, MIB
from harness.register import FOREVER, Operation, contradictions
from harness.versions import ABSENT, EMPTY, Versions

PART = 5 * MIB

# What is done how often; a copy's source is an object that nobody else knows.
MIX = {"get": 30, "range": 30, "head": 8, "put": 14, "delete": 5, "copy": 5, "multipart": 4}


class Unclear(Exception):
    """An operation failed in a way that a client can see; a write may have happened or not."""


class Client(threading.Thread):
    """Does one thing after the other until the deadline, and notes what it saw of each key."""

    def __init__(self, run, number, s3, direct):
        super().__init__(daemon=True)
        self.run_of, self.s3, self.direct = run, s3, direct
        self.random = random.Random(f"{run.seed} {number}")

    def run(self):
        try:
            while time.monotonic() < self.run_of.deadline and not self.run_of.problems:
                self.step()
        except Exception as trouble:  # a client that dies is a finding, not a lost thread
            self.run_of.problems.append(f"a client died: {trouble!r}")
        finally:
            self.s3.close()

    def step(self):
        what = self.random.choices(list(MIX), MIX.values())[0]
        key = self.random.choice(self.run_of.keys)
        begun = time.monotonic()
        if what in ("get", "range", "head"):
            self.read(what, key, begun)
            return
        least = self.random.choice((0, 0, 128 * KIB, 128 * KIB, MIB, 3 * MIB))
        if what == "multipart":
            least = self.random.choice((6 * MIB, 11 * MIB))
        nothing = what == "put" and self.random.random() < 0.08
        size = 0 if nothing else self.run_of.versions.new(least)
        value = ABSENT if what == "delete" else self.run_of.versions.value(size)
        try:
            if what == "copy":
                self.write("put", f"source-{size}", size)
                begun = time.monotonic()
            self.write(what, key, size)
            ended = time.monotonic()
        except Unclear:
            ended = FOREVER
        self.run_of.note(key, "write", value, begun, ended, self.told(what))

    def told(self, what):
        return f"{what} {'at the origin' if self.direct else 'through lode'}"

    def write(self, what, key, size):
        bucket, versions = self.run_of.bucket, self.run_of.versions
        name = versions.name(size)
        if what == "put":
            answer = self.send(what, lambda: self.s3.put_named(bucket, key, size, name=name))
        elif what == "delete":
            answer = self.send(what, lambda: self.s3.delete(bucket, key))
        elif what == "copy":
            answer = self.send(what, lambda: self.s3.copy(bucket, key, f"/{bucket}/source-{size}"))
        else:
            sizes = [PART] * ((size - 1) // PART) + [(size - 1) % PART + 1]
            answer = self.send(what, lambda: self.s3.put_multipart(bucket, key, sizes, name=name))
        # CopyObject and CompleteMultipartUpload may fail behind a 200.
        if b"<Error>" in answer.body:
            raise Unclear
        if what == "put" and not versions.has_this_etag(size, answer.header("ETag")):
            self.run_of.problems.append(f"PUT of {name} got another ETag: {answer}")

    def send(self, what, request, fine=(200, 204)):
        try:
            answer = request()
        except (OSError, http.client.HTTPException) as trouble:
            self.s3.close()
            self.run_of.count("broke off")
            raise Unclear from trouble
        if answer.status in fine:
            return answer
        if answer.status >= 500:
            self.run_of.count(f"{answer.status} to {self.told(what)}")
            raise Unclear
        self.run_of.problems.append(f"unexpected: {self.told(what)}: {answer}")
        raise Unclear

    def read(self, what, key, begun):
        bucket = self.run_of.bucket
        first, length = 0, None
        if what == "range":
            first = self.random.choice((0, 0, 1, 70, 20 * KIB, 130 * KIB, MIB - 3, 5 * MIB - 7))
            length = self.random.choice((1, 100, 64 * KIB, MIB, 3 * MIB))
            field = ("range", f"bytes={first}-{first + length - 1}")
            more = {self.random.choice(("signed", "headers")): [field]}
        try:
            if what == "head":
                answer = self.send(what, lambda: self.s3.head(bucket, key), (200, 404))
            elif what == "get":
                answer = self.send(what, lambda: self.s3.get(bucket, key), (200, 404))
            else:
                answer = self.send(what, lambda: self.s3.get(bucket, key, **more), (206, 404, 416))
        except Unclear:
            return
        ended = time.monotonic()
        self.run_of.count(f"{answer.status} {answer.cache}" if not self.direct else "direct")
        if answer.status == 416:
            return      # it says no more than that the object is not that long
        value = ABSENT if answer.status == 404 else self.judge(what, key, answer, first, length)
        self.run_of.note(key, "read", value, begun, ended, self.told(what))

    def judge(self, what, key, answer, first, length):
        """Which version an answer is of, after a look at everything that it says."""
        versions, problems = self.run_of.versions, self.run_of.problems
        size = int(answer.header("Content-Length"))
        if what == "range":
            size = int(answer.header("Content-Range").rpartition("/")[2])
        expected = size if length is None else min(length, size - first)
        if what != "head" and (len(answer.body) != expected or not content.matches(
                versions.name(size), first, answer.body)):
            digest = hashlib.sha256(answer.body).hexdigest()[:16]
            problems.append(f"{key}: {self.told(what)} at {first}: {len(answer.body)} bytes "
                            f"({digest}) that are not those of {versions.name(size)}: "
                            f"{answer.status} {answer.headers}")
        if not versions.has_this_etag(size, answer.header("ETag")):
            problems.append(f"{key}: {versions.name(size)} with another version's ETag: {answer}")
        return versions.value(size)


class Run:
    """What the clients of one run share, and what they saw."""

    def __init__(self, bucket, keys, seed, seconds):
        self.bucket, self.keys, self.seed = bucket, keys, seed
        self.versions = Versions(seed)
        self.deadline = time.monotonic() + seconds
        self.problems = []
        self.counts = collections.Counter()
        self._history = {key: [] for key in keys}
        self._lock = threading.Lock()
        for key in keys:
            self.note(key, "write", ABSENT, -1.0, 0.0, "in the beginning")

    def note(self, key, kind, value, begun, ended, what):
        with self._lock:
            self._history[key].append(Operation(kind, value, begun, ended, what))
            self.counts[f"{kind}s" if ended != FOREVER else "unclear writes"] += 1

    def count(self, what):
        with self._lock:
            self.counts[what] += 1

    def judged(self):
        found = list(self.problems[:5])
        for key, history in self._history.items():
            found += [f"{key}: {text}" for text in
                      contradictions(history, (ABSENT, EMPTY))[:3]]
        return found


class Model(Case):
    takes = 12
    # versitygw is none of them: it shows one version's length with another's ETag by itself.
    needs_lode = False
    memory = "64MiB"        # a few versions fill it
    device = "256MiB"
    seconds = 120
    clients = 8             # of which two talk to the origin
    lasts = 11           # seconds
    keys = 5
    reads_at_least = 300
    settings = {"origin": {"answer_timeout": "5s"}}

    def test_no_read_is_older_than_what_was_current_when_it_began(self):
        seed = int(os.environ.get("LODE_MODEL_SEED") or time.time_ns() % 1_000_000)
        run = Run(self.bucket, [self.new_key("model") for _ in range(self.keys)], seed, self.lasts)
        clients = [Client(run, number, self.at(number < 2), number < 2)
                   for number in range(self.clients)]
        for client in clients:
            client.start()
        self.meanwhile(run, random.Random(f"{seed} faults"))
        for client in clients:
            client.join(60)
        hanging = sum(client.is_alive() for client in clients)

        # Once all is quiet, lode and the origin say the same, and what they say is part of it.
        last = Client(run, "last", self.s3, False), Client(run, "direct", self.at_origin, True)
        for key in run.keys:
            for client in (*last, *last):
                client.read("get", key, time.monotonic())

        report = f"LODE_MODEL_SEED={seed}; {dict(run.counts)}"
        print(f"      {report}", flush=True)
        problems = run.judged()
        self.assertFalse(problems, "\n".join([report, *problems]))
        self.assertEqual(hanging, 0, f"{report}: a client hangs")
        self.assertGreater(run.counts["reads"], self.reads_at_least, report)
        self.assertGreater(run.counts["writes"], self.reads_at_least // 5, report)
        self.check_failures(run, report)
        if not self.world.direct:
            metrics = self.lode.metrics()
            evicted = sum(sum(metrics[f"lode_store_evicted_{tier}_chunks_total"].values())
                          for tier in ("memory", "disk"))
            self.assertGreater(evicted, 0, f"{report}: everything fitted")

    def at(self, direct):
        make = self.origin.client if direct else self.lode.client
        return make(timeout=30)

    def meanwhile(self, run, draw):
        """Nothing disturbs them."""

    def check_failures(self, run, report):
        """A download may break off when its object is overwritten (radosgw answers some of those
        reads with 500 itself), and nothing else may fail."""
        self.assertLess(run.counts["broke off"], run.counts["reads"] // 20, report)
        refused = sum(times for word, times in run.counts.items() if word.startswith("5"))
        allowed = run.counts["reads"] // 20 if self.origin.reads_race else 0
        self.assertLessEqual(refused, allowed, report)
        self.assertEqual(run.counts["unclear writes"], 0, report)


class ModelUnderFaults(Model):
    origins = ("lode-origin",)
    needs_lode = True
    reads_at_least = 100
    faults = (
        {"reset_after_bytes": 100 * KIB}, {"reset_after_bytes": 2 * MIB + 5},
        {"reset_before_answer": 1}, {"truncate_after_bytes": 1}, {"truncate_after_bytes": MIB + 1},
        {"reset_upload_after_bytes": 50 * KIB}, {"error_rate_503": 0.3}, {"error_status": 500},
        {"latency_ms": 50}, {"bytes_per_second": 4 * MIB})

    def meanwhile(self, run, draw):
        try:
            while time.monotonic() < run.deadline - 1 and not run.problems:
                self.origin.inject(**draw.choice(self.faults))
                time.sleep(draw.uniform(0.1, 0.4))
                self.origin.heal()
                time.sleep(draw.uniform(0.1, 0.6))
        finally:
            self.origin.heal()

    def check_failures(self, run, report):
        self.assertGreater(run.counts["broke off"], 0, report)


class RegisterChecker(Case):
    """The judge itself: made-up histories, of which it must see through the impossible ones."""

    origins = ("lode-origin",)
    starts_lode = False

    def expect(self, *rows, possible):
        """Rows: kind, value, begun, ended."""
        history = [Operation(*row) for row in (("write", ABSENT, -1, 0), *rows)]
        found = contradictions(history, (ABSENT, EMPTY))
        self.assertEqual(not found, possible, found)

    def test_a_stale_read_is_seen(self):
        self.expect(("write", "a", 1, 2), ("write", "b", 3, 4), ("read", "a", 5, 6),
                    possible=False)

    def test_a_read_during_a_write_may_be_of_either_version(self):
        self.expect(("write", "a", 1, 2), ("write", "b", 3, 6), ("read", "a", 4, 5),
                    ("read", "b", 4, 5), possible=True)

    def test_a_read_after_one_that_saw_the_new_version_may_not_see_the_old_one(self):
        self.expect(("write", "a", 1, 2), ("write", "b", 3, 9), ("read", "b", 4, 5),
                    ("read", "a", 6, 7), possible=False)

    def test_a_failed_write_may_appear_late_or_never_and_stays_once_it_was_seen(self):
        failed = ("write", "b", 3, FOREVER)
        self.expect(("write", "a", 1, 2), failed, ("read", "a", 8, 9), possible=True)
        self.expect(("write", "a", 1, 2), failed, ("read", "a", 8, 9), ("read", "b", 10, 11),
                    possible=True)
        self.expect(("write", "a", 1, 2), failed, ("read", "b", 8, 9), ("read", "a", 10, 11),
                    possible=False)

    def test_a_deleted_object_does_not_come_back(self):
        self.expect(("write", "a", 1, 2), ("write", ABSENT, 3, 4), ("read", ABSENT, 5, 6),
                    possible=True)
        self.expect(("write", "a", 1, 2), ("write", ABSENT, 3, 4), ("read", "a", 5, 6),
                    possible=False)

    def test_an_object_is_not_absent_without_a_delete(self):
        self.expect(("read", ABSENT, 0, 1), ("write", "a", 1, 2), possible=True)
        self.expect(("write", "a", 1, 2), ("read", ABSENT, 3, 4), possible=False)

    def test_what_nobody_wrote_is_seen(self):
        self.expect(("read", "x", 1, 2), possible=False)
        self.expect(("read", "a", 1, 2), ("write", "a", 3, 4), possible=False)
