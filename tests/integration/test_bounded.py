"""consistency.mode = "bounded": fewer questions, a write through lode seen at once, another in time. And
how "strong" shares its questions, where lode asks them itself."""

import base64
import concurrent.futures
import hashlib
import threading
import time

from harness.content import KIB, MIB
from test_local_auth import TRAINER, WRITER, LocalCase

SECONDS = 2     # consistency.max_stale in these tests


class BoundedCase(LocalCase):
    abstract = True
    settings = {"consistency": {"mode": "bounded", "max_stale": f"{SECONDS}s"}}

    def questions(self):
        tally = self.origin.tally()
        return tally.of("GetObject") + tally.of("HeadObject")

    def expect_now(self, key, name, size):
        answer = self.s3.get(self.bucket, key)
        self.expect_content(answer, name, 0, size)
        return answer


class Bounded(BoundedCase):
    def test_a_recent_word_is_not_asked_for_again(self):
        key = self.cached(self.new_key(), 300 * KIB)
        self.origin.mark()

        begun = time.monotonic()
        for number in range(200):
            self.expect_cache(self.expect_now(key, key, 300 * KIB), "HIT")
            self.s3.get(self.bucket, key, signed=[("range", "bytes=0-9")])
        turns = (time.monotonic() - begun) / SECONDS + 1

        self.assertLessEqual(self.questions(), 2 * turns)      # each of two cores may ask
        self.assertGreater(self.lode.metrics()["lode_gateway_answers_total"][(("answer", "recent"),)],
                           0)

    def test_a_write_behind_lodes_back_is_seen_in_time(self):
        key = self.cached(self.new_key(), 300 * KIB)
        for name, change in (
                ("overwritten", lambda: self.store(key, 200 * KIB, name="overwritten")),
                (None, lambda: self.at_origin.delete(self.bucket, key)),
                ("reborn", lambda: self.store(key, 100 * KIB, name="reborn"))):
            with self.subTest(change=name):
                changed = time.monotonic()
                change()
                while True:
                    asked = time.monotonic()
                    answer = self.s3.get(self.bucket, key)
                    seen = (answer.status == 404 if name is None else
                            answer.status == 200 and answer.body == self.at_origin.get(
                                self.bucket, key).body)
                    if seen:
                        break
                    self.assertLess(asked - changed, SECONDS + 0.1, "it is still the old one")
                    time.sleep(0.05)

    def test_a_write_through_lode_is_seen_at_once_by_everybody(self):
        key = self.new_key()
        others = [self.client(WRITER) for _ in range(4)]
        for turn in range(150):
            name, size = f"{key} {turn}", 2000 + turn
            self.expect_status(self.s3.put_named(self.bucket, key, size, name=name), 200)
            for other in others:
                self.expect_content(other.get(self.bucket, key), name, 0, size)

    def test_every_kind_of_write_through_lode_is_seen_at_once(self):
        key, source = self.new_key(), self.store(self.new_key("source"), 1000)
        reader = self.client(WRITER)

        def expect(name, size):
            self.expect_content(reader.get(self.bucket, key), name, 0, size)
            self.expect_content(reader.get(self.bucket, key), name, 0, size)

        def gone():
            self.expect_status(reader.get(self.bucket, key), 404)

        writer = self.s3
        self.expect_status(writer.put_named(self.bucket, key, 5000), 200)
        expect(key, 5000)
        self.expect_status(writer.copy(self.bucket, key, f"/{self.bucket}/{source}"), 200)
        expect(source, 1000)
        self.expect_status(writer.put_multipart(self.bucket, key, [5 * MIB, 10], name="parts"), 200)
        expect("parts", 5 * MIB + 10)
        self.expect_status(writer.delete(self.bucket, key), 204)
        gone()
        self.expect_status(writer.put_named(self.bucket, key, 7000), 200)
        expect(key, 7000)
        body = f"<Delete><Object><Key>{key}</Key></Object></Delete>".encode()
        self.expect_status(writer.request("POST", f"/{self.bucket}", query=[("delete", None)], body=body,
                                          signed=self.digest(body)), 200)
        gone()
        self.expect_status(writer.put_named(self.bucket, key, 8000, name="back"), 200)
        expect("back", 8000)

    def digest(self, body):
        return [("content-md5", base64.b64encode(hashlib.md5(body).digest()).decode())]

    def test_the_version_that_a_client_names_is_bounded_too(self):
        key = self.new_key()
        for turn in range(3):
            name, size = f"{key} {turn}", 2000 + turn
            self.expect_status(self.s3.put_named(self.bucket, key, size, name=name), 200)
            direct = self.at_origin.get(self.bucket, key, query=[("versionId", "null")])
            for _ in range(2):
                answer = self.s3.get(self.bucket, key, query=[("versionId", "null")])
                self.assertEqual(answer.status, direct.status)
                self.assertEqual(answer.body, direct.body)

    def test_rights_do_not_depend_on_how_recent_a_word_is(self):
        hidden = self.cached("hidden/" + self.new_key(), 10 * KIB)
        self.origin.mark()
        self.expect_error(self.client(TRAINER).get(self.bucket, hidden), 403, "AccessDenied")
        self.expect_status(self.client(None).get(self.bucket, hidden), 403)

    def test_conditions_are_the_origins_to_judge(self):
        key = self.cached(self.new_key(), 10 * KIB)
        etag = self.at_origin.head(self.bucket, key).header("ETag")
        self.expect_status(self.s3.get(self.bucket, key, signed=[("if-none-match", etag)]), 304)
        self.store(key, 10 * KIB, name="other")
        self.expect_status(self.s3.get(self.bucket, key, signed=[("if-match", etag)]), 412)


    def test_who_says_no_cache_has_it_confirmed(self):
        key = self.cached(self.new_key(), 300 * KIB)
        self.store(key, 200 * KIB, name="other")

        answer = self.s3.get(self.bucket, key, headers=[("Cache-Control", "no-cache")])

        self.expect_content(answer, "other", 0, 200 * KIB)


class BoundedWithTrust(BoundedCase):
    mode = "trust"

    def test_it_is_the_same_for_anybody(self):
        key = self.cached(self.new_key(), 10 * KIB)
        self.expect_now(key, key, 10 * KIB)
        self.origin.mark()
        for _ in range(20):
            self.expect_now(key, key, 10 * KIB)
        self.assertLessEqual(self.questions(), 2)
        self.expect_status(self.s3.put_named(self.bucket, key, 9 * KIB, name="other"), 200)
        self.expect_now(key, "other", 9 * KIB)


class BoundedByRule(BoundedCase):
    """The rule counts for its prefix; everything else is strong."""

    settings = {}

    @classmethod
    def make_lode(cls, **options):
        rules = [{"bucket": cls.bucket, "prefix": "slow/", "mode": "bounded",
                  "max_stale": f"{SECONDS}s"},
                 {"bucket": cls.bucket, "prefix": "slow/but/", "mode": "strong"}]
        cls.settings = {}
        lode = super().make_lode(**options)
        lode.settings["consistency.rule"] = rules
        return lode

    def test_the_longest_prefix_that_fits_counts(self):
        for prefix, bounded in (("slow/", True), ("slow/but/", False), ("fast/", False)):
            with self.subTest(prefix=prefix):
                key = self.cached(prefix + self.new_key(), 10 * KIB)
                self.expect_now(key, key, 10 * KIB)
                self.origin.mark()
                for _ in range(10):
                    self.expect_now(key, key, 10 * KIB)
                if bounded:
                    self.assertLessEqual(self.questions(), 2)
                else:
                    self.assertGreaterEqual(self.questions(), 10)


class StrongShares(BoundedCase):
    settings = {}
    readers = 64

    def read_together(self, key, size, name=None):
        clients = [self.client(WRITER) for _ in range(self.readers)]
        for client in clients:
            client.open()
        start = threading.Barrier(self.readers)

        def read(client):
            start.wait(20)
            answer = client.get(self.bucket, key)
            self.expect_content(answer, name or key, 0, size)

        with concurrent.futures.ThreadPoolExecutor(self.readers) as pool:
            for done in [pool.submit(read, client) for client in clients]:
                done.result()

    def test_concurrent_reads_of_one_object_share_their_questions(self):
        if self.origin_name != "lode-origin":
            self.skipTest("only an origin that takes its time on demand shows it for certain")
        key = self.cached(self.new_key(), 20 * KIB)
        self.origin.inject(operation="GetObject", latency_ms=200)
        self.addCleanup(self.origin.heal)
        self.origin.mark()

        self.read_together(key, 20 * KIB)

        # On each of two cores one that is under way and one for those who came meanwhile, and a few more
        # for a thread that came late.
        self.assertLessEqual(self.questions(), 16)
        self.expect_origin_served_no_body()

    def test_each_reads_what_was_written_before_it_asked(self):
        key = self.new_key()
        for turn in range(5):
            name = f"{key} {turn}"
            self.store(key, 20 * KIB + turn, name=name)
            self.read_together(key, 20 * KIB + turn, name)
