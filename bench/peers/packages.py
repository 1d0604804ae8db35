"""Debian's packages for the comparison: installed when they are missing, and none of their daemons started."""

import contextlib
import pathlib
import shutil
import subprocess

import rig

POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
DAEMONS = {"nginx": "nginx", "varnish": "varnishd", "trafficserver": "traffic_server"}


def install(*groups):
    """Packages of these groups of tools/lib/packages."""
    new = [unit for unit, program in DAEMONS.items() if not shutil.which(program)]
    with no_daemon_starts() if new else contextlib.nullcontext():
        shell(f"install_packages {' '.join(groups)}")
    # A package also has its unit started at the next boot; a service that was here before keeps its way.
    if shutil.which("systemctl"):
        for unit in new:
            subprocess.run(["systemctl", "disable", "--quiet", unit], stderr=subprocess.DEVNULL,
                           check=False)


def build(directory, targets, optional=()):
    """A release build, in a directory that is configured once; optional targets where the build knows them."""
    if directory.parent == rig.ROOT:
        shell(f"configure {directory.name} --buildtype=release >/dev/null")
    known = subprocess.run(["ninja", "-C", directory, "-t", "targets", "all"], capture_output=True,
                           text=True, check=True).stdout
    targets = [*targets, *(name for name in optional if f"\n{name}: " in known)]
    done = subprocess.run(["ninja", "-C", directory, *targets], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the build failed:\n{done.stdout[-4000:]}")


def shell(line):
    subprocess.run(["bash", "-c", f'set -u; root=$1; source "$root/tools/lib/setup.sh"; {line}',
                    "compare", rig.ROOT], check=True)


@contextlib.contextmanager
def no_daemon_starts():
    """Debian's own way to say so; a policy that the machine has already is left as it is."""
    if POLICY.exists():
        yield
        return
    as_root = [] if shutil.which("sudo") is None else ["sudo"]
    subprocess.run([*as_root, "install", "-m", "755", "/dev/stdin", POLICY], input="#!/bin/sh\nexit 101\n",
                   text=True, check=True)
    try:
        yield
    finally:
        subprocess.run([*as_root, "rm", "-f", POLICY], check=True)
