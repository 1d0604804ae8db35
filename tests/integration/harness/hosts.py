"""Hosts on one machine: network namespaces with an address each, on one bridge whose cables can be cut.

                 the switch: a namespace of its own
    host a       +-----------------------------------+        this machine's own namespace
    eth0 --------| port-a ---+                       |
    host b       |           +--- bridge - port-test |------- lode<pid>.<n>, first address
    eth0 --------| port-b ---+                       |
                 +-----------------------------------+

    hosts = Hosts(["a", "b", "c"]).make()       # Impossible where this machine has no namespaces
    Daemon("lode", hosts["a"].enter(command), directory)
    hosts.cut("a")                              # both ways, from everybody, the test included
    hosts.cut("a", "b", ways=ONE)               # what a sends to b is lost, and nothing else
    hosts.partition(["a"], ["b", "c"])
    hosts.impair("a", delay=0.05, loss=0.01)    # netem, or where the kernel has none, `cable`
    hosts.block("a", "b")                       # a's route to b leads nowhere: a's calls fail at once
    hosts.power_off("a"), hosts.power_on("a")   # its connections end without a farewell
    hosts.restore()

Lifetime  What is made carries the pid and the start time of its maker in its name. remove() runs at
          exit, and what a killed maker has left is removed by the next one that makes hosts.
Limits    200 hosts; names of at most 10 characters, so that the kernel takes port-NAME.
"""

import atexit
import contextlib
import ctypes
import itertools
import json
import os
import pathlib
import re
import signal
import time

from . import maker
from .processes import Absent, Daemon, Failed, run

TEST = "test"           # the test's own leg, beside the hosts' names
ONE, BOTH = "one way", "both ways"

NAMESPACES = pathlib.Path("/run/netns")
FIRST_PORT = 9000       # of the servers on a host: below those that the kernel gives to connections
CABLE = pathlib.Path(__file__).resolve().with_name("cable.py")

RULES = """\
table bridge cables {
    set lost { type ifname . ifname; }
    chain through {
        type filter hook forward priority 0; policy accept;
        iifname . oifname @lost drop
    }
}
"""

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_numbers = itertools.count(1)


class Impossible(Absent):
    """This machine gives us no network namespaces; says why."""


class Host:
    """One namespace: a place to run things, with an address that the test and all hosts reach."""

    def __init__(self, name, namespace, address, number):
        self.name, self.namespace, self.address = name, namespace, address
        self.hardware = f"02:00:00:00:00:{number:02x}"      # kept over power_off and power_on
        self._ports = itertools.count(FIRST_PORT)

    def enter(self, command):
        return ["nsenter", f"--net={NAMESPACES / self.namespace}", "--", *command]

    def run(self, command, **more):
        return run(self.enter(command), **more)

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread makes meanwhile belong to this host, and stay there."""
        with open("/proc/thread-self/ns/net") as own, open(NAMESPACES / self.namespace) as there:
            _stand_in(there)
            try:
                yield self
            finally:
                _stand_in(own)

    def free_port(self):
        return next(self._ports)


class Hosts:
    def __init__(self, names):
        names = list(names)
        if len(set(names)) != len(names) or len(names) > 200 or TEST in names or \
                not all(re.fullmatch(r"[a-z0-9_]{1,10}", name) for name in names):
            raise ValueError(f"not names of hosts: {names}")
        number = next(_numbers)
        self._stem = f"lode-{maker.mark()}-{number}-"
        self._leg = f"lode{os.getpid()}.{number}"
        self._switch = Host("switch", f"{self._stem}switch", None, 0)
        self._names = names
        self._hosts = {}
        self._lost = set()          # (from, to): what travels so is lost
        self._blocked = set()       # (from, to): routes that lead nowhere
        self._impaired = {}         # host: the Daemon that stands for its cable, or None for netem
        self._off = set()

    def __getitem__(self, name):
        return self._hosts[name]

    def __iter__(self):
        return iter(self._hosts.values())

    # Life

    def make(self):
        atexit.register(self.remove)
        try:
            sweep()
            self._make_switch()
        except (Failed, OSError) as trouble:
            self.remove()
            raise Impossible(_why_not(trouble)) from trouble
        network = _free_network()
        self.address = f"{network}.1"
        self._ip(f"addr add {self.address}/24 dev {self._leg}", f"link set {self._leg} up")
        for number, name in enumerate(self._names, 1):
            self._hosts[name] = Host(name, f"{self._stem}{name}", f"{network}.{number + 10}", number)
            self._make_host(self._hosts[name])
        self._settle(TEST, *self._names)
        return self

    def remove(self):
        atexit.unregister(self.remove)
        for daemon in filter(None, self._impaired.values()):
            daemon.stop(1)
        self._impaired.clear()
        _remove(self._stem)

    def _make_switch(self):
        _add_namespace(self._switch.namespace)
        self._on_switch("link add bridge type bridge", "link set bridge up",
                        f"link add port-{TEST} type veth peer name {self._leg} netns {os.getpid()}",
                        f"link set port-{TEST} master bridge", f"link set port-{TEST} up")
        with self._switch.inside():
            for family in ("iptables", "ip6tables", "arptables"):
                _set(f"net/bridge/bridge-nf-call-{family}", 0)
        self._nft(RULES)

    def _make_host(self, host):
        _add_namespace(host.namespace)
        self._on_switch(
            f"link add port-{host.name} type veth "
            f"peer name eth0 address {host.hardware} netns {host.namespace}",
            f"link set port-{host.name} master bridge", f"link set port-{host.name} up")
        self._ip("link set lo up", f"addr add {host.address}/24 dev eth0", "link set eth0 up",
                 namespace=host.namespace)

    # What can go wrong with a cable

    def cut(self, one, other=None, ways=BOTH):
        """What `one` sends to `other` (None: to everybody) is lost, and by default the way back too."""
        for name in self._others(one) if other is None else [other]:
            self._lost.add((one, name))
            if ways == BOTH:
                self._lost.add((name, one))
        self._apply()

    def cut_into(self, one):
        """Nothing reaches `one`; what it sends arrives."""
        for name in self._others(one):
            self._lost.add((name, one))
        self._apply()

    def partition(self, *groups):
        """Nothing passes from one group to another. Who is in no group, the test for one, reaches all."""
        for here, there in itertools.permutations(groups, 2):
            self._lost.update(itertools.product(here, there))
        self._apply()

    def block(self, one, other, kind="blackhole"):
        """From now on `one` has no route to `other`. A connect fails at once: of a blackhole with
        EINVAL, of an `unreachable` with EHOSTUNREACH, of a `prohibit` with EACCES; what is connected
        hears nothing more."""
        self._ip(f"route replace {kind} {self[other].address}/32", namespace=self[one].namespace)
        self._blocked.add((one, other))

    def impair(self, one, delay=0.0, jitter=0.0, loss=0.0, seed=1):
        """Everything to and from `one` takes so many seconds more each way, and this share is lost.
        Frames keep their order."""
        if one in self._impaired:
            self._repair(one)
        if has_netem():
            words = f"netem delay {delay * 1e3:.3f}ms {jitter * 1e3:.3f}ms loss {loss * 100:.4f}% " \
                    "limit 10000"
            self._impaired[one] = None
            self._switch.run(["tc", "qdisc", "add", "dev", f"port-{one}", "root", *words.split()])
            self[one].run(["tc", "qdisc", "add", "dev", "eth0", "root", *words.split()])
            return
        # The program takes the place of the cable: wire-a is the end of host a's own.
        self._on_switch(f"link set port-{one} down", f"link set port-{one} nomaster",
                        f"link set port-{one} name wire-{one}", f"link set wire-{one} up",
                        f"link add port-{one} type veth peer name plug-{one}",
                        f"link set port-{one} master bridge", f"link set port-{one} up",
                        f"link set plug-{one} up")
        # What it prints is shown when it ends at once; there is nothing else to keep.
        daemon = Daemon(f"{self._stem}cable-{one}", self._switch.enter(
            ["/usr/bin/python3", "-I", CABLE, f"wire-{one}", f"plug-{one}", delay, jitter, loss, seed]),
            "/tmp")
        self._impaired[one] = daemon
        daemon.output_path.unlink(missing_ok=True)
        try:
            daemon.start()
            daemon.wait_until(lambda: "ready" in daemon.output(), 10, "ready")
        finally:
            daemon.output_path.unlink(missing_ok=True)
        self._settle(one)

    def restore(self, *names):
        """All is well again: for these hosts and whoever they talk to, or for everybody."""
        hit = [*self._names, TEST] if not names else names
        self._lost = {pair for pair in self._lost if not set(pair) & set(hit)}
        self._apply()
        for one, other in [pair for pair in self._blocked if set(pair) & set(hit)]:
            self._blocked.remove((one, other))
            if one not in self._off:
                self._ip(f"route del {self[other].address}/32", namespace=self[one].namespace)
        for one in [name for name in self._impaired if name in hit]:
            self._repair(one)

    def power_off(self, one):
        """The host is gone, and nobody hears of it: no FIN, no RST. Ends what runs on it."""
        host = self[one]
        self._on_switch(f"link set port-{one} down")
        _end_everything_in(host.namespace)
        if daemon := self._impaired.pop(one, None):
            daemon.stop(1)
            self._on_switch(f"link del wire-{one}")
        self._on_switch(f"link del port-{one}")
        self._ip(f"netns del {host.namespace}")
        self._blocked = {pair for pair in self._blocked if pair[0] != one}
        self._off.add(one)

    def power_on(self, one):
        """The host as it was, with nothing running on it. A cut cable is still cut."""
        self._make_host(self[one])
        self._settle(one)
        self._off.remove(one)

    def is_off(self, one):
        return one in self._off

    # How

    def _others(self, one):
        return [name for name in (*self._names, TEST) if name != one]

    def _apply(self):
        lines = ["flush set bridge cables lost"]
        if self._lost:
            pairs = ", ".join(f'"port-{one}" . "port-{other}"' for one, other in sorted(self._lost))
            lines.append(f"add element bridge cables lost {{ {pairs} }}")
        self._nft("\n".join(lines) + "\n")

    def _repair(self, one):
        daemon = self._impaired.pop(one)
        if daemon is None:
            self._switch.run(["tc", "qdisc", "del", "dev", f"port-{one}", "root"], check=False)
            self[one].run(["tc", "qdisc", "del", "dev", "eth0", "root"], check=False)
            return
        daemon.stop(1)
        self._on_switch(f"link del port-{one}", f"link set wire-{one} down",
                        f"link set wire-{one} name port-{one}",
                        f"link set port-{one} master bridge", f"link set port-{one} up")
        self._settle(one)

    def _settle(self, *names):
        """Until these cables carry frames. The kernel says that a link is up, and a bridge that a port
        forwards, a moment after it was told; what is sent before that is lost."""
        deadline = time.monotonic() + 5
        while not all(self._carries(name) for name in names):
            if time.monotonic() > deadline:
                raise Failed(f"the cables of {', '.join(names)} did not come up")
            time.sleep(0.005)

    def _carries(self, name):
        port = _link(self._switch.namespace, f"port-{name}")
        end = _link(None, self._leg) if name == TEST else _link(self[name].namespace, "eth0")
        return port["operstate"] == end["operstate"] == "UP" and \
            port["linkinfo"]["info_slave_data"]["state"] == "forwarding"

    def _nft(self, text):
        self._switch.run(["nft", "-f", "-"], stdin=text)

    def _on_switch(self, *lines):
        self._ip(*lines, namespace=self._switch.namespace)

    @staticmethod
    def _ip(*lines, namespace=None):
        run(["ip", *(["-n", namespace] if namespace else []), "-batch", "-"],
            stdin="\n".join(lines) + "\n")


def has_netem():
    """Whether this kernel can delay and lose packets by itself."""
    global _netem
    if _netem is None:
        name = f"lode-{maker.mark()}-0-probe"
        _add_namespace(name)
        try:
            _netem = run(["tc", "-n", name, "qdisc", "add", "dev", "lo", "root", "netem", "delay",
                          "1ms"], check=False).returncode == 0
        finally:
            _remove(name)
    return _netem


_netem = None


def sweep():
    """Removes the hosts of makers that are gone."""
    for each in _made_here():
        made_by = re.match(r"lode-([\d.]+)-\d+-", each)
        if made_by and maker.is_gone(made_by[1]):
            _remove(each)


def _made_here():
    return sorted(os.listdir(NAMESPACES)) if NAMESPACES.is_dir() else []


def _remove(stem):
    """Removes every namespace whose name begins so, with what runs there. The links go first: a
    connection that outlives its process keeps a namespace, but shall reach nobody."""
    for name in [each for each in _made_here() if each.startswith(stem)]:
        _end_everything_in(name)
        listed = run(["ip", "-n", name, "-j", "link"], check=False)
        for link in json.loads(listed.stdout or "[]") if listed.returncode == 0 else []:
            if link["ifname"] != "lo":
                run(["ip", "-n", name, "link", "del", link["ifname"]], check=False)
        run(["ip", "netns", "del", name], check=False)


def _link(namespace, name):
    listed = run(["ip", *(["-n", namespace] if namespace else []), "-d", "-j", "link", "show", name])
    return json.loads(listed.stdout)[0]


def _end_everything_in(namespace):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        listed = run(["ip", "netns", "pids", namespace], check=False).stdout.split()
        pids = [int(pid) for pid in listed if int(pid) != os.getpid() and not maker.is_dead(int(pid))]
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _add_namespace(name):
    run(["ip", "netns", "add", name])
    with Host("new", name, None, 0).inside():
        for which in ("all", "default"):
            _set(f"net/ipv6/conf/{which}/disable_ipv6", 1)


def _set(name, value):
    with contextlib.suppress(FileNotFoundError):    # a kernel without it needs no setting
        pathlib.Path("/proc/sys", name).write_text(f"{value}\n")


def _stand_in(namespace):
    if _libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _free_network():
    """A network of the block for such tests (RFC 2544) that nobody on this machine is part of."""
    taken = run(["ip", "-4", "-o", "addr"]).stdout + run(["ip", "-4", "route"]).stdout
    for turn in range(256):
        network = f"198.18.{(os.getpid() + turn) % 256}"
        if f"{network}." not in taken:
            return network
    raise Failed("every network of 198.18.0.0/16 is taken")


def _why_not(trouble):
    if os.geteuid() != 0:
        return "needs root: the hosts are network namespaces"
    told = [line for line in str(trouble).splitlines()
            if line.strip() and not line.startswith("Command failed")]
    return f"this machine makes no hosts of network namespaces: {told[-1] if told else trouble}"
