"""The load by lode-bench. It looks at each answer's status and length, and discards its body in the kernel."""

import json
import os
import subprocess

import rig
from peers.server import BUCKET, cpu_list


class LodeBench:
    name = "lode-bench"

    def __init__(self, build, folder, cpus, threads):
        self.program, self.folder = build / "lode-bench", folder
        self.cpus, self.threads = cpus, threads

    @staticmethod
    def there(build):
        program = build / "lode-bench"
        if not program.exists():
            return False
        done = subprocess.run([program, "get", "--help"], capture_output=True, text=True, check=False)
        return "--json" in done.stdout

    def run(self, server, load, seconds, connections):
        report = self.folder / "run.json"
        report.unlink(missing_ok=True)
        command = [
            "taskset", "-c", cpu_list(self.cpus), self.program, "get", "--no-prepare",
            "--endpoint", f"http://127.0.0.1:{server.port}", "--label", server.name,
            "--bucket", BUCKET, "--prefix", load.data.prefix, "--objects", str(load.data.count),
            "--object-size", f"{load.data.size}B", "--popularity", "epoch",
            "--in-flight", str(connections), "--cores", str(min(self.threads, connections)),
            "--warm-up", "0s", "--duration", f"{seconds}s", "--json", report]
        if load.ranged:
            # Each once before any again, which --range, at random, would not do.
            command += ["--part-size", f"{load.range_size}B", "--by-part"]
        if not server.signed:
            command += ["--anonymous"]
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=False, timeout=seconds + 90,
            env=os.environ | {"AWS_ACCESS_KEY_ID": rig.ACCESS, "AWS_SECRET_ACCESS_KEY": rig.SECRET})
        if done.returncode:
            raise SystemExit(f"the load on {server.name} failed: {done.stderr[-500:]}")
        seen = json.loads(report.read_text())["runs"][0]
        whole = seen["whole"]
        return {"requests": seen["requests"], "seconds": seen["measured_ns"] / 1e9,
                "errors": sum(seen["errors"].values()), "client_cpu": seen["client_cpu_s"],
                "p50": whole["p50_ns"] / 1e6, "p99": whole["p99_ns"] / 1e6,
                "p999": whole["p99_9_ns"] / 1e6, "most": whole["most_ns"] / 1e6}
