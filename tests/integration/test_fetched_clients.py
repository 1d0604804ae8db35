"""The clients that had to be fetched, and curl, through the same tests as Debian's; and what only
they do: checksums with uploads and reads, trailers, parallel ranges with If-Match."""

import base64
import zlib

from harness import content, fetched
from harness.case import EVERY_ORIGIN, Case
from harness.content import KIB
from harness.origin import OWNER
from harness.processes import Failed
from test_clients import EveryClient


class EveryFetchedClient(EveryClient):
    abstract = True
    # What it says about uploads to an origin that answers them in a way that it does not take.
    cannot_upload = {}

    def setUp(self):
        try:
            super().setUp()
        except fetched.Absent as absent:
            self.skipTest(str(absent))

    def make_client(self, url):
        return self.client_class(url, OWNER, self.scratch, self.world.fetched)

    def upload(self, key, path):
        complaint = self.cannot_upload.get(self.origin_name)
        if complaint is None:
            super().upload(key, path)
            return
        for client in (self.make_client(self.origin.url), self.client):
            with self.assertRaisesRegex(Failed, complaint):
                client.upload(self.bucket, key, path)


class CurrentBoto(EveryFetchedClient):
    client_class = fetched.CurrentBoto3


class PytorchConnector(EveryFetchedClient):
    client_class = fetched.Crt
    # It has stored the object, and tells neither ETag nor checksum of it.
    cannot_upload = {"radosgw": 'Header "ETag" not found'}


class Obstore(EveryFetchedClient):
    client_class = fetched.Obstore
    origins = ("radosgw", "versitygw")


class MinioPy(EveryFetchedClient):
    client_class = fetched.MinioPy
    origins = ("radosgw", "versitygw")


class SFive(EveryFetchedClient):
    client_class = fetched.S5cmd
    origins = ("radosgw", "versitygw")

    def test_a_range_is_read_twice(self):
        self.skipTest("s5cmd reads ranges only as the parts of a whole download")


class Curl(EveryFetchedClient):
    client_class = fetched.Curl
    origins = ("radosgw", "versitygw")


class Checksums(Case):
    """What a current SDK adds to reads and writes by itself."""

    origins = ("lode-origin", "versitygw")
    algorithms = ("CRC32", "CRC64NVME")

    def setUp(self):
        super().setUp()
        self.scratch = self.world.new_directory("checksums")
        try:
            self.client = fetched.CurrentBoto3(self.lode.url, OWNER, self.scratch,
                                               self.world.fetched)
        except fetched.Absent as absent:
            self.skipTest(str(absent))

    def test_a_checksum_is_kept_and_every_read_gets_it(self):
        source, target = self.scratch / "source", self.scratch / "target"
        for algorithm in self.algorithms:
            with self.subTest(algorithm=algorithm):
                key = self.new_key()
                source.write_bytes(content.whole(key, 300 * KIB))
                self.client.upload(self.bucket, key, source, algorithm)
                name = f"x-amz-checksum-{algorithm.lower()}"
                asked = self.at_origin.head(self.bucket, key,
                                            signed=[("x-amz-checksum-mode", "ENABLED")])
                self.assertIsNotNone(asked.header(name), asked)

                for _ in range(2):
                    told = self.client.download_checked(self.bucket, key, target)
                    self.expect_file(target, key, 0, 300 * KIB)
                    self.assertEqual(told.get(name), asked.header(name), told)


class Trailers(Case):
    """aws-chunked with a checksum in the trailer, written out."""

    origins = EVERY_ORIGIN

    def put(self, s3, key, body, checksum):
        path = s3.path(self.bucket, key)
        headers, encoded = s3.signer.upload_with_trailer(
            path, s3.host, body, 64 * KIB,
            ("x-amz-checksum-crc32", base64.b64encode(checksum.to_bytes(4, "big")).decode()))
        return s3.anonymous().request("PUT", path, headers=headers, body=encoded)

    def test_an_upload_with_a_trailer_gets_the_origins_answer(self):
        body = content.whole("trailer", 200 * KIB + 1)
        right, wrong = zlib.crc32(body), zlib.crc32(body) ^ 1
        for checksum, status in ((right, 200), (wrong, 400)):
            with self.subTest(expected=status):
                key = self.new_key()
                direct = self.put(self.at_origin, f"{key}-direct", body, checksum)
                answer = self.put(self.s3, key, body, checksum)

                self.expect_status(answer, direct.status)
                self.assertEqual(answer.error_code, direct.error_code)
                if self.origin_name == "radosgw":
                    self.expect_status(answer, 400)
                else:
                    self.expect_status(answer, status)
                stored = self.s3.get(self.bucket, key)
                self.assertEqual(stored.status, 200 if answer.status == 200 else 404)
                if stored.status == 200:
                    self.assertEqual(stored.body, body)
