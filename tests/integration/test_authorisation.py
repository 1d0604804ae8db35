"""A cached byte leaves only after the gateway's yes: whoever may not read gets the gateway's no."""

import base64
import datetime
import hashlib
import time

from harness.case import Case
from harness.content import KIB
from harness.origin import OWNER, STRANGER
from harness.signing import Identity, Signer, now

WRONG_SECRET = Identity("wrong secret", OWNER.access_key,
                        "another-secret-than-the-owners-one")
UNKNOWN = Identity("unknown", "NOBODYSACCESSKEY0001", OWNER.secret_key)


class Authorisation(Case):
    size = 200 * KIB

    def setUp(self):
        super().setUp()
        self.key = self.cached(self.new_key(), self.size)

    def refusals(self, client, **more):
        """The answers to GET, HEAD and a range of the cached object."""
        ranged = [*more.get("signed", ()), ("range", "bytes=10-19")]
        return {
            "GET": client.get(self.bucket, self.key, **more),
            "HEAD": client.head(self.bucket, self.key, **more),
            "signed range": client.get(self.bucket, self.key, **{**more, "signed": ranged}),
            "unsigned range": client.get(self.bucket, self.key, range="bytes=10-19", **more),
        }

    def expect_the_gateways_refusal(self, through_lode, direct):
        for what, answer in through_lode.items():
            with self.subTest(request=what):
                self.assertGreaterEqual(answer.status, 400, answer)
                self.assertEqual(answer.status, direct[what].status, answer)
                self.assertEqual(answer.error_code, direct[what].error_code)
                self.assertEqual(answer.header("Content-Type"),
                                 direct[what].header("Content-Type"))
                self.assertNotEqual(answer.cache, "HIT")
        self.expect_content(self.s3.get(self.bucket, self.key), self.key, 0, self.size)

    def expect_refused(self, identity):
        self.expect_the_gateways_refusal(self.refusals(self.lode.client(identity)),
                                         self.refusals(self.origin.client(identity)))

    def test_a_wrong_secret_gets_the_gateways_error(self):
        self.expect_refused(WRONG_SECRET)

    def test_an_unknown_key_gets_the_gateways_error(self):
        self.expect_refused(UNKNOWN)

    def test_a_user_without_rights_gets_the_gateways_error(self):
        self.expect_refused(STRANGER)

    def test_nobody_gets_the_gateways_error(self):
        self.expect_refused(None)

    def test_a_signature_of_another_hour_gets_the_gateways_error(self):
        old = Signer(OWNER, when=now() - datetime.timedelta(hours=1))
        self.expect_the_gateways_refusal(self.refusals(self.s3, signer=old),
                                         self.refusals(self.at_origin, signer=old))

    def test_an_expired_presigned_url_gets_the_gateways_error(self):
        hour_ago = now() - datetime.timedelta(hours=1)

        answers = []
        for client in (self.s3, self.at_origin):
            path, query = client.presigned("GET", self.bucket, self.key, expires=60, when=hour_ago)
            answers.append(client.anonymous().request("GET", path, query=query))

        self.expect_the_gateways_refusal({"GET": answers[0]}, {"GET": answers[1]})

    def test_a_presigned_url_stops_working_when_it_expires(self):
        path, query = self.s3.presigned("GET", self.bucket, self.key, expires=2)
        client = self.s3.anonymous()

        in_time = client.request("GET", path, query=query)
        time.sleep(3.5)
        late = client.request("GET", path, query=query)

        self.expect_content(in_time, self.key, 0, self.size)
        self.expect_status(late, 403)

    def test_a_signature_for_another_key_is_refused(self):
        other = self.cached(self.new_key(), 1000)
        signed = Signer(OWNER).headers("GET", self.s3.path(self.bucket, other), (), self.s3.host)

        answer = self.s3.anonymous().request("GET", self.s3.path(self.bucket, self.key),
                                             headers=signed)

        self.expect_status(answer, 403)

    def test_a_signature_for_head_does_not_get(self):
        path = self.s3.path(self.bucket, self.key)
        signed = Signer(OWNER).headers("HEAD", path, (), self.s3.host)

        answer = self.s3.anonymous().request("GET", path, headers=signed)

        self.expect_status(answer, 403)


class AuthorisationOfPolicies(Case):
    origins = ("radosgw",)

    def test_a_right_that_is_withdrawn_ends_at_once(self):
        key = self.cached(self.new_key(), 50 * KIB)
        stranger = self.lode.client(STRANGER)
        policy = ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":'
                  '["arn:aws:iam:::user/stranger"]},"Action":"s3:GetObject","Resource":'
                  f'"arn:aws:s3:::{self.bucket}/*"}}]}}').encode()

        before = stranger.get(self.bucket, key)
        allowed = self.at_origin.request("PUT", f"/{self.bucket}", query=[("policy", None)],
                                         body=policy)
        granted = stranger.get(self.bucket, key)
        self.at_origin.request("DELETE", f"/{self.bucket}", query=[("policy", None)])
        after = stranger.get(self.bucket, key)

        self.expect_status(before, 403)
        self.expect_status(allowed, 200, 204)
        self.expect_content(granted, key, 0, 50 * KIB)
        self.expect_cache(granted, "HIT")
        self.expect_status(after, 403)

    def test_a_public_object_is_served_to_nobody_in_particular(self):
        key = self.store(self.new_key(), 5000, signed=[("x-amz-acl", "public-read")])
        nobody = self.lode.client(None)
        self.read_until_hit(key, 5000)

        public = nobody.get(self.bucket, key)
        self.at_origin.request("PUT", self.s3.path(self.bucket, key), query=[("acl", None)],
                               signed=[("x-amz-acl", "private")])
        private = nobody.get(self.bucket, key)

        self.expect_content(public, key, 0, 5000)
        self.expect_cache(public, "HIT")
        self.expect_status(private, 403)

    def test_the_key_of_a_customer_is_needed_every_time(self):
        key, body = self.new_key(), b"secret " * 1000

        def sse(secret):
            return [("x-amz-server-side-encryption-customer-algorithm", "AES256"),
                    ("x-amz-server-side-encryption-customer-key",
                     base64.b64encode(secret).decode()),
                    ("x-amz-server-side-encryption-customer-key-MD5",
                     base64.b64encode(hashlib.md5(secret).digest()).decode())]
        right, wrong = b"r" * 32, b"w" * 32
        self.expect_status(self.at_origin.put(self.bucket, key, body, signed=sse(right)), 200)

        for _ in range(3):
            answer = self.s3.get(self.bucket, key, signed=sse(right))
            self.expect_status(answer, 200)
            self.assertEqual(answer.body, body)
            for signed in (sse(wrong), []):
                refused = self.s3.get(self.bucket, key, signed=signed)
                self.assertGreaterEqual(refused.status, 400, refused)
                self.assertNotIn(b"secret", refused.body)
