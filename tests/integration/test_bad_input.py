"""Requests that no honest client sends: each gets a clear answer or an end, harms nobody else, and
leaves nothing behind."""

import random
import socket
import time

from harness import content
from harness.case import Case
from harness.content import KIB, MIB
from harness.raw_http import Raw, dict_of, request_bytes


class Hostile(Case):
    """Counts what a test leaves behind: connections, descriptors, memory."""

    abstract = True
    needs_lode = True
    memory = "64MiB"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # So that pools, tier and allocator have their size before anything is measured.
        client, origin = cls.lode.client(), cls.origin.client()
        origin.put_named(cls.bucket, "warm", 80 * MIB)
        for _ in range(2):
            client.get(cls.bucket, "warm")
        client.close()

    def setUp(self):
        super().setUp()
        self.s3.close()
        self.eventually(lambda: self.lode.connections() == 0, what="no connection before the test")
        self.descriptors = self.lode.descriptors()
        self.resident = self.lode.resident()
        self.addCleanup(self.expect_nothing_left_behind)

    def expect_nothing_left_behind(self):
        self.s3.close()
        self.eventually(lambda: self.lode.connections() == 0, seconds=15,
                        what="the end of every connection")
        # Connections to the origin may stay in the pool, so a few more are no leak.
        self.eventually(lambda: self.lode.descriptors() <= self.descriptors + 16, seconds=15,
                        what="the end of every descriptor")
        self.assertLess(self.lode.resident(), self.resident + 16 * MIB)
        self.assertEqual(self.lode.admin("GET", "/healthz")[0], 200)

    def raw(self, timeout=10):
        raw = Raw(self.s3.address, timeout)
        self.addCleanup(raw.close)
        return raw

    def signed(self, method, key, query=(), payload=None, extra=()):
        path = self.s3.path(self.bucket, key)
        more = {} if payload is None else {"payload": payload}
        return [("Host", self.s3.host),
                *self.s3.signer.headers(method, path, query, self.s3.host, **more), *extra]

    def get_bytes(self, key, extra=()):
        return request_bytes("GET", self.s3.path(self.bucket, key),
                             self.signed("GET", key, extra=extra))

    def expect_refused(self, data, *statuses, half_close=False):
        """The request gets one of these statuses and the connection ends; nothing of what
        followed it is taken for another request."""
        with Raw(self.s3.address) as raw:
            raw.send(data)
            if half_close:
                raw.end()
            status, headers, _ = raw.answer()
            self.assertIn(status, statuses, (data[:200], headers))
            self.assertTrue(raw.ended(), f"{data[:200]}: the connection stays open")


class BadRequests(Hostile):
    GET = b"GET /b/k HTTP/1.1\r\nHost: h\r\n"

    def test_two_framings_of_one_body_are_refused(self):
        post = b"POST /b/k HTTP/1.1\r\nHost: h\r\n"
        smuggled = b"GET /admin HTTP/1.1\r\nHost: h\r\n\r\n"
        for name, data in {
            "length then chunked": post + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                                          b"0\r\n\r\n" + smuggled,
            "chunked then length": post + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
                                          b"0\r\n\r\n" + smuggled,
            "two lengths": post + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde" + smuggled,
            "a list of lengths": post + b"Content-Length: 4, 5\r\n\r\nabcde" + smuggled,
            "a signed length": post + b"Content-Length: +4\r\n\r\nabcd" + smuggled,
            "a negative length": post + b"Content-Length: -4\r\n\r\nabcd" + smuggled,
            "a length in hex": post + b"Content-Length: 0x4\r\n\r\nabcd" + smuggled,
            "an overflowing length": post + b"Content-Length: 18446744073709551620\r\n\r\nabcd" +
                                            smuggled,
            "an empty length": post + b"Content-Length:\r\n\r\n" + smuggled,
            "a space before the colon": post + b"Content-Length : 4\r\n\r\nabcd" + smuggled,
            "an unknown coding": post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
            "chunked not last": post + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" +
                                       smuggled,
            "chunked twice": post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"
                                    b"\r\n\r\n0\r\n\r\n" + smuggled,
            "a tab in the coding": post + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" +
                                          smuggled,
        }.items():
            with self.subTest(framing=name):
                self.expect_refused(data, 400, 411, 413, 501)

    def test_bad_chunks_are_refused(self):
        key = self.new_key("never-stored")
        head = request_bytes("PUT", self.s3.path(self.bucket, key), self.signed(
            "PUT", key, payload="UNSIGNED-PAYLOAD", extra=[("Transfer-Encoding", "chunked")]))
        for name, body in {
            "not hex": b"xyz\r\nabc\r\n0\r\n\r\n", "negative": b"-3\r\nabc\r\n0\r\n\r\n",
            "a sign": b"+3\r\nabc\r\n0\r\n\r\n", "0x": b"0x3\r\nabc\r\n0\r\n\r\n",
            "overflow": b"10000000000000003\r\nabc\r\n0\r\n\r\n",
            "empty": b"\r\nabc\r\n0\r\n\r\n", "bare LF": b"3\nabc\n0\n\n",
            "no CRLF after the data": b"3\r\nabcd\r\n0\r\n\r\n",
            "a long extension": b"3;" + b"x" * 100000 + b"\r\nabc\r\n0\r\n\r\n",
        }.items():
            with self.subTest(chunk=name), Raw(self.s3.address) as raw:
                try:
                    raw.send(head + body)
                    raw.end()
                    status, _, _ = raw.answer()
                except OSError:
                    status = None       # refused while we were still sending
                # The gateway may have refused the head before the body went wrong.
                self.assertIn(status, (400, 411, 413, 502, None))
                self.expect_status(self.at_origin.head(self.bucket, key), 404)

    def test_bare_cr_bare_lf_and_folds_are_refused(self):
        for name, data in {
            "LF after the request line": b"GET /b/k HTTP/1.1\nHost: h\r\n\r\n",
            "LF after a header": b"GET /b/k HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
            "CR in a header": b"GET /b/k HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
            "CR after a header": b"GET /b/k HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
            "NUL in a header": self.GET + b"X: a\0b\r\n\r\n",
            "a fold": self.GET + b"X: a\r\n b\r\n\r\n",
            "a fold of the first header": b"GET /b/k HTTP/1.1\r\n Host: h\r\n\r\n",
            "a header without a colon": self.GET + b"nonsense\r\n\r\n",
            "an empty header name": self.GET + b": x\r\n\r\n",
            "a space in a header name": self.GET + b"X Y: z\r\n\r\n",
        }.items():
            with self.subTest(head=name):
                self.expect_refused(data, 400)

    def test_bad_request_lines_are_refused(self):
        for name, data in {
            "no version": b"GET /b/k\r\nHost: h\r\n\r\n",
            "version 0.9": b"GET /b/k HTTP/0.9\r\nHost: h\r\n\r\n",
            "version 2.0": b"GET /b/k HTTP/2.0\r\nHost: h\r\n\r\n",
            "version 1.10": b"GET /b/k HTTP/1.10\r\nHost: h\r\n\r\n",
            "two spaces": b"GET  /b/k HTTP/1.1\r\nHost: h\r\n\r\n",
            "a space in the target": b"GET /b/k x HTTP/1.1\r\nHost: h\r\n\r\n",
            "a target without a slash": b"GET b/k HTTP/1.1\r\nHost: h\r\n\r\n",
            "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "a TLS hello": bytes.fromhex("1603010200010001fc0303") + bytes(600),
            "no host": b"GET /b/k HTTP/1.1\r\n\r\n",
            "two hosts": b"GET /b/k HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "binary noise": random.Random(1).randbytes(4000) + b"\r\n\r\n",
        }.items():
            with self.subTest(line=name):
                self.expect_refused(data, 400, 426, 505)

    def test_unknown_methods_are_refused_or_relayed(self):
        for method in ("PATCH", "TRACE", "CONNECT", "BREW", "get", "M-SEARCH", "A" * 5000):
            with self.subTest(method=method[:20]), Raw(self.s3.address) as raw:
                status, _, _ = raw.exchange(request_bytes(
                    method, f"/{self.bucket}/k", [("Host", self.s3.host), ("Content-Length", "0")]))
                self.assertIn(status, (400, 403, 405, 501))

    def test_an_oversize_head_gets_431(self):
        for name, filling in {
            "one long header": b"X: " + b"a" * (1 * MIB) + b"\r\n",
            "many headers": b"".join(b"X-%d: y\r\n" % number for number in range(50000)),
        }.items():
            with self.subTest(head=name), Raw(self.s3.address) as raw:
                try:
                    raw.send(self.GET + filling + b"\r\n")
                except OSError:
                    pass        # lode may end the connection before all of it has been sent
                self.assertIn(raw.answer()[0], (431, None))
        with Raw(self.s3.address) as raw:
            raw.send(self.GET + b"X: " + b"a" * (70 * KIB) + b"\r\n\r\n")
            self.assertEqual(raw.answer()[0], 431)

    def test_a_long_target_gets_414(self):
        with Raw(self.s3.address) as raw:
            raw.send(b"GET /b/" + b"k" * (40 * KIB) + b" HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(raw.answer()[0], 414)

    def test_the_longest_key_is_served(self):
        key = "k" * 1024
        self.store(key, 1000)

        for _ in range(2):
            self.expect_content(self.s3.get(self.bucket, key), key, 0, 1000)

    def test_percent_tricks_are_the_origins_to_judge(self):
        key = self.cached(self.new_key(), 1000)
        for path in (f"/{self.bucket}/../{self.bucket}/{key}", f"/{self.bucket}/%2e%2e/secret",
                     f"/{self.bucket}/{key}%00", f"/{self.bucket}/%", f"/{self.bucket}/%zz",
                     f"/{self.bucket}/%c0%af", f"/{self.bucket}%2f{key}", f"//{self.bucket}/{key}",
                     f"/{self.bucket}//{key}", f"/{self.bucket}/./{key}", "/%2f", "/..", "/%2e%2e/",
                     f"/{self.bucket}/{key}?%zz", f"/{self.bucket}/{key}?&&==&",
                     f"/{self.bucket}/{key}/", f"/{self.bucket}/%ff%fe\x7f"):
            with self.subTest(path=path):
                statuses = []
                for client in (self.s3, self.at_origin):
                    with Raw(client.address) as raw:
                        target, _, query = path.partition("?")
                        signed = client.signer.headers("GET", target, (), client.host)
                        statuses.append(raw.exchange(request_bytes(
                            "GET", path, [("Host", client.host), *signed]))[0])
                self.assertNotEqual(statuses[0], 200)
                if statuses[0] != 400:      # lode may be stricter, and never more generous
                    self.assertEqual(statuses[0], statuses[1])

    def test_every_single_byte_in_a_header_and_target_is_survived(self):
        for byte in range(256):
            for data in (self.GET + b"X: a" + bytes([byte]) + b"b\r\n\r\n",
                         b"GET /b/" + bytes([byte]) + b" HTTP/1.1\r\nHost: h\r\n\r\n",
                         self.GET + b"X" + bytes([byte]) + b": b\r\n\r\n"):
                with Raw(self.s3.address) as raw:
                    raw.send(data)
                    raw.end()
                    status = raw.answer()[0]
                    self.assertTrue(status is None or 400 <= status < 505, (byte, status))

    def test_spoiled_requests_are_survived(self):
        draw = random.Random(7)
        good = self.get_bytes("warm", extra=[("Range", "bytes=0-9")])
        for _ in range(500):
            data = bytearray(good)
            for _ in range(draw.randrange(1, 4)):
                at = draw.randrange(len(data))
                what = draw.randrange(3)
                if what == 0:
                    data[at] = draw.randrange(256)
                elif what == 1:
                    del data[at:at + draw.randrange(1, 20)]
                else:
                    data[at:at] = draw.randbytes(draw.randrange(1, 20))
            with Raw(self.s3.address) as raw:
                try:
                    raw.send(bytes(data))
                    raw.end()
                    raw.answer()
                except OSError:
                    pass
        self.expect_content(self.s3.get(self.bucket, "warm", range="bytes=0-9"), "warm", 0, 10)


class OddConversations(Hostile):
    """Well-formed, but not the way that most clients talk."""

    def test_pipelined_requests_are_answered_in_order(self):
        keys = [self.store(self.new_key(), 1000 + number) for number in range(20)]
        raw = self.raw()

        raw.send(b"".join(self.get_bytes(key) for key in keys))
        for number, key in enumerate(keys):
            status, _, body = raw.answer()

            self.assertEqual(status, 200)
            self.assertEqual(body, content.whole(key, 1000 + number))

    def test_pipelined_heads_puts_and_gets_keep_their_order(self):
        key = self.store(self.new_key(), 5000)
        new = self.new_key()
        path = self.s3.path(self.bucket, new)
        raw = self.raw()

        raw.send(request_bytes("HEAD", self.s3.path(self.bucket, key), self.signed("HEAD", key)) +
                 request_bytes("PUT", path, self.signed("PUT", new, payload="UNSIGNED-PAYLOAD",
                                                        extra=[("Content-Length", "5")]),
                               b"hello") + self.get_bytes(new) + self.get_bytes(key))

        self.assertEqual(raw.answer("HEAD")[0], 200)
        self.assertEqual(raw.answer()[0], 200)
        self.assertEqual(raw.answer()[2], b"hello")
        self.assertEqual(raw.answer()[2], content.whole(key, 5000))

    def test_a_request_in_single_bytes_is_understood(self):
        key = self.store(self.new_key(), 1000)
        raw = self.raw()
        raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        for byte in self.get_bytes(key):
            raw.send(bytes([byte]))

        self.assertEqual(raw.answer()[2], content.whole(key, 1000))

    def test_a_client_that_half_closes_still_gets_its_answer(self):
        size = 4 * MIB
        key = self.store(self.new_key(), size)
        for _ in range(2):
            with Raw(self.s3.address) as raw:
                raw.send(self.get_bytes(key))
                raw.end()
                status, _, body = raw.answer()

                self.assertEqual(status, 200)
                self.assertEqual(len(body), size)
                self.assertTrue(content.matches(key, 0, body))
                self.assertTrue(raw.ended())

    def test_expect_100_continue_is_answered_before_the_body(self):
        key = self.new_key()
        raw = self.raw()

        raw.send(request_bytes("PUT", self.s3.path(self.bucket, key), self.signed(
            "PUT", key, payload="UNSIGNED-PAYLOAD",
            extra=[("Content-Length", "5"), ("Expect", "100-continue")])))
        status, _ = raw.head()
        raw.send(b"hello")
        final = raw.answer()

        self.assertEqual(status, 100)
        self.assertEqual(final[0], 200)
        self.assertEqual(self.at_origin.get(self.bucket, key).body, b"hello")

    def test_an_unknown_expectation_is_refused_or_ignored(self):
        raw = self.raw()

        status, _, _ = raw.exchange(self.get_bytes("warm", extra=[("Expect", "a miracle"),
                                                                  ("Range", "bytes=0-9")]))

        self.assertIn(status, (206, 417))

    def test_http_1_0_gets_an_answer_and_an_end(self):
        key = self.store(self.new_key(), 1000)
        raw = self.raw()

        raw.send(self.get_bytes(key).replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n"))
        status, _, body = raw.answer()

        self.assertEqual((status, body), (200, content.whole(key, 1000)))
        self.assertTrue(raw.ended())

    def test_connection_close_is_obeyed(self):
        key = self.store(self.new_key(), 1000)
        for turn in range(2):
            with Raw(self.s3.address) as raw:
                status, headers, body = raw.exchange(
                    self.get_bytes(key, extra=[("Connection", "close")]))

                self.assertEqual((status, body), (200, content.whole(key, 1000)))
                self.assertEqual(dict_of(headers).get("connection", "").lower(), "close", turn)
                self.assertTrue(raw.ended())

    def test_an_empty_line_before_a_request_is_passed_over_or_refused(self):
        key = self.store(self.new_key(), 1000)

        status, _, body = self.raw().exchange(b"\r\n" + self.get_bytes(key))

        self.assertIn(status, (200, 400))
        if status == 200:
            self.assertEqual(body, content.whole(key, 1000))

    def test_a_refused_upload_leaves_the_connection_in_step(self):
        """The body of a refused PUT must not be taken for the next request."""
        smuggled = self.get_bytes("warm", extra=[("Range", "bytes=0-9")])
        raw = self.raw()
        raw.send(request_bytes("PUT", f"/{self.bucket}/{self.new_key()}", [
            ("Host", self.s3.host), ("Content-Length", str(len(smuggled)))], smuggled))
        status, headers, _ = raw.answer()

        self.assertEqual(status, 403)
        if dict_of(headers).get("connection", "").lower() == "close":
            self.assertTrue(raw.ended())
        else:
            self.assertEqual(raw.exchange(self.get_bytes("warm", extra=[
                ("Range", "bytes=0-4")]))[2], content.slice_of("warm", 0, 5))

    def test_a_body_on_a_get_is_not_the_next_request(self):
        smuggled = self.get_bytes("warm", extra=[("Range", "bytes=0-9")])
        raw = self.raw()

        raw.send(self.get_bytes("warm", extra=[("Range", "bytes=0-4"), (
            "Content-Length", str(len(smuggled)))]) + smuggled)
        status, _, body = raw.answer()

        self.assertIn(status, (206, 400, 413))
        if status == 206:
            self.assertEqual(body, content.slice_of("warm", 0, 5))
            raw.send(self.get_bytes("warm", extra=[("Range", "bytes=90-99")]))
            self.assertEqual(raw.answer()[2], content.slice_of("warm", 90, 10))
        else:
            self.assertTrue(raw.ended(), "the body was taken for a request")


class Disconnections(Hostile):
    def test_clients_that_leave_in_the_middle_of_a_download(self):
        keys = [self.store(self.new_key(), 10 * MIB) for _ in range(3)]
        draw = random.Random(3)
        for turn in range(60):
            raw = Raw(self.s3.address)
            raw.send(self.get_bytes(keys[turn % 3]))
            self.assertEqual(raw.head()[0], 200)
            for _ in range(draw.randrange(8)):
                raw.socket.recv(1 << draw.randrange(4, 20))
            (raw.reset if turn % 2 else raw.close)()
        for key in keys:
            self.expect_content(self.s3.get(self.bucket, key), key, 0, 10 * MIB)

    def test_clients_that_leave_in_the_middle_of_an_upload(self):
        for turn in range(40):
            key = self.new_key("half-sent")
            raw = Raw(self.s3.address)
            raw.send(request_bytes("PUT", self.s3.path(self.bucket, key), self.signed(
                "PUT", key, payload="UNSIGNED-PAYLOAD",
                extra=[("Content-Length", str(20 * MIB))])))
            raw.send(content.whole(key, (turn % 5) * 100 * KIB))
            (raw.reset if turn % 2 else raw.close)()
            if turn % 10 == 9:
                self.expect_status(self.at_origin.head(self.bucket, key), 404)

    def test_clients_that_leave_in_the_middle_of_a_head(self):
        for turn in range(100):
            raw = Raw(self.s3.address)
            raw.send(self.get_bytes("warm")[:turn + 1])
            (raw.reset if turn % 2 else raw.close)()

    def test_clients_that_come_and_go(self):
        for _ in range(300):
            Raw(self.s3.address).close()


class SlowClients(Hostile):
    """Deadlines, set short: every slow conversation ends, and nobody else notices."""

    takes = 10
    settings = {"limits": {"head_timeout": "1s", "idle_timeout": "2s", "body_timeout": "2s"}}

    def expect_an_end(self, raw, seconds, trickle=None):
        """The connection ends within the time, whether or not something trickles in."""
        begun = time.monotonic()
        raw.socket.settimeout(0.2)
        while time.monotonic() - begun < seconds:
            try:
                if trickle:
                    raw.send(trickle)
                if not raw.socket.recv(1 << 16):
                    return
            except TimeoutError:
                pass
            except OSError:
                return
        self.fail(f"still connected after {seconds} s")

    def test_a_head_that_trickles_in_ends_at_its_deadline(self):
        slow = [self.raw() for _ in range(20)]
        for raw in slow:
            raw.send(b"GET /b/k HTTP/1.1\r\nHost: h\r\n")

        self.expect_content(self.s3.get(self.bucket, "warm", range="bytes=0-9"), "warm", 0, 10)
        self.expect_an_end(slow[0], 5, trickle=b"X: y\r\n")
        for raw in slow[1:-1]:
            self.expect_an_end(raw, 5)
        self.assertEqual(slow[-1].answer()[0], 408)

    def test_a_connection_without_a_request_ends(self):
        self.expect_an_end(self.raw(), 6)

    def test_an_idle_connection_ends(self):
        raw = self.raw()
        self.assertEqual(raw.exchange(self.get_bytes("warm", [("Range", "bytes=0-9")]))[0], 206)

        self.expect_an_end(raw, 6)

    def test_a_body_that_stalls_ends(self):
        key = self.new_key()
        raw = self.raw()
        raw.send(request_bytes("PUT", self.s3.path(self.bucket, key), self.signed(
            "PUT", key, payload="UNSIGNED-PAYLOAD", extra=[("Content-Length", "1000000")])) +
            b"x" * 1000)

        self.expect_an_end(raw, 8)
        self.expect_status(self.at_origin.head(self.bucket, key), 404)

    def test_a_reader_that_stalls_ends(self):
        self.store("stalled", 64 * MIB)
        raw = Raw(self.s3.address)
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.send(self.get_bytes("stalled"))

        self.eventually(lambda: self.lode.connections() == 0, seconds=10,
                        what="the end of a connection that nobody reads from")
        raw.close()
