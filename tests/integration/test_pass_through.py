"""Everything that is not a GET of an object reaches the origin unchanged, and its answer comes
back unchanged, in bounded memory."""

import base64
import hashlib
import http.client
import re
import threading
import time

from harness import content
from harness.case import Case
from harness.content import GIB, KIB, MIB
from harness.processes import resident_bytes
from harness.s3 import S3
from harness.signing import Signer
from harness.origin import OWNER

# What differs between two answers to the same request.
OF_THE_MOMENT = {"date", "x-amz-request-id", "x-amz-id-2", "connection", "keep-alive", "server",
                 "via", "cache-status", "x-cache", "transfer-encoding", "content-length"}
IDS = re.compile(rb"<(RequestId|HostId|Resource|LastModified|UploadId)>[^<]*</\1>")


class PassThrough(Case):
    def expect_same(self, method, path, compare_body=True, **request):
        """A request that changes nothing: through lode and directly it gives the same."""
        through = self.s3.request(method, path, **request)
        direct = self.at_origin.request(method, path, **request)
        self.assertEqual(through.status, direct.status, (through, direct))
        named = [sorted((name.lower(), value) for name, value in answer.headers
                        if name.lower() not in OF_THE_MOMENT) for answer in (through, direct)]
        self.assertEqual(named[0], named[1])
        if compare_body:
            self.assertEqual(IDS.sub(b"", through.body), IDS.sub(b"", direct.body))
        return through

    def test_every_kind_of_listing_is_the_origins(self):
        stem = self.new_key("tree")
        for name in ("a", "b/1", "b/2", "c d", "e+f", "ü"):
            self.store(f"{stem}/{name}", 3)
        bucket = f"/{self.bucket}"

        for query in ([("list-type", "2")], [("list-type", "2"), ("prefix", f"{stem}/b/")],
                      [("delimiter", "/"), ("list-type", "2"), ("prefix", f"{stem}/")],
                      [("list-type", "2"), ("max-keys", "2")],
                      [("list-type", "2"), ("start-after", f"{stem}/b")],
                      [("encoding-type", "url"), ("list-type", "2")],
                      [("location", None)], [("location", "")], [("uploads", None)]):
            with self.subTest(query=query):
                answer = self.expect_same("GET", bucket, query=query, compare_body="max-keys" not
                                          in dict(query))
                self.expect_status(answer, 200)
        self.expect_status(self.expect_same("GET", "/"), 200)
        self.expect_status(self.expect_same("HEAD", bucket), 200)

    def test_errors_are_the_origins(self):
        for method, path in (("GET", f"/{self.bucket}/absent"), ("HEAD", f"/{self.bucket}/absent"),
                             ("GET", "/no-such-bucket/key"), ("GET", "/no-such-bucket"),
                             ("DELETE", "/no-such-bucket")):
            with self.subTest(method=method, path=path):
                answer = self.expect_same(method, path)
                self.expect_status(answer, 404)

    def test_a_put_arrives_with_its_metadata(self):
        key, body = self.new_key(), content.whole("put", 1 * MIB + 7)

        stored = self.s3.put(self.bucket, key, body, signed=[
            ("x-amz-meta-colour", "blue"), ("content-type", "text/plain"),
            ("cache-control", "no-transform")])
        direct = self.at_origin.get(self.bucket, key)

        self.expect_status(stored, 200)
        self.assertEqual(stored.header("ETag"), f'"{hashlib.md5(body).hexdigest()}"')
        self.assertEqual(direct.body, body)
        self.assertEqual(direct.header("x-amz-meta-colour"), "blue")
        self.assertEqual(direct.header("Content-Type"), "text/plain")
        self.assertEqual(direct.header("Cache-Control"), "no-transform")

    def test_a_put_with_a_wrong_hash_is_refused_and_nothing_is_stored(self):
        key = self.new_key()

        answer = self.s3.put(self.bucket, key, b"these bytes", payload=hashlib.sha256(
            b"other bytes").hexdigest())

        self.expect_status(answer, 400)
        self.expect_status(self.at_origin.head(self.bucket, key), 404)

    def test_a_put_that_waits_for_100_continue_is_let_go_on(self):
        key, body = self.new_key(), content.whole("expect", 300 * KIB)

        stored = self.s3.put(self.bucket, key, body, headers=[("Expect", "100-continue")])

        self.expect_status(stored, 200)
        self.assertEqual(self.at_origin.get(self.bucket, key).body, body)

    def test_an_upload_of_several_parts_arrives(self):
        key = self.new_key()
        sizes = [5 * MIB, 5 * MIB, 12345]

        done = self.s3.put_multipart(self.bucket, key, sizes)

        self.expect_status(done, 200)
        self.expect_content(self.at_origin.get(self.bucket, key), key, 0, sum(sizes))
        self.assertRegex(self.at_origin.head(self.bucket, key).header("ETag"), '-3"$')

    def test_an_upload_that_is_given_up_leaves_nothing(self):
        path = self.s3.path(self.bucket, self.new_key())
        begun = self.s3.request("POST", path, query=[("uploads", None)])
        upload = re.search(rb"<UploadId>([^<]+)<", begun.body).group(1).decode()
        part = [("partNumber", "1"), ("uploadId", upload)]

        self.expect_status(self.s3.request("PUT", path, query=part, body=b"x" * 1000), 200)
        listed = self.s3.request("GET", path, query=[("uploadId", upload)])
        ended = self.s3.request("DELETE", path, query=[("uploadId", upload)])

        self.expect_status(listed, 200)
        self.assertIn(b"<PartNumber>1</PartNumber>", listed.body)
        self.expect_status(ended, 204)
        self.expect_status(self.at_origin.request("GET", path, query=[("uploadId", upload)]), 404)

    def test_a_copy_is_made_by_the_origin(self):
        source = self.cached(self.new_key("source"), 400 * KIB)
        target = self.new_key("target")

        copied = self.s3.copy(self.bucket, target, f"/{self.bucket}/{source}")

        self.expect_status(copied, 200)
        self.assertIn(b"CopyObjectResult", copied.body)
        self.expect_content(self.s3.get(self.bucket, target), source, 0, 400 * KIB)

    def test_a_presigned_put_and_delete_work(self):
        key = self.new_key()
        nobody = self.s3.anonymous()

        path, query = self.s3.presigned("PUT", self.bucket, key)
        stored = nobody.request("PUT", path, query=query, body=b"presigned")
        present = self.at_origin.get(self.bucket, key)
        path, query = self.s3.presigned("DELETE", self.bucket, key)
        deleted = nobody.request("DELETE", path, query=query)

        self.expect_status(stored, 200)
        self.assertEqual(present.body, b"presigned")
        self.expect_status(deleted, 204)
        self.expect_status(self.at_origin.head(self.bucket, key), 404)

    def test_a_body_without_a_length_is_the_origins_to_judge(self):
        """Chunked upload: the gateway refuses it with 411 or stores it; lode does not decide."""
        answers = []
        for client in (self.s3, self.at_origin):
            key = self.new_key()
            path = client.path(self.bucket, key)
            connection = http.client.HTTPConnection(*client.address, timeout=20)
            headers = dict(client.signer.headers("PUT", path, (), client.host, "UNSIGNED-PAYLOAD"))
            connection.request("PUT", path, body=iter([b"one ", b"two"]), encode_chunked=True,
                               headers={**headers, "Host": client.host,
                                        "Transfer-Encoding": "chunked"})
            response = connection.getresponse()
            response.read()
            connection.close()
            answers.append(response.status)
            if response.status == 200:
                self.assertEqual(self.at_origin.get(self.bucket, key).body, b"one two")
        self.assertEqual(answers[0], answers[1])

    def test_many_keys_are_deleted_at_once(self):
        keys = [self.store(self.new_key(), 10) for _ in range(5)]
        body = ("<Delete>" + "".join(f"<Object><Key>{key}</Key></Object>" for key in keys) +
                "</Delete>").encode()
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()

        answer = self.s3.request("POST", f"/{self.bucket}", query=[("delete", None)], body=body,
                                 signed=[("content-md5", md5)])

        self.expect_status(answer, 200)
        for key in keys:
            self.expect_status(self.s3.get(self.bucket, key), 404)

    def test_responses_can_be_given_other_headers(self):
        key = self.cached(self.new_key(), 1000)

        answer = self.s3.get(self.bucket, key, query=[
            ("response-cache-control", "no-cache"), ("response-content-type", "text/x-asked")])
        plain = self.s3.get(self.bucket, key)

        self.expect_content(answer, key, 0, 1000)
        self.assertEqual(answer.header("Content-Type"), "text/x-asked")
        self.assertEqual(answer.header("Cache-Control"), "no-cache")
        self.assertNotEqual(plain.header("Content-Type"), "text/x-asked")


class PassThroughToRadosgw(Case):
    """What only a full gateway offers."""

    origins = ("radosgw",)

    def test_tags_and_rights_are_kept_by_the_origin(self):
        key = self.cached(self.new_key(), 1000)
        path = self.s3.path(self.bucket, key)
        tags = b"<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"

        put = self.s3.request("PUT", path, query=[("tagging", None)], body=tags)
        tagging = self.s3.request("GET", path, query=[("tagging", None)])
        acl = self.s3.request("GET", path, query=[("acl", "")])
        encoded = self.s3.request("GET", path, query=[("acl", None)])

        self.expect_status(put, 200)
        self.assertIn(b"<Key>k</Key>", tagging.body)
        for each in (acl, encoded):
            self.assertIn(b"AccessControlPolicy", each.body)
            self.assertNotEqual(each.cache, "HIT")

    def test_versions_are_told_apart(self):
        key = self.new_key()
        enable = (b"<VersioningConfiguration><Status>Enabled</Status>"
                  b"</VersioningConfiguration>")
        bucket = f"{self.bucket}-versions"
        self.expect_status(self.s3.request("PUT", f"/{bucket}"), 200)
        self.s3.request("PUT", f"/{bucket}", query=[("versioning", None)], body=enable)

        ids = [self.s3.put(bucket, key, text).header("x-amz-version-id")
               for text in (b"first", b"second")]

        for _ in range(3):
            for version, text in zip(ids, (b"first", b"second")):
                answer = self.s3.get(bucket, key, query=[("versionId", version)])
                self.assertEqual(answer.body, text)
                self.assertEqual(answer.header("x-amz-version-id"), version)
            self.assertEqual(self.s3.get(bucket, key).body, b"second")
        self.s3.delete(bucket, key)
        self.expect_status(self.s3.get(bucket, key), 404)
        self.assertEqual(self.s3.get(bucket, key, query=[("versionId", ids[0])]).body, b"first")

    def test_chunks_that_are_signed_one_by_one_arrive(self):
        key, body = self.new_key(), content.whole("chunked", 1 * MIB + 3)
        headers, encoded = Signer(OWNER).chunked_upload(self.s3.path(self.bucket, key),
                                                        self.s3.host, body, 64 * KIB)

        stored = self.s3.anonymous().request("PUT", self.s3.path(self.bucket, key),
                                             headers=headers, body=encoded)
        spoiled = bytearray(encoded)
        spoiled[70000] ^= 1
        refused = self.s3.anonymous().request("PUT", self.s3.path(self.bucket, f"{key}-spoiled"),
                                              headers=headers, body=bytes(spoiled))

        self.expect_status(stored, 200)
        self.assertEqual(self.at_origin.get(self.bucket, key).body, body)
        self.expect_status(refused, 403)

    def test_a_form_of_a_browser_uploads(self):
        key, boundary = self.new_key(), "boundary-of-a-form"
        fields = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
                         f"{value}\r\n" for name, value in Signer(OWNER).post_form(self.bucket,
                                                                                   key))
        body = (fields + f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
                'filename="f"\r\nContent-Type: text/plain\r\n\r\nfrom a form\r\n'
                f"--{boundary}--\r\n").encode()

        answer = self.s3.anonymous().request(
            "POST", f"/{self.bucket}", body=body,
            headers=[("Content-Type", f"multipart/form-data; boundary={boundary}")])

        self.expect_status(answer, 200, 204)
        self.assertEqual(self.at_origin.get(self.bucket, key).body, b"from a form")

    def test_a_bucket_may_stand_in_the_host_name(self):
        key = self.store(self.new_key(), 100 * KIB)
        host = f"{self.bucket}.{self.origin.domain}:{self.s3.address[1]}"
        client = S3(self.s3.address, OWNER, host=host)

        first = client.request("GET", f"/{key}")
        second = client.request("GET", f"/{key}")
        by_path = self.s3.get(self.bucket, key)
        stored = client.request("PUT", f"/{key}-more", body=b"more")
        listed = client.request("GET", "/", query=[("list-type", "2")])
        client.close()

        for answer in (first, second, by_path):
            self.expect_content(answer, key, 0, 100 * KIB)
        self.expect_cache(second, "HIT")
        self.expect_cache(by_path, "HIT")
        self.expect_status(stored, 200)
        self.assertEqual(self.at_origin.get(self.bucket, f"{key}-more").body, b"more")
        self.assertIn(f"<Key>{key}</Key>".encode(), listed.body)


class LargeBodies(Case):
    """A gigabyte each way costs no more than 16 MiB."""

    takes = 15
    needs_lode = True
    memory = "64MiB"
    seconds = 180
    size = GIB

    def growth_while(self, work):
        """The highest resident size during the work, above the one before."""
        before = self.lode.resident()
        highest, done = [before], threading.Event()

        def watch():
            while not done.wait(0.05):
                highest.append(resident_bytes(self.lode.pid))
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            work()
        finally:
            done.set()
            watcher.join()
        return max(highest) - before

    def warm_up(self):
        """Fills the memory tier, so that what grows afterwards is not the tier."""
        key = self.store(self.new_key("warm"), 128 * MIB)
        for _ in range(2):
            self.expect_content(self.s3.get(self.bucket, key), key, 0, 128 * MIB)
        self.expect_status(self.s3.put_named(self.bucket, f"{key}-up", 64 * MIB), 200)

    def read_in_pieces(self, key, signed=()):
        response = self.s3.send("GET", self.s3.path(self.bucket, key), signed=signed)
        self.assertEqual(response.status, 200)
        buffer, at = bytearray(MIB), 0
        while count := response.readinto(buffer):
            self.assertTrue(content.matches(key, at, memoryview(buffer)[:count]))
            at += count
        self.assertEqual(at, self.size)

    def test_a_gigabyte_up_and_down_costs_little_memory(self):
        self.warm_up()
        key = self.new_key("large")

        up = self.growth_while(lambda: self.expect_status(
            self.s3.put_named(self.bucket, key, self.size), 200))
        down = self.growth_while(lambda: self.read_in_pieces(key))
        past = self.growth_while(lambda: self.read_in_pieces(
            key, signed=[("cache-control", "no-store")]))

        self.at_origin.delete(self.bucket, key)
        for way, growth in (("up", up), ("down", down), ("past the cache", past)):
            with self.subTest(way=way):
                self.assertLessEqual(growth, 16 * MIB)


class UnreachableOrigin(Case):
    needs_lode = True

    def test_an_origin_that_is_away_is_said_to_be_away(self):
        key = self.cached(self.new_key(), 50 * KIB)
        self.origin.pause()
        try:
            answers = [self.s3.get(self.bucket, key), self.s3.get(self.bucket, "never seen"),
                       self.s3.put(self.bucket, self.new_key(), b"x" * 1000),
                       self.s3.request("GET", "/"), self.s3.delete(self.bucket, key)]
            head = self.s3.head(self.bucket, key)
            healthy = self.lode.admin("GET", "/healthz")[0]
        finally:
            self.origin.resume()

        for answer in answers:
            self.expect_status(answer, 503)
            self.assertEqual(answer.error_code, "ServiceUnavailable")
            self.assertRegex(answer.header("Retry-After", ""), r"^\d+$")
            self.assertEqual(answer.header("Content-Type"), "application/xml")
        self.expect_status(head, 503)
        self.assertEqual(head.body, b"")
        self.assertEqual(healthy, 200)
        begun = time.monotonic()
        while self.s3.head(self.bucket, "absent").status == 503:
            self.assertLess(time.monotonic() - begun, 20, "lode does not find the origin again")
            time.sleep(0.1)
        self.expect_status(self.s3.get(self.bucket, "absent"), 404)
