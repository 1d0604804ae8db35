"""nginx with proxy_cache: files in memory, sent with sendfile."""

import pathlib
import shutil
import tempfile

from peers.server import Server

MEMORY_FILES = pathlib.Path("/dev/shm")
MEMORY_FILES_LEAST = 3 << 30  # free; more than max_size

CONFIGURATION = """\
daemon off;
user root;
pid {folder}/pid;
error_log stderr crit;
worker_processes {cores};
worker_rlimit_nofile 65536;
events {{
    use epoll;
    worker_connections 8192;
    accept_mutex off;
    multi_accept on;
}}
http {{
    access_log off;
    default_type application/octet-stream;
    sendfile on;
    sendfile_max_chunk 1m;
    tcp_nodelay on;
    tcp_nopush off;
    aio off;
    keepalive_timeout 120;
    keepalive_requests 1000000000;
    open_file_cache max=100000 inactive=1h;
    open_file_cache_valid 1h;
    open_file_cache_min_uses 1;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/temporary;
    proxy_cache_path {cache} levels=1:2 keys_zone=objects:64m max_size=2g inactive=1d use_temp_path=off;
    upstream origin {{
        server 127.0.0.1:{origin_port};
        keepalive 128;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=8192;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_cache objects;
            proxy_cache_key $uri;
            proxy_cache_valid 200 1d;
            proxy_cache_lock on;
            proxy_cache_lock_timeout 60s;
            proxy_force_ranges on;
            proxy_buffer_size 64k;
            proxy_buffers 16 64k;
            proxy_busy_buffers_size 256k;
            proxy_temp_file_write_size 256k;
            add_header X-Cache $upstream_cache_status;
        }}
    }}
}}
"""


class Nginx(Server):
    name = "nginx"

    def __init__(self, setting):
        super().__init__(setting)
        in_memory = MEMORY_FILES.is_dir() and shutil.disk_usage(MEMORY_FILES).free >= MEMORY_FILES_LEAST
        self.cache = tempfile.TemporaryDirectory(prefix="lode-bench-nginx-",
                                                 dir=MEMORY_FILES if in_memory else setting.folder)

    def command(self):
        configuration = self.folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(
            folder=self.folder, cache=self.cache.name, cores=self.setting.cores, port=self.port,
            origin_port=self.setting.origin_port))
        return ["nginx", "-p", self.folder, "-e", "stderr", "-c", configuration]

    def stop(self):
        super().stop()
        self.cache.cleanup()
