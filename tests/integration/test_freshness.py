"""Whatever happens at the origin, behind lode's back, is seen by the very next GET."""

from harness.case import EVERY_ORIGIN, Case
from harness.content import KIB, MIB


class Freshness(Case):
    origins = EVERY_ORIGIN

    def expect_now(self, key, name, size):
        answer = self.s3.get(self.bucket, key)
        self.expect_content(answer, name, 0, size)
        return answer

    def test_an_overwritten_object_is_new_on_the_next_read(self):
        key = self.cached(self.new_key(), 2 * MIB)

        self.store(key, 2 * MIB + 5, name=f"{key} new")

        self.expect_now(key, f"{key} new", 2 * MIB + 5)

    def test_an_overwrite_of_the_same_size_in_the_same_second_is_seen(self):
        key = self.new_key()

        for turn in range(20):
            name = f"{key} turn {turn}"
            self.store(key, 64 * KIB, name=name)
            self.expect_now(key, name, 64 * KIB)
            self.expect_now(key, name, 64 * KIB)

    def test_a_range_of_an_overwritten_object_is_new(self):
        key = self.cached(self.new_key(), 2 * MIB)
        self.store(key, 2 * MIB, name=f"{key} new")

        for signed in (True, False):
            value = f"bytes={MIB}-{MIB + 99}"
            answer = (self.s3.get(self.bucket, key, signed=[("range", value)]) if signed else
                      self.s3.get(self.bucket, key, range=value))
            self.expect_content(answer, f"{key} new", MIB, 100)

    def test_an_overwrite_through_lode_is_seen(self):
        key = self.cached(self.new_key(), 100 * KIB)

        stored = self.s3.put_named(self.bucket, key, 100 * KIB, name=f"{key} new")

        self.expect_status(stored, 200)
        self.expect_now(key, f"{key} new", 100 * KIB)

    def test_an_overwrite_by_several_parts_is_seen(self):
        key = self.cached(self.new_key(), 6 * MIB)

        done = self.at_origin.put_multipart(self.bucket, key, [5 * MIB, MIB], name=f"{key} new")

        self.expect_status(done, 200)
        self.expect_now(key, f"{key} new", 6 * MIB)

    def test_a_deleted_object_is_gone_on_the_next_read(self):
        key = self.cached(self.new_key(), 500 * KIB)

        self.at_origin.delete(self.bucket, key)
        answers = [self.s3.get(self.bucket, key), self.s3.get(self.bucket, key, range="bytes=0-9"),
                   self.s3.get(self.bucket, key, signed=[("range", "bytes=0-9")])]

        for answer in answers:
            self.expect_status(answer, 404)
            self.assertEqual(answer.error_code, "NoSuchKey")

    def test_an_object_that_comes_back_is_the_new_one(self):
        key = self.cached(self.new_key(), 500 * KIB)

        self.at_origin.delete(self.bucket, key)
        self.expect_status(self.s3.get(self.bucket, key), 404)
        self.store(key, 300 * KIB, name=f"{key} reborn")

        self.expect_now(key, f"{key} reborn", 300 * KIB)

    def test_the_same_content_stored_again_is_right(self):
        key = self.cached(self.new_key(), 500 * KIB)

        self.store(key, 500 * KIB)

        self.expect_now(key, key, 500 * KIB)

    def test_new_metadata_is_seen_on_the_next_read(self):
        key = self.new_key()
        self.store(key, 300 * KIB, signed=[("x-amz-meta-colour", "blue")])
        self.read_until_hit(key, 300 * KIB)
        # Last-Modified has whole seconds: a change within the second of the upload looks unchanged
        # to every condition that HTTP has.
        self.next_second()

        changed = self.at_origin.copy(self.bucket, key, f"/{self.bucket}/{key}", signed=[
            ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-colour", "red"),
            ("x-amz-meta-shape", "round")])
        answer = self.expect_now(key, key, 300 * KIB)
        ranged = self.s3.get(self.bucket, key, range="bytes=5-9")

        self.expect_status(changed, 200)
        for each in (answer, ranged):
            self.assertEqual(each.header("x-amz-meta-colour"), "red")
            self.assertEqual(each.header("x-amz-meta-shape"), "round")
        direct = self.at_origin.get(self.bucket, key)
        self.assertEqual(answer.header("Last-Modified"), direct.header("Last-Modified"))

    def next_second(self):
        """Returns in a later second than the last one that the origin's clock showed."""
        begun = self.at_origin.head(self.bucket, "absent").header("Date")
        self.eventually(lambda: self.at_origin.head(self.bucket, "absent").header("Date") != begun)
