"""SSE-C at lode-origin itself, as AWS answers it: other tests rely on its refusals."""

import base64
import hashlib
import re

from harness import content
from harness.case import Case
from harness.lode_origin import LodeOrigin

PREFIX = "x-amz-server-side-encryption-customer-"


def with_key(key, md5=None, algorithm="AES256"):
    md5 = md5 if md5 is not None else base64.b64encode(hashlib.md5(key).digest()).decode()
    return [(PREFIX + "algorithm", algorithm),
            (PREFIX + "key", base64.b64encode(key).decode()), (PREFIX + "key-MD5", md5)]


KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))


class CustomerKeys(Case):
    origins = ("lode-origin",)
    starts_lode = False

    def setUp(self):
        super().setUp()
        self.key = self.new_key()
        self.data = content.whole(self.key, 3000)
        stored = self.at_origin.put(self.bucket, self.key, self.data, signed=with_key(KEY))
        self.expect_status(stored, 200)
        self.assertEqual(stored.header(PREFIX + "algorithm"), "AES256")

    def refused(self, status, code, method="GET", **more):
        answer = self.at_origin.request(method, self.at_origin.path(self.bucket, self.key), **more)
        self.expect_status(answer, status)
        if method == "GET":
            self.assertEqual(answer.error_code, code)

    def test_the_right_key_reads_and_is_told_by_its_md5(self):
        whole = self.at_origin.get(self.bucket, self.key, signed=with_key(KEY))
        part = self.at_origin.get(self.bucket, self.key, range="bytes=5-9", signed=with_key(KEY))
        head = self.at_origin.head(self.bucket, self.key, signed=with_key(KEY))

        self.expect_content(whole, self.key, 0, 3000)
        self.expect_content(part, self.key, 5, 5)
        for answer in (whole, part, head):
            self.assertEqual(answer.header(PREFIX + "key-MD5"), with_key(KEY)[2][1])
            self.assertIsNone(answer.header(PREFIX + "key"))

    def test_no_key_a_wrong_key_and_a_malformed_one_are_refused(self):
        for method in ("GET", "HEAD"):
            self.refused(400, "InvalidRequest", method)
            self.refused(403, "AccessDenied", method, signed=with_key(OTHER_KEY))
        self.refused(400, "InvalidArgument", signed=with_key(KEY, md5="AAAAAAAAAAAAAAAAAAAAAA=="))
        self.refused(400, "InvalidArgument", signed=with_key(KEY[:16]))
        self.refused(400, "InvalidArgument", signed=with_key(KEY)[:1])
        self.refused(400, "InvalidEncryptionAlgorithmError", signed=with_key(KEY, algorithm="DES"))

    def test_a_condition_does_not_open_it(self):
        etag = self.at_origin.head(self.bucket, self.key, signed=with_key(KEY)).header("ETag")

        self.refused(400, "InvalidRequest", headers=[("If-None-Match", etag)])
        self.refused(403, "AccessDenied", headers=[("If-None-Match", etag)],
                     signed=with_key(OTHER_KEY))

    def test_a_key_for_an_object_without_one_is_refused(self):
        self.store(self.key, 10)
        self.refused(400, "InvalidRequest", signed=with_key(KEY))

    def test_every_part_of_an_upload_needs_the_key_and_the_object_afterwards_too(self):
        client, path = self.at_origin, self.at_origin.path(self.bucket, self.key)
        begun = client.request("POST", path, query=[("uploads", None)], signed=with_key(KEY))
        self.expect_status(begun, 200)
        self.assertEqual(begun.header(PREFIX + "algorithm"), "AES256")
        upload = re.search(rb"<UploadId>([^<]+)</UploadId>", begun.body).group(1).decode()
        part = [("partNumber", 1), ("uploadId", upload)]
        for status, key in ((400, None), (403, OTHER_KEY), (200, KEY)):
            sent = client.request("PUT", path, query=part, body=self.data[:2000],
                                  signed=with_key(key) if key else [])
            self.expect_status(sent, status)
        listed = (f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"
                  f"{sent.header('ETag')}</ETag></Part></CompleteMultipartUpload>").encode()
        self.expect_status(client.request("POST", path, query=[("uploadId", upload)],
                                          body=listed), 200)

        self.expect_content(client.get(self.bucket, self.key, signed=with_key(KEY)),
                            self.key, 0, 2000)
        self.refused(403, "AccessDenied", signed=with_key(OTHER_KEY))
        self.refused(400, "InvalidRequest")

    def test_it_cannot_be_copied_without_its_key(self):
        copied = self.at_origin.copy(self.bucket, self.new_key(),
                                     f"{self.bucket}/{self.key}")
        self.expect_status(copied, 400)
        self.assertEqual(copied.error_code, "InvalidRequest")


class CustomerKeysLikeRadosgw(Case):
    origins = ("lode-origin",)
    starts_lode = False

    def test_a_condition_is_answered_before_the_key_is_looked_at(self):
        key = self.new_key()
        stored = self.at_origin.put(self.bucket, key, b"secret", signed=with_key(KEY))
        self.expect_status(stored, 200)
        quirky = LodeOrigin(self.world.new_directory("quirky"), self.world.build,
                            data=self.origin.data,
                            options=["--read-only", "--quirk", "sse-c-304"]).start()
        self.addCleanup(quirky.stop)
        client = quirky.client()
        self.addCleanup(client.close)

        unchanged = client.get(self.bucket, key,
                               headers=[("If-None-Match", stored.header("ETag"))])

        self.expect_status(unchanged, 304)
        self.expect_status(client.get(self.bucket, key), 400)
        self.expect_status(client.get(self.bucket, key, signed=with_key(OTHER_KEY)), 403)
