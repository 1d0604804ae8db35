"""auth.mode = "local" and "trust": lode decides, and asks the origin in its own name. The clients'
keys are unknown to the origin, so whatever it answers was signed by lode."""

import datetime
import hashlib
import os
import threading
import time
import urllib.parse

import boto3
import botocore.config

from harness import clients, content
from harness.case import Case
from harness.content import KIB, MIB
from harness.lode_process import toml
from harness.origin import OWNER
from harness.processes import run
from harness.raw_http import Raw
from harness.signing import Identity, Signer, now

TRAINER = Identity("trainer", "TRAINERKEY0000000001", "trainer-secret-0001")
WRITER = Identity("writer", "WRITERKEY00000000001", "writer-secret-0001-with/slash+plus")
CHIEF = Identity("chief", "CHIEFKEY000000000001", "chief-secret-0001")
NOBODY = Identity("nobody", "NOSUCHKEY00000000001", "nobody-secret-0001")


def key_file(bucket, trainer_secret=TRAINER.secret_key):
    return f"""
[[key]]
name = "trainer"
access_key = "{TRAINER.access_key}"
secret_key = "{trainer_secret}"
rules = [ {{ buckets = ["{bucket}"], prefixes = ["open/"], allow = "read" }} ]
[[key]]
name = "writer"
access_key = "{WRITER.access_key}"
secret_key = "{WRITER.secret_key}"
rules = [ {{ buckets = ["{bucket[:-1]}*"], allow = "read-write" }} ]
[[key]]
name = "chief"
access_key = "{CHIEF.access_key}"
secret_key = "{CHIEF.secret_key}"
rules = [ {{ buckets = ["*"], allow = "admin" }} ]
"""


class LocalCase(Case):
    abstract = True
    needs_lode = True
    mode = "local"

    @classmethod
    def make_lode(cls, **options):
        cls.keys = cls.world.new_directory("keys") / "keys.toml"
        cls.write_keys(key_file(cls.bucket))
        auth = {"mode": cls.mode, "keys": str(cls.keys)}
        return super().make_lode(settings={"auth": auth}, **options)

    @classmethod
    def write_keys(cls, text):
        """As an editor does: a new file in the place of the old one."""
        new = cls.keys.with_suffix(".new")
        new.write_text(text)
        new.chmod(0o600)
        os.replace(new, cls.keys)

    def setUp(self):
        super().setUp()
        self.s3 = self.client(WRITER)

    def client(self, identity, **more):
        made = self.lode.client(identity, **more)
        self.addCleanup(made.close)
        return made

    def metric(self, name, **labels):
        return self.lode.metrics().get(name, {}).get(tuple(sorted(labels.items())), 0)

    def expect_error(self, answer, status, code):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.error_code, code, answer)


class LocalAuthentication(LocalCase):
    def setUp(self):
        super().setUp()
        self.open = self.cached("open/" + self.new_key(), 200 * KIB)
        self.hidden = self.cached("hidden/" + self.new_key(), 200 * KIB)
        self.trainer = self.client(TRAINER)

    def test_a_cached_object_is_revalidated_in_lodes_own_name(self):
        self.origin.mark()

        whole = self.trainer.get(self.bucket, self.open)
        signed = self.trainer.get(self.bucket, self.open, signed=[("range", "bytes=1000-1999")])

        self.expect_content(whole, self.open, 0, 200 * KIB)
        self.expect_content(signed, self.open, 1000, 1000)
        self.expect_cache(whole, "HIT")
        self.expect_cache(signed, "HIT")
        self.expect_origin_served_no_body()

    def test_what_the_rules_do_not_allow_is_denied_cached_or_not(self):
        self.origin.mark()
        for answer in (self.trainer.get(self.bucket, self.hidden),
                       self.trainer.get(self.bucket, self.hidden, range="bytes=0-9"),
                       self.trainer.get(self.bucket, "hidden/not-there"),
                       self.trainer.put(self.bucket, self.open, b"new"),
                       self.trainer.delete(self.bucket, self.open),
                       self.trainer.copy(self.bucket, "open/copy", f"/{self.bucket}/{self.open}"),
                       self.trainer.request("GET", f"/{self.bucket}"),
                       self.trainer.request("GET", f"/{self.bucket}", query=[("prefix", "ope")]),
                       self.trainer.request("GET", f"/{self.bucket}", query=[("acl", None)]),
                       self.trainer.request("GET", "/"),
                       self.trainer.request("POST", f"/{self.bucket}", query=[("delete", None)],
                                            body=b"<Delete/>"),
                       self.s3.request("DELETE", f"/{self.bucket}"),
                       self.s3.request("PUT", f"/{self.bucket}", query=[("policy", None)],
                                       body=b"{}"),
                       self.s3.put(self.bucket, "public", b"x",
                                   signed=[("x-amz-acl", "public-read")])):
            self.expect_error(answer, 403, "AccessDenied")
        self.assertEqual(self.origin.tally().counts, {})

    def test_what_the_rules_allow_works(self):
        listed = self.trainer.request("GET", f"/{self.bucket}",
                                      query=[("list-type", 2), ("prefix", "open/")])
        self.expect_status(listed, 200)
        self.assertIn(self.open.encode(), listed.body)
        self.assertNotIn(b"hidden/", listed.body)
        self.expect_status(self.trainer.head(self.bucket, self.open), 200)
        self.expect_status(self.trainer.request("HEAD", f"/{self.bucket}"), 200)
        self.expect_status(self.s3.copy(self.bucket, "copied", f"/{self.bucket}/{self.hidden}"), 200)
        self.expect_content(self.s3.get(self.bucket, "copied"), self.hidden, 0, 200 * KIB)
        self.expect_status(self.s3.put_multipart(self.bucket, "parts", [5 * MIB, 1000]), 200)
        self.expect_content(self.at_origin.get(self.bucket, "parts"), "parts", 0, 5 * MIB + 1000)
        self.expect_status(self.s3.delete(self.bucket, "parts"), 204)
        self.expect_status(self.client(CHIEF).request("GET", "/"), 200)

    def test_no_spelling_of_a_path_gets_around_a_rule(self):
        name = self.hidden.removeprefix("hidden/")
        for path in (f"/{self.bucket}/open/../hidden/{name}",
                     f"/{self.bucket}/open/%2e%2e/hidden/{name}",
                     f"/{self.bucket}/open%2F..%2Fhidden%2F{name}",
                     f"/{self.bucket}//open/../hidden/{name}",
                     f"/{self.bucket}/hidden/{name}",
                     f"/{self.bucket}/%68idden/{name}",
                     f"/{self.bucket}%2Fhidden%2F{name}",
                     f"//{self.bucket}/hidden/{name}"):
            # The signature is over the path as AWS normalises its escapes.
            canonical = urllib.parse.quote(urllib.parse.unquote(path), safe="/-._~")
            headers = Signer(TRAINER).headers("GET", canonical, (), self.trainer.host)
            answer = self.client(None).request("GET", path, headers=headers)
            with self.subTest(path=path):
                self.assertIn(answer.status, (400, 403), answer)
                self.assertIn(answer.error_code, ("AccessDenied", "InvalidURI"))
                self.assertNotEqual(answer.cache, "HIT")
        virtual = self.client(TRAINER, host=f"{self.bucket}.lode.test:{self.lode.port}")
        self.expect_status(virtual.request("GET", f"/{self.hidden}"), 403)
        self.expect_content(virtual.request("GET", f"/{self.open}"), self.open, 0, 200 * KIB)

    def test_each_forgery_gets_s3s_error(self):
        path = self.s3.path(self.bucket, self.open)
        wrong = Identity("wrong", TRAINER.access_key, "another-secret-0001")
        hour = datetime.timedelta(hours=1)
        cases = [
            (Signer(wrong), 403, "SignatureDoesNotMatch"),
            (Signer(NOBODY), 403, "InvalidAccessKeyId"),
            (Signer(OWNER), 403, "InvalidAccessKeyId"),      # the origin's own keys are no client's
            (Signer(TRAINER, when=now() - hour), 403, "RequestTimeTooSkewed"),
            (Signer(TRAINER, when=now() + hour), 403, "RequestTimeTooSkewed"),
            (Signer(TRAINER, region="mars-1"), 400, "AuthorizationHeaderMalformed"),
        ]
        for signer, status, code in cases:
            with self.subTest(code=code, who=signer.identity.name):
                self.expect_error(self.trainer.get(self.bucket, self.open, signer=signer),
                                  status, code)
        nobody = self.client(None)
        signed = Signer(TRAINER).headers("GET", path, (), self.s3.host)
        replayed = [
            nobody.request("HEAD", path, headers=signed).status,
            nobody.request("GET", path + "x", headers=signed).status,
            nobody.request("GET", path, query=[("versionId", "x")], headers=signed).status,
            nobody.request("GET", path, headers=[*signed, ("x-amz-meta-a", "b")]).status,
            self.client(None, host="elsewhere").request("GET", path, headers=signed).status]
        self.assertEqual(replayed, [403] * 5)
        ranged = Signer(TRAINER).headers("GET", path, (), self.s3.host,
                                         signed=[("range", "bytes=0-9")])
        self.expect_error(nobody.request("GET", path, headers=[*ranged, ("Range", "bytes=0-19")]),
                          403, "SignatureDoesNotMatch")
        v2 = [("Authorization", f"AWS {TRAINER.access_key}:c2lnbmF0dXJl"),
              ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")]
        self.expect_error(nobody.request("GET", path, headers=v2), 400, "InvalidRequest")

    def test_an_unsigned_field_changes_nothing_that_was_judged(self):
        headers = [("x_amz_copy_source", f"/{self.bucket}/{self.hidden}"),
                   ("x_amz_acl", "public-read")]
        self.expect_status(self.s3.put(self.bucket, "open/mine", b"mine", headers=headers), 200)
        self.assertEqual(self.trainer.get(self.bucket, "open/mine").body, b"mine")
        self.expect_status(self.origin.client(None).get(self.bucket, "open/mine"), 403)

    def test_presigned_urls(self):
        nobody = self.client(None)
        path, query = self.trainer.presigned("GET", self.bucket, self.open, expires=2,
                                             query=[("response-content-type", "a/b c")])
        good = nobody.request("GET", path, query=query)
        self.expect_content(good, self.open, 0, 200 * KIB)
        self.assertEqual(good.header("Content-Type"), "a/b c")

        path, query = self.trainer.presigned("GET", self.bucket, self.open, expires=2)
        self.expect_cache(nobody.request("GET", path, query=query), "HIT")
        time.sleep(3.5)
        late = nobody.request("GET", path, query=query)
        self.expect_error(late, 403, "AccessDenied")
        self.assertIn(b"Request has expired", late.body)

        path, query = self.s3.presigned("PUT", self.bucket, "open/uploaded")
        self.expect_status(nobody.request("PUT", path, query=query, body=b"by url"), 200)
        self.assertEqual(self.at_origin.get(self.bucket, "open/uploaded").body, b"by url")
        path, query = self.trainer.presigned("PUT", self.bucket, "open/uploaded")
        self.expect_error(nobody.request("PUT", path, query=query, body=b"no"), 403,
                          "AccessDenied")

    def test_nobody_gets_the_origins_answer_for_nobody(self):
        nobody = self.client(None)
        self.expect_status(nobody.get(self.bucket, self.open), 403)
        if self.origin_name != "radosgw":       # the other one has no public objects
            return
        public = self.store("public/" + self.new_key(), 5000,
                            signed=[("x-amz-acl", "public-read")])
        for _ in range(3):
            self.expect_content(nobody.get(self.bucket, public), public, 0, 5000)

    def test_the_stated_hash_of_a_body_is_checked(self):
        lie = hashlib.sha256(b"what was signed").hexdigest()
        answer = self.s3.put(self.bucket, "lie", b"what was sent", payload=lie)
        self.expect_error(answer, 400, "XAmzContentSHA256Mismatch")
        self.expect_status(self.at_origin.head(self.bucket, "lie"), 404)

    def test_the_log_names_the_key_and_metrics_count_outcomes(self):
        before = self.metric("lode_admissions_total", outcome="no_right")
        self.trainer.get(self.bucket, self.open)
        self.trainer.get(self.bucket, self.hidden)

        def logged():
            return {(each.get("who"), each["key"], each["status"])
                    for each in self.lode.access_entries()}
        self.eventually(lambda: {("trainer", self.open, 200),
                                 ("trainer", self.hidden, 403)} <= logged())
        self.assertEqual(self.metric("lode_admissions_total", outcome="no_right"), before + 1)
        self.assertEqual(self.metric("lode_access_keys"), 3)
        self.assertEqual(self.metric("lode_key_file_current"), 1)
        everything = (self.lode.daemon.output() + self.lode.access_log.read_text()
                      + self.lode.admin("GET", "/metrics")[2].decode())
        for identity in (TRAINER, WRITER, CHIEF, OWNER):
            self.assertNotIn(identity.secret_key, everything)
        status = run([self.lode._program, "status", "--admin",
                      f"http://127.0.0.1:{self.lode.admin_port}"]).stdout
        self.assertIn("3 of clients", status)


class StreamingUploads(LocalCase):
    def put_chunked(self, body, chunk, spoil=None, end=None, headers=()):
        """(status, code) of a streaming upload, sent as raw bytes."""
        path = self.s3.path(self.bucket, self.key)
        signed, data = Signer(WRITER).chunked_upload(path, self.s3.host, body, chunk)
        data = bytearray(data)
        if spoil is not None:
            # Of a signature, another digit: what is none is another mistake.
            data[spoil] = ord("1") if data[spoil] == ord("0") else ord("0")
        lines = [("Host", self.s3.host), *signed, *headers, ("Content-Length", str(len(data)))]
        head = f"PUT {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines) + "\r\n"
        with Raw(self.s3.address, timeout=30) as raw:
            raw.send(head.encode())
            if headers:
                self.assertEqual(raw.head()[0], 100)
            try:
                raw.send(bytes(data[:end]))
                if end is not None:
                    raw.end()
            except (BrokenPipeError, ConnectionResetError):
                pass
            return raw.head()[0]

    def setUp(self):
        super().setUp()
        self.key = self.new_key()

    def test_a_streaming_upload_arrives_whole(self):
        sizes = [(1, 8192), (100_000, 8192), (3 * MIB + 77, 65_536), (300_000, 300_000)]
        if self.origin_name != "radosgw":       # which refuses an empty one, with or without lode
            sizes.append((0, 8192))
        for size, chunk in sizes:
            body = content.whole(self.key, size)
            self.assertEqual(self.put_chunked(body, chunk), 200, size)
            self.assertEqual(self.at_origin.get(self.bucket, self.key).body, body)

    def test_a_client_that_waits_to_be_invited_is(self):
        body = content.whole(self.key, 50_000)
        self.assertEqual(self.put_chunked(body, 8192, headers=[("Expect", "100-continue")]), 200)
        self.assertEqual(self.at_origin.get(self.bucket, self.key).body, body)

    def test_a_spoiled_or_broken_upload_leaves_nothing(self):
        body = content.whole(self.key, 2 * MIB)
        before = self.metric("lode_uploads_refused_total")
        self.assertEqual(self.put_chunked(body, 65_536, spoil=200), 403)
        self.assertEqual(self.put_chunked(body, 65_536, spoil=-1000), 403)
        self.assertEqual(self.put_chunked(body, 65_536, spoil=-6), 403)
        self.put_chunked(body, 65_536, end=-10)
        self.put_chunked(body, 65_536, end=MIB)
        self.assertEqual(self.metric("lode_uploads_refused_total"), before + 3)
        time.sleep(0.3)
        self.expect_status(self.at_origin.head(self.bucket, self.key), 404)

    def test_large_uploads_take_little_memory(self):
        body = content.whole(self.key, 48 * MIB)
        self.assertEqual(self.put_chunked(body[:MIB], 65_536), 200)
        before = self.lode.resident()
        self.assertEqual(self.put_chunked(body, 8 * MIB), 200)
        self.assertLess(self.lode.resident() - before, 8 * MIB)
        self.assertEqual(hashlib.sha256(self.at_origin.get(self.bucket, self.key).body).digest(),
                         hashlib.sha256(body).digest())


class KeysThatChange(LocalCase):
    takes = 12

    def accepted(self):
        return self.metric("lode_key_file_reads_total", outcome="accepted")

    def test_a_new_secret_counts_without_a_dropped_request(self):
        key = self.cached("open/" + self.new_key(), 300 * KIB)
        stop, problems, served = threading.Event(), [], [0]

        def read():
            client = self.lode.client(WRITER)
            while not stop.is_set():
                try:
                    answer = client.get(self.bucket, key)
                    if answer.status != 200 or len(answer.body) != 300 * KIB:
                        problems.append(answer)
                    served[0] += 1
                except Exception as problem:
                    problems.append(problem)
            client.close()
        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        changed = Identity("trainer", TRAINER.access_key, "trainer-secret-0002")
        try:
            for secret, good, bad in ((changed.secret_key, changed, TRAINER),
                                      (TRAINER.secret_key, TRAINER, changed)):
                before = self.accepted()
                self.write_keys(key_file(self.bucket, secret))
                self.eventually(lambda: self.accepted() > before)
                self.expect_status(self.client(good).get(self.bucket, key), 200)
                self.expect_error(self.client(bad).get(self.bucket, key), 403,
                                  "SignatureDoesNotMatch")
        finally:
            stop.set()
            for reader in readers:
                reader.join()
        self.assertEqual(problems, [])
        self.assertGreater(served[0], 10)

    def test_a_broken_file_changes_nothing_but_what_operators_see(self):
        key = self.cached("open/" + self.new_key(), 1000)
        text = key_file(self.bucket)

        def complaint(broken, words):
            self.write_keys(broken)
            self.eventually(lambda: self.metric("lode_key_file_current") == 0)
            self.expect_status(self.client(TRAINER).get(self.bucket, key), 200)
            self.assertIn(words, self.lode.daemon.output())
            status = run([self.lode._program, "status", "--admin",
                          f"http://127.0.0.1:{self.lode.admin_port}"]).stdout
            self.assertTrue(status.startswith("WARNING: the key file"), status)
            self.write_keys(text)
            self.eventually(lambda: self.metric("lode_key_file_current") == 1)
        complaint(text.replace('allow = "admin"', 'allow = "all"'), "allow: expected")
        complaint(text.replace(f'"{CHIEF.secret_key}"', CHIEF.secret_key), "this is no TOML")
        self.keys.unlink()
        self.eventually(lambda: self.metric("lode_key_file_current") == 0)
        self.expect_status(self.client(TRAINER).get(self.bucket, key), 200)
        self.write_keys(text)
        self.eventually(lambda: self.metric("lode_key_file_current") == 1)
        time.sleep(1.2)
        output = self.lode.daemon.output()
        self.assertEqual(output.count("allow: expected"), 1)
        self.assertNotIn(CHIEF.secret_key, output)

    def test_a_file_that_is_written_in_place_counts_once_it_is_whole(self):
        text = key_file(self.bucket, "trainer-secret-0003")
        key = self.cached("open/" + self.new_key(), 1000)
        changed = Identity("trainer", TRAINER.access_key, "trainer-secret-0003")
        with open(self.keys, "w", encoding="utf-8") as file:
            file.write(text[:200])
            file.flush()
            time.sleep(1.5)
            file.write(text[200:])
        self.eventually(lambda: self.client(changed).get(self.bucket, key).status == 200)
        self.write_keys(key_file(self.bucket))
        self.eventually(lambda: self.client(TRAINER).get(self.bucket, key).status == 200)


class ClientsOfKeys(LocalCase):
    """Unmodified clients that only lode knows."""
    takes = 15
    seconds = 120

    def round_trip(self, client_class, size, identity=WRITER):
        scratch = self.world.new_directory("client")
        client = client_class(self.lode.url, identity, scratch)
        key = self.new_key()
        source, target = scratch / "source", scratch / "target"
        source.write_bytes(content.whole(key, size))
        client.upload(self.bucket, key, source)
        self.expect_content(self.at_origin.get(self.bucket, key), key, 0, size)
        for _ in range(2):
            client.download(self.bucket, key, target)
            self.expect_file(target, key, 0, size)
            target.unlink()
        client.copy(self.bucket, key, key + "-copy")
        self.assertIn(key + "-copy", client.list(self.bucket))
        client.delete(self.bucket, key)
        self.expect_status(self.at_origin.head(self.bucket, key), 404)

    def test_aws_cli(self):
        self.round_trip(clients.AwsCli, MIB + 17)
        self.round_trip(clients.AwsCli, 12 * MIB + 321)

    def test_boto3(self):
        self.round_trip(clients.Boto3, MIB + 17)
        self.round_trip(clients.Boto3, 12 * MIB + 321)

    def test_rclone(self):
        self.round_trip(clients.Rclone, MIB + 17)
        self.round_trip(clients.Rclone, 12 * MIB + 321)

    def test_s3cmd(self):
        # Its copies carry the source's ACL over.
        self.round_trip(clients.S3cmd, MIB + 17, CHIEF)
        self.round_trip(clients.S3cmd, 12 * MIB + 321, CHIEF)

    def test_boto3_over_many_keys_metadata_and_errors(self):
        s3 = boto3.client("s3", endpoint_url=self.lode.url, region_name="us-east-1",
                          aws_access_key_id=WRITER.access_key,
                          aws_secret_access_key=WRITER.secret_key,
                          config=botocore.config.Config(retries={"total_max_attempts": 1}))
        keys = ["a b+c&d=e?f#g", "ümlaut/日本", "%41", "tilde~(paren)'quote'", "a//b", "trailing/"]
        for key in keys:
            s3.put_object(Bucket=self.bucket, Key=key, Body=key.encode(),
                          Metadata={"note": "two  blanks, and: signs"},
                          ContentType="text/plain; charset=utf-8")
            got = s3.get_object(Bucket=self.bucket, Key=key)
            self.assertEqual(got["Body"].read(), key.encode())
            self.assertEqual(got["ContentType"], "text/plain; charset=utf-8")
            again = self.at_origin.get(self.bucket, key)
            self.assertEqual(again.body, key.encode())
            s3.copy_object(Bucket=self.bucket, Key="copy-" + key,
                           CopySource={"Bucket": self.bucket, "Key": key})
            self.assertEqual(self.at_origin.get(self.bucket, "copy-" + key).body, key.encode())
        s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in keys]})
        self.assertEqual(self.at_origin.head(self.bucket, keys[0]).status, 404)
        with self.assertRaises(s3.exceptions.NoSuchKey):
            s3.get_object(Bucket=self.bucket, Key=keys[0])


class Trust(LocalCase):
    mode = "trust"

    def test_whoever_signs_is_answered_and_operators_are_told(self):
        key = self.store(self.new_key(), 100 * KIB)
        old = Signer(NOBODY, when=now() - datetime.timedelta(days=30))

        first = self.client(NOBODY).get(self.bucket, key, signer=old)
        second = self.client(NOBODY).get(self.bucket, key)

        self.expect_content(first, key, 0, 100 * KIB)
        self.expect_content(second, key, 0, 100 * KIB)
        self.expect_status(self.client(None).get(self.bucket, key), 403)
        self.assertIn("NOT authenticated", self.lode.daemon.output())
        status = run([self.lode._program, "status", "--admin",
                      f"http://127.0.0.1:{self.lode.admin_port}"]).stdout
        self.assertTrue(status.startswith("WARNING: clients are NOT authenticated"), status)

    def test_a_streaming_upload_is_signed_anew(self):
        key, body = self.new_key(), content.whole("x", 200_000)
        path = self.s3.path(self.bucket, key)
        signed, data = Signer(NOBODY).chunked_upload(path, self.s3.host, body, 65_536)
        answer = self.client(None).request("PUT", path, headers=signed, body=data)
        self.expect_status(answer, 200)
        self.assertEqual(self.at_origin.get(self.bucket, key).body, body)


class RefusedAtStart(Case):
    starts_lode = False
    needs_lode = True
    origins = ("lode-origin",)

    def refused(self, auth, more=None):
        settings = {"auth": auth, **(more or {})}
        lode = self.make_lode(settings=settings)
        lode.directory.mkdir(exist_ok=True)
        lode.configuration.write_text(toml(lode.settings))
        checked = run([lode._program, "check", "--config", lode.configuration], check=False)
        served = run([lode._program, "serve", "--config", lode.configuration], check=False)
        self.assertEqual((checked.returncode, served.returncode), (1, 1), served)
        return checked.stdout + checked.stderr + served.stdout + served.stderr

    def test_what_cannot_be_meant(self):
        keys = self.world.new_directory("keys") / "keys.toml"
        self.assertIn("auth.keys", self.refused({"mode": "local"}))
        self.assertIn("No such file", self.refused({"mode": "local", "keys": str(keys)}))
        keys.write_text("[[key]]\naccess_key = \"ABC\"\n")
        self.assertIn("keys.toml:1: secret_key: missing",
                      self.refused({"mode": "local", "keys": str(keys)}))
        keys.write_text(key_file("bucket"))
        self.assertIn("no identity of its own",
                      self.refused({"mode": "local", "keys": str(keys)},
                                   {"origin": {"credentials": ""}}))
        self.assertIn("auth.trusted", self.refused({"mode": "trust"},
                                                   {"listen": {"s3": "0.0.0.0:19000"}}))
