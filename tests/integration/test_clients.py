"""Every client, unmodified, through lode: what it writes arrives, what it reads is right, and the
second time it reads, the origin only says 304."""

import time
import urllib.parse

from harness import clients, content
from harness.case import EVERY_ORIGIN, MOST_ORIGINS, Case
from harness.content import MIB
from harness.origin import OWNER


class EveryClient(Case):
    abstract = True
    origins = EVERY_ORIGIN
    client_class = None
    single_size = 1 * MIB + 17
    # Parts of 5 MiB, the last one short; not a whole number of chunks.
    multipart_size = 12 * MIB + 4321

    def setUp(self):
        super().setUp()
        self.scratch = self.world.new_directory("client")
        self.client = self.make_client(self.lode.url)

    def make_client(self, url):
        return self.client_class(url, OWNER, self.scratch)

    def local_file(self, name, size):
        path = self.scratch / name
        path.write_bytes(content.whole(name, size))
        return path

    def upload(self, key, path):
        self.client.upload(self.bucket, key, path)

    def origin_is_quiet(self):
        """The origin has sent nothing new for a while: fills behind the first read are done."""
        before = -1
        self.origin.mark()
        while before != (now := self.origin.tally().sent):
            before = now
            time.sleep(0.25)

    def expect_upload_and_two_reads(self, size):
        key = self.new_key()
        self.upload(key, self.local_file(key, size))
        self.expect_content(self.at_origin.get(self.bucket, key), key, 0, size)

        target = self.scratch / "downloaded"
        self.client.download(self.bucket, key, target)
        self.expect_file(target, key, 0, size)
        target.unlink()

        self.origin_is_quiet()
        self.origin.mark()
        self.client.download(self.bucket, key, target)
        again = self.s3.get(self.bucket, key)

        self.expect_file(target, key, 0, size)
        self.expect_content(again, key, 0, size)
        self.expect_cache(again, "HIT")
        self.expect_origin_served_no_body()

    def test_an_object_of_one_upload_is_read_twice(self):
        self.expect_upload_and_two_reads(self.single_size)

    def test_an_object_of_several_parts_is_read_twice(self):
        self.expect_upload_and_two_reads(self.multipart_size)

    def test_a_range_is_read_twice(self):
        key = self.store(self.new_key(), self.multipart_size)
        first = 3 * MIB + 1234
        length = (self.multipart_size - first) if self.client.only_tails else 5 * MIB + 77
        target = self.scratch / "range"

        self.client.download_range(self.bucket, key, target, first, length)
        self.expect_file(target, key, first, length)
        target.unlink()

        self.origin_is_quiet()
        self.origin.mark()
        self.client.download_range(self.bucket, key, target, first, length)
        again = self.s3.get(self.bucket, key, range=f"bytes={first}-{first + length - 1}")

        self.expect_file(target, key, first, length)
        self.expect_content(again, key, first, length)
        self.expect_cache(again, "HIT")
        self.expect_origin_served_no_body()

    def test_a_listing_names_every_object(self):
        prefix = self.new_key("listed")
        keys = {f"{prefix}/{name}": number for number, name in
                enumerate(["a", "b/c", "d e", "f+g", "ü", "z"], 1)}
        for key, size in keys.items():
            self.store(key, size)

        listed = self.client.list(self.bucket)

        self.assertEqual({key: size for key, size in listed.items() if key.startswith(prefix)},
                         keys)

    def test_a_copy_has_the_bytes_of_its_source(self):
        source = self.store(self.new_key("source"), self.single_size)
        target = self.new_key("copy")

        self.client.copy(self.bucket, source, target)

        self.expect_content(self.s3.get(self.bucket, target), source, 0, self.single_size)

    def test_a_deleted_object_is_gone(self):
        key = self.cached(self.new_key(), self.single_size)

        self.client.delete(self.bucket, key)

        self.expect_status(self.s3.get(self.bucket, key), 404)
        self.expect_status(self.at_origin.head(self.bucket, key), 404)

    def test_a_link_that_anybody_may_follow_is_read_twice(self):
        if self.client.presigns is None:
            self.skipTest("this client makes no links")
        if self.client.presigns == "SigV2" and self.origin_name != "radosgw":
            self.skipTest("this client signs links in a way that this origin does not know")
        key = self.store(self.new_key(), self.single_size)
        link = urllib.parse.urlsplit(self.client.presign(self.bucket, key))
        self.assertEqual(link.netloc, self.lode.url.removeprefix("http://"))

        for word in ("MISS", "HIT"):
            answer = self.s3.anonymous().request("GET", f"{link.path}?{link.query}")
            self.expect_content(answer, key, 0, self.single_size)
            self.expect_cache(answer, word)


class AwsCli(EveryClient):
    takes = 15
    origins = MOST_ORIGINS      # it is slow to start, and the same library as boto3
    client_class = clients.AwsCli


class Boto3(EveryClient):
    client_class = clients.Boto3


class S3cmd(EveryClient):
    client_class = clients.S3cmd


class Rclone(EveryClient):
    client_class = clients.Rclone
