"""lode-origin, the project's own development origin, as an origin for the tests.

It counts its operations itself and fails on demand, both on its admin port.
"""

import collections
import http.client
import json
import pathlib
import shutil

from .origin import OWNER, Origin
from .processes import HERE, Daemon, Failed, accepts


class LodeOrigin(Origin):
    name = "lode-origin"

    def __init__(self, directory, build, data=None, options=(), host=HERE):
        """With `data`, the directory of another server's objects; `options` go to the program."""
        super().__init__(host)
        self.directory = pathlib.Path(directory) / "lode-origin"
        self.data = pathlib.Path(data) if data else self.directory / "data"
        self.options = list(options)
        self._program = pathlib.Path(build) / "lode-origin"
        self._daemon = None

    def start(self):
        self.directory.mkdir(parents=True)
        self.data.mkdir(exist_ok=True)
        self.port, self.admin_port = self.host.free_port(), self.host.free_port()
        return self.resume()

    def resume(self):
        users = []
        for identity in self.identities:
            if identity is not OWNER:
                users += ["--user",
                          f"{identity.name}:{identity.access_key}:{identity.secret_key}:none"]
        address = self.host.address
        self._daemon = Daemon("lode-origin", self.host.enter([
            self._program, "--dir", self.data,
            "--listen", f"{address}:{self.port}", "--admin", f"{address}:{self.admin_port}",
            "--access-key", OWNER.access_key, "--secret-key", OWNER.secret_key, *users,
            *self.options]), self.directory)
        self._daemon.start()
        self._daemon.wait_until(lambda: accepts(self.port, address) and
                                accepts(self.admin_port, address), 20, "serving")
        return self

    def pause(self):
        code = self._daemon.stop(20)
        if code != 0:
            raise Failed(f"lode-origin ended with {code}:\n{self._daemon.output()}")

    def stop(self):
        try:
            self.pause()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _totals(self):
        told = json.loads(self._admin("GET", "/counters"))
        counts = collections.Counter()
        for operation, seen in told["operations"].items():
            for status, number in seen["by_status"].items():
                counts[operation, int(status)] += number
        return counts, told["bytes_out"]

    def alive(self):
        return self._daemon is not None and self._daemon.alive()

    def inject(self, **faults):
        """latency_ms, error_rate_503, reset_after_bytes, truncate_after_bytes, slow_head, ..."""
        query = "&".join(f"{name}={value}" for name, value in faults.items())
        self._admin("POST", f"/faults?{query}")

    def heal(self):
        self._admin("DELETE", "/faults")

    def _admin(self, method, target):
        connection = http.client.HTTPConnection(self.host.address, self.admin_port, timeout=10)
        try:
            connection.request(method, target)
            response = connection.getresponse()
            body = response.read()
            if response.status not in (200, 204):
                raise Failed(f"lode-origin {method} {target}: {response.status} {body!r}")
            return body
        finally:
            connection.close()
