"""The limit of the device: fio's random reads, O_DIRECT through io_uring, on a file beside lode's."""

import json
import subprocess

from peers.server import cpu_list


def read(path, length, block, depth, seconds, cpus):
    """GB/s."""
    text = subprocess.run(
        ["taskset", "-c", cpu_list(cpus), "fio", "--name=device", f"--filename={path}",
         f"--size={length}", "--direct=1", "--ioengine=io_uring", f"--bs={block}", "--rw=randread",
         "--numjobs=1", f"--iodepth={depth}", "--time_based", f"--runtime={seconds}",
         "--output-format=json"], capture_output=True, text=True, check=True).stdout
    side = json.loads(text[text.index("{"):])["jobs"][0]["read"]
    return side["io_bytes"] / (side["runtime"] / 1000) / 1e9
