"""lode nodes on hosts of their own, before one origin on its own host, and what happens to nodes.

    class Failover(ClusterCase):
        nodes = 5

        def test_a_dead_owner_costs_no_error(self):
            self.cluster.nodes[2].kill()        # or freeze(), slow_down(), restart(), replace() ...
            self.cluster.hosts.cut("n1", "n2")
            ...

Every test begins with all nodes up and all cables whole: what it did is made good behind it. The nodes
are called n1, n2, ... and so are their hosts; the origin's is called `origin`, the test's `test`.

Memory  What the smallest node takes: 64 MiB of cache and one core; the nodes share the machine's CPUs.
"""

import os
import re
import secrets
import signal
import time

from .case import Case
from .hosts import Hosts
from .lode_origin import LodeOrigin
from .lode_process import Lode, toml
from .processes import Failed
from .radosgw import Radosgw
from .slow_disk import SlowDisk

ORIGIN = "origin"


class Node(Lode):
    """One lode, with all that may happen to it."""

    def __init__(self, cluster, index, host, zone, directory, build, **options):
        super().__init__(directory, build, None, host=host, cores=1, **options)
        self.cluster, self.index, self.name = cluster, index, host.name
        self.settings["node"]["name"] = self.name
        if zone:
            self.settings["node"]["zone"] = zone
        self.disk = None
        self.frozen = False
        self.device = self.settings["cache.device"][0]["path"]

    @property
    def peer_address(self):
        return self.settings["listen"]["peer"]

    @property
    def state_file(self):
        return self.directory / "cluster.state"

    def command(self):
        # A node of one core takes the first CPU that it may use: each is given another one.
        cpus = sorted(os.sched_getaffinity(0))
        return ["taskset", "-c", str(cpus[self.index % len(cpus)]), *super().command()]

    def begin(self):
        super().begin()
        if self.disk is not None:
            self.disk.take(self.pid)
        return self

    def labelled(self, name, **labels):
        """The value of a metric with labels; 0 where there is none yet."""
        return self.metrics().get(name, {}).get(tuple(sorted(labels.items())), 0)

    def turned_away(self, reason):
        return self.labelled("lode_peer_turned_away_total", reason=reason)

    def peer_connections(self):
        return self.number("lode_peer_connections")

    def does_not_see(self, others):
        """Those of them that this node would not ask now, with what it thinks of them."""
        told = self.metrics()
        states = {labels["peer"]: labels["state"] for labels, value in
                  ((dict(each), value) for each, value in told.get("lode_peer_state", {}).items()) if value}
        troubles = [f"{each.name} {states.get(each.name, 'unknown')}" for each in others
                    if each is not self and states.get(each.name) != "up"]
        if not troubles and told["lode_cluster_disagreeing_members"][()]:
            troubles = ["members that see others"]
        return troubles

    def freeze(self):
        """SIGSTOP: its kernel goes on to accept and acknowledge, the process does nothing."""
        self.daemon.signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self):
        if self.frozen:
            self.daemon.signal(signal.SIGCONT)
            self.frozen = False

    def kill(self):
        super().kill()
        self.frozen = False

    def end(self, seconds=40):
        """An orderly end; its device and its configuration stay."""
        self.thaw()
        code = self.daemon.stop(seconds)
        if code != 0:
            raise Failed(f"{self.name} ended with {code}:\n{self.daemon.output()}")

    def restart(self):
        self.end()
        return self.start()

    def stop(self, seconds=40):
        self.thaw()
        try:
            super().stop(seconds)
        finally:
            if self.disk is not None:
                self.disk.remove()

    def replace(self):
        """Dead, and an empty one in its place: same name, same address, nothing on its device."""
        if self.alive():
            self.kill()
        for left in (self.device, self.state_file):
            if os.path.exists(left):
                os.remove(left)
        return self.start()

    def slow_down(self, bytes_per_second=None, operations_per_second=None):
        """Its disk, from now on; without limits it is as fast as ever."""
        if self.disk is None:
            self.disk = SlowDisk(self.directory)
            self.disk.take(self.pid)
        self.disk.limit(bytes_per_second, operations_per_second)

    def power_off(self):
        """The whole host, at once: nobody hears a farewell of its connections."""
        self.cluster.hosts.power_off(self.name)
        self.daemon.stop()
        self.frozen = False

    def power_on(self):
        self.cluster.hosts.power_on(self.name)
        return self.start()


class Cluster:
    """`zones`: one name per node. `membership` none: nodes that do not know of each other. `settings`
    go to every node, as those of Lode do."""

    def __init__(self, world, origin="lode-origin", nodes=3, zones=None, membership="static",
                 memory="64MiB", device="256MiB", settings=None):
        self.directory = world.new_directory("cluster")
        self.membership = membership
        names = [f"n{number}" for number in range(1, nodes + 1)]
        self.hosts = Hosts([ORIGIN, *names]).make()
        place = {"host": self.hosts[ORIGIN]}
        self.origin = Radosgw(self.directory, **place) if origin == "radosgw" else \
            LodeOrigin(self.directory, world.build, **place)
        self.nodes = [Node(self, number, self.hosts[name], zones[number] if zones else None,
                           self.directory / name, world.build, memory=memory, device=device,
                           settings=settings)
                      for number, name in enumerate(names)]
        self.capacities = {}        # node's name: what its line says, where it says anything
        self.nodes_file = self.directory / "nodes.toml"
        self._join()

    def start(self):
        self.origin.start()
        self.write_nodes()
        for node in self.nodes:
            node.settings["origin"]["gateway"] = self.origin.url
            node.begin()
        for node in self.nodes:
            node.wait_until_ready()
        return self

    def stop(self):
        """Ends all of it; a node that does not end in good order is a failure, after everything."""
        troubles = []
        for each in (*self.nodes, self.origin):
            try:
                if each is self.origin or each.daemon is not None:
                    each.stop()
            except Exception as trouble:     # each of the others must be ended too
                troubles.append(str(trouble))
        self.hosts.remove()
        if troubles:
            raise Failed("\n".join(troubles))

    def heal(self):
        """Whatever was done to cables, disks and processes is made good."""
        self.hosts.restore()
        for node in self.nodes:
            node.thaw()
            if node.disk is not None:
                node.slow_down()
            if self.hosts.is_off(node.name):
                self.hosts.power_on(node.name)
            if not node.alive():
                node.begin()
        for node in self.nodes:
            node.wait_until_ready()

    def wait_until_together(self, *wanted, among=None, seconds=20):
        """Until every node that runs would ask each of these (by default each that runs), and all of them
        see the same members."""
        seeing = [node for node in (self.nodes if among is None else among)
                  if node.alive() and not node.frozen]
        wanted = wanted or seeing
        deadline = time.monotonic() + seconds
        for node in seeing:
            while troubles := node.does_not_see(wanted):
                if time.monotonic() > deadline:
                    raise Failed(f"{node.name} sees {', '.join(troubles)} after {seconds} s")
                time.sleep(0.02)

    def rolling_restart(self, between=lambda node: None):
        """One node after the other ends in good order and comes back."""
        for node in self.nodes:
            node.restart()
            between(node)

    def write_nodes(self, nodes=None, more=()):
        """The list that every node reads, and reads again; without arguments, of all nodes. `more`: rows
        of members that are no nodes of ours."""
        rows = []
        for node in self.nodes if nodes is None else nodes:
            row = {"name": node.name, "address": node.peer_address}
            if "zone" in node.settings["node"]:
                row["zone"] = node.settings["node"]["zone"]
            if node.name in self.capacities:
                row["capacity"] = self.capacities[node.name]
            rows.append(row)
        rows += more
        new = self.nodes_file.with_suffix(".new")
        new.write_text(toml({"cluster.node": rows}))
        new.rename(self.nodes_file)         # so that nobody reads half of it

    def _join(self):
        if self.membership == "none":
            return
        self.secret = secrets.token_hex(32).encode()
        secret = self.directory / "secret"
        secret.touch(0o600)
        secret.write_bytes(self.secret + b"\n")
        for node in self.nodes:
            node.settings["cluster"] = {
                "membership": self.membership, "secret_file": str(secret),
                "state_file": str(node.state_file), **node.settings.get("cluster", {})}
            if self.membership == "static":
                node.settings["cluster"]["nodes_file"] = str(self.nodes_file)

    # What the nodes say

    def total(self, name):
        """The sum of a metric without labels over the nodes that run."""
        return sum(node.number(name) for node in self.nodes if node.alive() and not node.frozen)


class ClusterCase(Case):
    abstract = True
    makes_hosts = True
    needs_lode = True
    starts_lode = False
    nodes = 3
    zones = None
    membership = "static"
    memory = "64MiB"
    device = "256MiB"
    cluster = None

    @classmethod
    def setUpClass(cls):
        cls.lode = None
        cls.cluster = Cluster(cls.world, cls.origin_name, cls.nodes, cls.zones, cls.membership,
                              cls.memory, cls.device, cls.settings)
        cls.cluster.start()
        cls.origin = cls.cluster.origin
        cls.bucket = cls.world.new_name("bucket")
        created = cls.origin.client().request("PUT", f"/{cls.bucket}")
        if created.status != 200:
            raise AssertionError(f"creating a bucket: {created}")

    @classmethod
    def tearDownClass(cls):
        if cls.cluster is not None:
            cls.cluster.stop()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.cluster.heal)
        self.addCleanup(self.expect_nodes)

    def members_of(self, answer):
        """The nodes of Cache-Status: who had it, and who answered, where that is another one."""
        return re.findall(r'"(\w+)"', answer.header("Cache-Status", ""))

    def together(self, *nodes):
        self.cluster.wait_until_together(*nodes)

    def expect_nodes(self):
        """A node that ended without the test's doing was not killed by it: those have said -9."""
        for node in self.cluster.nodes:
            if not node.alive() and node.daemon.wait(0) not in (0, -signal.SIGKILL):
                self.fail(f"{node.name} ended during the test:\n{node.daemon.output()}")

    def client(self, node, **more):
        """A client of this node, closed behind the test."""
        made = node.client(**more)
        self.addCleanup(made.close)
        return made
