"""A real S3 gateway: Ceph's radosgw on a single node, in memory, on loopback and free ports.

One monitor, one OSD that keeps its data in memory (memstore), one radosgw; no manager and no
internal authentication. Everything lives below a scratch directory, nothing needs root, and each
daemon is ended by its pid. radosgw writes one log line per request, which is how a test learns
what the origin saw.
"""

import http.client
import pathlib
import re
import shutil
import time
import uuid

from .origin import Origin, Seen, operation_of
from .processes import HERE, Daemon, Failed, run

CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon_v2}/0,v1:127.0.0.1:{mon_v1}/0]
mon initial members = a
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
run dir = {directory}
admin socket = {directory}/$name.asok
pid file =
log file = {directory}/$name.log
log to stderr = false
err to stderr = true
mon cluster log file = {directory}/cluster.log
crash dir = {directory}/crash
debug ms = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd class load list = *
osd class default list = *
[mon]
mon data = {directory}/mon
mon allow pool size one = true
mon max pg per osd = 2000
mon warn on pool no redundancy = false
mon osd full ratio = .96
mon osd nearfull ratio = .94
mon osd backfillfull ratio = .95
mon data avail warn = 2
mon data avail crit = 1
mon osd min down reporters = 1
paxos propose interval = 0.05
paxos min wait = 0.01
[osd]
osd data = {directory}/osd
osd objectstore = memstore
memstore device bytes = {capacity}
osd scrub begin hour = 0
osd max scrubs = 0
osd op num threads per shard = 2
osd max object name len = 2048
osd max object namespace len = 256
[client.rgw]
debug rgw = 1
# radosgw asks its monitor for an encrypted connection, which a cluster without authentication
# cannot give; it would retry for ever.
ms mon client mode = crc
rgw data = {directory}/rgw
rgw frontends = beast endpoint={address}:{port} tcp_nodelay=1
rgw dns name = {domain}
rgw enable ops log = false
rgw enable usage log = false
rgw crypt require ssl = false
rgw max put size = 5368709120
rgw dynamic resharding = false
"""

# ... beast: 0x7f...: 127.0.0.1 - lode [23/Nov/2026:06:50:01.123 +0000] "GET /b/k HTTP/1.1" 206 1 -
REQUEST_LINE = re.compile(
    r'beast: \S+: \S+ - \S+ \[[^\]]*\] "(?P<method>[A-Z]+) (?P<target>.*) HTTP/1\.\d" '
    r"(?P<status>\d+) (?P<bytes>\d+) ")


class Radosgw(Origin):
    name = "radosgw"
    domain = "lode.test"
    reads_race = True

    def __init__(self, directory, capacity=12 << 30, host=HERE):
        super().__init__(host)
        self.directory = pathlib.Path(directory) / "radosgw"
        self._capacity = capacity
        self._daemons = []
        self._log_at = 0
        self._seen = []
        self._probe = 0

    def start(self):
        directory = self.directory
        for folder in ("mon", "osd", "rgw", "crash"):
            (directory / folder).mkdir(parents=True)
        self.port = self.host.free_port()
        fsid, osd = uuid.uuid4(), uuid.uuid4()
        mon_v1, mon_v2 = self.host.free_port(), self.host.free_port()
        self._configuration = directory / "ceph.conf"
        self._configuration.write_text(CONFIGURATION.format(
            fsid=fsid, mon_v1=mon_v1, mon_v2=mon_v2, directory=directory, port=self.port,
            capacity=self._capacity, domain=self.domain,
            address=self.host.address))

        monmap = directory / "monmap"
        address = f"[v2:127.0.0.1:{mon_v2}/0,v1:127.0.0.1:{mon_v1}/0]"
        run(["monmaptool", "--create", "--fsid", fsid, "--addv", "a", address,
             "--enable-all-features", "--clobber", monmap])
        self._ceph("ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap)
        mon = self._daemon("ceph-mon", "-i", "a", "-f")
        self._ceph("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd, "--no-mon-config")
        mon.wait_until(lambda: self._asks("mon", "stat") is not None, 20, "in quorum")
        self._ceph("ceph", "osd", "new", osd)
        osd = self._daemon("ceph-osd", "-i", "0", "-f")
        osd.wait_until(lambda: "1 up" in (self._asks("osd", "stat") or ""), 30, "up")

        for identity in self.identities:
            self._ceph("radosgw-admin", "-n", "client.rgw", "user", "create",
                       "--uid", identity.name, "--display-name", identity.name,
                       "--access-key", identity.access_key, "--secret", identity.secret_key,
                       "--max-buckets", "0")
        gateway = self._daemon("radosgw", "-n", "client.rgw", "-f")
        gateway.wait_until(self._answers, 60, "serving")
        self._gateway = gateway
        return self

    @property
    def pid(self):
        """The gateway's."""
        return self._gateway.pid

    def stop(self):
        # The gateway first; the OSD and the monitor have nothing on disk that is worth a farewell.
        for daemon in reversed(self._daemons):
            daemon.stop(2)
        self._daemons.clear()
        shutil.rmtree(self.directory, ignore_errors=True)

    def pause(self):
        """Ends the gateway: its port refuses connections until resume()."""
        self._gateway.stop(10)
        self._daemons.remove(self._gateway)

    def resume(self):
        self._gateway = self._daemon("radosgw", "-n", "client.rgw", "-f")
        self._gateway.wait_until(self._answers, 60, "serving")

    def seen_so_far(self):
        """Every request the gateway has logged. Its log follows an answer by a moment, and lines
        keep their order: so a last request of our own, once logged, says that all are there."""
        self._probe += 1
        marker = f"/probe-{self._probe}"
        time.sleep(0.02)
        connection = http.client.HTTPConnection(self.host.address, self.port, timeout=10)
        connection.request("GET", marker)
        connection.getresponse().read()
        connection.close()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self._read_log(marker):
                return list(self._seen)
            time.sleep(0.01)
        raise Failed(f"radosgw never logged {marker}")

    def _read_log(self, marker):
        with open(self.directory / "client.rgw.log", "rb") as log:
            log.seek(self._log_at)
            data = log.read()
        complete = data.rfind(b"\n") + 1
        self._log_at += complete
        found = False
        for line in data[:complete].decode(errors="replace").splitlines():
            match = REQUEST_LINE.search(line)
            if match is None:
                continue
            method, target = match["method"], match["target"]
            if target == marker:
                found = True
            elif not target.startswith("/probe-"):
                path, _, query = target.partition("?")
                self._seen.append(Seen(operation_of(method, path, query), method, path, query,
                                       int(match["status"]), int(match["bytes"])))
        return found

    def _ceph(self, tool, *words):
        return run(self.host.enter([tool, "-c", self._configuration, *words]), seconds=60)

    def _asks(self, *words):
        done = run(self.host.enter(["ceph", "-c", self._configuration, "--connect-timeout", "5",
                                    *words]), seconds=30, check=False)
        return done.stdout if done.returncode == 0 else None

    def _daemon(self, tool, *words):
        daemon = Daemon(tool, self.host.enter([tool, "-c", self._configuration, *words]),
                        self.directory)
        self._daemons.append(daemon)
        return daemon.start()

    def _answers(self):
        try:
            connection = http.client.HTTPConnection(self.host.address, self.port, timeout=2)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
            return True
        except OSError:
            return False
