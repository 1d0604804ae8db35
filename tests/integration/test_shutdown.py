"""SIGTERM: no new connections, what is in flight is finished, and the exit code is 0."""

import signal
import threading
import time

from harness import content
from harness.case import Case
from harness.content import KIB, MIB
from harness.processes import accepts


class Shutdown(Case):
    takes = 20
    needs_lode = True
    starts_lode = False
    settings = {"limits": {"shutdown_timeout": "15s"}}

    def setUp(self):
        super().setUp()
        self.lode = self.make_lode()
        self.lode.start()
        self.addCleanup(self.lode.daemon.stop)
        self.s3 = self.lode.client()
        self.addCleanup(self.s3.close)

    @classmethod
    def tearDownClass(cls):
        pass

    def read_slowly(self, key, size, started, problems, method="GET"):
        client = self.lode.client()
        try:
            response = client.send("GET", client.path(self.bucket, key))
            started.release()
            at = 0
            while data := response.read(512 * KIB):
                if not content.matches(key, at, data):
                    problems.append(f"{key}: other bytes at {at}")
                at += len(data)
                time.sleep(0.02)
            if at != size:
                problems.append(f"{key}: ended after {at} of {size} bytes")
        except Exception as trouble:
            problems.append(f"{key}: {trouble!r}")
        finally:
            client.close()

    def test_downloads_in_flight_are_finished(self):
        size = 24 * MIB
        keys = [self.cached(self.new_key(), size)] + [self.store(self.new_key(), size)
                                                      for _ in range(2)]
        started, problems = threading.Semaphore(0), []
        readers = [threading.Thread(target=self.read_slowly, daemon=True,
                                    args=(key, size, started, problems)) for key in keys * 2]
        for reader in readers:
            reader.start()
        for _ in readers:
            self.assertTrue(started.acquire(timeout=20))

        self.lode.daemon.signal(signal.SIGTERM)
        self.eventually(lambda: not accepts(self.lode.port), seconds=3,
                        what="a closed listening socket")
        for reader in readers:
            reader.join(40)
        code = self.lode.daemon.wait(20)

        self.assertEqual(problems, [])
        self.assertEqual(code, 0, self.lode.daemon.output())

    def test_an_upload_in_flight_is_finished(self):
        key, size = self.new_key(), 8 * MIB

        def slow_pieces():
            for offset in range(0, size, 512 * KIB):
                yield content.slice_of(key, offset, 512 * KIB)
                time.sleep(0.05)
                if offset == MIB:
                    self.lode.daemon.signal(signal.SIGTERM)
        stored = self.s3.request("PUT", self.s3.path(self.bucket, key), body=slow_pieces(),
                                 length=size)
        self.s3.close()
        code = self.lode.daemon.wait(20)

        self.expect_status(stored, 200)
        self.expect_content(self.at_origin.get(self.bucket, key), key, 0, size)
        self.assertEqual(code, 0, self.lode.daemon.output())

    def test_idle_connections_do_not_delay_the_end(self):
        key = self.store(self.new_key(), 1000)
        self.expect_content(self.s3.get(self.bucket, key), key, 0, 1000)
        idle = [self.lode.client() for _ in range(10)]
        for client in idle:
            client.open()

        begun = time.monotonic()
        self.lode.daemon.signal(signal.SIGTERM)
        code = self.lode.daemon.wait(15)

        self.assertEqual(code, 0, self.lode.daemon.output())
        self.assertLess(time.monotonic() - begun, 5)

    def test_a_client_that_never_reads_does_not_delay_the_end_for_ever(self):
        key = self.store(self.new_key(), 64 * MIB)
        response = self.s3.send("GET", self.s3.path(self.bucket, key))
        self.assertEqual(response.status, 200)

        self.lode.daemon.signal(signal.SIGTERM)
        code = self.lode.daemon.wait(25)

        self.assertEqual(code, 0, self.lode.daemon.output())

    def expect_alive(self):
        pass        # these tests end it themselves


class ShutdownOfFills(Case):
    needs_lode = True
    starts_lode = False
    origins = ("lode-origin",)

    def test_an_origin_that_trickles_does_not_delay_the_end(self):
        size = 8 * MIB + 1
        key = self.store(self.new_key(), size)
        lode = self.make_lode()
        lode.start()
        self.addCleanup(lode.daemon.stop)
        client = lode.client()
        self.addCleanup(client.close)
        self.addCleanup(self.origin.heal)
        # Too slow for the part to arrive, too fast for any time-out.
        self.origin.inject(bytes_per_second=50 * KIB)
        answer = client.get(self.bucket, key, range=f"bytes={size - 1}-")
        self.expect_content(answer, key, size - 1, 1)

        begun = time.monotonic()
        lode.daemon.signal(signal.SIGTERM)
        code = lode.daemon.wait(30)

        self.assertEqual(code, 0, lode.daemon.output())
        self.assertLess(time.monotonic() - begun, 5)

    def expect_alive(self):
        pass        # this test ends it itself


class Restart(Case):
    needs_lode = True
    starts_lode = False
    origins = ("lode-origin",)

    def test_lode_starts_again_on_the_same_device(self):
        key = self.store(self.new_key(), 3 * MIB)
        lode = self.make_lode()
        for _ in range(3):
            lode.start()
            client = lode.client()
            for _ in range(2):
                self.expect_content(client.get(self.bucket, key), key, 0, 3 * MIB)
            client.close()
            self.assertEqual(lode.daemon.stop(), 0, lode.daemon.output())
