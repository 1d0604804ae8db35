"""The load by wrk, which Debian has. It looks at each answer's status, and at the lengths of all together."""

import json
import shutil
import subprocess

from peers.server import cpu_list

# Requests are written once, before the time begins, and then sent in turn.
SCRIPT = """\
local written, at = {}, 0
local host = "127.0.0.1:%(port)d"
init = function(args)
    for line in io.lines("%(requests)s") do
        local target, range = line:match("^(%%S+) ?(.*)$")
        local headers = { Host = host }
        if range ~= "" then headers["Range"] = range end
        written[#written + 1] = wrk.format("GET", target, headers)
    end
end
request = function()
    at = at %% #written + 1
    return written[at]
end
done = function(summary, latency, requests)
    local e = summary.errors
    io.write(string.format('\\n{"requests": %%d, "bytes": %%d, "us": %%d, "refused": %%d, "errors": %%d, ' ..
        '"p50": %%f, "p99": %%f, "p999": %%f, "most": %%f}\\n',
        summary.requests, summary.bytes, summary.duration,
        e.status, e.connect + e.read + e.write + e.status + e.timeout,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
"""
HEAD_MAX = 2048


class Wrk:
    name = "wrk"

    def __init__(self, _, folder, cpus, threads):
        self.folder, self.cpus, self.threads = folder, cpus, threads

    @staticmethod
    def there(_):
        return shutil.which("wrk") is not None

    def run(self, server, load, seconds, connections):
        length = load.answer_length
        requests = self.folder / "requests"
        requests.write_text("".join(
            server.target(key) + (f" bytes={first}-{first + length - 1}" if load.ranged else "") + "\n"
            for key, first in load.requests()))
        script = self.folder / "load.lua"
        script.write_text(SCRIPT % {"port": server.port, "requests": requests})
        done = subprocess.run(
            ["taskset", "-c", cpu_list(self.cpus), "wrk", f"-t{min(self.threads, connections)}", f"-c{connections}", f"-d{seconds}s",
             "--timeout", "30s", "-s", script, f"http://127.0.0.1:{server.port}/"],
            capture_output=True, text=True, check=False, timeout=seconds + 90)
        if done.returncode or not done.stdout.strip():
            raise SystemExit(f"wrk failed before {server.name}: {done.stderr[-500:]}")
        seen = json.loads(done.stdout.strip().splitlines()[-1])
        # An answer that is an error has been quick, and counts for nothing.
        good = seen["requests"] - seen["refused"]
        # What was under way at the end is in the bytes and not in the requests.
        least, most = good * length, (seen["requests"] + connections) * (length + HEAD_MAX)
        if not least <= seen["bytes"] <= most:
            raise SystemExit(f"{server.name} sent {seen['bytes']} bytes for {good} answers of {length}")
        return {"requests": good, "seconds": seen["us"] / 1e6, "errors": seen["errors"],
                **{name: seen[name] / 1e3 for name in ("p50", "p99", "p999", "most")}}
