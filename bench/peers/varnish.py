"""Varnish with malloc storage."""

import pathlib
import tempfile

from peers.server import Server

VCL = """\
vcl 4.1;
backend origin {{ .host = "127.0.0.1"; .port = "{origin_port}"; .max_connections = 1024; }}
sub vcl_backend_response {{
    set beresp.do_stream = true;
    set beresp.ttl = 1d;
}}
sub vcl_deliver {{
    if (obj.hits > 0) {{ set resp.http.X-Cache = "HIT"; }} else {{ set resp.http.X-Cache = "MISS"; }}
}}
"""
PARAMETERS = {
    "thread_pool_min": 100,
    "thread_pool_max": 5000,
    "thread_pool_timeout": 300,
    "nuke_limit": 100000,
    "timeout_idle": 120,
    "listen_depth": 8192,
}


class Varnish(Server):
    name = "varnish"

    def __init__(self, setting):
        super().__init__(setting)
        # Its log is a mapped file: in memory, nothing of it goes to a disk.
        self.work = tempfile.TemporaryDirectory(
            prefix="lode-bench-varnish-", dir="/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None)

    def command(self):
        vcl = self.folder / "default.vcl"
        vcl.write_text(VCL.format(origin_port=self.setting.origin_port))
        parameters = PARAMETERS | {"thread_pools": self.setting.cores}
        return ["varnishd", "-F", "-j", "none", "-n", self.work.name, "-f", vcl,
                "-a", f"127.0.0.1:{self.port}", "-T", "none",
                "-s", f"objects=malloc,{self.setting.memory}",
                *(word for name, value in parameters.items() for word in ("-p", f"{name}={value}"))]

    def stop(self):
        super().stop()
        self.work.cleanup()
