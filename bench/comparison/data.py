"""The objects of a workload: how they are named, put, and read once before they are hits."""

import dataclasses
import hashlib
import http.client
import json
import os
import urllib.request

import rig
from peers.server import BUCKET

WARM_ROUNDS = 6
DIGESTS = {}  # of what was put, by key


@dataclasses.dataclass(frozen=True)
class Data:
    prefix: str
    count: int
    size: int

    @property
    def keys(self):
        """As lode-bench names them."""
        return [f"{self.prefix}{n:010}" for n in range(self.count)]

    @property
    def length(self):
        return self.count * self.size


def ask_origin(origin, method, target):
    url = f"http://127.0.0.1:{origin.admin_port}{target}"
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
        return answer.read()


def open_bucket(origin):
    """Everybody may read it: caches that sign nothing ask the origin as anybody."""
    rig.put(origin.port, f"/{BUCKET}")
    ask_origin(origin, "POST", f"/public?bucket={BUCKET}")


def sent_by(origin):
    """Bytes that the origin has sent so far."""
    return json.loads(ask_origin(origin, "GET", "/counters"))["bytes_out"]


def put(origin, data):
    for key in data.keys:
        content = os.urandom(data.size)
        DIGESTS[key] = digest(content)
        rig.put(origin.port, f"/{BUCKET}/{key}", content)


def digest(content):
    return hashlib.blake2b(content, digest_size=16).digest()


def delete(origin, data):
    for key in data.keys:
        rig.delete(origin.port, f"/{BUCKET}/{key}")


def read_all(server, data):
    """Each object once, whole, on one connection; every byte is compared."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        for key in data.keys:
            connection.request("GET", server.target(key))
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200 or digest(content) != DIGESTS[key]:
                raise SystemExit(f"{server.name} answers {answer.status} with {len(content)} bytes for {key}, "
                                 f"which are not the {data.size} that were put")
    finally:
        connection.close()


def warm(server, origin, data):
    """Reads all until nothing of it comes from the origin any more."""
    for _ in range(WARM_ROUNDS):
        before = sent_by(origin)
        read_all(server, data)
        if sent_by(origin) - before < data.size // 2:
            return
    raise SystemExit(f"{server.name} goes on asking the origin for objects that it has read "
                     f"{WARM_ROUNDS} times")
