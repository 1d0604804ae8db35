"""lode serve as a process: configuration, readiness, metrics, access log, and an orderly end."""

import http.client
import json
import pathlib
import shutil
import signal
import time

from .metrics import parse
from .origin import OWNER
from .processes import HERE, Daemon, Failed, accepted_connections, is_bound, open_descriptors, \
    resident_bytes
from .s3 import S3

MIB = 1 << 20


def toml(settings):
    """Settings as {"section": {"key": value}}; a list of dictionaries is an array of tables."""
    lines = []
    for section, values in settings.items():
        tables = values if isinstance(values, list) else [values]
        for table in tables:
            lines.append(f"[[{section}]]" if isinstance(values, list) else f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
            lines.append("")
    return "\n".join(lines)


class Lode:
    def __init__(self, directory, build, gateway, settings=None, memory="256MiB",
                 device="1GiB", cores=2, environment=None, host=HERE):
        self.host = host
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self._program = pathlib.Path(build) / "lode"
        self.port, self.peer_port, self.admin_port = (host.free_port() for _ in range(3))
        self.access_log = self.directory / "access.log"
        credentials = self.directory / "credentials"
        credentials.write_text(f"[default]\naws_access_key_id = {OWNER.access_key}\n"
                               f"aws_secret_access_key = {OWNER.secret_key}\n")
        self.settings = {
            "node": {"name": "test", "cores": cores, "memory": memory},
            "listen": {"s3": f"{host.address}:{self.port}",
                       "peer": f"{host.address}:{self.peer_port}",
                       "admin": f"{host.address}:{self.admin_port}", "domains": ["lode.test"]},
            "origin": {"gateway": gateway, "region": "us-east-1",
                       "credentials": str(credentials)},
            "log": {"access": str(self.access_log), "level": "info"},
            "cache.device": [{"path": str(self.directory / "device.0"), "size": device}],
        }
        for section, values in (settings or {}).items():
            if isinstance(values, dict):
                self.settings.setdefault(section, {}).update(values)
            else:
                self.settings[section] = values
        self._environment = environment
        self.daemon = None

    @property
    def configuration(self):
        return self.directory / "lode.toml"

    def start(self, seconds=30):
        self.begin()
        return self.wait_until_ready(seconds)

    def begin(self):
        """Starts it without waiting for it."""
        self.configuration.write_text(toml(self.settings))
        self.daemon = Daemon("lode", self.command(), self.directory, self._environment)
        self.daemon.start()
        return self

    def command(self):
        return self.host.enter([self._program, "serve", "--config", self.configuration])

    def wait_until_ready(self, seconds=30):
        self.daemon.wait_until(lambda: self._ready() == 200, seconds, "ready")
        return self

    def stop(self, seconds=30):
        """Ends lode with SIGTERM; anything but an exit code of 0 is a failure."""
        code = self.daemon.stop(seconds)
        output = self.daemon.output()
        shutil.rmtree(self.directory, ignore_errors=True)
        if code != 0:
            raise Failed(f"lode ended with {code}:\n{output}")

    def kill(self):
        """Ends lode as a crash would; it can be started again, with its devices as they are."""
        self.daemon.signal(signal.SIGKILL)
        self.daemon.stop()
        # The kernel takes a dead process's ring apart, and what it holds, a moment later.
        deadline = time.monotonic() + 5
        while self._has_its_ports():
            if time.monotonic() > deadline:
                raise Failed("lode is dead and still has its ports")
            time.sleep(0.01)

    def _has_its_ports(self):
        with self.host.inside():
            return any(is_bound(port, self.host.address)
                       for port in (self.port, self.admin_port))

    def remove(self):
        """Ends it, however it is, and leaves nothing of it."""
        if self.daemon is not None:
            self.daemon.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def client(self, identity=OWNER, **more):
        return S3((self.host.address, self.port), identity, **more)

    @property
    def url(self):
        return f"http://{self.host.address}:{self.port}"

    def _ready(self):
        try:
            return self.admin("GET", "/readyz")[0]
        except OSError:
            return None

    def admin(self, method, target):
        """(status, headers, body) of a request to the admin port."""
        connection = http.client.HTTPConnection(self.host.address, self.admin_port, timeout=10)
        try:
            connection.request(method, target)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def metrics(self):
        status, _, body = self.admin("GET", "/metrics")
        if status != 200:
            raise Failed(f"/metrics: {status} {body!r}")
        return parse(body.decode())

    def number(self, name):
        """The value of a metric without labels."""
        return self.metrics()[name][()]

    def drop_memory(self):
        """Empties the memory tier; what is on the device stays."""
        status, _, body = self.admin("POST", "/drop?tier=memory")
        if status not in (200, 204):
            raise Failed(f"/drop?tier=memory: {status} {body!r}")

    def access_entries(self):
        """The access log, one dictionary a request."""
        with open(self.access_log, encoding="utf-8") as log:
            return [json.loads(line) for line in log if line.endswith("\n")]

    @property
    def pid(self):
        return self.daemon.pid

    def alive(self):
        return self.daemon.alive()

    def resident(self):
        return resident_bytes(self.pid)

    def descriptors(self):
        return open_descriptors(self.pid)

    def connections(self):
        return accepted_connections(self.port, self.pid)
