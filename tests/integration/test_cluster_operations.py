"""What an operator does with a cluster: warm, purge, locate, status, drain, and what the metrics say."""

import json
import time

from harness.cluster import ClusterCase
from harness.content import MIB
from harness.processes import run
from test_cluster import in_three_attempts


class OperationsCase(ClusterCase):
    abstract = True

    def setUp(self):
        super().setUp()
        self.first, self.second = self.cluster.nodes[:2]
        self.addCleanup(self.cluster.heal)
        for node in self.cluster.nodes:
            self.eventually(lambda node=node: self.states(node) == ["up"] * self.nodes
                            and self.about(node)["disagreeing"] == 0, 20, f"the peace of {node.name}")

    def command(self, node, *arguments, code=0):
        done = run([node._program, *arguments, "--admin",
                    f"http://{node.host.address}:{node.admin_port}"], check=False)
        self.assertEqual(done.returncode, code, done)
        return done

    def about(self, node):
        return json.loads(node.admin("GET", "/cluster?as=json")[2])

    def states(self, node):
        return [member["state"] for member in self.about(node)["members"]]

    def state_of(self, name, at):
        return next(each["state"] for each in self.about(at)["members"] if each["name"] == name)

    def url(self, key=""):
        return f"s3://{self.bucket}/{key}"

    def candidates(self, key, node=None):
        found = json.loads(self.command(node or self.first, "locate", self.url(key), "--json").stdout)
        return [part["candidates"] for part in found["parts"]]

    def held_by(self, key, node=None):
        """{node: chunks} of what the candidates say."""
        held = {}
        for part in self.candidates(key, node):
            for each in part:
                if each["held"]:
                    held[each["node"]] = held.get(each["node"], 0) + each["held"]["memory"] \
                        + each["held"]["disk"]
        return held


class Operations(OperationsCase):
    alone = True                # a peer that is late is not waited for, and what it holds is then a miss
    origins = ("lode-origin",)
    nodes = 3

    def test_the_cluster_is_shown_to_people_and_programs(self):
        about, text = self.about(self.first), self.command(self.first, "status").stdout

        self.assertEqual([each["name"] for each in about["members"]], ["n1", "n2", "n3"])
        self.assertEqual([each["self"] for each in about["members"]], [True, False, False])
        self.assertAlmostEqual(sum(each["share"] for each in about["members"]), 1, places=2)
        self.assertTrue(all(each["agrees"] for each in about["members"]), about)
        self.assertEqual((about["membership"]["source"], about["membership"]["problem"]),
                         ("static", None))
        self.assertEqual(about["conflicts"], [])
        self.assertEqual({self.about(node)["view"] for node in self.cluster.nodes}, {about["view"]})
        self.assertIn("cluster lode, 3 members", text)
        self.assertRegex(text, r"\n  n2 +- +up +\d+ s +33\.3% ")

    def test_a_data_set_is_fetched_once_and_lies_where_it_belongs(self):
        prefix, size = self.new_key() + "/", MIB + 5
        keys = [self.store(f"{prefix}{n}", size) for n in range(36)]
        self.origin.mark()

        done = self.command(self.first, "warm", self.url(prefix), "--wait")

        self.assertIn("36 brought in", done.stdout)
        sent = self.origin.tally().sent
        self.assertLess(sent, 36 * size + MIB)
        self.assertGreaterEqual(sent, 36 * size)
        owners = set()
        for key in keys:
            owner = self.candidates(key)[0][0]["node"]
            self.assertEqual({name: n for name, n in self.held_by(key).items() if n}, {owner: 2})
            owners.add(owner)
        self.assertEqual(owners, {"n1", "n2", "n3"})
        self.origin.mark()
        for node in self.cluster.nodes:
            client = self.client(node)
            for key in keys:
                answer = client.get(self.bucket, key)
                self.expect_content(answer, key, 0, size)
                self.expect_cache(answer, "HIT")
        self.assertLess(self.origin.tally().sent, MIB)
        again = self.command(self.second, "warm", self.url(prefix), "--wait")
        self.assertIn("36 were there already", again.stdout)

    def test_an_object_is_forgotten_on_all_nodes(self):
        prefix = self.new_key() + "/"
        keys = [self.store(f"{prefix}{n}", 2 * MIB) for n in range(6)]
        self.command(self.first, "warm", self.url(prefix), "--wait")

        one = self.command(self.second, "purge", self.url(keys[0]))
        self.assertIn("1 objects forgotten, 2 chunks", one.stdout)
        self.assertEqual(sum(self.held_by(keys[0]).values()), 0)
        self.assertEqual(sum(self.held_by(keys[1]).values()), 2)
        rest = self.command(self.second, "purge", self.url(prefix), "--recursive")
        self.assertIn("6 objects forgotten, 10 chunks", rest.stdout)
        for key in keys:
            for node in self.cluster.nodes:
                self.assertEqual(sum(self.held_by(key, node).values()), 0)

    def test_a_node_that_drains_is_asked_last_until_it_stays(self):
        key = self.store(self.new_key(), 2 * MIB)
        owner = self.candidates(key)[0][0]["node"]
        leaving = next(node for node in self.cluster.nodes if node.name == owner)
        other = next(node for node in self.cluster.nodes if node.name != owner)

        self.command(leaving, "drain")
        self.assertEqual(leaving.admin("GET", "/readyz")[0::2], (503, b"draining\n"))
        for node in self.cluster.nodes:
            self.eventually(lambda node=node: self.state_of(owner, node) == "draining", 5,
                            "the news")
        self.command(other, "warm", self.url(key), "--wait")
        held = self.held_by(key)
        self.assertEqual((held[owner], sum(held.values())), (0, 2), held)

        self.command(leaving, "drain", "--undo")
        self.assertEqual(leaving.admin("GET", "/readyz")[0], 200)
        for node in self.cluster.nodes:
            self.eventually(lambda node=node: self.state_of(owner, node) == "up", 5, "the news")

    def test_a_node_that_is_ready_knows_its_peers(self):
        for node in self.cluster.nodes:
            node.restart()
            self.assertEqual(self.states(node), ["up"] * 3)

    def test_a_node_without_its_peers_is_ready_soon(self):
        alone = self.first
        for other in self.cluster.nodes[1:]:
            self.cluster.hosts.cut(alone.name, other.name)
        begun = time.monotonic()
        alone.restart()
        self.assertLess(time.monotonic() - begun, 8)
        self.assertNotIn("up", self.states(alone)[1:])

    def test_a_dead_node_is_named_and_does_not_hold_up_the_others(self):
        prefix = self.new_key() + "/"
        keys = [self.store(f"{prefix}{n}", 2 * MIB) for n in range(6)]
        dead = self.cluster.nodes[2]
        dead.kill()
        self.eventually(lambda: self.state_of("n3", self.first) in ("suspect", "down"), 5, "suspicion")

        self.command(self.first, "warm", self.url(prefix), "--wait")
        for key in keys:
            held = [each["held"] for each in self.candidates(key)[0] if each["node"] == "n3"]
            self.assertEqual(held, [None])
            self.assertEqual(sum(self.held_by(key).values()), 2)
        self.assertIn("n3 (", self.command(self.first, "locate", self.url(keys[0])).stdout)
        done = self.command(self.first, "purge", self.url(prefix), "--recursive", code=1)
        self.assertIn("6 objects forgotten, 12 chunks", done.stdout)
        self.assertEqual(done.stderr, "Node n3 does not answer: what it holds stays there.\n")

    @in_three_attempts
    def test_the_metrics_tell_of_members_peers_and_their_questions(self):
        prefix = self.new_key() + "/"
        keys = [self.store(f"{prefix}{n}", MIB) for n in range(9)]
        before = [node.metrics() for node in self.cluster.nodes]
        self.command(self.first, "warm", self.url(prefix), "--wait")
        for node in self.cluster.nodes:
            for key in keys:
                self.client(node).get(self.bucket, key)
        after = [node.metrics() for node in self.cluster.nodes]

        self.assertEqual(after[0]["lode_cluster_members"][(("state", "up"), ("zone", ""))], 3)
        self.assertEqual(after[0]["lode_cluster_disagreeing_members"][()], 0)
        self.assertEqual(after[0]["lode_cluster_own_slots"][()] * 3,
                         after[0]["lode_cluster_slots"][(("zone", ""),)])
        self.assertEqual(after[0]["lode_membership_current"][(("source", "static"),)], 1)
        self.assertEqual(after[0]["lode_membership_nodes"][()], 3)
        self.assertEqual(after[0]["lode_peer_state"][(("peer", "n2"), ("state", "up"))], 1)
        grown = [{name: sum(samples.values()) - sum(old.get(name, {0: 0}).values())
                  for name, samples in new.items()} for old, new in zip(before, after)]
        for name in ("lode_peer_questions_total", "lode_peer_answers_total", "lode_peer_asked_total",
                     "lode_peer_received_bytes_total", "lode_peer_sent_bytes_total"):
            self.assertTrue(all(each[name] > 0 for each in grown), (name, grown))
        self.assertEqual(sum(each["lode_peer_received_bytes_total"] for each in grown), 18 * MIB)
        self.assertEqual(sum(each["lode_peer_sent_bytes_total"] for each in grown), 18 * MIB)
        self.assertEqual(sum(each["lode_peer_asked_fills_total"] for each in grown),
                         9 - sum(self.candidates(key)[0][0]["node"] == "n1" for key in keys))
        for node in after:
            self.assertEqual(node["lode_peer_bytes_in_flight"][()], 0)

    def test_a_stranger_is_turned_away_and_counted(self):
        def away():
            return self.first.metrics()["lode_peer_turned_away_total"][(("reason", "no-session"),)]
        before = away()
        answer = run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                      f"http://{self.first.peer_address}/lode/1/part"], check=False)
        self.assertIn(answer.stdout, ("401", "403"))
        self.eventually(lambda: away() == before + 1, 3, "the count")


class ViewsDiffer(OperationsCase):
    origins = ("lode-origin",)
    nodes = 3

    def test_a_view_that_differs_is_seen_and_passes(self):
        mine = self.second.settings["cluster"]
        everybody = mine["nodes_file"]
        self.second.end()
        self.addCleanup(self.restore, everybody)
        alone = self.cluster.directory / "fewer.toml"
        text = self.cluster.nodes_file.read_text()
        alone.write_text("[[cluster.node]]".join(text.split("[[cluster.node]]")[:3]))
        mine["nodes_file"] = str(alone)
        self.second.start()

        self.eventually(lambda: self.about(self.first)["disagreeing"] == 1, 10, "the disagreement")
        self.assertIn("1 members see another cluster", self.command(self.first, "status").stdout)
        self.assertEqual(self.first.number("lode_cluster_disagreeing_members"), 1)

    def restore(self, everybody):
        self.second.settings["cluster"]["nodes_file"] = everybody
        self.second.restart()
