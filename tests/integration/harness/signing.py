"""AWS Signature Version 4, written out, so that a test can decide what is signed and when.

Clients sign what they like; here a test says which headers are signed, which travel unsigned, and
at what time the signature claims to have been made.
"""

import base64
import datetime
import hashlib
import hmac
import json
import urllib.parse
from dataclasses import dataclass

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True)
class Identity:
    name: str
    access_key: str
    secret_key: str


def quote(text, safe="-._~"):
    return urllib.parse.quote(text, safe=safe)


def quote_key(key):
    """A key as it stands in a path; a key of bytes may hold any byte."""
    return urllib.parse.quote(key, safe="/-._~")


def query_string(query):
    """Pairs as they stand after the question mark; a value of None leaves out the '='."""
    return "&".join(quote(name) if value is None else f"{quote(name)}={quote(str(value))}"
                    for name, value in query)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def _stamp(when):
    return when.strftime("%Y%m%dT%H%M%SZ")


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Signer:
    def __init__(self, identity, region="us-east-1", when=None):
        self.identity = identity
        self.region = region
        self.when = when

    def _scope(self, when):
        return f"{when:%Y%m%d}/{self.region}/s3/aws4_request"

    def _key(self, when):
        key = _hmac(f"AWS4{self.identity.secret_key}".encode(), f"{when:%Y%m%d}")
        for word in (self.region, "s3", "aws4_request"):
            key = _hmac(key, word)
        return key

    def _sign(self, when, *lines):
        return hmac.new(self._key(when), "\n".join(lines).encode(), hashlib.sha256).hexdigest()

    def _request_signature(self, when, method, path, query, headers, payload):
        """path is already percent-encoded; headers are (lower-case name, value), all signed."""
        canonical_query = "&".join(sorted(f"{quote(name)}={quote(str(value or ''))}"
                                          for name, value in query))
        ordered = sorted(headers)
        canonical = "\n".join([
            method, path, canonical_query,
            "".join(f"{name}:{' '.join(value.split())}\n" for name, value in ordered),
            ";".join(name for name, _ in ordered), payload])
        return self._sign(when, "AWS4-HMAC-SHA256", _stamp(when), self._scope(when),
                          hashlib.sha256(canonical.encode()).hexdigest())

    def headers(self, method, path, query, host, payload=EMPTY_SHA256, signed=()):
        """The headers that authorise a request: host, date, payload hash and the extra signed
        ones (pairs), which the caller must send as well."""
        when = self.when or now()
        own = [("host", host), ("x-amz-content-sha256", payload), ("x-amz-date", _stamp(when))]
        every = own + [(name.lower(), value) for name, value in signed]
        signature = self._request_signature(when, method, path, query, every, payload)
        names = ";".join(sorted(name for name, _ in every))
        authorization = (f"AWS4-HMAC-SHA256 Credential={self.identity.access_key}/"
                         f"{self._scope(when)}, SignedHeaders={names}, Signature={signature}")
        return [("x-amz-content-sha256", payload), ("x-amz-date", _stamp(when)),
                ("Authorization", authorization)]

    def presigned_query(self, method, path, host, expires=300, query=(), signed=()):
        when = self.when or now()
        every = [("host", host)] + [(name.lower(), value) for name, value in signed]
        names = ";".join(sorted(name for name, _ in every))
        full = [*query, ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
                ("X-Amz-Credential", f"{self.identity.access_key}/{self._scope(when)}"),
                ("X-Amz-Date", _stamp(when)), ("X-Amz-Expires", str(expires)),
                ("X-Amz-SignedHeaders", names)]
        signature = self._request_signature(when, method, path, full, every, UNSIGNED)
        return [*full, ("X-Amz-Signature", signature)]

    def chunked_upload(self, path, host, body, chunk, signed=()):
        """Headers and body of a PUT in the signed aws-chunked form."""
        when = self.when or now()
        payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        headers = Signer(self.identity, self.region, when).headers(
            "PUT", path, (), host, payload,
            [("content-encoding", "aws-chunked"),
             ("x-amz-decoded-content-length", str(len(body))), *signed])
        previous = headers[-1][1].rsplit("Signature=", 1)[1]
        out = bytearray()
        pieces = [body[at:at + chunk] for at in range(0, len(body), chunk)] + [b""]
        for piece in pieces:
            previous = self._sign(when, "AWS4-HMAC-SHA256-PAYLOAD", headers[1][1],
                                  self._scope(when), previous, EMPTY_SHA256,
                                  hashlib.sha256(piece).hexdigest())
            out += f"{len(piece):x};chunk-signature={previous}\r\n".encode() + piece + b"\r\n"
        headers += [("content-encoding", "aws-chunked"),
                    ("x-amz-decoded-content-length", str(len(body)))]
        return headers, bytes(out)

    def upload_with_trailer(self, path, host, body, chunk, trailer):
        """Headers and body of a PUT in the unsigned aws-chunked form with a trailer, a pair, as
        today's SDKs send it."""
        headers = [("content-encoding", "aws-chunked"), ("x-amz-trailer", trailer[0]),
                   ("x-amz-decoded-content-length", str(len(body)))]
        signed = self.headers("PUT", path, (), host, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", headers)
        out = bytearray()
        for at in range(0, len(body), chunk):
            piece = body[at:at + chunk]
            out += f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        out += f"0\r\n{trailer[0]}:{trailer[1]}\r\n\r\n".encode()
        return signed + headers, bytes(out)

    def post_form(self, bucket, key, expires=300):
        """The fields of a browser form upload."""
        when = self.when or now()
        credential = f"{self.identity.access_key}/{self._scope(when)}"
        policy = {
            "expiration": (when + datetime.timedelta(seconds=expires)).strftime(
                "%Y-%m-%dT%H:%M:%S.000Z"),
            "conditions": [{"bucket": bucket}, {"key": key},
                           {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
                           {"x-amz-credential": credential}, {"x-amz-date": _stamp(when)}]}
        encoded = base64.b64encode(json.dumps(policy).encode()).decode()
        return [("key", key), ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
                ("x-amz-credential", credential), ("x-amz-date", _stamp(when)),
                ("policy", encoded), ("x-amz-signature", self._sign(when, encoded))]
