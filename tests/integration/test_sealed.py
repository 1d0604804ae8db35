"""Objects under a customer's key (SSE-C): cached for whoever has the key, and for nobody else."""

import base64
import concurrent.futures
import hashlib
import os

import botocore.exceptions

from harness.case import Case
from harness.clients import Boto3
from harness.content import MIB
from harness.origin import OWNER

PREFIX = "x-amz-server-side-encryption-customer-"


def fields(key):
    """The header fields of a request with this key."""
    return [(PREFIX + "algorithm", "AES256"),
            (PREFIX + "key", base64.b64encode(key).decode()),
            (PREFIX + "key-MD5", base64.b64encode(hashlib.md5(key).digest()).decode())]


class Sealed(Case):
    origins = ("radosgw",)
    device = "1GiB"

    def setUp(self):
        super().setUp()
        self.key = os.urandom(32)
        self.boto = Boto3(self.lode.url, OWNER, self.world.scratch).s3

    def boto_put(self, name, body, key, boto=None):
        (boto or self.boto).put_object(Bucket=self.bucket, Key=name, Body=body,
                                       SSECustomerAlgorithm="AES256", SSECustomerKey=key)

    def boto_get(self, name, key=None, boto=None, **more):
        """(body, X-Cache)"""
        if key is not None:
            more = {**more, "SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}
        got = (boto or self.boto).get_object(Bucket=self.bucket, Key=name, **more)
        return got["Body"].read(), got["ResponseMetadata"]["HTTPHeaders"].get("x-cache")

    def boto_refusal(self, name, key=None, **more):
        """(status, code) of a read that must fail."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            self.boto_get(name, key, **more)
        answer = caught.exception.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]

    def expect_hit(self, word):
        if not self.world.direct:
            self.assertEqual(word, "HIT")

    def test_boto3_reads_it_from_the_cache_with_the_right_key(self):
        for size in (1, 5000, MIB - 29, MIB - 28, MIB - 27, 9 * MIB + 5):
            with self.subTest(size=size):
                name, body = self.new_key(), os.urandom(size)
                self.boto_put(name, body, self.key)

                first, _ = self.boto_get(name, self.key)
                self.origin.mark()
                second, word = self.boto_get(name, self.key)

                self.assertTrue(first == body and second == body)
                self.expect_hit(word)
                self.expect_origin_served_no_body()

    def test_ranges_of_boto3_come_from_the_cache(self):
        name, body = self.new_key(), os.urandom(3 * MIB + 11)
        self.boto_put(name, body, self.key)
        self.boto_get(name, self.key)

        for first, last in ((0, 0), (MIB - 29, MIB - 27), (MIB - 1, 2 * MIB), (5, 3 * MIB + 10)):
            with self.subTest(first=first, last=last):
                got, word = self.boto_get(name, self.key, Range=f"bytes={first}-{last}")
                self.assertTrue(got == body[first:last + 1])
                self.expect_hit(word)

    def test_without_the_key_and_with_another_the_gateway_refuses_and_no_byte_comes(self):
        name, marker = self.new_key(), os.urandom(32)
        self.boto_put(name, marker * 5000, self.key)
        direct = Boto3(self.origin.url, OWNER, self.world.scratch).s3
        wrong = os.urandom(32)
        for _ in range(3):
            self.boto_get(name, self.key)

            for more in ({}, {"Range": "bytes=0-99"}):
                for key in (None, wrong):
                    self.assertEqual(self.boto_refusal(name, key, **more),
                                     self.boto_refusal(name, key, boto=direct, **more))
            for signed in ([], fields(wrong)):
                refused = self.s3.get(self.bucket, name, signed=signed)
                self.expect_status(refused, 400, 403)
                self.assertNotIn(marker[:8], refused.body)
                etag = self.s3.head(self.bucket, name, signed=fields(self.key)).header("ETag")
                conditional = self.s3.get(self.bucket, name, signed=signed,
                                          headers=[("If-None-Match", etag)])
                self.assertNotIn(marker[:8], conditional.body)
        self.expect_hit(self.boto_get(name, self.key)[1])

    def test_an_overwrite_under_another_key_is_seen_at_once(self):
        name, other = self.new_key(), os.urandom(32)
        self.boto_put(name, b"old" * 1000, self.key)
        self.boto_get(name, self.key)

        self.boto_put(name, b"new" * 1000, other)

        self.assertIn(self.boto_refusal(name, self.key)[0], (400, 403))
        self.assertEqual(self.boto_get(name, other)[0], b"new" * 1000)
        self.assertEqual(self.boto_get(name, other)[0], b"new" * 1000)

    def test_many_readers_with_two_keys_get_their_own_objects(self):
        keys = [os.urandom(32), os.urandom(32)]
        names = [self.new_key(), self.new_key()]
        bodies = [os.urandom(4 * MIB + 1), os.urandom(4 * MIB + 1)]
        for name, body, key in zip(names, bodies, keys):
            self.boto_put(name, body, key)

        def read(number):
            mine = number % 2
            client = self.lode.client()
            try:
                right = client.get(self.bucket, names[mine], signed=fields(keys[mine]))
                wrong = client.get(self.bucket, names[mine], signed=fields(keys[1 - mine]))
            finally:
                client.close()
            return right.body == bodies[mine] and wrong.status in (400, 403)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertTrue(all(pool.map(read, range(64))))

    def test_without_an_identity_of_its_own_lode_repeats_the_request(self):
        if self.world.direct:
            return
        lode = self.make_lode(settings={"origin": {"credentials": ""}})
        lode.start()
        self.addCleanup(lode.stop)
        boto = Boto3(lode.url, OWNER, self.world.scratch).s3
        name, body = self.new_key(), os.urandom(2 * MIB)
        self.boto_put(name, body, self.key, boto)

        self.assertTrue(self.boto_get(name, self.key, boto)[0] == body)
        again, word = self.boto_get(name, self.key, boto)

        self.assertTrue(again == body)
        self.expect_hit(word)


class Secrets(Case):
    origins = ("radosgw",)
    needs_lode = True
    memory = "64MiB"
    device = "128MiB"
    settings = {"log": {"level": "debug"}, "cache": {"flush_delay": "100ms"}}

    def on_device(self, *needles):
        """Which of them the device holds."""
        found, tail = set(), b""
        keep = max(map(len, needles)) - 1
        device = os.open(self.lode.directory / "device.0", os.O_RDONLY)
        try:
            at, end = 0, os.fstat(device).st_size
            while at < end:
                try:
                    at = os.lseek(device, at, os.SEEK_DATA)
                except OSError:
                    break       # a hole to the end
                data = os.pread(device, 16 * MIB, at)
                found |= {needle for needle in needles if needle in tail + data}
                tail, at = data[-keep:], at + len(data)
        finally:
            os.close(device)
        return found

    def test_neither_key_nor_plaintext_is_kept_anywhere(self):
        key, secret, ordinary = os.urandom(32), os.urandom(32), os.urandom(32)
        digest = hashlib.md5(key).digest()
        sealed, plain = self.new_key("sealed"), self.new_key("plain")
        size = 3 * MIB // 32
        self.expect_status(self.s3.put(self.bucket, sealed, secret * size, signed=fields(key)), 200)
        self.expect_status(self.s3.put(self.bucket, plain, ordinary * size), 200)
        for _ in range(3):
            self.expect_status(self.s3.get(self.bucket, sealed, signed=fields(key)), 200)
            self.expect_status(self.s3.get(self.bucket, plain), 200)
        # Seven chunks: three slices of a MiB less a little are four.
        self.eventually(lambda: self.lode.number("lode_store_chunks_durable") >= 7,
                        what="both objects on the device")

        self.lode.drop_memory()
        off_device = self.s3.get(self.bucket, sealed, signed=fields(key))
        self.assertTrue(off_device.body == secret * size)
        self.assertIn("detail=disk", off_device.header("Cache-Status"))

        spellings = [what for raw in (key, digest)
                     for what in (raw, base64.b64encode(raw), raw.hex().encode())]
        # The ordinary object shows that the search would have found what it looks for.
        self.assertEqual(self.on_device(secret, ordinary, *spellings), {ordinary})
        texts = {"log": self.lode.daemon.output_path.read_bytes(),
                 "metrics": self.lode.admin("GET", "/metrics")[2]}
        self.eventually(lambda: sealed.encode() in self.lode.access_log.read_bytes())
        texts["access log"] = self.lode.access_log.read_bytes()
        for name, text in texts.items():
            self.assertTrue(text, name)
            for what in spellings:
                self.assertNotIn(what, text, name)

    def in_memory(self, *needles):
        """Which of them lode's process holds."""
        found = set()
        with open(f"/proc/{self.lode.pid}/maps") as maps, \
                open(f"/proc/{self.lode.pid}/mem", "rb", 0) as memory:
            for line in maps:
                addresses, rights, *_ = line.split()
                if "r" not in rights:
                    continue
                begin, end = (int(text, 16) for text in addresses.split("-"))
                try:
                    memory.seek(begin)
                    data = memory.read(end - begin)
                except (OSError, ValueError, OverflowError):
                    continue    # the kernel's own pages
                found |= {needle for needle in needles if needle in data}
        return found

    def test_a_key_leaves_the_process_with_its_request(self):
        key, name = os.urandom(32), self.new_key("remembered-by-its-name")
        body = os.urandom(3 * MIB)
        self.expect_status(self.s3.put(self.bucket, name, body, signed=fields(key)), 200)
        for _ in range(3):
            answer = self.s3.get(self.bucket, name, signed=fields(key))
            self.assertTrue(answer.body == body)
        self.expect_status(self.s3.get(self.bucket, name, signed=fields(os.urandom(32))), 400, 403)

        # The connection is still open. The name shows that the search finds what is there.
        self.eventually(
            lambda: self.in_memory(name.encode(), key, base64.b64encode(key)) == {name.encode()},
            seconds=5, what="a process without the key")
