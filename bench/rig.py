"""What the load scripts share: lode-origin and lode as processes, signed URLs, CPU time."""

import contextlib
import datetime
import hashlib
import hmac
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
ACCESS, SECRET = "BENCHACCESSKEY000001", "bench-secret-bench-secret-bench-secret-00"
KIB, MIB = 1 << 10, 1 << 20


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def presigned(method, port, path, lifetime=3600):
    """A URL that is good for `lifetime` seconds (AWS Signature Version 4, unsigned payload)."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    query = urllib.parse.urlencode(sorted({
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{ACCESS}/{scope}",
        "X-Amz-Date": now, "X-Amz-Expires": str(lifetime), "X-Amz-SignedHeaders": "host"}.items()))
    canonical = f"{method}\n{path}\n{query}\nhost:127.0.0.1:{port}\n\nhost\nUNSIGNED-PAYLOAD"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + SECRET).encode()
    for part in (now[:8], "us-east-1", "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"http://127.0.0.1:{port}{path}?{query}&X-Amz-Signature={signature}"


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def put(port, path, data=b""):
    url = presigned("PUT", port, path)
    urllib.request.urlopen(urllib.request.Request(url, data=data, method="PUT")).read()


def delete(port, path):
    url = presigned("DELETE", port, path)
    urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).read()


def wait_for(port):
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


@contextlib.contextmanager
def running(command, port, **more):
    """A server on a port, from when it listens until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **more)
    try:
        wait_for(port)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def origin(build, folder, port, *more):
    folder.mkdir(exist_ok=True)
    return running([build / "lode-origin", "--dir", folder, "--listen", f"127.0.0.1:{port}",
                    "--access-key", ACCESS, "--secret-key", SECRET, *more], port)


@contextlib.contextmanager
def radosgw(folder):
    """Ceph's gateway as the tests use it: its port and pid. URLs are signed by its owner from now on."""
    global ACCESS, SECRET
    sys.path.insert(0, str(ROOT / "tests" / "integration"))
    from harness.origin import OWNER
    from harness.radosgw import Radosgw
    gateway = Radosgw(folder)
    ACCESS, SECRET = OWNER.access_key, OWNER.secret_key
    try:
        gateway.start()
        yield gateway.port, gateway.pid
    finally:
        gateway.stop()


def lode(build, folder, port, gateway_port, memory="256MiB", more="", name="bench", peer=0,
         admin=0):
    """`more`: further lines of the configuration."""
    folder.mkdir(exist_ok=True)
    config = folder / "lode.toml"
    config.write_text(
        f'[node]\nname = "{name}"\nmemory = "{memory}"\n[listen]\ns3 = "127.0.0.1:{port}"\n'
        f'admin = "127.0.0.1:{admin or free_port()}"\npeer = "127.0.0.1:{peer or free_port()}"\n[origin]\ngateway = "http://127.0.0.1:{gateway_port}"\n'
        f'[log]\naccess = ""\nlevel = "warning"\n{more}')
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=ACCESS, AWS_SECRET_ACCESS_KEY=SECRET)
    return running([build / "lode", "serve", "--config", config], port, env=environment)


def load(url, range_header, seconds, connections, targets=None):
    """wrk's requests per second. `targets`: a file of them, to be asked for one after the other."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    if range_header:
        command += ["-H", f"Range: {range_header}"]
    if targets:
        command += ["-s", ROOT / "bench" / "many_targets.lua"]
    command += [url] + (["--", targets] if targets else [])
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # wrk counts every status but 2xx and 3xx as an error, and says nothing when there is none.
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(f"the load met errors:\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
