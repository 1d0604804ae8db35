"""What happens to a cluster under load when nodes, cables, hosts and disks fail: every byte is compared, and
the clients of the nodes that live see nothing but a delay, which has a bound."""

import contextlib
import time

from harness.cluster import ORIGIN, ClusterCase
from harness.content import KIB, MIB
from harness.load import BROKEN_OFF, BUSY, OVERTAKEN, RESET, Load

# Nobody waits longer for a head. A peer may cost a second; the rest is for a machine that has two cores for
# the nodes, the origin and the clients.
WAIT_MAX = 2.5

# How long a fault lasts under load: silence is noticed within a second and is news no more after.
LASTS = 1.5


class FaultCase(ClusterCase):
    abstract = True
    origins = ("lode-origin",)
    settings = {"origin": {"answer_timeout": "2s"}, "cache": {"flush_delay": "50ms"}}

    def setUp(self):
        super().setUp()
        self.together()

    def but(self, *victims):
        return [node for node in self.cluster.nodes if node not in victims]

    @contextlib.contextmanager
    def load_on(self, nodes, of=None, wait_max=WAIT_MAX, **options):
        """A load on these nodes, and the judgement of it: right bytes, and of `of` (by default of all) no
        failure that a lode without peers would not have, and none that waited longer."""
        load = Load(self.bucket, nodes, seed=self.new_key("seed"), seconds=30, timeout=8,
                    library=10, **options)
        load.prepare(self.at_origin)
        with load:
            load.runs(60)
            yield load
            load.runs(60)
        self.assertEqual(load.problems(), [], load.report())
        self.assertEqual([str(each) for each in load.failures(but=(OVERTAKEN,), of=of)][:5], [],
                         load.report())
        self.assertLess(load.waited(at=of), wait_max, load.report())


class ClusterFaults(FaultCase):
    takes = 55
    alone = True
    nodes = 5

    def test_a_killed_node_costs_the_clients_of_the_others_nothing(self):
        victim, others = self.cluster.nodes[0], self.but(self.cluster.nodes[0])
        with self.load_on(self.cluster.nodes, of=others) as load:
            victim.kill()
            load.used.remove(victim)
            load.lasts(LASTS)
            victim.start()
            load.used.append(victim)

        self.assertEqual(load.failures(of=[victim], but=(RESET, BROKEN_OFF, OVERTAKEN)), [])

    def test_a_stopped_node_costs_the_others_a_delay(self):
        victim = self.cluster.nodes[1]
        with self.load_on(self.but(victim)) as load:
            victim.freeze()
            load.lasts(LASTS)
            victim.thaw()
            load.used.append(victim)

    def test_a_node_that_is_cut_off_from_its_peers_serves_and_so_do_they(self):
        victim = self.cluster.nodes[2]
        with self.load_on(self.cluster.nodes) as load:
            for other in self.but(victim):
                self.cluster.hosts.cut(victim.name, other.name)
            load.lasts(LASTS)
            self.cluster.hosts.restore()

    def test_a_cable_that_fails_in_one_direction_is_as_if_it_failed_in_both(self):
        victim = self.cluster.nodes[3]
        for way in ("out", "in"):
            with self.subTest(way=way), self.load_on(self.cluster.nodes) as load:
                for other in self.but(victim):
                    ends = (victim.name, other.name) if way == "out" else (other.name, victim.name)
                    self.cluster.hosts.cut(*ends, ways="one way")
                load.lasts(LASTS)
                self.cluster.hosts.restore()

    def test_a_host_without_power_costs_the_others_a_delay(self):
        victim = self.cluster.nodes[4]
        with self.load_on(self.but(victim)) as load:
            victim.power_off()
            load.lasts(LASTS)
            victim.power_on()
            load.used.append(victim)

    def test_a_slow_cable_that_loses_packets_costs_time_only(self):
        victim = self.cluster.nodes[0]
        with self.load_on(self.cluster.nodes, of=self.but(victim)) as load:
            self.cluster.hosts.impair(victim.name, delay=0.02, jitter=0.005, loss=0.01)
            load.lasts(LASTS)
            self.cluster.hosts.restore()

        # It may lose too much of what it says to the origin, and then answers after origin.answer_timeout.
        self.assertEqual(load.failures(but=(OVERTAKEN, BUSY)), [])

    def test_both_halves_of_a_cluster_go_on(self):
        with self.load_on(self.cluster.nodes) as load:
            self.cluster.hosts.partition(["n1", "n2"], ["n3", "n4", "n5"])
            load.lasts(LASTS)
            self.cluster.hosts.restore()

    def test_a_peer_without_a_route_is_passed_over(self):
        with self.load_on(self.cluster.nodes) as load:
            for other, kind in (("n1", "blackhole"), ("n3", "unreachable"), ("n4", "prohibit")):
                self.cluster.hosts.block("n2", other, kind)
                self.cluster.hosts.block(other, "n2")
            load.lasts(LASTS)
            self.cluster.hosts.restore()

    def test_a_slow_disk_is_that_nodes_own_trouble(self):
        victim = self.cluster.nodes[2]
        with self.load_on(self.but(victim)) as load:
            victim.slow_down(bytes_per_second=512 * KIB)
            victim.drop_memory()
            load.lasts(LASTS)
            victim.slow_down()

    def test_a_rolling_restart_costs_nothing(self):
        with self.load_on(self.cluster.nodes) as load:
            for node in self.cluster.nodes:
                load.used.remove(node)
                load.runs(20)
                node.restart()
                load.used.append(node)
                load.runs(20)

    def test_an_empty_node_takes_the_place_of_one_that_is_lost(self):
        victim = self.cluster.nodes[3]
        with self.load_on(self.but(victim)) as load:
            victim.replace()
            load.used.append(victim)
            load.lasts(0.5)

        self.assertGreater(victim.number("lode_store_filled_bytes_total"), 0)

    def test_a_node_whose_peers_are_all_gone_serves_alone(self):
        last, others = self.cluster.nodes[4], self.cluster.nodes[:4]
        with self.load_on([last]) as load:
            others[0].freeze()
            others[1].freeze()
            others[2].power_off()
            self.cluster.hosts.cut(last.name, others[3].name)
            load.lasts(LASTS)

    def test_a_node_without_the_origin_serves_nothing_and_says_so(self):
        victim = self.cluster.nodes[1]
        key = self.store(self.new_key(), MIB)
        for node in self.cluster.nodes:
            self.expect_content(self.client(node).get(self.bucket, key), key, 0, MIB)
        with self.load_on(self.but(victim)) as load:
            self.cluster.hosts.cut(victim.name, ORIGIN)
            for _ in range(2):
                begun = time.monotonic()
                answer = self.client(victim).get(self.bucket, key)
                self.assertEqual(answer.status, 503, answer)
                self.assertEqual(answer.error_code, "ServiceUnavailable")
                self.assertLess(time.monotonic() - begun, 4)
            load.lasts(0.5)
            self.cluster.hosts.restore()

        self.expect_content(self.client(victim).get(self.bucket, key), key, 0, MIB)

    def test_nodes_leave_and_join_by_the_list(self):
        leaver = self.cluster.nodes[0]
        with self.load_on(self.but(leaver)) as load:
            self.cluster.write_nodes(self.but(leaver))
            self.eventually(lambda: all("unknown" in str(node.does_not_see([leaver]))
                                        for node in self.but(leaver)))
            load.runs(60)
            self.cluster.write_nodes()
            self.together()
            load.used.append(leaver)
            load.runs(60)


class CutOffFromTheOrigin(ClusterCase):
    """A node that its peers reach, and that waits for the origin in vain for a quarter of a minute."""
    origins = ("lode-origin",)
    settings = {"origin": {"answer_timeout": "15s"}}

    def test_it_holds_up_no_cold_read(self):
        reader, victim, _ = self.cluster.nodes
        self.together()
        held = [self.store(self.new_key(), MIB) for _ in range(9)]
        for key in held:
            self.expect_content(self.client(reader).get(self.bucket, key), key, 0, MIB)
        cold = [self.store(self.new_key(), MIB) for _ in range(18)]
        # So that it has connections over which nothing will come any more.
        self.expect_status(self.client(victim).get(self.bucket, held[0]), 200)
        self.origin.mark()
        before = victim.number("lode_peer_asked_refused_total")

        self.cluster.hosts.cut(victim.name, ORIGIN)
        waits = []
        for key in cold:
            begun = time.monotonic()
            self.expect_content(self.client(reader).get(self.bucket, key), key, 0, MIB)
            waits.append(time.monotonic() - begun)

        waits.sort()
        self.assertGreater(victim.number("lode_peer_asked_refused_total"), before)
        self.assertEqual(victim.number("lode_origin_cut_off"), 1)
        self.assertLess(waits[-1], WAIT_MAX, waits)
        self.assertLess(waits[-2], 0.5, waits)
        self.assertLess(self.origin.tally().sent, len(cold) * MIB + MIB // 2)
        # What it has, it gives.
        owners = set()
        for key in held:
            answer = self.client(reader).get(self.bucket, key)
            self.expect_cache(answer, "HIT")
            owners.update(self.members_of(answer))
        self.assertIn(victim.name, owners)

        self.cluster.hosts.restore()
        self.eventually(lambda: victim.number("lode_origin_cut_off") == 0, 5, "the way back")
        self.expect_content(self.client(victim).get(self.bucket, cold[0]), cold[0], 0, MIB)
