"""lode, as it comes, and before it the development origin."""

import rig
from peers.server import BUCKET, Server, free_port

CONFIGURATION = """\
[node]
name = "bench"
memory = "{memory}B"
[listen]
s3 = "127.0.0.1:{port}"
peer = "127.0.0.1:{peer_port}"
admin = "127.0.0.1:{admin_port}"
[origin]
gateway = "http://127.0.0.1:{origin_port}"
[log]
access = ""
level = "warning"
[[cache.device]]
path = "{folder}/cache"
size = "4GiB"
"""
KEYS = """\
[[key]]
name = "bench"
access_key = "{access_key}"
secret_key = "{secret_key}"
rules = [ {{ buckets = ["{bucket}"], allow = "read" }} ]
"""


class Gateway(Server):
    """Every request is authorised by the gateway: lode's default."""

    name = "lode gateway+strong"
    signed = True

    def __init__(self, setting, folder="", memory=0):
        super().__init__(setting)
        if folder:
            self.folder = setting.folder / folder
        self.memory = memory or setting.memory
        self.admin_port = free_port()

    def environment(self):
        return {"AWS_ACCESS_KEY_ID": rig.ACCESS, "AWS_SECRET_ACCESS_KEY": rig.SECRET}

    def command(self):
        configuration = self.folder / "lode.toml"
        configuration.write_text(CONFIGURATION.format(
            memory=self.memory, port=self.port, peer_port=free_port(), admin_port=self.admin_port,
            origin_port=self.setting.origin_port, folder=self.folder) + self.mode_lines())
        return [self.setting.build / "lode", "serve", "--config", configuration]

    def mode_lines(self):
        return '[auth]\nmode = "gateway"\n[consistency]\nmode = "strong"\n'


class Local(Gateway):
    """lode verifies every signature itself and asks the origin again after an hour."""

    name = "lode local+bounded"

    def mode_lines(self):
        keys = self.folder / "keys.toml"
        keys.write_text(KEYS.format(access_key=rig.ACCESS, secret_key=rig.SECRET, bucket=BUCKET))
        keys.chmod(0o600)
        return (f'[auth]\nmode = "local"\nkeys = "{keys}"\n'
                '[consistency]\nmode = "bounded"\nmax_stale = "1h"\n')


class Origin(Server):
    """lode-origin. Its bucket is public: caches that know no signatures read it as anybody may."""

    name = "origin"

    def __init__(self, setting):
        super().__init__(setting)
        self.port = setting.origin_port
        self.admin_port = free_port()

    def command(self):
        objects = self.folder / "objects"
        objects.mkdir()
        return [self.setting.build / "lode-origin", "--dir", objects, "--listen", f"127.0.0.1:{self.port}",
                "--admin", f"127.0.0.1:{self.admin_port}", "--access-key", rig.ACCESS,
                "--secret-key", rig.SECRET]
