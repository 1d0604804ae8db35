#!/usr/bin/env python3
"""Gets the clients and the store that Debian does not have, for the integration tests.

    fetch_clients.py [--into DIR] [--list]

Each is pinned to a version, installed below DIR (default: build/clients, outside of what is
compiled and committed), and left alone once it is there: a second run costs nothing. Python
packages go into a virtual environment, Go programs are compiled from the module proxy's sources
with the Go that this machine has. Whatever cannot be had within its time is not an error: the
reason is written beside it, printed, and the tests that need it are skipped with that reason.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent

# Everything by its exact version, also what the packages depend on. awscrt is what gives boto3
# CRC64NVME; s3torchconnectorclient is the native half of the S3 connector for PyTorch, and all of
# it that talks to a store: the other half needs torch, whose wheels bring gigabytes.
PYTHON_PACKAGES = """\
argon2-cffi==25.1.0
argon2-cffi-bindings==26.2.0
awscrt==0.38.1
boto3==1.44.5
botocore==1.44.5
certifi==2026.10.18
cffi==2.1.1
jmespath==1.1.0
minio==7.2.20
obstore==0.12.1
pycparser==3.12
pycryptodome==4.4.0
python-dateutil==2.9.0.post0
s3torchconnectorclient==1.5.0
s3transfer==0.19.3
six==1.17.0
typing_extensions==4.16.0
urllib3==2.8.0
"""

# Program, module, version, the package within, and the oldest Go that compiles it.
GO_PROGRAMS = (
    ("s5cmd", "github.com/peak/s5cmd/v2", "v2.3.0", "", (1, 19)),
    ("versitygw", "github.com/versity/versitygw", "v1.8.0", "/cmd/versitygw", (1, 25)),
)

PYTHON_SECONDS = 240
GO_SECONDS = 480


class Absent(Exception):
    """It cannot be had here; the text says why, in one line."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--into", type=pathlib.Path, default=TOP / "build" / "clients")
    parser.add_argument("--list", action="store_true", help="say what is there, get nothing")
    options = parser.parse_args()
    into = options.into.resolve()
    provide(options, into, "python", PYTHON_PACKAGES, install_python)
    for name, module, version, package, oldest in GO_PROGRAMS:
        provide(options, into, name, f"{module} {version}\n",
                lambda where, parts=(name, module, version, package, oldest):
                compile_go(where, *parts))
    return 0


def provide(options, into, name, made_of, make):
    """Makes into/NAME unless it was made of the same before; leaves the reason where it cannot."""
    where, stamp, absent = into / name, into / name / "made-of", into / f"{name}.absent"
    if stamp.is_file() and stamp.read_text() == made_of:
        print(f"{name}: there", flush=True)
        return
    if options.list:
        print(f"{name}: {absent.read_text().strip() if absent.is_file() else 'not fetched'}")
        return
    begun = time.monotonic()
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    try:
        make(where)
    except Absent as reason:
        shutil.rmtree(where, ignore_errors=True)
        absent.write_text(f"{reason}\n")
        print(f"{name}: absent: {reason}", flush=True)
        return
    stamp.write_text(made_of)
    absent.unlink(missing_ok=True)
    print(f"{name}: made in {time.monotonic() - begun:.0f} s", flush=True)


def attempt(command, seconds, what, **more):
    """Runs a command; its failure, or its time running out, is why the thing is absent."""
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=seconds, check=False, **more)
    except subprocess.TimeoutExpired as late:
        raise Absent(f"{what} took longer than {seconds:.0f} s") from late
    except OSError as trouble:
        raise Absent(f"{what}: {trouble}") from trouble
    if done.returncode != 0:
        raise Absent(f"{what} failed: {last_words(done.stdout)}")
    return done.stdout


def last_words(output):
    """The last line that says something, without addresses, which are nobody's business."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = lines[-1] if lines else "it said nothing"
    return re.sub(r"https?://\S+", "(an address)", told)[:300]


def install_python(where):
    deadline = time.monotonic() + PYTHON_SECONDS
    attempt(["/usr/bin/python3", "-m", "venv", where], PYTHON_SECONDS, "making a venv")
    wanted = where / "requirements.txt"
    wanted.write_text(PYTHON_PACKAGES)
    attempt([where / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps",
             "--only-binary", ":all:", "--disable-pip-version-check", "--no-input",
             "--retries", "1", "--timeout", "20", "--requirement", wanted],
            deadline - time.monotonic(), "pip install")


def compile_go(where, name, module, version, package, oldest):
    """A module of our own that requires the program: this pins it, and asks for no list of its
    versions, as `go install` would."""
    go = find_go()
    told = attempt([go, "version"], 20, "go version")
    found = re.search(r"go(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < oldest:
        raise Absent(f"{name} {version} needs Go {oldest[0]}.{oldest[1]}; here is {told.strip()}")
    (where / "go.mod").write_text(f"module fetched\n\ngo {oldest[0]}.{oldest[1]}\n\n"
                                  f"require {module} {version}\n")
    attempt([go, "build", "-mod=mod", "-p", str(os.cpu_count() or 1), "-o", where / name,
             module + package], GO_SECONDS, f"compiling {name}", cwd=where)


def find_go():
    known = [shutil.which("go"), "/usr/local/go/bin/go",
             *sorted(map(str, pathlib.Path("/usr/lib").glob("go-*/bin/go")), reverse=True)]
    for path in known:
        if path and os.access(path, os.X_OK):
            return path
    raise Absent("no Go on this machine")


if __name__ == "__main__":
    sys.exit(main())
