"""Three nodes that find each other through the real etcd: they come, serve as one cache, and stay one when
etcd is gone."""

import contextlib
import json

from harness.case import Case
from harness.content import MIB
from harness.etcd import Etcd

LEASE = 2       # seconds, the least that may be set


class ClusterThroughEtcd(Case):
    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False
    memory = "64MiB"
    device = "128MiB"

    def setUp(self):
        super().setUp()
        directory = self.world.new_directory("etcd")
        self.etcd = Etcd(directory).start()
        self.addCleanup(self.etcd.stop)
        self.secret = directory / "secret"
        self.secret.touch(0o600)
        self.secret.write_text("a secret of more than sixteen bytes")
        self.nodes = {name: self.node(name) for name in ("a", "b", "c")}

    def node(self, name):
        lode = self.make_lode(cores=1)
        lode.settings["node"]["name"] = name
        lode.settings["cluster"] = {
            "membership": "etcd", "etcd_endpoints": [self.etcd.url], "etcd_lease": f"{LEASE}s",
            "advertise": lode.settings["listen"]["peer"], "secret_file": str(self.secret),
            "state_file": str(lode.directory / "cluster.state")}
        self.addCleanup(lambda: lode.alive() and lode.stop())
        return lode.begin()

    def about(self, name):
        return json.loads(self.nodes[name].admin("GET", "/cluster?as=json")[2])

    def sees(self, name, states):
        about = self.about(name)
        return {member["name"]: member["state"] for member in about["members"]} == states and \
            about["disagreeing"] == 0

    def wait_until_all_see(self, states):
        for name in states:
            self.nodes[name].wait_until_ready()
            self.eventually(lambda name=name: self.sees(name, states), 30, f"{name} sees {states}")

    def read_everywhere(self, key, size):
        words = []
        for lode in self.nodes.values():
            if lode.alive():
                with contextlib.closing(lode.client()) as client:
                    answer = client.get(self.bucket, key)
                    self.expect_content(answer, key, 0, size)
                    words.append(answer.header("X-Cache"))
        return words

    def slots(self, name):
        return (self.nodes[name].directory / "cluster.state").read_text()

    def test_nodes_come_serve_as_one_and_outlive_etcd(self):
        everybody = dict.fromkeys("abc", "up")
        self.wait_until_all_see(everybody)
        key = self.store(self.new_key(), 6 * MIB)
        self.read_everywhere(key, 6 * MIB)
        self.assertEqual(self.read_everywhere(key, 6 * MIB), ["HIT"] * 3)
        claims = {self.slots(name) for name in everybody}
        self.assertEqual(len(claims), 3)

        # One that ends in good order is forgotten at once, and has its slots again when it comes back.
        before = self.slots("c")
        self.assertEqual(self.nodes["c"].daemon.stop(20), 0)
        self.wait_until_all_see(dict.fromkeys("ab", "up"))
        self.nodes["c"].begin()
        self.wait_until_all_see(everybody)
        self.assertEqual(self.slots("c"), before)

        # Nobody leaves because etcd does.
        self.etcd.kill()
        self.eventually(lambda: self.about("a")["membership"]["problem"], 15, "a says what is wrong")
        self.assertTrue(self.sees("a", everybody))
        self.assertEqual(self.read_everywhere(key, 6 * MIB), ["HIT"] * 3)

        # One that dies is forgotten within its lease, once etcd is back.
        self.nodes["b"].kill()
        self.etcd.start()
        self.wait_until_all_see(dict.fromkeys("ac", "up"))
        self.read_everywhere(key, 6 * MIB)
