"""Far more requests at once than lode takes: each is answered or refused, and nothing grows."""

import resource
import selectors
import socket
import threading
import time

from harness import content
from harness.case import Case
from harness.content import KIB, MIB
from harness.origin import OWNER
from harness.raw_http import dict_of, request_bytes
from harness.signing import EMPTY_SHA256, Signer

CROWD = 2000
LIMIT = 200


class Client:
    """One connection without blocking: sends a request, collects one answer after the other."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, 10)
        self.socket.setblocking(False)
        self.received = bytearray()

    def answer(self):
        """(status, headers, body) once it is complete, else None."""
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self.received[:end].decode("latin-1").split("\r\n")
        headers = dict_of(tuple(line.split(": ", 1)) for line in lines[1:])
        length = int(headers["content-length"])
        if len(self.received) < end + 4 + length:
            return None
        body = bytes(self.received[end + 4:end + 4 + length])
        del self.received[:end + 4 + length]
        return int(lines[0].split(" ")[1]), headers, body


class Overload(Case):
    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False
    seconds = 180
    size = 16 * KIB

    def setUp(self):
        super().setUp()
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * CROWD + 2000
        if hard != resource.RLIM_INFINITY and hard < wanted:
            self.skipTest(f"at most {hard} files may be open")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        self.addCleanup(self.origin.heal)
        self.keys = [self.store(self.new_key(), self.size) for _ in range(64)]

    def start(self, **limits):
        lode = self.make_lode(memory="128MiB", settings={"limits": limits})
        lode.start()
        self.addCleanup(lode.stop)
        return lode

    def request_for(self, lode, key):
        host, path = f"127.0.0.1:{lode.port}", f"/{self.bucket}/{key}"
        headers = Signer(OWNER).headers("GET", path, (), host, EMPTY_SHA256, ())
        return request_bytes("GET", path, [("Host", host), *headers])

    def watch(self, lode):
        """Returns what tells the largest resident size since."""
        highest, stop = [lode.resident()], threading.Event()

        def look():
            while not stop.wait(0.02):
                highest[0] = max(highest[0], lode.resident())
        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()

        def end():
            stop.set()
            watcher.join()
            return highest[0]
        return end

    def wave(self, clients, requests):
        """All clients ask at once; how many got their object, and how many were refused."""
        selector = selectors.DefaultSelector()
        for number, client in enumerate(clients):
            selector.register(client.socket, selectors.EVENT_READ, (number, client))
        for number, client in enumerate(clients):
            client.socket.sendall(requests[number % len(requests)])
        served = refused = 0
        deadline = time.monotonic() + 60
        while served + refused < len(clients) and time.monotonic() < deadline:
            for event, _ in selector.select(1):
                number, client = event.data
                data = client.socket.recv(1 << 18)
                if not data:
                    self.fail(f"connection {number} ended")
                client.received += data
                answer = client.answer()
                if answer is None:
                    continue
                status, headers, body = answer
                if status == 200:
                    key = self.keys[number % len(self.keys)]
                    self.assertTrue(content.matches(key, 0, body) and len(body) == self.size)
                    served += 1
                else:
                    self.assertEqual(status, 503, headers)
                    self.assertEqual(headers["retry-after"], "1")
                    self.assertNotIn("connection", headers)
                    self.assertIn(b"<Code>SlowDown</Code>", body)
                    refused += 1
        selector.close()
        self.assertEqual(served + refused, len(clients), "answers are missing")
        self.assertTrue(all(not client.received for client in clients))
        return served, refused

    def expect_bounded(self, highest):
        self.assertLessEqual(highest, (128 + 2 * 64) * MIB + CROWD * 64 * KIB)

    def crowd_before(self, lode):
        clients = [Client(("127.0.0.1", lode.port)) for _ in range(CROWD)]
        for client in clients:
            self.addCleanup(client.socket.close)
        return clients, [self.request_for(lode, key) for key in self.keys]

    def test_2000_requests_at_once_where_200_may_be_in_flight(self):
        lode = self.start(requests=LIMIT)
        clients, requests = self.crowd_before(lode)
        self.origin.inject(latency_ms=500)
        total, sizes = 0, []
        for _ in range(4):
            largest = self.watch(lode)
            served, refused = self.wave(clients, requests)
            sizes.append(largest())
            self.assertGreaterEqual(served, LIMIT)
            self.assertGreater(refused, 0)
            total += refused

            self.assertEqual(lode.number("lode_turned_away_requests_total"), total)
            self.assertEqual(lode.number("lode_requests_in_flight"), 0)
        self.expect_bounded(max(sizes))
        # The same crowd again and again costs nothing more.
        self.assertLessEqual(sizes[-1], sizes[1] + 16 * MIB)
        self.origin.heal()

        # A client alone is served at once, on a connection that was refused before.
        self.assertEqual(self.wave(clients[-1:], requests), (1, 0))

    def test_2000_requests_in_flight_are_served_where_they_are_allowed(self):
        lode = self.start(requests=2 * CROWD)
        clients, requests = self.crowd_before(lode)
        self.origin.inject(latency_ms=100)
        largest = self.watch(lode)

        for _ in range(2):
            self.assertEqual(self.wave(clients, requests), (CROWD, 0))

        self.expect_bounded(largest())
        self.assertEqual(lode.number("lode_turned_away_requests_total"), 0)
