"""An origin that fails in the middle: a client gets right bytes or an honest failure, nothing wrong
is kept, and lode is well again as soon as the origin is."""

import http.client

from harness import content
from harness.case import Case
from harness.content import KIB, MIB


class OriginFaults(Case):
    takes = 80
    origins = ("lode-origin",)
    needs_lode = True
    size = 6 * MIB + 123
    settings = {"origin": {"answer_timeout": "2s"}}

    def setUp(self):
        super().setUp()
        self.addCleanup(self.origin.heal)

    def read(self, key, size):
        """'right' or 'failed'; wrong bytes, or too few without a failure, end the test."""
        try:
            answer = self.s3.get(self.bucket, key)
        except (OSError, http.client.HTTPException):
            self.s3.close()
            return "failed"
        if answer.status != 200:
            self.assertGreaterEqual(answer.status, 500, answer)
            return "failed"
        self.expect_content(answer, key, 0, size)
        return "right"

    def expect_survived(self, **faults):
        keys = [self.store(self.new_key(), self.size) for _ in range(4)]
        kept = self.cached(self.new_key(), 200 * KIB)

        self.origin.inject(**faults)
        for key in keys:
            self.read(key, self.size)
        self.read(kept, 200 * KIB)
        self.origin.heal()

        for key in keys:
            for _ in range(2):
                self.assertEqual(self.read(key, self.size), "right")
        self.assertEqual(self.read(kept, 200 * KIB), "right")
        self.expect_cache(self.read_until_hit(keys[0], self.size), "HIT")

    def test_connections_that_break(self):
        for after in (0, 100, 1 * MIB + 1, 5 * MIB):
            with self.subTest(after=after):
                self.expect_survived(reset_after_bytes=after)

    def test_bodies_that_end_early(self):
        for after in (1, 1 * MIB, 6 * MIB):
            with self.subTest(after=after):
                self.expect_survived(truncate_after_bytes=after)

    def test_lengths_that_lie(self):
        self.expect_survived(wrong_length=1)

    def test_every_request_refused_with_503(self):
        self.expect_survived(error_rate_503=1)

    def test_half_of_the_requests_refused_with_503(self):
        self.expect_survived(error_rate_503=0.5)

    def test_a_slow_origin_is_waited_for(self):
        key = self.store(self.new_key(), 300 * KIB)

        self.origin.inject(latency_ms=300)

        for _ in range(3):
            self.assertEqual(self.read(key, 300 * KIB), "right")

    def test_an_upload_that_the_origin_breaks_off_is_not_said_to_be_stored(self):
        key = self.new_key()
        self.origin.inject(error_rate_503=1)

        try:
            status = self.s3.put(self.bucket, key, content.whole(key, 2 * MIB)).status
        except (OSError, http.client.HTTPException):
            status = None
        self.origin.heal()

        self.assertNotEqual(status, 200)
        self.expect_status(self.at_origin.head(self.bucket, key), 404)
