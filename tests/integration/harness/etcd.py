"""The real etcd, on loopback: killed, restarted, emptied, with TLS and users."""

import base64
import http.client
import json
import pathlib
import shutil
import signal
import ssl

from .processes import Daemon, Failed, accepts, free_port

ROOT_PASSWORD = "root-password"


class Etcd:
    def __init__(self, directory, authority=None):
        """With `authority` it speaks TLS, by a certificate for 127.0.0.1."""
        self.directory = pathlib.Path(directory)
        self.port, self._peer_port = free_port(), free_port()
        self._authority = authority
        self._tls = authority.issue("IP:127.0.0.1") if authority else None
        self._locked = False
        self._token = None
        self._daemon = None

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def start(self):
        peers = f"http://127.0.0.1:{self._peer_port}"
        command = ["etcd", "--name", "test", "--data-dir", self.directory / "data",
                   "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                   "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
                   "--initial-cluster", f"test={peers}", "--log-level", "error"]
        if self._tls:
            command += ["--cert-file", self._tls[0], "--key-file", self._tls[1]]
        self._daemon = Daemon("etcd", command, self.directory)
        self._daemon.start()
        self._token = None
        self._daemon.wait_until(self._answers, 30, "serving")
        if self._locked:
            self._log_in()
        return self

    def kill(self):
        self._daemon.signal(signal.SIGKILL)
        self._daemon.wait(10)
        self._daemon.stop()

    def freeze(self):
        self._daemon.signal(signal.SIGSTOP)

    def thaw(self):
        self._daemon.signal(signal.SIGCONT)

    def forget(self):
        """What is stored; only while it is dead."""
        shutil.rmtree(self.directory / "data")

    def stop(self):
        if self._daemon is not None and self._daemon.alive():
            self.thaw()
            self._daemon.stop()

    def demand_passwords(self, user, password, prefix):
        """`user` may do everything below `prefix`, and nobody else may do anything."""
        for path, body in (
                ("/v3/auth/user/add", {"name": "root", "password": ROOT_PASSWORD}),
                ("/v3/auth/user/grant", {"user": "root", "role": "root"}),
                ("/v3/auth/role/add", {"name": "lode"}),
                ("/v3/auth/role/grant", {"name": "lode", "perm": {
                    "permType": "READWRITE", "key": coded(prefix + "/"),
                    "range_end": coded(prefix + "0")}}),
                ("/v3/auth/user/add", {"name": user, "password": password}),
                ("/v3/auth/user/grant", {"user": user, "role": "lode"}),
                ("/v3/auth/enable", {})):
            self.ask(path, body)
        self._locked = True
        self._log_in()

    def _log_in(self):
        self._token = self.ask("/v3/auth/authenticate",
                               {"name": "root", "password": ROOT_PASSWORD})["token"]

    def put(self, key, value):
        return int(self.ask("/v3/kv/put", {"key": coded(key), "value": coded(value)})
                   ["header"]["revision"])

    def keys(self, prefix):
        found = self.ask("/v3/kv/range", {"key": coded(prefix), "range_end": coded(prefix + "\x7f")})
        return {base64.b64decode(each["key"]).decode(): base64.b64decode(each.get("value", ""))
                for each in found.get("kvs", [])}

    def remove(self, key):
        self.ask("/v3/kv/deleterange", {"key": coded(key)})

    def compact(self, revision):
        self.ask("/v3/kv/compaction", {"revision": str(revision), "physical": True})

    def ask(self, path, body):
        if self._tls:
            context = ssl.create_default_context(cafile=str(self._authority.certificate))
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10,
                                                     context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Authorization": self._token} if self._token else {}
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise Failed(f"etcd {path}: {answer.status} {text!r}")
            return json.loads(text)
        finally:
            connection.close()

    def _answers(self):
        if not accepts(self.port):
            return False
        try:
            # Without a leader there is no answer.
            self.ask("/v3/kv/range", {"key": coded("x")})
        except (Failed, OSError, http.client.HTTPException) as problem:
            return "user name is empty" in str(problem)
        return True


def coded(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
