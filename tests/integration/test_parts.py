"""One part of an object by its number: the origin's own answer, cached or not."""

from harness.case import EVERY_ORIGIN, Case
from harness.content import MIB

COMPARED = ("Content-Length", "Content-Range", "Content-Type", "ETag", "Last-Modified",
            "x-amz-mp-parts-count")


class Parts(Case):
    origins = EVERY_ORIGIN
    sizes = (5 * MIB, 6 * MIB + 7, 100)
    numbers = (1, 2, 3, 4, 0)

    def expect_same_answers(self, key):
        """Of every part, and of some that are none, with GET and with HEAD."""
        for number in self.numbers:
            for method in ("GET", "HEAD"):
                with self.subTest(part=number, method=method):
                    path, query = self.s3.path(self.bucket, key), [("partNumber", number)]
                    direct = self.at_origin.request(method, path, query=query)
                    answer = self.s3.request(method, path, query=query)

                    self.assertEqual(answer.status, direct.status, answer)
                    if direct.status in (200, 206):
                        self.assertEqual([answer.header(name) for name in COMPARED],
                                         [direct.header(name) for name in COMPARED])
                        self.assertTrue(answer.body == direct.body, "other bytes")
                    else:
                        self.assertEqual(answer.error_code, direct.error_code)

    def test_a_part_of_a_cold_object_is_the_origins(self):
        key = self.new_key()
        self.expect_status(self.at_origin.put_multipart(self.bucket, key, self.sizes), 200)

        self.expect_same_answers(key)

    def test_a_part_of_a_cached_object_is_the_origins(self):
        key = self.new_key()
        self.expect_status(self.at_origin.put_multipart(self.bucket, key, self.sizes), 200)
        self.read_until_hit(key, sum(self.sizes))

        self.expect_same_answers(key)
        self.expect_same_answers(key)
        self.read_until_hit(key, sum(self.sizes))

    def test_an_object_that_was_stored_at_once_has_the_parts_that_the_origin_says(self):
        key = self.cached(self.new_key(), 3 * MIB)

        self.expect_same_answers(key)

    def test_the_same_bytes_in_other_parts_are_answered_with_those_parts(self):
        key = self.new_key()
        for sizes in (self.sizes, (6 * MIB, 5 * MIB + 107)):
            self.expect_status(self.at_origin.put_multipart(self.bucket, key, sizes), 200)
            self.read_until_hit(key, sum(sizes))
            self.expect_same_answers(key)

    def test_an_upload_through_lode_has_the_parts_it_was_made_of(self):
        key = self.new_key()
        self.expect_status(self.s3.put_multipart(self.bucket, key, self.sizes), 200)

        self.expect_same_answers(key)
        self.read_until_hit(key, sum(self.sizes))
        self.expect_same_answers(key)
