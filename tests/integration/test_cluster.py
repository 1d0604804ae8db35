"""Several nodes as one cache: what one of them has read, all have, at one fetch from the origin; and each
answer is still the origin's for this very request."""

import concurrent.futures
import functools
import os
import threading
import time

from harness import content
from harness.case import MOST_ORIGINS
from harness.cluster import ClusterCase
from harness.content import KIB, MIB
from harness.origin import OWNER
from test_customer_keys import with_key
from test_local_auth import TRAINER, WRITER, key_file

# What a first question about an unknown object may cost: its headers come with one byte.
ASIDE = 64

# Of one PUT, and of a multipart upload.
SHAPES = ((1000,), (64 * KIB,), (300 * KIB,), (9 * MIB + 17,), (5 * MIB, 6 * MIB + 7, 100))


def in_three_attempts(test):
    """On a busy machine a peer may answer so late that another one is asked as well, and a part is fetched
    twice. What holds must do so at one attempt of three."""
    @functools.wraps(test)
    def attempts(self):
        for left in (2, 1, 0):
            try:
                return test(self)
            except AssertionError:
                if not left:
                    raise
    return attempts


class OneCacheCase(ClusterCase):
    abstract = True

    def setUp(self):
        super().setUp()
        self.together()

    def stored(self, sizes):
        key = self.new_key()
        if len(sizes) == 1:
            return self.store(key, sizes[0])
        self.expect_status(self.at_origin.put_multipart(self.bucket, key, sizes), 200)
        return key

    def get(self, node, key, *more, **named):
        return self.client(node).get(self.bucket, key, *more, **named)

    def read(self, node, key, size, name=None):
        answer = self.get(node, key)
        self.expect_content(answer, name or key, 0, size)
        return answer

    def read_everywhere(self, key, size, readers=12):
        """All at the same time, at all nodes; the answers."""
        begin = threading.Barrier(readers)

        def reader(number):
            s3 = self.cluster.nodes[number % len(self.cluster.nodes)].client()
            begin.wait(10)
            try:
                return s3.get(self.bucket, key)
            finally:
                s3.close()

        with concurrent.futures.ThreadPoolExecutor(readers) as pool:
            answers = list(pool.map(reader, range(readers)))
        for answer in answers:
            self.expect_content(answer, key, 0, size)
        return answers

    def expect_had_by(self, answer, node):
        """Who answered, and before it who had the bytes, if that is another node: Cache-Status."""
        members = self.members_of(answer)
        self.assertEqual(members[-1], node.name, answer)
        self.assertEqual(len(members), len(set(members)), answer)
        if len(members) > 1:
            self.assertRegex(answer.header("Cache-Status"),
                             rf'^"n\d".*, "{node.name}"; fwd=miss; detail=peer$')
        return members[0]

    def expect_hits_everywhere(self, key, size):
        """At no byte of the origin's but those of first questions; the node that had it, the same for all."""
        self.origin.mark()
        owners = set()
        for node in self.cluster.nodes:
            answer = self.read(node, key, size)
            self.expect_cache(answer, "HIT")
            owners.add(self.expect_had_by(answer, node))
        self.assertLessEqual(self.origin.tally().sent, len(self.cluster.nodes))
        self.assertEqual(len(owners), 1)
        return owners.pop()


class OneCache(OneCacheCase):
    origins = MOST_ORIGINS
    nodes = 3
    settings = {"cache": {"flush_delay": "50ms"}}

    @in_three_attempts
    def test_clients_of_all_nodes_cost_the_origin_one_copy_of_a_cold_object(self):
        for sizes in SHAPES:
            key, size = self.stored(sizes), sum(sizes)
            self.origin.mark()

            answers = self.read_everywhere(key, size)

            self.assertIn(self.origin.tally().sent, range(size, size + ASIDE), sizes)
            self.assertEqual({self.expect_had_by(each, self.cluster.nodes[number % 3])
                              for number, each in enumerate(answers)},
                             {self.expect_hits_everywhere(key, size)})

    @in_three_attempts
    def test_what_one_node_has_read_is_a_hit_on_every_other(self):
        for sizes in SHAPES:
            key, size = self.stored(sizes), sum(sizes)
            before = self.cluster.total("lode_store_filled_bytes_total")

            self.expect_cache(self.read(self.cluster.nodes[0], key, size), "MISS", "FILLING")

            self.expect_hits_everywhere(key, size)
            self.assertEqual(self.cluster.total("lode_store_filled_bytes_total"), before + size)

    @in_three_attempts
    def test_the_parts_of_one_object_are_spread_over_the_nodes(self):
        sizes = [5 * MIB] * 7 + [MIB + 3]
        key, size = self.stored(sizes), sum(sizes)
        self.origin.mark()
        begins = [sum(sizes[:number]) for number in range(len(sizes))]
        ranges = [(0, size), *((first - 100, 3 * MIB) for first in begins[1:]),
                  *((first + 17, 1) for first in begins), (size - 1, 1)]

        for number, (first, length) in enumerate(ranges):
            length = min(length, size - first)
            for node in self.cluster.nodes[number % 2:]:
                answer = self.get(node, key, f"bytes={first}-{first + length - 1}")
                self.expect_status(answer, 206)
                self.expect_content(answer, key, first, length)
        owners = set()
        for first in begins:
            for node in self.cluster.nodes:
                answer = self.get(node, key, f"bytes={first}-{first + 9}")
                self.expect_cache(answer, "HIT")
                owners.add(self.expect_had_by(answer, node))

        self.assertGreater(len(owners), 1)
        self.assertIn(self.origin.tally().sent, range(size, size + ASIDE))

    def test_a_part_number_is_answered_by_every_node_as_by_the_origin(self):
        sizes = (5 * MIB, 6 * MIB + 7, 100)
        key = self.stored(sizes)
        for number in (2, 3, 1, 4):
            path, query = self.at_origin.path(self.bucket, key), [("partNumber", number)]
            direct = self.at_origin.request("GET", path, query=query)
            for node in self.cluster.nodes:
                answer = self.client(node).request("GET", path, query=query)
                self.assertEqual(answer.status, direct.status)
                if direct.status == 206:
                    self.assertEqual(answer.header("Content-Range"), direct.header("Content-Range"))
                    self.assertTrue(answer.body == direct.body, "other bytes")

    def test_an_overwritten_object_is_new_at_once_on_every_node(self):
        nodes, key = self.cluster.nodes, self.new_key()
        for turn, size in enumerate((MIB, 300 * KIB, 300 * KIB, 2 * MIB + 1, 1000)):
            writer = self.at_origin if turn % 2 else self.client(nodes[turn % 3])
            name = f"{key}-{turn}"
            self.expect_status(writer.put_named(self.bucket, key, size, name), 200)
            for _ in range(2):
                for node in nodes:
                    self.read(node, key, size, name)

    def test_a_deleted_object_is_gone_at_once_on_every_node(self):
        key = self.stored((MIB,))
        self.read_everywhere(key, MIB, readers=3)
        self.expect_status(self.client(self.cluster.nodes[1]).delete(self.bucket, key), 204)

        for node in self.cluster.nodes:
            self.assertEqual(self.get(node, key).status, 404)

    def test_who_may_not_read_gets_nothing_from_any_node_whoever_has_it(self):
        key = self.stored((300 * KIB,))
        self.read_everywhere(key, 300 * KIB, readers=3)
        for node in self.cluster.nodes:
            for wrong in (node.client(self.origin.identities[1]), node.client(None)):
                with self.subTest(node=node.name, identity=wrong.identity):
                    self.assertEqual(wrong.get(self.bucket, key).status, 403)
                    wrong.close()

    @in_three_attempts
    def test_a_node_that_drains_brings_in_nothing_of_its_own_any_more(self):
        leaver, *others = self.cluster.nodes
        self.addCleanup(leaver.admin, "POST", "/drain?undo")
        leaver.admin("POST", "/drain")
        self.eventually(lambda: all("draining" in str(node.does_not_see([leaver]))
                                    for node in others))
        for _ in range(12):
            key = self.stored((10 * KIB,))
            owners = {self.members_of(self.read(node, key, 10 * KIB))[0]
                      for node in (*others, leaver)}
            self.assertEqual(len(owners), 1)
            self.assertNotIn(leaver.name, owners)

    def test_an_object_under_a_customers_key_stays_on_the_node_that_was_given_the_key(self):
        secret, key, size = os.urandom(32), self.new_key(), 3 * MIB
        self.expect_status(self.at_origin.put(self.bucket, key, content.whole(key, size),
                                              signed=with_key(secret)), 200)
        asked = self.cluster.total("lode_peer_asked_total")
        for node in self.cluster.nodes:
            for word in ("MISS", "HIT"):
                self.origin.mark()
                answer = self.get(node, key, signed=with_key(secret))
                self.expect_content(answer, key, 0, size)
                self.expect_cache(answer, word)
                self.assertEqual(self.members_of(answer), [node.name])
                self.assertEqual(self.origin.tally().sent >= size, word == "MISS")
        self.assertEqual(self.cluster.total("lode_peer_asked_total"), asked)

        for node in self.cluster.nodes:
            self.assertIn(self.get(node, key).status, (400, 403))


class LocalCluster(OneCacheCase):
    """Nodes that decide themselves who may read, and trust a word of the origin's for some time."""

    origins = ("lode-origin",)
    nodes = 2
    max_stale = 1

    @classmethod
    def setUpClass(cls):
        cls.keys = cls.world.new_directory("keys") / "keys.toml"
        cls.keys.write_text(key_file("bucket-"))    # WRITER's rule is for every bucket-*
        cls.keys.chmod(0o600)
        cls.settings = {"auth": {"mode": "local", "keys": str(cls.keys)},
                        "consistency": {"mode": "bounded", "max_stale": f"{cls.max_stale}s"}}
        super().setUpClass()

    def client(self, node, identity=WRITER, **more):
        return super().client(node, identity=identity, **more)

    @in_three_attempts
    def test_what_lode_allows_is_had_from_peers_and_what_it_forbids_is_not(self):
        key = self.stored((9 * MIB,))
        self.origin.mark()

        self.read(self.cluster.nodes[0], key, 9 * MIB)

        self.assertIn(self.origin.tally().sent, range(9 * MIB, 9 * MIB + ASIDE))
        self.expect_hits_everywhere(key, 9 * MIB)
        for node in self.cluster.nodes:
            for identity in (TRAINER, OWNER, None):
                self.assertEqual(self.client(node, identity).get(self.bucket, key).status, 403)

    def test_a_write_through_one_node_is_seen_by_the_others_in_time_and_never_mixed(self):
        key, (one, other) = self.new_key(), self.cluster.nodes
        self.expect_status(self.client(one).put_named(self.bucket, key, 6 * MIB, "old"), 200)
        for node in (one, other):
            self.read(node, key, 6 * MIB, "old")

        self.expect_status(self.client(one).put_named(self.bucket, key, 5 * MIB, "new"), 200)
        written = time.monotonic()
        self.read(one, key, 5 * MIB, "new")

        seen = False
        while not seen:
            asked = time.monotonic()
            answer = self.get(other, key)
            seen = len(answer.body) == 5 * MIB
            self.expect_content(answer, "new" if seen else "old", 0, (5 if seen else 6) * MIB)
            self.assertLess(asked - written, self.max_stale + 0.2)


class Zones(OneCacheCase):
    origins = ("lode-origin",)
    nodes = 4
    zones = ("left", "left", "right", "right")

    def side(self, zone):
        return [node for node in self.cluster.nodes if node.settings["node"]["zone"] == zone]

    @in_three_attempts
    def test_every_zone_has_a_copy_of_its_own_and_none_comes_from_the_other(self):
        for sizes in SHAPES[1:]:
            key, size = self.stored(sizes), sum(sizes)
            self.origin.mark()
            for _ in range(2):
                for zone in ("left", "right"):
                    here = {node.name for node in self.side(zone)}
                    for node in self.side(zone):
                        self.assertLessEqual(set(self.members_of(self.read(node, key, size))), here)
            self.assertIn(self.origin.tally().sent, range(2 * size, 2 * size + 2 * ASIDE))
        for node in self.cluster.nodes:
            asked = node.metrics()["lode_peer_questions_total"]
            for other in self.cluster.nodes:
                if other.settings["node"]["zone"] != node.settings["node"]["zone"]:
                    self.assertEqual(asked[(("peer", other.name),)], 0)

    def test_a_zone_does_not_notice_that_the_other_is_cut_off(self):
        key = self.stored((9 * MIB,))
        self.cluster.hosts.partition(["n1", "n2"], ["n3", "n4"])
        for node in self.cluster.nodes:
            begun = time.monotonic()
            self.read(node, key, 9 * MIB)
            self.assertLess(time.monotonic() - begun, 1)
        for node in self.cluster.nodes:
            self.expect_cache(self.read(node, key, 9 * MIB), "HIT")
