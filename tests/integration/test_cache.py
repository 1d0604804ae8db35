"""What is cached, where it is served from, and what the origin is asked meanwhile."""

import concurrent.futures
import threading

from harness.case import EVERY_ORIGIN, Case
from harness.content import KIB, MIB
from harness.raw_http import Raw, request_bytes


class Cache(Case):
    origins = EVERY_ORIGIN

    def test_the_second_read_is_a_hit_and_costs_the_origin_a_304(self):
        for size in (1, 20 * KIB, 1 * MIB - 1, 1 * MIB, 1 * MIB + 1, 9 * MIB + 5):
            with self.subTest(size=size):
                key = self.store(self.new_key(), size)

                first = self.s3.get(self.bucket, key)
                self.origin.mark()
                second = self.s3.get(self.bucket, key)

                self.expect_content(first, key, 0, size)
                self.expect_cache(first, "MISS")
                self.expect_content(second, key, 0, size)
                self.expect_cache(second, "HIT")
                self.expect_origin_served_no_body()

    def test_an_empty_object_is_read_twice(self):
        key = self.store(self.new_key(), 0)

        for _ in range(2):
            answer = self.s3.get(self.bucket, key)
            self.expect_status(answer, 200)
            self.assertEqual(answer.body, b"")
            self.assertEqual(answer.header("Content-Length"), "0")

    def test_a_hit_has_the_headers_of_the_object(self):
        key = self.new_key()
        self.store(key, 5000, signed=[
            ("x-amz-meta-colour", "blue"), ("content-type", "text/x-test"),
            ("cache-control", "max-age=7"), ("content-disposition", 'attachment; filename="f"'),
            ("content-language", "de"), ("content-encoding", "identity"),
            ("expires", "Thu, 01 Jan 2037 00:00:00 GMT")])
        direct = self.at_origin.get(self.bucket, key)
        self.read_until_hit(key, 5000)

        hit = self.s3.get(self.bucket, key)

        self.expect_cache(hit, "HIT")
        for name in ("ETag", "Last-Modified", "Content-Type", "Content-Length", "Accept-Ranges",
                     "Cache-Control", "Content-Disposition", "Content-Language",
                     "Content-Encoding", "Expires", "x-amz-meta-colour"):
            with self.subTest(header=name):
                self.assertEqual(hit.header(name), direct.header(name))
        names = [name.lower() for name, _ in hit.headers]
        self.assertEqual(len(names), len(set(names)), "a header came twice")

    def test_head_is_answered_by_the_origin(self):
        key = self.cached(self.new_key(), 3 * MIB)
        direct = self.at_origin.head(self.bucket, key)

        answer = self.s3.head(self.bucket, key)

        self.expect_status(answer, 200)
        self.assertEqual(answer.body, b"")
        for name in ("ETag", "Last-Modified", "Content-Type", "Content-Length"):
            self.assertEqual(answer.header(name), direct.header(name))

    def test_a_signed_range_is_served_from_the_cache(self):
        if not self.origin.revalidates:
            self.skipTest("a signed Range leaves no other question, and this origin says 412 to it")
        size = 3 * MIB + 100
        key = self.cached(self.new_key(), size)
        self.origin.mark()

        answer = self.s3.get(self.bucket, key, signed=[("range", f"bytes={MIB - 10}-{MIB + 9}")])

        self.expect_status(answer, 206)
        self.expect_content(answer, key, MIB - 10, 20)
        self.expect_cache(answer, "HIT")
        self.assertEqual(answer.header("Content-Range"), f"bytes {MIB - 10}-{MIB + 9}/{size}")
        self.expect_origin_served_no_body()

    def test_a_small_range_of_a_cold_object_is_right(self):
        for signed in (True, False):
            with self.subTest(signed=signed):
                key = self.store(self.new_key(), 5 * MIB)
                first = 4 * MIB - 3
                value = f"bytes={first}-{first + 999}"

                if signed:
                    answer = self.s3.get(self.bucket, key, signed=[("range", value)])
                else:
                    answer = self.s3.get(self.bucket, key, range=value)

                self.expect_status(answer, 206)
                self.expect_content(answer, key, first, 1000)

    def test_a_presigned_url_hits(self):
        key = self.cached(self.new_key(), 100 * KIB)
        path, query = self.s3.presigned("GET", self.bucket, key)

        answer = self.s3.anonymous().request("GET", path, query=query)

        self.expect_content(answer, key, 0, 100 * KIB)
        self.expect_cache(answer, "HIT")

    def test_multipart_objects_are_cached(self):
        key = self.new_key()
        sizes = [5 * MIB, 7 * MIB + 3, 100]
        self.expect_status(self.at_origin.put_multipart(self.bucket, key, sizes), 200)

        self.read_until_hit(key, sum(sizes))
        self.origin.mark()
        answer = self.s3.get(self.bucket, key, range=f"bytes={5 * MIB - 5}-{12 * MIB + 50}")

        self.expect_content(answer, key, 5 * MIB - 5, 7 * MIB + 56)
        self.expect_cache(answer, "HIT")
        self.expect_origin_served_no_body()

    def test_keys_of_any_byte_are_told_apart(self):
        stem = self.new_key("bytes")
        keys = [f"{stem}/{rest}" for rest in (
            "a b", "a+b", "a%20b", "a%2Bb", "a/b", "a//b", "a/./b", "ü/ñ/漢", "q?x=1", "h#f",
            "e=&f", "tab\there", "quote\"'", "<tag>&amp;", "back\\slash", "tilde~.-_",
            "semi;colon,")]
        if self.origin.folds_paths:
            keys = [key for key in keys if "//" not in key and "/./" not in key]
        for number, key in enumerate(keys, 1):
            self.store(key, 1000 + number)

        for number, key in enumerate(keys, 1):
            with self.subTest(key=key):
                for _ in range(2):
                    answer = self.s3.get(self.bucket, key)
                    self.expect_content(answer, key, 0, 1000 + number)


class CacheTiers(Case):
    origins = EVERY_ORIGIN
    needs_lode = True

    def test_the_device_serves_what_memory_dropped(self):
        size = 9 * MIB + 17
        key = self.cached(self.new_key(), size)
        in_memory = self.s3.get(self.bucket, key)
        self.eventually(lambda: self.everything_on_device(key, size),
                        what="the write to the device")
        self.origin.mark()

        self.lode.drop_memory()
        from_device = self.s3.get(self.bucket, key)
        again = self.s3.get(self.bucket, key)

        self.assertIn("detail=memory", in_memory.header("Cache-Status"))
        self.expect_content(from_device, key, 0, size)
        self.expect_cache(from_device, "HIT")
        self.assertIn("detail=disk", from_device.header("Cache-Status"))
        self.expect_content(again, key, 0, size)
        self.assertIn("detail=memory", again.header("Cache-Status"))
        self.expect_origin_served_no_body()

    def everything_on_device(self, key, size):
        self.lode.drop_memory()
        answer = self.s3.get(self.bucket, key)
        self.expect_content(answer, key, 0, size)
        return answer.cache == "HIT"

    def test_many_readers_of_a_cold_object_cost_the_origin_one_read(self):
        size = 24 * MIB
        key = self.store(self.new_key(), size)
        readers = 32
        start = threading.Barrier(readers)

        def read():
            client = self.lode.client()
            start.wait(20)
            answer = client.get(self.bucket, key)
            client.close()
            self.expect_content(answer, key, 0, size)
            return answer

        self.origin.mark()
        with concurrent.futures.ThreadPoolExecutor(readers) as pool:
            answers = [each.result() for each in [pool.submit(read) for _ in range(readers)]]

        for answer in answers:
            self.expect_cache(answer, "HIT", "MISS", "FILLING")
        sent = self.origin.tally().sent
        self.assertGreaterEqual(sent, size)
        self.assertLess(sent, size * 1.05, "the origin sent the object more than once")

    def test_a_client_that_leaves_does_not_stop_the_fill(self):
        size = 40 * MIB
        key = self.store(self.new_key(), size)
        signed = self.s3.signer.headers("GET", self.s3.path(self.bucket, key), (), self.s3.host)

        with Raw(self.s3.address) as raw:
            raw.send(request_bytes("GET", self.s3.path(self.bucket, key),
                                   [("Host", self.s3.host), *signed]))
            status, _ = raw.head()
            self.assertEqual(status, 200)
            raw.reset()

        self.origin.mark()

        def all_there():
            return self.s3.head(self.bucket, key).status == 200 and self.hits(key, size)
        self.eventually(all_there, what="the fill behind a client that left")
        self.assertLess(self.origin.tally().sent, size + MIB)

    def hits(self, key, size):
        answer = self.s3.get(self.bucket, key, range=f"bytes={size - 10}-")
        self.expect_content(answer, key, size - 10, 10)
        return answer.cache == "HIT"

    def test_requests_may_refuse_to_be_stored(self):
        for word in ("no-store", "no-cache"):
            with self.subTest(cache_control=word):
                key = self.store(self.new_key(), 300 * KIB)
                refuse = [("Cache-Control", word)]

                for _ in range(2):
                    answer = self.s3.get(self.bucket, key, headers=refuse)
                    self.expect_content(answer, key, 0, 300 * KIB)
                    self.assertNotEqual(answer.cache, "HIT")
                self.assertNotEqual(self.s3.get(self.bucket, key).cache, "HIT")
                answer = self.s3.get(self.bucket, key, headers=refuse)

                self.expect_content(answer, key, 0, 300 * KIB)
                self.assertEqual(answer.cache, "HIT" if word == "no-cache" else "BYPASS")
