"""Every way in which lode-origin can fail, against every way to read and to write: right bytes or an
honest failure, never a hang, and nothing wrong is left when the origin is well again."""

import http.client
import itertools
import time

from harness import content
from harness.case import Case
from harness.content import KIB, MIB

RIGHT, FAILED = "right", "failed"


class FaultMatrix(Case):
    takes = 60
    origins = ("lode-origin",)
    needs_lode = True
    # Short, so that an origin which says nothing more costs a test little.
    settings = {"origin": {"answer_timeout": "1s", "change_timeout": "1s"}}
    patience = 10           # longer than lode's limits together: what takes longer hangs
    small, single = 90 * KIB, 2 * MIB + 123
    parts = (5 * MIB, 5 * MIB, 70 * KIB + 1)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.origin.heal)
        self.s3 = self.lode.client(timeout=self.patience)
        self.addCleanup(self.s3.close)

    def objects(self):
        """(key, size) of a small object, one of one upload and one of several parts."""
        listed = [(self.store(self.new_key(), size), size) for size in (self.small, self.single)]
        key = self.new_key("parts")
        self.expect_status(self.at_origin.put_multipart(self.bucket, key, self.parts), 200)
        return [*listed, (key, sum(self.parts))]

    def attempt(self, request, least=500):
        """The answer, or None for an honest failure; more than the client's patience is a hang."""
        begun = time.monotonic()
        try:
            answer = request()
        except (OSError, http.client.HTTPException):
            self.s3.close()
            answer = None
        self.assertLess(time.monotonic() - begun, self.patience - 1, "it hung")
        if answer is not None and answer.status >= 400:
            self.assertGreaterEqual(answer.status, least, answer)
            return None
        return answer

    def reads(self, key, size, limit=None):
        """What came of every read of the object, or of the first few."""
        words = []
        for first, length, how in itertools.islice(self.ranges(size), limit):
            with self.subTest(key=key, first=first, length=length, range=", ".join(how)):
                answer = self.attempt(lambda how=how: self.s3.get(self.bucket, key, **how))
                if answer is not None:
                    self.expect_content(answer, key, first, length)
                words.append(FAILED if answer is None else RIGHT)
        return words

    def ranges(self, size):
        yield 0, size, {}
        for first, length in ((0, 10), (size // 2 + 1, size // 3), (size - 5, 5)):
            field = ("range", f"bytes={first}-{first + length - 1}")
            yield first, length, {"headers": [field]}
            yield first, length, {"signed": [field]}

    def expect_survived(self, words=(RIGHT, FAILED), writes=True, limit=None, settles=0,
                        **fault):
        """With the fault: whatever comes back is among the words. Without: everything is right.
        Where failing takes a while, limit says how many reads of each object will do, and a read
        may still join a fill that is failing, until it settles."""
        cold, warm = self.objects(), self.objects()
        for key, size in warm:
            self.read_until_hit(key, size)
        said_stored = []

        self.origin.inject(**fault)
        seen = {word for key, size in cold + warm for word in self.reads(key, size, limit)}
        if writes:
            said_stored = list(self.writes())
        self.origin.heal()

        self.assertLessEqual(seen, set(words))
        well_by = time.monotonic() + settles
        for key, size in cold + warm:
            while set(self.reads(key, size)) != {RIGHT}:
                self.assertLess(time.monotonic(), well_by, f"{key} is not read again")
                time.sleep(0.1)
            self.read_until_hit(key, size)
        for key, size in said_stored:
            self.expect_content(self.at_origin.get(self.bucket, key), key, 0, size)
            self.expect_content(self.s3.get(self.bucket, key), key, 0, size)

    def writes(self):
        """Uploads through lode; those that it said were stored."""
        for size in (self.small, self.single):
            key = self.new_key("written")
            if self.attempt(lambda key=key, size=size: self.s3.put_named(self.bucket, key, size),
                            least=400):
                yield key, size
        key = self.new_key("written")
        done = self.attempt(lambda: self.s3.put_multipart(self.bucket, key, self.parts), least=400)
        if done is not None and b"<Error>" not in done.body:
            yield key, sum(self.parts)

    def test_a_reset_before_the_answer(self):
        self.expect_survived(reset_before_answer=1)

    def test_a_reset_after_the_head(self):
        self.expect_survived(reset_after_bytes=0)

    def test_a_reset_within_the_first_chunk(self):
        self.expect_survived(reset_after_bytes=50 * KIB)

    def test_a_reset_far_into_the_body(self):
        self.expect_survived(reset_after_bytes=MIB + 1)

    def test_one_reset_and_then_none(self):
        self.expect_survived(reset_after_bytes=MIB + 1, count=1)

    def test_an_end_after_the_head(self):
        self.expect_survived(truncate_after_bytes=0)

    def test_an_end_within_the_body(self):
        self.expect_survived(truncate_after_bytes=70 * KIB)

    def test_an_end_one_byte_early(self):
        self.expect_survived(truncate_after_bytes=self.single - 1)

    def test_a_reset_of_uploads(self):
        for after in (0, 1, 64 * KIB, MIB):
            with self.subTest(after=after):
                self.origin.inject(reset_upload_after_bytes=after)
                stored = list(self.writes())
                self.origin.heal()
                for key, size in stored:
                    self.expect_content(self.at_origin.get(self.bucket, key), key, 0, size)

    def test_more_bytes_said_than_come(self):
        self.expect_survived(limit=1, writes=False, settles=5, wrong_length=1)

    def test_fewer_bytes_said_than_come(self):
        key, size = self.cached(self.new_key(), self.single), self.single
        cold = self.store(self.new_key(), size)
        self.origin.inject(wrong_length=-1)

        for each in (key, cold):
            # An origin that says so of an object, and sends no less, cannot be told from an honest
            # one with a shorter object: what came may be a beginning, if it is said to be no more.
            answer = self.attempt(lambda each=each: self.s3.get(self.bucket, each))
            if answer is not None:
                self.assertEqual(int(answer.header("Content-Length")), len(answer.body))
                self.assertTrue(content.matches(each, 0, answer.body), "other bytes")
        self.origin.heal()

        # Of the cold one lode may now believe what it was told, until the object changes.
        self.store(cold, size + 1, name=cold)
        self.assertEqual(set(self.reads(key, size)), {RIGHT})
        self.assertEqual(set(self.reads(cold, size + 1)), {RIGHT})

    def test_another_etag_than_the_objects(self):
        self.expect_survived(wrong_etag=1)

    def test_garbage_behind_the_answer(self):
        for many in (1, 100, 20_000):
            with self.subTest(bytes=many):
                self.expect_survived(garbage_bytes=many)

    def test_a_status_of_its_own_trouble(self):
        for status in (500, 502, 503, 504):
            with self.subTest(status=status):
                self.expect_survived(words=(FAILED,), error_status=status)

    def test_half_of_the_answers_refused(self):
        self.expect_survived(error_rate_503=0.5)

    def test_a_late_answer_that_is_waited_for(self):
        self.expect_survived(words=(RIGHT,), writes=False, latency_ms=60)

    def test_an_answer_later_than_the_limit(self):
        key = self.store(self.new_key(), self.small)
        kept = self.cached(self.new_key(), self.small)
        self.origin.inject(latency_ms=4000)

        seen = [word for each in (key, kept) for word in self.reads(each, self.small, 2)]
        self.origin.heal()

        self.assertEqual(set(seen), {FAILED})
        for each in (key, kept):
            self.assertEqual(set(self.reads(each, self.small)), {RIGHT})

    def test_a_body_that_trickles(self):
        self.expect_survived(words=(RIGHT,), writes=False, bytes_per_second=12 * MIB)
