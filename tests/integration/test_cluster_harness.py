"""What cluster tests are made of: nodes on hosts, what is done to them, and the load that judges them.

The nodes here do not know of each other, so that only the harness is tested.
"""

import time

from harness.case import Case
from harness.cluster import ORIGIN, ClusterCase
from harness.content import MIB
from harness.hosts import TEST
from harness.load import ALLOWED, BROKEN_OFF, OVERTAKEN, RESET, TIMED_OUT, Load


class ClusterHarness(ClusterCase):
    takes = 10
    alone = True
    origins = ("lode-origin",)
    nodes = 3
    zones = ("left", "left", "right")
    membership = "none"
    settings = {"origin": {"answer_timeout": "2s"}, "cache": {"flush_delay": "50ms"}}

    def loaded(self, **options):
        load = Load(self.bucket, self.cluster.nodes, seed=self.new_key("seed"), seconds=20,
                    timeout=5, **options)
        return load.prepare(self.at_origin)

    def expect_right(self, load):
        self.assertEqual(load.problems(), [], load.report())

    def test_every_node_has_an_address_and_serves_what_the_origin_has(self):
        key = self.store(self.new_key(), MIB)
        before, addresses = self.cluster.total("lode_store_filled_bytes_total"), set()
        for node in self.cluster.nodes:
            addresses.add(node.client().address)
            self.expect_content(self.client(node).get(self.bucket, key), key, 0, MIB)

        self.assertEqual(len(addresses), 3)
        self.assertEqual(self.cluster.total("lode_store_filled_bytes_total"), before + 3 * MIB)

    def test_a_load_on_whole_nodes_finds_nothing_and_fails_nowhere(self):
        load = self.loaded(operations=400)
        with load:
            load.runs(400)

        self.expect_right(load)
        self.assertEqual(load.failures(but=(OVERTAKEN,)), [])
        self.assertEqual(len(load.done), 400)
        self.assertEqual({each.node for each in load.done}, {"n1", "n2", "n3"})
        self.assertEqual({each.what for each in load.done}, set(load.mix))

    def test_a_killed_node_fails_and_no_other_does(self):
        load, victim = self.loaded(), self.cluster.nodes[1]
        with load:
            load.runs(50)
            victim.kill()
            load.runs(100)
            load.used.remove(victim)
            time.sleep(0.1)
            since = time.monotonic()
            load.runs(50)
            victim.start()
            load.used.append(victim)
            load.runs(100)

        self.expect_right(load)
        self.assertTrue(load.failures(of=[victim]))
        self.assertEqual({each.node for each in load.failures(but=(OVERTAKEN,))}, {"n2"})
        self.assertEqual(load.failures(but=(RESET, BROKEN_OFF, OVERTAKEN)), [])
        self.assertEqual(load.failures(but=(OVERTAKEN,), since=since), [])

    def test_a_frozen_node_answers_late_or_never_and_goes_on_when_it_is_thawed(self):
        node, key = self.cluster.nodes[0], self.store(self.new_key(), 100)
        node.freeze()
        with self.assertRaises(TimeoutError):
            self.client(node, timeout=0.5).get(self.bucket, key)
        load = self.loaded()
        load.timeout = 0.5
        load.used = [node]
        with load:
            load.lasts(0.7)
        self.assertEqual({each.kind for each in load.failures()}, {TIMED_OUT})

        node.thaw()

        self.expect_content(self.client(node).get(self.bucket, key), key, 0, 100)

    def test_a_rolling_restart_keeps_what_the_devices_hold(self):
        key, size = self.new_key(), 3 * MIB
        self.store(key, size)
        for node in self.cluster.nodes:
            self.s3 = self.client(node)
            self.read_until_hit(key, size)
            self.eventually(lambda node=node: node.number("lode_store_chunks_disk") >= 3)

        self.cluster.rolling_restart()

        for node in self.cluster.nodes:
            self.expect_cache(self.client(node).get(self.bucket, key), "HIT")

        self.cluster.nodes[2].replace()

        self.expect_cache(self.client(self.cluster.nodes[2]).get(self.bucket, key), "MISS", "FILLING")

    def test_a_node_that_is_cut_off_from_the_origin_is_reached_by_the_test(self):
        node, key = self.cluster.nodes[0], self.store(self.new_key(), 100)

        self.cluster.hosts.cut(node.name, ORIGIN)

        answer = self.client(node, timeout=20).get(self.bucket, key)
        self.assertGreaterEqual(answer.status, 500)
        self.expect_content(self.client(self.cluster.nodes[1]).get(self.bucket, key), key, 0, 100)

        self.cluster.hosts.restore()
        self.cluster.hosts.cut(node.name, TEST)
        with self.assertRaises(TimeoutError):
            self.client(node, timeout=0.3).get(self.bucket, key)

    def test_a_slow_disk_is_slow_for_one_node_only(self):
        key, size = self.new_key(), 4 * MIB
        self.store(key, size)
        took = []
        for node in self.cluster.nodes[:2]:
            self.s3 = self.client(node)
            self.read_until_hit(key, size)
            self.eventually(lambda node=node: node.number("lode_store_chunks_disk") >= 4)
        self.cluster.nodes[0].slow_down(bytes_per_second=4 * MIB)
        for node in self.cluster.nodes[:2]:
            node.drop_memory()
            begun = time.monotonic()
            self.expect_content(self.client(node).get(self.bucket, key), key, 0, size)
            took.append(time.monotonic() - begun)

        self.assertGreater(took[0], 0.6)
        self.assertLess(took[1], 0.4)

    def test_a_host_without_power_is_silent_and_comes_back_with_what_its_device_held(self):
        node, key = self.cluster.nodes[2], self.new_key()
        self.store(key, MIB)
        self.s3 = self.client(node)
        self.read_until_hit(key, MIB)
        self.eventually(lambda: node.number("lode_store_chunks_disk") >= 1)
        time.sleep(0.5)             # its descriptor follows after cache.flush_delay
        node.power_off()
        with self.assertRaises(OSError):
            self.client(node, timeout=0.3).get(self.bucket, key)

        node.power_on()

        self.expect_cache(self.client(node).get(self.bucket, key), "HIT")


class LoadJudges(Case):
    """A made-up node that lies: each of its lies must be seen."""

    origins = ("lode-origin",)
    needs_lode = False
    starts_lode = False

    class Liar:
        name = "liar"

        def __init__(self, origin, lie):
            self.origin, self.lie = origin, lie

        def client(self, **more):
            made = self.origin.client(**more)
            honest = made.send

            def send(method, path, **more):
                response = honest(method, path, **more)
                return response if method != "GET" else self.lie(response)

            made.send = send
            return made

    def judged(self, lie, operations=60, **options):
        node = self.Liar(self.origin, lie)
        load = Load(self.bucket, [node], seed=self.new_key("seed"), operations=operations,
                    seconds=10, **options).prepare(self.at_origin)
        with load:
            load.lasts(10)
        return load

    def test_an_honest_node_is_believed(self):
        load = self.judged(lambda response: response)

        self.assertEqual(load.problems(), [])
        self.assertEqual(load.failures(), [])

    def test_a_wrong_byte_is_seen(self):
        def lie(response):
            whole = response.read
            response.read = lambda: bytes([(body := whole())[0] ^ 1]) + body[1:]
            return response

        self.assertRegex("\n".join(self.judged(lie, mix={"read": 1}).problems()), "not those of")

    def test_an_answer_that_ends_early_is_seen(self):
        def lie(response):
            whole = response.read
            response.read = lambda: whole()[:-1]
            return response

        self.assertRegex("\n".join(self.judged(lie, mix={"range": 1}).problems()), "not those of")

    def test_an_object_that_is_said_to_be_gone_is_seen(self):
        def lie(response):
            response.status = 404
            return response

        self.assertTrue(self.judged(lie, mix={"read": 1}).problems())

    def test_an_old_version_is_seen(self):
        kept = {}

        def lie(response):
            """The first thing that was ever told of the object, for ever."""
            body = response.read()
            old = kept.setdefault("first", (response.status, response.getheaders(), body))
            response.status, response.read = old[0], lambda: old[2]
            response.getheaders = lambda: old[1]
            return response

        load = self.judged(lie, operations=300, changing=1, mix={"get": 3, "put": 3})

        self.assertRegex("\n".join(load.problems()), "before the other|was current then")

    def test_failures_are_sorted_by_what_a_client_may_send_again(self):
        for status, allowed in ((500, True), (503, True), (403, False), (502, False)):
            def lie(response, status=status):
                response.read()
                response.read = lambda: b""
                response.status = status
                return response

            load = self.judged(lie, operations=8, mix={"read": 1})
            self.assertEqual(len(load.failures()), len(load.failed))
            self.assertTrue(load.failed)
            self.assertEqual(load.failures(but=ALLOWED) == [], allowed, status)
