"""The peer port and strangers, and members that do not do what members should: refused or passed over,
counted, and never believed."""

import contextlib
import itertools
import time

from harness.cluster import ORIGIN, ClusterCase
from harness.content import KIB, MIB, whole
from harness.peer import Answerer, Asker, Hello
from harness.raw_http import Raw, dict_of, request_bytes

WRONG = b"not the secret of this cluster"


class PeerCase(ClusterCase):
    abstract = True
    origins = ("lode-origin",)
    nodes = 2

    def setUp(self):
        super().setUp()
        self.one, self.other = self.cluster.nodes
        self.addCleanup(self.cluster.write_nodes)
        self.secret = self.cluster.secret

    def door(self, node=None):
        node = node or self.one
        return node.host.address, node.peer_port

    def asker(self, secret=None, **more):
        made = Asker(self.door(), secret or self.secret, **more)
        self.addCleanup(made.close)
        return made

    def liar(self, name, behave):
        made = Answerer(self.cluster.hosts.address, name, self.secret)
        made.behave = behave
        self.addCleanup(made.close)
        return made

    def wait_for_list(self, current, nodes):
        """Until every node has read the list that is there now."""
        for node in self.cluster.nodes:
            self.eventually(lambda node=node: node.number("lode_membership_nodes") == nodes and
                            node.labelled("lode_membership_current", source="static") == current)

    def list_also(self, *liars):
        self.cluster.write_nodes(more=[{"name": each.name, "address": each.address}
                                       for each in liars])

    def expect_right(self, node, key, size):
        """The right bytes, soon; returns the answer."""
        begun, s3 = time.monotonic(), node.client()
        answer = s3.get(self.bucket, key)
        s3.close()
        self.expect_content(answer, key, 0, size)
        self.assertLess(time.monotonic() - begun, 2.5)
        return answer

    def recorded_question(self):
        """(target, range, content) of a question about a part that node one has, as node two asked it."""
        spy = self.liar(self.new_key("spy"), lambda question: [question.head(503, 0)])
        self.list_also(spy)
        self.eventually(lambda: self.other.labelled("lode_peer_state", peer=spy.name, state="up"))
        for _ in range(200):
            key = self.store(self.new_key(), 100 * KIB)
            self.expect_right(self.other, key, 100 * KIB)
            if spy.questions:
                break
        asked = spy.questions[-1]
        self.assertIn(f"key={key}", asked.target)
        return asked.target, asked.range, whole(key, 100 * KIB)


class PeerPort(PeerCase):
    takes = 10
    settings = {"limits": {"idle_timeout": "3s", "connections": 100}}

    def expect_refused(self, answer, status, reason, before):
        got, headers, body = answer
        headers = dict_of(headers) if isinstance(headers, list) else headers
        self.assertEqual((got, headers.get("x-lode-refusal")), (status, reason), body)
        self.assertEqual(headers["connection"], "close")
        self.assertNotIn(self.secret, body)
        self.assertRegex(body.decode(), r"^[^\n]+$")
        self.eventually(lambda: self.one.turned_away(reason) == before + 1, what="the counter")

    def test_who_knows_the_secret_is_let_in_and_gets_what_it_asks_for(self):
        target, range, data = self.recorded_question()
        asker = self.asker()

        status, _, _ = asker.greet()
        self.assertEqual(status, 200)
        for _ in "12":
            status, headers, body = asker.ask(target, range)
            self.assertEqual(status, 206)
            self.assertTrue(body == data, "other bytes")
        self.assertIn("cache=HIT", headers["x-lode-answer"])
        self.assertEqual(asker.ask("/lode/1/state")[0], 200)

    def test_a_hello_that_is_not_right_is_refused_with_its_reason_and_nothing_more(self):
        said = Hello(self.secret)
        self.assertEqual(self.asker().greet(said)[0], 200)
        for hello, status, reason in (
                (Hello(WRONG), 401, "proof"),
                (Hello(self.secret, proof=Hello(self.secret).proof), 401, "proof"),
                (Hello(self.secret, seconds_off=-310), 403, "clock"),
                (Hello(self.secret, seconds_off=310), 403, "clock"),
                (Hello(self.secret, cluster="another"), 403, "cluster"),
                (Hello(WRONG, cluster="another"), 403, "cluster"),
                (Hello(self.secret, protocol=2), 505, "protocol"),
                (Hello(WRONG, protocol=7), 505, "protocol"),
                (Hello(self.secret, node=""), 400, "malformed"),
                (Hello(self.secret, node=self.one.name), 409, "own-name"),
                (said, 401, "replayed")):
            with self.subTest(hello=hello.target, reason=reason):
                before, asker = self.one.turned_away(reason), self.asker()
                answer = asker.greet(hello)
                self.expect_refused(answer, status, reason, before)
                self.assertTrue(asker.ended())
                if reason == "protocol":
                    self.assertEqual(answer[1]["x-lode-protocols"], "1")

    def test_clocks_may_differ_by_minutes(self):
        for seconds in (-290, 290):
            self.assertEqual(self.asker().greet(Hello(self.secret, seconds_off=seconds))[0], 200)

    def test_nothing_is_answered_without_a_session(self):
        target, range, _ = self.recorded_question()
        recorded = self.asker()
        recorded.greet()
        request = recorded.request(target, range)
        self.assertEqual(recorded.exchange(request)[0], 206)
        for data, status, reason in (
                (request, 401, "no-session"),
                (request_bytes("GET", target, [("Host", "lode"), ("Range", range)]), 401, "no-session"),
                (request_bytes("GET", "/lode/1/state", [("Host", "lode")]), 401, "no-session"),
                (request_bytes("GET", f"/{self.bucket}", [("Host", "lode")]), 401, "no-session"),
                (request_bytes("GET", "/metrics", [("Host", "lode")]), 401, "no-session"),
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n", 400,
                 "unreadable"),
                (b"GET /lode/1/hello?" + b"a" * 7500 + b" HTTP/1.1\r\nHost: lode\r\n\r\n", 414,
                 "unreadable"),
                (b"GET /lode/1/state HTTP/1.1\r\n" + b"X: y\r\n" * 40 + b"\r\n", 431, "unreadable")):
            with self.subTest(data=data[:40]):
                before = self.one.turned_away(reason)
                with Raw(self.door()) as stranger:
                    self.expect_refused(stranger.exchange(data), status, reason, before)

    def test_a_session_takes_its_own_next_request_and_no_other(self):
        target, range, _ = self.recorded_question()
        spoiled = {
            "sent twice": lambda asker, request: asker.send(request),
            "of another session": lambda asker, request: asker.send(foreign.request(target, range)),
            "with another range": lambda asker, request: asker.send(
                asker.request(target, range).replace(b"bytes=0-", b"bytes=1-")),
            "with another target": lambda asker, request: asker.send(
                asker.request(target, range).replace(b"want=bytes", b"want=fill")),
            "without its proof": lambda asker, request: asker.send(
                asker.request(target, range).partition(b"x-lode-mac")[0] + b"\r\n")}
        foreign = self.asker()
        foreign.greet()
        for name, spoil in spoiled.items():
            with self.subTest(name):
                before, asker = self.one.turned_away("mac"), self.asker()
                asker.greet()
                request = asker.request(target, range)
                self.assertEqual(asker.exchange(request)[0], 206)
                spoil(asker, request)
                self.expect_refused(asker.answer(), 401, "mac", before)

    def test_who_says_nothing_is_not_waited_for(self):
        before, begun = self.one.turned_away("silent"), time.monotonic()
        with Raw(self.door()) as silent, Raw(self.door()) as half:
            half.send(b"GET /lode/1/hello?cluster=lode")
            status, headers, _ = half.answer()
            self.assertEqual((status, dict_of(headers)["x-lode-refusal"]), (408, "silent"))
            self.assertTrue(silent.ended())
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual(self.one.turned_away("silent"), before + 2)

    def test_a_flood_of_silent_connections_keeps_nobody_from_being_served(self):
        self.together()
        key = self.store(self.new_key(), MIB)
        resident = self.one.resident()
        refused = self.one.number("lode_peer_connections_refused_total")
        flood = []
        try:
            for _ in range(400):
                with contextlib.suppress(ConnectionResetError):     # one too many, and told so at once
                    flood.append(Raw(self.door()))
            for node in (self.one, self.other):
                self.expect_right(node, key, MIB)
            self.assertLessEqual(self.one.peer_connections(), 101)
            self.eventually(
                lambda: self.one.number("lode_peer_connections_refused_total") >= refused + 300)
            self.assertLess(self.one.resident(), resident + 16 * MIB)
            self.eventually(lambda: self.one.peer_connections() < 10, what="the end of the flood")
            for node in (self.one, self.other):
                self.expect_cache(self.expect_right(node, key, MIB), "HIT")
        finally:
            for each in flood:
                each.close()

    def test_a_connection_whose_other_end_is_gone_does_not_stay(self):
        self.together()
        with self.cluster.hosts[ORIGIN].inside():
            gone = [self.asker() for _ in range(5)]
        for each in gone[:4]:
            each.greet()
        before = self.one.peer_connections()
        self.cluster.hosts.cut(ORIGIN, self.one.name)
        self.assertGreaterEqual(before, 5)
        self.eventually(lambda: self.one.peer_connections() <= before - 5)


class BadMembers(PeerCase):
    takes = 25
    settings = {"origin": {"answer_timeout": "2s"}}

    def test_a_member_that_answers_wrongly_is_passed_over_and_counted(self):
        """All at once, so that each is asked before anybody knows it: one reader, its two peers, liars."""
        ways = {
            "silent": lambda q: None,
            "leaves": lambda q: [None],
            "busy": lambda q: [q.head(503, 0)],
            "broken": lambda q: [q.head(500, 0)],
            "absent": lambda q: [q.head(404, 0)],
            "stranger": lambda q: [q.head(409, 0)],
            "unproven": lambda q: [q.head(206, q.end - q.first, spoil=True), bytes(q.end - q.first)],
            "other-part": lambda q: [q.head(206, q.end - q.first, part="1" * 32),
                                     bytes(q.end - q.first)],
            "short": lambda q: [q.head(206, q.end - q.first - 1), bytes(q.end - q.first - 1)],
            "long": lambda q: [q.head(206, q.end - q.first + 1), bytes(q.end - q.first + 1)],
            "breaks": lambda q: [q.head(206, q.end - q.first), None],
            "garbage": lambda q: [b"\x00\x01\x02 nothing that anybody says \r\n\r\n", None],
            "endless": lambda q: [b"HTTP/1.1 206 -\r\n" + b"X: " + b"y" * 20000, None],
        }
        liars = [self.liar(name, lambda q, way=way: way(q) if q.fields["want"] == "bytes"
                           else [q.head(200, 0)]) for name, way in ways.items()]
        self.list_also(*liars)
        self.eventually(lambda: self.one.number("lode_membership_nodes") == 2 + len(liars))
        for number in itertools.count():
            key = self.store(self.new_key(), 100 * KIB)
            self.expect_right(self.one, key, 100 * KIB)
            asked = {each.name for each in liars if any(q.word == "part" for q in each.questions)}
            if len(asked) == len(liars):
                break
            self.assertLess(number, 400, f"never asked: {set(ways) - asked}")

        for name in ways:
            counted = sum(self.one.labelled(f"lode_peer_{what}_total", peer=name) for what in
                          ("refusals", "failures", "broken_answers"))
            self.assertGreater(counted, 0, name)

    def test_a_member_that_breaks_off_in_the_middle_is_gone_on_from_there(self):
        key, size = self.store(self.new_key(), 9 * MIB), 9 * MIB

        def behave(question):
            first, end = question.first, min(question.end, question.first + 700_001)
            name = question.fields["key"]
            return [question.head(206, question.end - first), whole(name, 9 * MIB)[first:end], None]

        liars = [self.liar(f"n{number}", behave) for number in (7, 8, 9)]
        self.list_also(*liars)
        self.eventually(lambda: self.one.number("lode_membership_nodes") == 5)
        for _ in range(100):
            self.expect_right(self.one, key, size)
            asked = [question for each in liars for question in each.questions
                     if question.fields.get("want") == "bytes"]
            if any(question.first > 0 for question in asked):
                break
            key = self.store(self.new_key(), size)
        self.assertTrue(any(question.first % 700_001 == 0 and question.first > 0
                            for question in asked))

    def test_a_connection_whose_bytes_went_past_the_memory_carries_the_next_question(self):
        """Plain sockets and 256 KiB or more: the bytes go through a pipe, and nobody reads them."""
        size = 3 * MIB

        def behave(question):
            if question.fields.get("want") != "bytes":
                return [question.head(200, 0)]
            data = whole(question.fields["key"], size)[question.first:question.end]
            # A break in the middle of what a pipe holds, once.
            if question.number == 4:
                return [question.head(206, len(data)), data[:1_000_003], None]
            return [question.head(206, len(data)), data]

        liar = self.liar("n7", behave)
        self.list_also(liar)
        self.eventually(lambda: self.one.labelled("lode_peer_state", peer="n7", state="up"))

        def asked():
            return [q for q in liar.questions if q.fields.get("want") == "bytes"]

        for _ in range(200):
            key = self.store(self.new_key(), size)
            self.expect_right(self.one, key, size)
            if len(asked()) >= 12:
                break
        self.assertGreaterEqual(len(asked()), 12)
        # Each connection carried several: what was taken from under the reader was told to it.
        self.assertGreaterEqual(max(q.number for q in asked()), 4)
        broken = self.one.labelled("lode_peer_broken_answers_total", peer="n7")
        self.assertEqual(broken, sum(q.number == 4 for q in asked()))

    def test_a_name_or_an_address_that_is_listed_twice_leaves_the_old_list_in_force(self):
        for more, twice in (({"name": "n9", "address": self.other.peer_address},
                             self.other.peer_address),
                            ({"name": "n2", "address": "198.18.0.1:1"}, "n2")):
            with self.subTest(more=more):
                self.wait_for_list(current=1, nodes=2)
                self.cluster.write_nodes(more=[more])
                self.wait_for_list(current=0, nodes=2)
                self.together()
                key = self.store(self.new_key(), MIB)
                owners = {self.members_of(self.expect_right(node, key, MIB))[0]
                          for node in (self.one, self.other)}
                self.assertEqual(len(owners), 1)
                self.assertIn(f'got "{twice}" again', self.one.daemon.output())

                self.cluster.write_nodes()

    def test_a_node_that_says_another_name_than_the_list_is_not_asked(self):
        impostor = self.liar("n1", lambda question: [question.head(404, 0)])
        self.cluster.write_nodes(more=[{"name": "n9", "address": impostor.address}])
        self.eventually(lambda: self.one.number("lode_membership_nodes") == 3)

        self.eventually(lambda: self.other.number("lode_cluster_conflicts") > 0)
        for _ in range(30):
            key = self.store(self.new_key(), 1000)
            self.expect_right(self.other, key, 1000)
        self.assertEqual(impostor.questions, [])
