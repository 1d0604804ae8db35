"""A small S3 client that shows everything: raw status, raw headers, raw bytes, no retries.

One S3 object keeps one connection (so it belongs to one thread); `fresh=True` takes a new one.
"""

import hashlib
import http.client
import re

from . import content
from .signing import EMPTY_SHA256, UNSIGNED, Signer, query_string, quote_key


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers      # as they came: a list of (name, value)
        self.body = body

    def header(self, name, default=None):
        for have, value in self.headers:
            if have.lower() == name.lower():
                return value
        return default

    @property
    def error_code(self):
        """The <Code> of an S3 error, or None."""
        found = re.search(rb"<Code>([^<]*)</Code>", self.body)
        return found.group(1).decode() if found else None

    @property
    def cache(self):
        return self.header("X-Cache")

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class S3:
    def __init__(self, address, identity, region="us-east-1", host=None, timeout=60):
        self._connection = None
        self.address = address              # (host, port)
        self.identity = identity
        self.host = host or f"{address[0]}:{address[1]}"
        self.timeout = timeout
        self.signer = Signer(identity, region) if identity else None

    @property
    def url(self):
        return f"http://{self.address[0]}:{self.address[1]}"

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self):
        self.close()

    def open(self):
        """The kept connection, connected."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self.address, timeout=self.timeout)
            self._connection.connect()
        return self._connection

    def send(self, method, path, query=(), headers=(), signed=(), body=b"", payload=None,
             length=None, signer=None):
        """Sends a request and returns the http.client response, whose body is still to be read.

        path is already percent-encoded. headers travel unsigned, signed ones are signed. body is
        bytes or an iterable of bytes with its length; the latter is sent as an unsigned payload.
        """
        signer = signer or self.signer
        if payload is None:
            if not isinstance(body, (bytes, bytearray)):
                payload = UNSIGNED
            else:
                payload = hashlib.sha256(body).hexdigest() if body else EMPTY_SHA256
        all_headers = [("Host", self.host)]
        if signer is not None:
            all_headers += signer.headers(method, path, query, self.host, payload, signed)
        all_headers += [*signed, *headers]
        if length is None:
            length = len(body)
        if length or method in ("PUT", "POST"):
            all_headers.append(("Content-Length", str(length)))
        target = path + ("?" + query_string(query) if query else "")
        connection = self.open()
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in all_headers:
                connection.putheader(name, value)
            connection.endheaders()
            if isinstance(body, (bytes, bytearray)):
                if body:
                    connection.send(body)
            else:
                for piece in body:
                    connection.send(piece)
            return connection.getresponse()
        except Exception:
            self.close()
            raise

    def request(self, method, path, fresh=False, **more):
        if fresh:
            self.close()
        response = self.send(method, path, **more)
        try:
            body = response.read()
        except Exception:
            self.close()
            raise
        if response.will_close:
            self.close()
        return Answer(response.status, response.getheaders(), body)

    # Objects. Each takes what request() takes.

    @staticmethod
    def path(bucket, key=""):
        return f"/{bucket}/{quote_key(key)}" if key else f"/{bucket}"

    def get(self, bucket, key, range=None, **more):
        if range is not None:
            more["headers"] = [*more.get("headers", ()), ("Range", range)]
        return self.request("GET", self.path(bucket, key), **more)

    def head(self, bucket, key, **more):
        return self.request("HEAD", self.path(bucket, key), **more)

    def put(self, bucket, key, body, **more):
        return self.request("PUT", self.path(bucket, key), body=body, **more)

    def put_named(self, bucket, key, size, name=None, **more):
        """Stores the content called name (default: the key) in one PUT of any size."""
        return self.request("PUT", self.path(bucket, key), length=size,
                            body=content.pieces(name or key, size), **more)

    def delete(self, bucket, key, **more):
        return self.request("DELETE", self.path(bucket, key), **more)

    def copy(self, bucket, key, source, **more):
        signed = [*more.pop("signed", ()), ("x-amz-copy-source", source)]
        return self.request("PUT", self.path(bucket, key), signed=signed, **more)

    def put_multipart(self, bucket, key, part_sizes, name=None):
        """Uploads the content called name in parts of these sizes; returns the last answer."""
        path = self.path(bucket, key)
        begun = self.request("POST", path, query=[("uploads", None)])
        if begun.status != 200:
            return begun
        upload = re.search(rb"<UploadId>([^<]+)</UploadId>", begun.body).group(1).decode()
        listed, offset = "", 0
        for number, size in enumerate(part_sizes, 1):
            body = content.slice_of(name or key, offset, size)
            sent = self.request("PUT", path, body=body,
                                query=[("partNumber", number), ("uploadId", upload)])
            if sent.status != 200:
                return sent
            listed += (f"<Part><PartNumber>{number}</PartNumber>"
                       f"<ETag>{sent.header('ETag')}</ETag></Part>")
            offset += size
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        return self.request("POST", path, query=[("uploadId", upload)], body=body)

    def presigned(self, method, bucket, key, expires=300, when=None, query=(), signed=()):
        """Path and query of a presigned URL, to be sent without further authorisation."""
        path = self.path(bucket, key)
        signer = Signer(self.identity, self.signer.region, when)
        return path, signer.presigned_query(method, path, self.host, expires, query, signed)

    def anonymous(self):
        return S3(self.address, None, host=self.host, timeout=self.timeout)

    def as_identity(self, identity):
        return S3(self.address, identity, host=self.host, timeout=self.timeout)
