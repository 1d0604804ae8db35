"""A second real store: the Versity S3 gateway over a directory, on loopback and a free port.

fetch_clients.py compiles it; without it, what would run against it is skipped. It answers
partNumber, keeps checksums and takes trailers, none of which radosgw 16 does. It logs a line per
request, without the bytes it sent: those are taken from what the process has read, which is what it
sends as long as nobody uploads.
"""

import http.client
import os
import pathlib
import re
import shutil
import time

from . import fetched
from .origin import OWNER, Origin, Seen, operation_of
from .processes import Daemon, Failed, accepts, free_port

# 13:24:39 | vgw | 206 |  538.61µs | 127.0.0.1 | GET | /bucket/key | - | partNumber=2
REQUEST_LINE = re.compile(r"^[\d:]+ \| vgw \| (?P<status>\d{3}) \| [^|]* \| [^|]* \| "
                          r"(?P<method>[A-Z]+) +\| (?P<path>/.*) \| (?P<error>.*) \| ?(?P<query>.*)$")

NOISE = 64 * 1024       # requests and their heads are read, too


class Versitygw(Origin):
    name = "versitygw"
    identities = (OWNER,)
    revalidates = False     # it is asked for all headers: see README.md, If-Unmodified-Since
    folds_paths = True

    def __init__(self, directory, fetched_directory):
        super().__init__()
        self.directory = pathlib.Path(directory) / "versitygw"
        self._program = fetched.find(fetched_directory, "versitygw", "versitygw")
        self._daemon = None
        self._log_at = 0
        self._seen = []
        self._probe = 0

    def start(self):
        (self.directory / "data").mkdir(parents=True)
        self.port = free_port()
        return self.resume()

    def resume(self):
        self._daemon = Daemon("versitygw", [
            self._program, "--port", f"127.0.0.1:{self.port}", "--access", OWNER.access_key,
            "--secret", OWNER.secret_key, "--region", "us-east-1", "--keep-alive", "posix", *self._metadata(),
            self.directory / "data"], self.directory, {"TMPDIR": str(self.directory)})
        self._daemon.start()
        self._daemon.wait_until(lambda: accepts(self.port), 20, "serving")
        return self

    def _metadata(self):
        """It keeps metadata in extended attributes, where the file system has them."""
        try:
            os.setxattr(self.directory / "data", "user.probe", b"1")
            return []
        except OSError:
            beside = self.directory / "metadata"
            beside.mkdir(exist_ok=True)
            return ["--sidecar", beside]

    def pause(self):
        self._daemon.stop(20)

    def stop(self):
        self.pause()
        shutil.rmtree(self.directory, ignore_errors=True)

    def seen_so_far(self):
        """Every request it has logged. A line follows its answer by a moment; a last request of
        our own, once logged, says that those before it are there."""
        self._probe += 1
        marker = f"/probe-{self._probe}/key"
        time.sleep(0.02)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", marker)
        connection.getresponse().read()
        connection.close()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self._read_log(marker):
                return list(self._seen)
            time.sleep(0.01)
        raise Failed(f"versitygw never logged {marker}")

    def _totals(self):
        counts, _ = super()._totals()
        read = re.search(r"^rchar: (\d+)", pathlib.Path(f"/proc/{self._daemon.pid}/io").read_text(),
                         re.MULTILINE)
        return counts, int(read[1]) // NOISE * NOISE

    def _read_log(self, marker):
        with open(self._daemon.output_path, "rb") as log:
            log.seek(self._log_at)
            data = log.read()
        complete = data.rfind(b"\n") + 1
        self._log_at += complete
        found = False
        for line in data[:complete].decode(errors="replace").splitlines():
            match = REQUEST_LINE.search(line)
            if match is None:
                continue
            method, path, query = match["method"], match["path"], match["query"]
            if path == marker:
                found = True
            elif not path.startswith("/probe-"):
                self._seen.append(Seen(operation_of(method, path, query), method, path, query,
                                       int(match["status"]), 0))
        return found
