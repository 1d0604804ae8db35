"""Apache Traffic Server: its RAM cache before a storage file."""

from peers.server import Server

RECORDS = {
    "admin.user_id": "STRING #-1",
    "http.server_ports": "STRING {port}:ip-in=127.0.0.1",
    "exec_thread.autoconfig.enabled": "INT 0",
    "exec_thread.limit": "INT {cores}",
    "exec_thread.listen": "INT 1",
    "accept_threads": "INT 0",
    "net.listen_backlog": "INT 8192",
    "net.connections_throttle": "INT 30000",
    "http.keep_alive_no_activity_timeout_in": "INT 120",
    "cache.ram_cache.size": "INT {memory}",
    "cache.ram_cache.algorithm": "INT 1",
    "cache.ram_cache_cutoff": "INT {memory}",
    "http.cache.required_headers": "INT 0",
    "http.cache.when_to_revalidate": "INT 3",
    "http.cache.open_read_retry_time": "INT 10",
    "http.cache.max_open_read_retries": "INT 1000",
    "http.insert_response_via_str": "INT 2",
    "http.insert_request_via_str": "INT 0",
    "url_remap.remap_required": "INT 1",
    "log.logging_enabled": "INT 0",
    "diags.debug.enabled": "INT 0",
}
FOLDERS = {"sysconfdir": "etc", "localstatedir": "var", "runtimedir": "run", "logdir": "logs",
           "cachedir": "cache"}


class TrafficServer(Server):
    name = "trafficserver"

    def command(self):
        values = {"port": self.port, "cores": self.setting.cores, "memory": self.setting.memory}
        for folder in FOLDERS.values():
            (self.folder / folder).mkdir()
        etc = self.folder / "etc"
        (etc / "records.config").write_text("".join(
            f"CONFIG proxy.config.{name} {value.format(**values)}\n" for name, value in RECORDS.items()))
        (etc / "storage.config").write_text(f"{self.folder}/cache 4G\n")
        (etc / "remap.config").write_text(
            f"map http://127.0.0.1:{self.port}/ http://127.0.0.1:{self.setting.origin_port}/\n")
        (etc / "ip_allow.yaml").write_text(
            "ip_allow:\n  - apply: in\n    ip_addrs: 127.0.0.1\n    action: allow\n    methods: ALL\n")
        layout = "".join(f"{name}: {self.folder / folder}\n" for name, folder in FOLDERS.items())
        (self.folder / "runroot.yaml").write_text(
            f"prefix: /usr\nexec_prefix: /usr\nbindir: /usr/bin\nsbindir: /usr/bin\n{layout}")
        return ["traffic_server", f"--run-root={self.folder / 'runroot.yaml'}"]
