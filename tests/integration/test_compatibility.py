"""What S3 clients rely on beside plain reads: through lode, cold and as a hit, each answer is the store's own."""

import base64
import datetime
import email.utils
import hashlib
import zlib

from harness import content, fetched
from harness.case import EVERY_ORIGIN, Case
from harness.content import KIB, MIB
from harness.origin import OWNER
from harness.processes import run
from harness.signing import quote

# Of one answer, or of one connection; whatever else an answer says is of the object.
PER_ANSWER = {"date", "connection", "keep-alive", "server", "x-amz-request-id", "x-amz-id-2", "x-cache",
              "cache-status"}


def said_of_the_object(answer):
    """Its fields, sorted; a field that came twice stands there twice."""
    return sorted((name.lower(), value) for name, value in answer.headers
                  if name.lower() not in PER_ANSWER)


def http_date(when):
    return email.utils.format_datetime(when, usegmt=True)


class Compared(Case):
    abstract = True
    origins = EVERY_ORIGIN

    def expect_same(self, answer, direct):
        """Status, body, and every field of the object; of an error its code."""
        self.assertEqual(answer.status, direct.status, (answer, direct))
        if direct.status in (200, 206):
            self.assertTrue(answer.body == direct.body, "other bytes")
            self.assertEqual(said_of_the_object(answer), said_of_the_object(direct))
        else:
            self.assertEqual(answer.error_code, direct.error_code)

    def compare(self, send, *words):
        """What `send` gets of a client is the same through lode, and X-Cache one of these words."""
        answer, direct = send(self.s3), send(self.at_origin)
        self.expect_same(answer, direct)
        if words:
            self.expect_cache(answer, *words)
        return answer

    def compare_hit(self, send):
        """The same, from the cache; but for an origin that does not say that nothing changed."""
        return self.compare(send, *(["HIT"] if self.origin.revalidates else []))

    def compare_get(self, key, **request):
        return self.compare(lambda client: client.get(self.bucket, key, **request))

    def compare_get_hit(self, key, **request):
        return self.compare_hit(lambda client: client.get(self.bucket, key, **request))


class ResponseOverrides(Compared):
    """response-content-type and its five likes."""

    overrides = [
        ("response-cache-control", "max-age=11, private"),
        ("response-content-disposition", 'attachment; filename="a b+c.txt"'),
        ("response-content-encoding", "x-test"),
        ("response-content-language", "fr, de"),
        ("response-content-type", "text/x-other; charset=utf-8"),
        ("response-expires", "Thu, 01 Jan 2037 00:00:00 GMT"),
    ]
    stored_headers = [("content-type", "text/x-test"), ("cache-control", "max-age=7"),
                      ("content-language", "en"), ("x-amz-meta-colour", "blue")]
    size = 70 * KIB

    def queries(self):
        return [*([each] for each in self.overrides), self.overrides]

    def presigned(self, client, key, query):
        path, signed = client.presigned("GET", self.bucket, key, query=query)
        anonymous = client.anonymous()
        try:
            return anonymous.request("GET", path, query=signed)
        finally:
            anonymous.close()

    def expect_stored_headers(self, key):
        answer = self.compare_get(key)
        for name, value in self.stored_headers:
            self.assertEqual(answer.header(name), value)

    def test_of_a_cold_object_they_replace_headers_and_teach_none(self):
        for query in self.queries():
            with self.subTest(query=query):
                key = self.store(self.new_key(), self.size, signed=self.stored_headers)

                self.compare_get(key, query=query)
                self.expect_stored_headers(key)
                self.read_until_hit(key, self.size)
                self.expect_stored_headers(key)

    def test_of_a_cold_object_they_replace_headers_where_the_url_was_presigned(self):
        key = self.store(self.new_key(), self.size, signed=self.stored_headers)

        self.compare(lambda client: self.presigned(client, key, self.overrides))
        self.compare(lambda client: self.presigned(client, key, self.overrides))
        self.expect_stored_headers(key)

    def test_of_a_cached_object_they_replace_headers_of_hits(self):
        key = self.cached(self.new_key(), self.size, signed=self.stored_headers)
        for query in self.queries():
            with self.subTest(query=query):
                answer = self.compare_get_hit(key, query=query)
                self.compare_hit(lambda client: self.presigned(client, key, query))
                self.compare_get_hit(key, query=query, range="bytes=100-199")
                self.compare_get_hit(key, query=query, signed=[("range", "bytes=-5")])

                for name, value in query:
                    self.assertEqual(answer.header(name.removeprefix("response-")), value)
        self.expect_stored_headers(key)

    def test_a_head_with_them_teaches_none(self):
        key = self.store(self.new_key(), self.size, signed=self.stored_headers)

        self.compare(lambda client: client.head(self.bucket, key, query=self.overrides))
        self.expect_stored_headers(key)

    def test_of_who_has_not_signed_the_store_thinks_what_it_thinks(self):
        key = self.cached(self.new_key(), self.size, signed=self.stored_headers)
        bucket = self.bucket
        if self.origin_name == "lode-origin":   # radosgw's answer about a public object is not HTTP
            self.origin._admin("POST", f"/public?bucket={bucket}")
            self.addCleanup(self.origin._admin, "DELETE", f"/public?bucket={bucket}")
        for query in self.queries():
            with self.subTest(query=query):
                answer = self.compare(
                    lambda client: client.anonymous().get(bucket, key, query=query))
                self.assertGreaterEqual(answer.status, 400)
        self.expect_stored_headers(key)


    def test_an_answer_that_is_not_http_harms_nobody(self):
        if self.origin_name != "radosgw" or self.world.direct:
            self.skipTest("only radosgw answers so, and only a proxy can do something about it")
        key = self.store(self.new_key(), self.size, signed=[("x-amz-acl", "public-read")])
        anonymous = self.s3.anonymous()
        self.addCleanup(anonymous.close)
        self.expect_content(anonymous.get(self.bucket, key), key, 0, self.size)
        self.read_until_hit(key, self.size)

        answer = anonymous.get(self.bucket, key, query=self.overrides[:1])

        self.expect_status(answer, 502)
        self.expect_cache(anonymous.get(self.bucket, key, fresh=True), "HIT")
        self.compare_get(key)


class Versions(Compared):
    """versionId, where the store keeps versions."""

    origins = ("radosgw",)
    sizes = (90 * KIB, 91 * KIB, 92 * KIB)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        client = cls.origin.client()
        stored = client.put_named(cls.bucket, "early", 5000)
        body = (b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                b"<Status>Enabled</Status></VersioningConfiguration>")
        enabled = client.request("PUT", f"/{cls.bucket}", query=[("versioning", None)], body=body)
        if (stored.status, enabled.status) != (200, 200):
            raise AssertionError((stored, enabled))

    def store_versions(self, key):
        """The ids of three versions, the oldest first; the n-th has the content "KEY n"."""
        ids = []
        for number, size in enumerate(self.sizes):
            stored = self.at_origin.put_named(self.bucket, key, size, name=f"{key} {number}")
            self.expect_status(stored, 200)
            ids.append(stored.header("x-amz-version-id"))
        self.assertEqual(len(set(ids)), 3, ids)
        return ids

    def delete(self, key, version=None):
        query = [("versionId", version)] if version else []
        done = self.at_origin.delete(self.bucket, key, query=query)
        self.expect_status(done, 204)
        return done.header("x-amz-version-id")

    def test_each_version_is_read_and_cached_by_its_id(self):
        key = self.new_key()
        ids = self.store_versions(key)

        for turn in range(2):
            for number, (version, size) in enumerate(zip(ids, self.sizes)):
                query = [("versionId", version)]
                for more in ({}, {"range": "bytes=1000-1999"}, {"signed": [("range", "bytes=7-")]}):
                    with self.subTest(turn=turn, version=number, more=more):
                        compare = self.compare_get_hit if turn else self.compare_get
                        answer = compare(key, query=query, **more)
                        self.assertEqual(answer.header("x-amz-version-id"), version)
                        if not more:
                            self.expect_content(answer, f"{key} {number}", 0, size)
                self.compare(lambda client: client.head(self.bucket, key, query=query))
            with self.subTest(turn=turn, version="current"):
                answer = self.compare_get(key)
                self.expect_content(answer, f"{key} 2", 0, self.sizes[2])
                self.assertEqual(answer.header("x-amz-version-id"), ids[2])

    def test_a_delete_marker_hides_the_object_and_not_its_versions(self):
        key = self.new_key()
        ids = self.store_versions(key)
        for version in (None, ids[0]):
            query = [("versionId", version)] if version else []
            self.compare_get(key, query=query)
            self.compare_get_hit(key, query=query)

        marker = self.delete(key)
        for method in ("GET", "HEAD"):
            for query in ([], [("versionId", marker)]):
                for fields in ([], [("Range", "bytes=0-9")]):
                    with self.subTest(method=method, query=query, fields=fields):
                        answer, direct = (
                            client.request(method, client.path(self.bucket, key), query=query,
                                           headers=fields)
                            for client in (self.s3, self.at_origin))
                        self.expect_same(answer, direct)
                        self.expect_status(answer, 404, 405)     # 16.2 says 404 to both
                        for name in ("x-amz-delete-marker", "x-amz-version-id", "Allow"):
                            self.assertEqual(answer.header(name), direct.header(name))
        self.assertEqual(self.s3.get(self.bucket, key).header("x-amz-delete-marker"),
                         self.at_origin.get(self.bucket, key).header("x-amz-delete-marker"))
        self.compare_get_hit(key, query=[("versionId", ids[0])])

        self.delete(key, marker)
        self.expect_content(self.compare_get(key), f"{key} 2", 0, self.sizes[2])

    def test_a_version_that_was_deleted_is_gone_and_the_one_before_is_current(self):
        key = self.new_key()
        ids = self.store_versions(key)
        for _ in range(2):
            self.compare_get(key)
            self.compare_get(key, query=[("versionId", ids[2])])

        self.delete(key, ids[2])

        self.expect_status(self.compare_get(key, query=[("versionId", ids[2])]), 404)
        self.expect_content(self.compare_get(key), f"{key} 1", 0, self.sizes[1])

    def test_the_null_version_is_what_was_stored_before_there_were_versions(self):
        query = [("versionId", "null")]
        self.compare_get("early", query=query)
        self.compare_get_hit("early", query=query)
        self.compare_get("early")
        self.compare_get_hit("early")

        new = self.at_origin.put_named(self.bucket, "early", 6000, name="early new")

        self.expect_status(new, 200)
        self.expect_content(self.compare_get("early"), "early new", 0, 6000)
        self.expect_content(self.compare_get_hit("early", query=query), "early", 0, 5000)

    def test_versions_that_never_were_are_the_stores_to_refuse(self):
        key = self.new_key()
        self.store_versions(key)
        self.compare_get(key)
        for version in ("null", "none", "x" * 32, "x" * 2000, ""):
            with self.subTest(version=version[:40]):
                self.compare_get(key, query=[("versionId", version)])


class StoredChecksums(Compared):
    origins = ("lode-origin", "versitygw")
    ask = [("x-amz-checksum-mode", "ENABLED")]
    size = 2 * MIB + 17

    def store_with_checksum(self):
        key = self.new_key()
        checksum = zlib.crc32(content.whole(key, self.size)).to_bytes(4, "big")
        self.checksum = base64.b64encode(checksum).decode()
        return self.store(key, self.size, signed=[("x-amz-checksum-crc32", self.checksum)])

    def test_a_whole_object_comes_with_its_checksum_cold_and_cached(self):
        key = self.store_with_checksum()

        cold = self.compare_get(key, signed=self.ask)
        self.read_until_hit(key, self.size)
        hit = self.compare_get_hit(key, signed=self.ask)

        for answer in (cold, hit):
            self.assertEqual(answer.header("x-amz-checksum-crc32"), self.checksum)

    def test_what_was_cached_without_its_checksum_gets_it_when_asked(self):
        key = self.store_with_checksum()
        self.read_until_hit(key, self.size)

        answer = self.compare_get_hit(key, signed=self.ask)

        self.assertEqual(answer.header("x-amz-checksum-crc32"), self.checksum)
        self.compare_get_hit(key)

    def test_a_range_from_the_cache_has_none(self):
        key = self.store_with_checksum()
        self.compare_get(key, signed=self.ask)
        self.read_until_hit(key, self.size)
        for fields in ({"range": "bytes=5-104"}, {"range": f"bytes={MIB}-"}):
            answer = self.s3.get(self.bucket, key, signed=self.ask, **fields)
            self.expect_status(answer, 206)
            self.expect_cache(answer, "HIT")
            names = [name.lower() for name, _ in answer.headers]
            self.assertFalse([name for name in names if name.startswith("x-amz-checksum")], names)

    def test_another_content_comes_with_another_checksum(self):
        key = self.store_with_checksum()
        self.compare_get(key, signed=self.ask)
        new = content.whole(f"{key} new", self.size)
        checksum = base64.b64encode(zlib.crc32(new).to_bytes(4, "big")).decode()

        self.expect_status(self.at_origin.put(
            self.bucket, key, new, signed=[("x-amz-checksum-crc32", checksum)]), 200)

        for _ in range(2):
            answer = self.compare_get(key, signed=self.ask)
            self.assertEqual(answer.header("x-amz-checksum-crc32"), checksum)

    def test_a_current_sdk_finds_them_right_on_hits(self):
        scratch = self.world.new_directory("checksums")
        try:
            client = fetched.CurrentBoto3(self.lode.url, OWNER, scratch, self.world.fetched)
        except fetched.Absent as absent:
            self.skipTest(str(absent))
        key = self.store_with_checksum()
        self.read_until_hit(key, self.size)

        told = client.download_checked(self.bucket, key, scratch / "target")

        self.expect_file(scratch / "target", key, 0, self.size)
        self.assertEqual(told.get("x-amz-checksum-crc32"), self.checksum)


class ConditionalRanges(Compared):
    """If-Range, and the If-Match that ties the ranges of a parallel download together."""

    size = 2 * MIB + 345
    other = '"0123456789abcdef0123456789abcdef"'

    def setUp(self):
        super().setUp()
        self.key = self.cached(self.new_key(), self.size)
        head = self.at_origin.head(self.bucket, self.key)
        self.etag = head.header("ETag")
        changed = email.utils.parsedate_to_datetime(head.header("Last-Modified"))
        day = datetime.timedelta(days=1)
        self.dates = [http_date(changed - day), http_date(changed), http_date(changed + day)]

    def test_if_range_is_answered_as_the_store_does(self):
        values = [self.etag, self.other, f"W/{self.etag}", *self.dates, "nonsense"]
        for value in values:
            for wanted in ("bytes=10-19", f"bytes={MIB}-", "bytes=-7", f"bytes={self.size}-", None):
                with self.subTest(if_range=value, range=wanted):
                    tied = [("if-range", value), *([("range", wanted)] if wanted else [])]
                    self.compare_get(self.key, signed=tied)
                    self.compare_get(self.key, headers=tied)
                    if wanted:
                        self.compare_get(self.key, headers=tied[:1], signed=tied[1:])

    def test_odd_conditions_are_answered_as_the_store_does(self):
        bare = self.etag.strip('"')
        values = ["*", bare, f"W/{self.etag}", f"{self.other}, {self.etag}", f"{self.etag},{self.other}",
                  f'"{bare.upper()}"', '""', "nonsense", f" {self.etag}"]
        for name in ("if-match", "if-none-match"):
            for value in values:
                for more in ([], [("range", "bytes=10-19")]):
                    with self.subTest(name=name, value=value, more=more):
                        self.compare_get(self.key, signed=[(name, value.strip()), *more])
                        self.compare_get(self.key, headers=[(name, value), *more])
        for name in ("if-modified-since", "if-unmodified-since"):
            for value in ("nonsense", "0", "Thu, 01 Jan 1970 00:00:00 GMT",
                          "Thursday, 01-Jan-70 00:00:00 GMT", "Thu, 31 Dec 2099 00:00:00 GMT"):
                with self.subTest(name=name, value=value):
                    self.compare_get(self.key, signed=[(name, value)])
                    self.compare_get(self.key, headers=[(name, value)])

    def test_a_signed_range_with_a_signed_if_match_is_a_hit(self):
        self.origin.mark()
        for value in ("bytes=0-99", f"bytes={MIB - 5}-{MIB + 5}", "bytes=-100"):
            with self.subTest(range=value):
                tied = [("if-match", self.etag), ("range", value)]
                answer = self.s3.get(self.bucket, self.key, signed=tied)
                self.expect_status(answer, 206)
                if self.origin.revalidates:
                    self.expect_cache(answer, "HIT")
        self.expect_origin_served_no_body()
        self.compare_get(self.key, signed=[("if-match", self.etag), ("range", "bytes=5-99")])
        self.compare_get(self.key, signed=[("if-match", self.etag),
                                           ("range", f"bytes={self.size}-")])

    def test_a_signed_if_match_of_another_content_is_refused(self):
        for etag in (self.other, '"x"'):
            answer = self.compare_get(self.key, signed=[("if-match", etag), ("range", "bytes=0-9")])
            self.expect_status(answer, 412)

    def test_a_signed_if_match_of_a_cold_object_is_right(self):
        key = self.store(self.new_key(), self.size)
        etag = self.at_origin.head(self.bucket, key).header("ETag")
        for first in (0, MIB, 2 * MIB):
            answer = self.compare_get(key, signed=[("if-match", etag),
                                                   ("range", f"bytes={first}-{first + 99}")])
            self.expect_content(answer, key, first, 100)

    def test_a_signed_if_match_after_an_overwrite_is_refused(self):
        self.store(self.key, self.size, name="other")

        answer = self.s3.get(self.bucket, self.key, signed=[("if-match", self.etag),
                                                            ("range", "bytes=0-9")])

        self.expect_status(answer, 412)

    def test_what_is_not_modified_is_said_so(self):
        for conditions in ([("if-none-match", self.etag)], [("if-modified-since", self.dates[2])]):
            for where in ("headers", "signed"):
                with self.subTest(conditions=conditions, where=where):
                    answer = self.compare_get(self.key, **{where: conditions})
                    if self.origin.revalidates:
                        self.expect_status(answer, 304)
                        self.assertEqual(answer.body, b"")


class StoredHeaders(Compared):
    """What an object was stored with comes back with every read; what a client adds changes nothing."""

    fields = [
        ("content-type", "text/x-test; charset=utf-8"), ("cache-control", "max-age=7, no-store"),
        ("content-disposition", 'attachment; filename="a b.txt"'), ("content-language", "de, en"),
        ("content-encoding", "gzip"), ("expires", "Thu, 01 Jan 2037 00:00:00 GMT"),
        ("x-amz-meta-colour", "blue"), ("x-amz-meta-two-words", "a, b;  c=\"d\""),
        ("x-amz-meta-long", "x" * 1500)]
    size = 70 * KIB

    def test_they_are_the_same_cold_and_cached_whole_and_in_ranges(self):
        key = self.store(self.new_key(), self.size, signed=self.fields)

        cold = self.compare_get(key)
        self.read_until_hit(key, self.size)
        hit = self.compare_get(key)

        self.expect_cache(cold, "MISS")
        self.expect_cache(hit, "HIT")
        self.compare_get_hit(key, range="bytes=10-19")
        self.compare_get_hit(key, signed=[("range", "bytes=10-19")])
        self.compare(lambda client: client.head(self.bucket, key))

    def test_what_a_client_adds_does_not_keep_it_from_a_hit(self):
        key = self.cached(self.new_key(), self.size, signed=self.fields)
        plain = {"headers": [("Accept-Encoding", "identity")]}
        for request in (
                plain, {"headers": [("Accept-Encoding", "gzip, deflate, br")]},
                {"signed": [("accept-encoding", "gzip")]}, {"headers": [("Accept", "*/*")]},
                {"query": [("x-id", "GetObject")]}, {"query": [("x-id", None)]},
                {"headers": [("amz-sdk-invocation-id", "0"), ("amz-sdk-request", "attempt=1")]},
                {"signed": [("amz-sdk-invocation-id", "0"), ("user-agent", "x/1 y/2")]},
                {"headers": [("Content-Type", "application/x-www-form-urlencoded")]},
                {"headers": [("Content-Length", "0")]}):
            with self.subTest(request=request):
                self.compare_get_hit(key, **request)

    def test_odd_values_are_the_same_cold_and_cached(self):
        for headers, signed in (([("content-disposition", 'inline; filename="\xc3\xbc"')], []),
                                ([("content-language", "\xe9")], []),
                                ([], [("x-amz-meta-empty", "")]),
                                ([], [("x-amz-meta-blanks", "a  b   c")]),
                                ([], [("x-amz-meta-encoded", "=?UTF-8?B?w7xtbGF1dA==?=")]),
                                ([], [("x-amz-meta-CamelCase", "x"), ("content-type", "")]),
                                ([], [("x-amz-meta-%d" % number, "x" * 10) for number in range(40)])):
            with self.subTest(headers=headers, signed=signed):
                key = self.new_key()
                stored = self.at_origin.put_named(self.bucket, key, self.size, headers=headers,
                                                  signed=signed)
                if stored.status != 200:
                    continue        # the store will not have it
                self.compare_get(key)
                self.read_until_hit(key, self.size)
                self.compare_get(key)
                self.compare_get_hit(key, range="bytes=5-9")

    def test_tags_set_through_lode_are_counted_by_the_next_read(self):
        key = self.cached(self.new_key(), self.size)
        for tags in ("<Tag><Key>a</Key><Value>1</Value></Tag>",
                     "<Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>2</Value></Tag>"):
            body = f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode()
            digest = base64.b64encode(hashlib.md5(body).digest()).decode()
            done = self.s3.request("PUT", self.s3.path(self.bucket, key), query=[("tagging", None)],
                                   body=body, signed=[("content-md5", digest)])
            self.expect_status(done, 200)
            self.compare_get(key)
            self.compare_get_hit(key)
        self.expect_status(self.s3.request("DELETE", self.s3.path(self.bucket, key),
                                           query=[("tagging", None)]), 204)
        self.compare_get(key)
        self.compare_get_hit(key)

    def test_a_query_that_nobody_knows_is_the_stores_to_answer(self):
        key = self.cached(self.new_key(), self.size, signed=self.fields)

        answer = self.compare_get(key, query=[("unheard-of", "1")])

        self.assertNotEqual(answer.cache, "HIT")

    def test_a_hit_has_a_request_id_and_a_date_of_its_own(self):
        key = self.cached(self.new_key(), self.size)
        answers = [self.s3.get(self.bucket, key, **more)
                   for more in ({}, {}, {"range": "bytes=0-9"}) for _ in range(2)]

        ids = [answer.header("x-amz-request-id") for answer in answers]
        self.assertEqual(len(set(ids)), len(answers), ids)
        for answer in answers:
            self.assertEqual([name.lower() for name, _ in answer.headers].count("date"), 1)
            said = email.utils.parsedate_to_datetime(answer.header("Date"))
            now = datetime.datetime.now(datetime.timezone.utc)
            self.assertLess(abs((said - now).total_seconds()), 5)
            self.assertIsNone(answer.header("Location"))

    def test_a_head_stays_a_head(self):
        key = self.cached(self.new_key(), self.size, signed=self.fields)
        self.origin.mark()

        answer = self.compare(lambda client: client.head(self.bucket, key))

        self.assertEqual(answer.body, b"")
        self.assertIsNotNone(answer.header("x-amz-request-id") or self.origin_name == "versitygw")
        self.assertEqual(self.origin.tally().of("GetObject"), 0)
        self.expect_status(self.s3.get(self.bucket, key), 200)


class Keys(Compared):
    def keys(self):
        stem = self.new_key("keys")
        found = [f"{stem}/{rest}" for rest in (
            "a b", "a+b", "a%2Fb", "a%20b", "%", "%zz", "ü/ñ/漢字", "e\u0301", "\u00e9", "a&b=c?d#e",
            "quote\"'`", "[*]{}|^", "a\\b", "~tilde", "dot.", ".hidden", "...", "a/..b", "CAPS", "caps")]
        # 1,024 bytes, of which no component is longer than a file's name may be.
        found.append((f"{stem}/" + "/".join(["k" * 200] * 6))[:1024])
        if not self.origin.folds_paths:
            found += [f"{stem}/{rest}" for rest in (
                "a//b", "a///b", "a/./b", "a/../b", "a/b/", "a/b", "./a", "../a", "a/.", "a/..", "//")]
        return found

    def test_each_key_is_its_own_object_stored_and_read_through_lode(self):
        keys = self.keys()
        for number, key in enumerate(keys):
            with self.subTest(key=key):
                stored = self.s3.put_named(self.bucket, key, 1000 + number)
                direct = self.at_origin.put_named(self.bucket, f"{key}-direct", 10)
                self.assertEqual(stored.status, direct.status if len(key) < 1000 else 200)
        for number, key in enumerate(keys):
            with self.subTest(key=key):
                for turn in range(2):
                    answer = self.compare_get_hit(key) if turn else self.compare_get(key)
                    self.expect_content(answer, key, 0, 1000 + number)
                self.compare_get_hit(key, range="bytes=5-9")
                self.compare(lambda client: client.head(self.bucket, key))

    def test_a_key_that_is_too_long_is_the_stores_to_refuse(self):
        stem = self.new_key() + "/"
        key = (stem + "/".join(["k" * 200] * 6))[:1025]
        answer, direct = (client.put(self.bucket, key, b"x") for client in (self.s3, self.at_origin))
        self.assertEqual((answer.status, answer.error_code), (direct.status, direct.error_code))
        self.compare_get(key)

    def test_one_key_has_many_spellings(self):
        stem = self.new_key()
        key = f"{stem}/a-b~c"
        self.cached(key, 3000)
        for spelled in (f"{stem}/a-b~c", f"{stem}%2Fa-b~c", f"{stem}%2fa%2Db~c", f"{stem}/a-b%7Ec",
                        f"{stem}/%61-b~c"):
            with self.subTest(spelled=spelled):
                self.compare(lambda client: client.request("GET", f"/{self.bucket}/{spelled}"))

    def test_an_empty_object_is_itself_cold_and_cached(self):
        for name in ("empty", "folder/"):
            key = self.new_key() + name
            self.store(key, 0, signed=[("content-type", "text/x-empty"),
                                       ("x-amz-meta-colour", "blue")])
            for turn in range(2):
                with self.subTest(key=key, turn=turn):
                    answer = self.compare_get(key)
                    self.assertEqual(answer.header("Content-Length"), "0")
                    self.compare(lambda client: client.head(self.bucket, key))
                    for value in ("bytes=0-0", "bytes=0-", "bytes=-1"):
                        self.compare_get(key, range=value)
                        self.compare_get(key, signed=[("range", value)])


class PartNumbers(Compared):
    """What test_parts leaves out: hits, and a part together with other things."""

    sizes = (5 * MIB, 6 * MIB + 7, 100)

    def setUp(self):
        super().setUp()
        self.key = self.new_key()
        self.expect_status(self.at_origin.put_multipart(self.bucket, self.key, self.sizes), 200)

    def get(self, number, **more):
        return lambda client: client.get(self.bucket, self.key, query=[("partNumber", number)], **more)

    def test_a_part_of_a_cached_object_is_a_hit(self):
        self.read_until_hit(self.key, sum(self.sizes))
        offset = 0
        for number, size in enumerate(self.sizes, 1):
            answer = self.compare(self.get(number))
            if answer.status == 206:
                self.expect_content(answer, self.key, offset, size)
                if self.origin.revalidates:
                    self.expect_cache(answer, "HIT")
            offset += size

    def test_a_part_together_with_other_things_is_answered_as_the_store_does(self):
        etag = self.at_origin.head(self.bucket, self.key).header("ETag")
        for turn in ("cold", "cached"):
            if turn == "cached":
                self.read_until_hit(self.key, sum(self.sizes))
            for number in (1, 2, 3, 4, 10000, 10001, -1, "x", ""):
                with self.subTest(turn=turn, number=number):
                    self.compare(self.get(number))
            for more in ({"range": "bytes=0-9"}, {"signed": [("range", "bytes=0-9")]},
                         {"headers": [("If-None-Match", etag)]}, {"signed": [("if-match", etag)]},
                         {"signed": [("if-match", '"other"')]}):
                with self.subTest(turn=turn, more=more):
                    self.compare(self.get(2, **more))


class CacheControl(Compared):
    """What a client may say about storing."""

    needs_lode = True
    size = 300 * KIB

    def say(self, key, words, *expected):
        answer = self.s3.get(self.bucket, key, headers=[("Cache-Control", words)])
        self.expect_content(answer, key, 0, self.size)
        self.expect_cache(answer, *expected)

    def test_no_store_neither_looks_nor_stores(self):
        for words in ("no-store", "No-Store", "max-age=0, no-store", "no-cache,no-store"):
            with self.subTest(words=words):
                key = self.store(self.new_key(), self.size)
                self.say(key, words, "BYPASS")
                self.say(key, words, "BYPASS")
                self.say(key, "max-age=60", "MISS")
                self.read_until_hit(key, self.size)
                self.say(key, words, "BYPASS")

    def test_no_cache_looks_and_does_not_store(self):
        for words in ("no-cache", "NO-CACHE", "max-age=0, no-cache"):
            with self.subTest(words=words):
                key = self.store(self.new_key(), self.size)
                self.say(key, words, "MISS", "BYPASS")
                self.say(key, words, "MISS", "BYPASS")
                self.say(key, "max-age=60", "MISS")
                self.read_until_hit(key, self.size)
                self.say(key, words, "HIT")

    def test_an_age_is_neither(self):
        for words in ("max-age=0", "min-fresh=1", "only-if-cached", "x-no-store", "no-transform"):
            with self.subTest(words=words):
                key = self.store(self.new_key(), self.size)
                self.say(key, words, "MISS")
                self.read_until_hit(key, self.size)
                self.say(key, words, "HIT")

    def test_curl_may_say_it(self):
        key = self.store(self.new_key(), self.size)

        def curl(*more):
            path, query = self.s3.presigned("GET", self.bucket, key)
            url = f"{self.s3.url}{path}?" + "&".join(f"{name}={quote(value)}" for name, value in query)
            target = self.world.new_directory("curl") / "body"
            said = run(["curl", "-sS", "--fail", "-D", "-", "-o", target, *more, url]).stdout
            self.expect_file(target, key, 0, self.size)
            return next(line.split(": ")[1].strip() for line in said.splitlines()
                        if line.lower().startswith("x-cache:"))

        self.assertEqual(curl("-H", "Cache-Control: no-store"), "BYPASS")
        self.assertIn(curl("-H", "Cache-Control: no-cache"), ("MISS", "BYPASS"))
        self.assertEqual(curl("-H", "Cache-Control: max-age=0"), "MISS")
        self.read_until_hit(key, self.size)
        self.assertEqual(curl("-H", "Cache-Control: no-cache"), "HIT")
        self.assertEqual(curl("-H", "Cache-Control: no-store"), "BYPASS")
        self.assertEqual(curl(), "HIT")
