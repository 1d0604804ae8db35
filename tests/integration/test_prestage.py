"""HEAD with Range: bytes=0-0 brings an object in before anybody reads it; `lode locate` shows where it is."""

import json
import time

from harness.case import EVERY_ORIGIN, Case
from harness.content import KIB, MIB
from harness.processes import run
from test_local_auth import TRAINER, LocalCase

ONE_BYTE = [("Range", "bytes=0-0")]


class LocateCase(Case):
    abstract = True
    needs_lode = True

    def locate(self, key, *more, bucket=None):
        return run([self.lode._program, "locate", f"s3://{bucket or self.bucket}/{key}", "--admin",
                    f"http://127.0.0.1:{self.lode.admin_port}", *more], check=False)

    def located(self, key, *more):
        """What --json says, complete or not."""
        done = self.locate(key, "--json", *more)
        self.assertIn(done.returncode, (0, 1), done)
        return json.loads(done.stdout)

    def wait_until_here(self, key):
        done = self.locate(key, "--wait", "20", "--json")
        self.assertEqual(done.returncode, 0, done)
        found = json.loads(done.stdout)
        self.assertEqual(sum(part["absent"] + part["filling"] for part in found["parts"]), 0, found)
        return found

    def prestaged(self, what):
        return self.lode.metrics()["lode_prestaged_objects_total"].get((("outcome", what),), 0)


class Prestage(LocateCase):
    origins = EVERY_ORIGIN

    def test_the_head_is_answered_at_once_and_the_object_is_a_hit_afterwards(self):
        for sizes in ([300 * KIB], [17 * MIB + 5], [5 * MIB, 6 * MIB + 7, 100]):
            for where in ("headers", "signed"):
                with self.subTest(sizes=sizes, where=where):
                    key, size = self.new_key(), sum(sizes)
                    if len(sizes) == 1:
                        self.store(key, size)
                    else:
                        stored = self.at_origin.put_multipart(self.bucket, key, sizes)
                        self.expect_status(stored, 200)
                    before = self.prestaged("asked"), self.prestaged("complete")

                    direct = self.at_origin.head(self.bucket, key, **{where: ONE_BYTE})
                    answer = self.s3.head(self.bucket, key, **{where: ONE_BYTE})
                    self.wait_until_here(key)
                    self.origin.mark()
                    hit = self.s3.get(self.bucket, key)

                    self.assertEqual(answer.status, direct.status)
                    self.assertEqual(answer.body, b"")
                    for name in ("ETag", "Content-Length", "Content-Range", "Last-Modified",
                                 "Content-Type"):
                        self.assertEqual(answer.header(name), direct.header(name), name)
                    self.expect_content(hit, key, 0, size)
                    self.expect_cache(hit, "HIT")
                    self.expect_origin_served_no_body()
                    self.eventually(lambda: (self.prestaged("asked"), self.prestaged("complete"))
                                    == (before[0] + 1, before[1] + 1), what="the counters")

    def test_an_object_that_is_here_costs_no_byte(self):
        size = 3 * MIB
        key = self.cached(self.new_key(), size)
        self.origin.mark()

        self.expect_status(self.s3.head(self.bucket, key, headers=ONE_BYTE), 200, 206)
        self.wait_until_here(key)

        self.assertEqual(self.origin.tally().of("GetObject"), 0)

    def test_other_heads_bring_in_nothing(self):
        key = self.store(self.new_key(), 300 * KIB)
        before = self.prestaged("asked")
        for headers in ([], [("Range", "bytes=0-1")], [("Range", "bytes=1-1")],
                        [*ONE_BYTE, ("Cache-Control", "no-store")]):
            self.expect_status(self.s3.head(self.bucket, key, headers=headers), 200, 206)
        self.expect_status(self.s3.head(self.bucket, self.new_key(), headers=ONE_BYTE), 404)

        self.assertEqual(self.prestaged("asked"), before)
        self.assertEqual(self.located(key)["parts"][0]["absent"], 1)

    def test_who_may_not_read_brings_in_nothing(self):
        if len(self.origin.identities) < 2:
            self.skipTest("this origin has one user")
        key = self.store(self.new_key(), 300 * KIB)
        before = self.prestaged("asked")

        answer = self.lode.client(self.origin.identities[1]).head(self.bucket, key, headers=ONE_BYTE)

        self.expect_status(answer, 403)
        self.assertEqual(self.prestaged("asked"), before)
        self.expect_cache(self.s3.get(self.bucket, key), "MISS")

    def test_a_new_content_is_brought_in_where_the_old_one_was(self):
        key = self.cached(self.new_key(), 3 * MIB)
        self.store(key, 2 * MIB, name="other")

        self.expect_status(self.s3.head(self.bucket, key, headers=ONE_BYTE), 200, 206)
        self.wait_until_here(key)
        answer = self.s3.get(self.bucket, key)

        self.expect_content(answer, "other", 0, 2 * MIB)
        self.expect_cache(answer, "HIT")

    def test_a_presigned_head_brings_it_in(self):
        key = self.store(self.new_key(), 300 * KIB)
        path, query = self.s3.presigned("HEAD", self.bucket, key)

        self.expect_status(self.s3.anonymous().request("HEAD", path, query=query, headers=ONE_BYTE),
                           200, 206)
        self.wait_until_here(key)

        self.expect_cache(self.s3.get(self.bucket, key), "HIT")

    def test_an_empty_object_is_brought_in(self):
        key = self.store(self.new_key(), 0)
        before = self.prestaged("failed")

        answer, direct = (client.head(self.bucket, key, headers=ONE_BYTE)
                          for client in (self.s3, self.at_origin))

        self.assertEqual(answer.status, direct.status)
        time.sleep(0.1)
        self.assertEqual(self.prestaged("failed"), before)


class SlowPrestage(LocateCase):
    """With an origin that takes its time, so that what is under way can be seen."""

    origins = ("lode-origin",)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.origin.heal)

    def test_the_head_does_not_wait_and_locate_shows_progress_and_waits(self):
        key, size = self.store(self.new_key(), 8 * MIB), 8 * MIB
        self.origin.inject(operation="GetObject", bytes_per_second=3 * MIB)

        begun = time.monotonic()
        self.expect_status(self.s3.head(self.bucket, key, headers=ONE_BYTE), 200, 206)
        answered = time.monotonic() - begun
        self.eventually(lambda: self.located(key)["parts"][0]["filling"] > 0, 1, "the fill")
        under_way = self.located(key)
        impatient = self.locate(key, "--wait", "1")
        self.wait_until_here(key)
        took = time.monotonic() - begun

        self.assertLess(answered, 0.5)
        self.assertEqual(under_way["prestaging"], {"parts": 1, "done": 0})
        self.assertEqual(impatient.returncode, 1, impatient)
        self.assertGreater(took, 1)
        answer = self.s3.get(self.bucket, key)
        self.expect_content(answer, key, 0, size)
        self.expect_cache(answer, "HIT")

    def test_a_reader_meanwhile_shares_the_fill(self):
        key, size = self.store(self.new_key(), 8 * MIB), 8 * MIB
        self.origin.inject(operation="GetObject", bytes_per_second=8 * MIB)
        self.origin.mark()

        self.expect_status(self.s3.head(self.bucket, key, headers=ONE_BYTE), 200, 206)
        self.eventually(lambda: self.located(key)["parts"][0]["filling"] > 0, 1, "the fill")
        answer = self.s3.get(self.bucket, key)

        self.expect_content(answer, key, 0, size)
        self.expect_cache(answer, "FILLING")
        self.wait_until_here(key)
        self.assertLess(self.origin.tally().sent, size + MIB)


class PrestageByRule(LocalCase):
    """Where lode decides, who may not read an object does not bring it in."""

    def test_only_who_may_read_brings_in(self):
        for prefix, status in (("open/", 200), ("hidden/", 403)):
            with self.subTest(prefix=prefix):
                key = self.store(prefix + self.new_key(), 300 * KIB)
                head = self.client(TRAINER).head(self.bucket, key, headers=ONE_BYTE)
                self.assertIn(head.status, (200, 206) if status == 200 else (403,))
                time.sleep(0.3)
                self.expect_cache(self.s3.get(self.bucket, key), "HIT" if status == 200 else "MISS")


class PrestageVersions(LocateCase):
    origins = ("radosgw",)

    def test_the_version_that_was_named_is_brought_in(self):
        body = (b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                b"<Status>Enabled</Status></VersioningConfiguration>")
        self.expect_status(self.at_origin.request("PUT", f"/{self.bucket}",
                                                  query=[("versioning", None)], body=body), 200)
        key, before = self.new_key(), self.prestaged("complete")
        old = self.at_origin.put_named(self.bucket, key, 300 * KIB, name="old")
        self.store(key, 200 * KIB, name="current")
        query = [("versionId", old.header("x-amz-version-id"))]

        self.expect_status(self.s3.head(self.bucket, key, query=query, headers=ONE_BYTE), 200, 206)
        self.eventually(lambda: self.prestaged("complete") > before, what="the pre-staging")
        named = self.s3.get(self.bucket, key, query=query)
        current = self.s3.get(self.bucket, key)

        self.expect_content(named, "old", 0, 300 * KIB)
        self.expect_cache(named, "HIT")
        self.expect_content(current, "current", 0, 200 * KIB)
        self.expect_cache(current, "MISS")


class Locate(LocateCase):
    def test_it_shows_each_part_of_what_is_here_and_of_what_is_not(self):
        key, sizes = self.new_key(), [5 * MIB, 6 * MIB + 7, 100]
        self.expect_status(self.s3.put_multipart(self.bucket, key, sizes), 200)

        absent = self.located(key)
        self.read_until_hit(key, sum(sizes))
        here = self.located(key)
        text = self.locate(key).stdout

        etag = self.at_origin.head(self.bucket, key).header("ETag")
        for found in (absent, here):
            self.assertEqual((found["bucket"], found["key"], found["size"], found["etag"]),
                             (self.bucket, key, sum(sizes), etag))
            self.assertEqual([part["length"] for part in found["parts"]], sizes)
            self.assertEqual([part["first"] for part in found["parts"]], [0, sizes[0], sum(sizes[:2])])
            self.assertIsNone(found["prestaging"])
        self.assertEqual([part["absent"] for part in absent["parts"]], [5, 7, 1])
        self.assertEqual([part["memory"] + part["disk"] for part in here["parts"]], [5, 7, 1])
        self.assertIn(f"s3://{self.bucket}/{key}\n{sum(sizes)} bytes, ETag {etag}, 3 parts", text)
        self.assertEqual(len(text.splitlines()), 2 + 1 + 3 + 1, text)

    def test_keys_of_any_letters_are_found(self):
        for key in ("a b+c&d=e?f#g", "ü/漢", "a//b", "trailing/", 'quote"\\'):
            key = f"{self.new_key()}/{key}"
            self.store(key, 5000)
            with self.subTest(key=key):
                self.assertEqual(self.located(key)["key"], key)

    def test_what_is_not_there_is_said_so(self):
        for key, bucket in ((self.new_key(), None), ("x", "no-such-bucket")):
            done = self.locate(key, bucket=bucket)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done)
            self.assertRegex(done.stderr, r"^.+\n$")
        for name in ("s3://bucket", "s3:///key", "bucket/key", "http://b/k"):
            done = run([self.lode._program, "locate", name], check=False)
            self.assertEqual(done.returncode, 1, done)
            self.assertIn("expected s3://bucket/key", done.stderr)
