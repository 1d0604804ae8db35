"""The direct path: every request is authorised at the gateway, and the bytes come from somewhere else.

Two lode-origins serve one directory, one as the gateway and one or two as backends; their counters
show on which of them bytes moved.
"""

import time

from harness.case import Case
from harness.content import KIB, MIB
from harness.lode_origin import LodeOrigin
from harness.origin import STRANGER

SIZE = 5 * MIB + 77
FIRST = 64 * KIB            # what comes along with the first word of a gateway that points elsewhere
NOT_A_BODY = FIRST + 64 * KIB   # what authorising, errors and probes may add up to


class DirectPath(Case):
    """A gateway, two backends and lode before them."""

    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False
    seconds = 90
    points = ()             # options of the gateway, with {backend} for a URL
    uses_backends = True    # in lode's configuration

    def setUp(self):
        super().setUp()
        build = self.world.build
        self.backends = []
        for _ in range(2):
            self.backends.append(self.begin(LodeOrigin(
                self.world.new_directory("backend"), build, data=self.origin.data,
                options=["--role", "backend"])))
        self.gateway = self.origin
        if self.points:
            # The class's origin holds the directory's lock; this one authorises reads of it.
            options = [text.format(backend=self.backends[0].url) for text in self.points]
            self.gateway = self.begin(LodeOrigin(
                self.world.new_directory("gateway"), build, data=self.origin.data,
                options=["--read-only", "--role", "gateway", *options]))
        self.through = self.begin(self.new_lode())
        self.client = self.through.client()
        self.addCleanup(self.client.close)
        self.addCleanup(self.origin.heal)

    def begin(self, daemon):
        daemon.start()
        self.addCleanup(daemon.stop)
        return daemon

    def new_lode(self, **origin):
        settings = {"backend_timeout": "1s", "answer_timeout": "3s", "backend_check": "500ms",
                    **origin}
        if self.uses_backends:
            settings.setdefault("backends", [each.url for each in self.backends])
        return self.make_lode(gateway=self.gateway.url, cores=1, settings={
            "node": {"name": "n1", "zone": "rack-7"}, "origin": settings})

    def mark(self):
        for each in (self.gateway, *self.backends):
            each.mark()

    def moved(self):
        """Body bytes that the gateway and each backend have sent since mark()."""
        return [each.tally().sent for each in (self.gateway, *self.backends)]

    def read(self, key, size=SIZE, **more):
        answer = self.client.get(self.bucket, key, **more)
        self.expect_content(answer, key, 0, size)
        return answer

    def backend_metric(self, name, backend):
        family = self.through.metrics()[f"lode_backend_{name}"]
        return sum(value for labels, value in family.items() if ("backend", backend) in labels)

    def expect_bytes_past_the_gateway(self, keys):
        gateway, *backends = self.moved()
        self.assertLess(gateway, NOT_A_BODY)
        self.assertGreaterEqual(sum(backends), len(keys) * SIZE)
        self.assertLess(sum(backends), len(keys) * (SIZE + FIRST) + NOT_A_BODY)


class Backends(DirectPath):
    takes = 15

    def test_bytes_come_from_the_backends_and_the_gateway_authorises_each_request(self):
        keys = [self.store(self.new_key(), SIZE) for _ in range(4)]
        self.mark()

        for key in keys:
            self.read(key)

        self.expect_bytes_past_the_gateway(keys)
        self.assertEqual(self.gateway.tally().statuses("GetObject"), {206: 4})
        for sent in self.moved()[1:]:
            self.assertGreater(sent, SIZE / 2, "both backends have a share")
        for key in keys:
            self.expect_cache(self.read(key), "HIT")
        self.assertEqual(self.gateway.tally().statuses("GetObject"), {206: 4, 304: 4})
        stranger = self.client.as_identity(STRANGER)
        self.addCleanup(stranger.close)
        self.expect_status(stranger.get(self.bucket, keys[0]), 403)

    def test_metrics_and_status_tell_of_them(self):
        self.read(self.store(self.new_key(), SIZE))

        told = [self.backend_metric("bytes_total", each.url) for each in self.backends]
        self.assertEqual(sum(told), SIZE)
        self.assertEqual(self.backend_metric("in_service", self.backends[0].url), 1)
        self.assertEqual(self.backend_metric("bytes_total", "gateway"), 0)

    def test_a_client_that_signs_for_itself_needs_no_identity_of_lode(self):
        key = self.store(self.new_key(), SIZE)
        anonymous = self.new_lode()
        del anonymous.settings["origin"]["credentials"]
        self.begin(anonymous)
        client = anonymous.client()
        self.addCleanup(client.close)
        self.mark()

        self.expect_content(client.get(self.bucket, key), key, 0, SIZE)

        self.expect_bytes_past_the_gateway([key])

    def test_a_backend_that_is_down_is_left_out_and_taken_back(self):
        down, up = self.backends
        down.pause()

        for _ in range(3):
            self.read(self.store(self.new_key(), SIZE))
        self.eventually(lambda: self.backend_metric("in_service", down.url) == 0)
        self.assertEqual(self.backend_metric("in_service", up.url), 1)
        self.mark_up(up)
        self.read(self.store(self.new_key(), SIZE))
        self.assertGreaterEqual(up.tally().sent, SIZE)

        down.resume()
        self.eventually(lambda: self.backend_metric("in_service", down.url) == 1, 20)

    def mark_up(self, backend):
        self.gateway.mark()
        backend.mark()

    def test_without_any_backend_the_gateway_gives_the_bytes(self):
        for each in self.backends:
            each.pause()

        key = self.store(self.new_key(), SIZE)
        self.gateway.mark()
        self.read(key)

        self.assertGreaterEqual(self.gateway.tally().sent, SIZE)
        for each in self.backends:
            each.resume()

    def test_a_backend_that_is_too_slow_is_not_waited_for(self):
        for faults in ({"latency_ms": 10000}, {"slow_head": 100}):
            with self.subTest(**faults):
                for each in self.backends:
                    each.inject(**faults, operation="GetObject")
                key = self.store(self.new_key(), SIZE)

                begun = time.monotonic()
                self.read(key)

                self.assertLess(time.monotonic() - begun, 6)
        for each in self.backends:
            each.heal()

    def test_a_backend_with_another_version_is_not_believed(self):
        for each in self.backends:
            each.inject(wrong_etag=1)
        keys = [self.store(self.new_key(), SIZE) for _ in range(2)]
        self.mark()

        for key in keys:
            self.read(key)

        self.assertGreaterEqual(self.gateway.tally().sent, 2 * SIZE)
        disagreed = [self.backend_metric("disagreements_total", each.url)
                     for each in self.backends]
        self.assertGreater(sum(disagreed), 0)
        self.assertEqual(self.backend_metric("in_service", self.backends[0].url), 1,
                         "it answers, so it stays")

    def test_a_backend_that_denies_is_not_believed(self):
        for each in self.backends:
            each.inject(error_status=403, operation="GetObject")
        key = self.store(self.new_key(), SIZE)

        self.read(key)

    def test_backends_that_lie_or_break_off_never_make_a_wrong_byte(self):
        for faults in ({"wrong_length": 1}, {"wrong_length": -1}, {"garbage_bytes": 10},
                       {"reset_after_bytes": 0}, {"reset_after_bytes": 2 * MIB + 1},
                       {"truncate_after_bytes": 3 * MIB}, {"error_rate_503": 1}):
            with self.subTest(**faults):
                self.backends[0].inject(**faults, operation="GetObject")
                for _ in range(3):
                    key = self.store(self.new_key(), SIZE)
                    answer = self.get_or_nothing(key)
                    if answer is not None:
                        self.expect_content(answer, key, 0, SIZE)
                    self.backends[0].heal()
                    self.read(key)

    def get_or_nothing(self, key):
        """None where the connection broke off in the middle, as it may."""
        try:
            answer = self.client.get(self.bucket, key)
        except Exception:
            self.client.close()
            return None
        return answer if answer.status == 200 else None

    def test_backends_may_be_names_and_a_name_without_an_address_is_a_backend_that_is_down(self):
        port = self.backends[0].port
        named = self.begin(self.new_lode(
            backends=[f"http://localhost:{port}", "http://no-such-host.invalid:80"]))
        client = named.client()
        self.addCleanup(client.close)
        keys = [self.store(self.new_key(), SIZE) for _ in range(3)]
        self.mark()

        begun = time.monotonic()
        for key in keys:
            self.expect_content(client.get(self.bucket, key), key, 0, SIZE)

        self.assertLess(time.monotonic() - begun, 5)
        self.expect_bytes_past_the_gateway(keys)

    def test_a_backend_of_ours_serves_reads_of_objects_only(self):
        key = self.store(self.new_key(), 1000)
        client = self.backends[0].client()
        self.addCleanup(client.close)

        self.expect_content(client.get(self.bucket, key), key, 0, 1000)
        self.expect_status(client.head(self.bucket, key), 200)
        for method, path in (("GET", ""), ("PUT", "/new"), ("DELETE", f"/{key}")):
            answer = client.request(method, f"/{self.bucket}{path}")
            self.expect_status(answer, 403)

    def test_without_the_gateway_nobody_is_served(self):
        cached, new = (self.store(self.new_key(), SIZE) for _ in range(2))
        self.read(cached)
        self.gateway.inject(reset_before_answer=1)

        for key in (cached, new):
            self.expect_status(self.client.get(self.bucket, key), 503)


class ByHeader(DirectPath):
    points = ("--point-by", "header", "--point-to", "{backend}")
    uses_backends = False

    def test_bytes_come_from_where_the_gateway_points(self):
        keys = [self.store(self.new_key(), SIZE) for _ in range(3)]
        self.mark()

        for key in keys:
            answer = self.read(key)
            self.assertIsNone(answer.header("x-lode-direct-path"))

        self.expect_bytes_past_the_gateway(keys)
        self.assertEqual(self.gateway.tally().statuses("GetObject"), {206: 3})
        self.assertEqual(self.backend_metric("bytes_total", "pointed at"), 3 * SIZE)

    def test_a_remembered_version_is_read_there_too(self):
        key = self.store(self.new_key(), SIZE)
        self.read(key, 100, range="bytes=0-99")
        self.through.drop_memory()
        self.mark()

        self.read(key)

        self.assertLess(self.gateway.tally().sent, NOT_A_BODY)

    def test_where_it_points_is_down_the_gateway_gives_the_bytes(self):
        self.backends[0].pause()

        self.read(self.store(self.new_key(), SIZE))

        self.backends[0].resume()


class ByRedirect(DirectPath):
    points = ("--point-by", "redirect", "--point-to", "{backend}")
    uses_backends = False

    def test_bytes_come_from_where_the_gateway_redirects_and_no_client_sees_it(self):
        keys = [self.store(self.new_key(), SIZE) for _ in range(3)]
        self.mark()

        for key in keys:
            self.read(key)

        self.expect_bytes_past_the_gateway(keys)

    def test_a_signed_range_is_authorised_and_then_followed(self):
        key = self.store(self.new_key(), SIZE)
        self.mark()

        answer = self.client.get(self.bucket, key, signed=[("Range", "bytes=1000-2999999")])

        self.expect_status(answer, 206)
        self.expect_content(answer, key, 1000, 2999000)
        self.assertLess(self.gateway.tally().sent, NOT_A_BODY)

    def test_a_redirect_is_no_permission(self):
        key = self.store(self.new_key(), SIZE)
        stranger = self.client.as_identity(STRANGER)
        self.addCleanup(stranger.close)
        self.mark()

        for headers in ([], [("Cache-Control", "no-store")]):
            self.expect_status(stranger.get(self.bucket, key, headers=headers), 403)
        self.expect_status(stranger.get(self.bucket, key, signed=[("Range", "bytes=0-99")]), 403)

        self.assertEqual(sum(self.moved()[1:]), 0)

    def test_what_is_not_cached_is_followed_too(self):
        key = self.store(self.new_key(), SIZE)
        self.mark()

        answer = self.read(key, headers=[("Cache-Control", "no-store")])
        head = self.client.head(self.bucket, key)

        self.expect_cache(answer, "BYPASS")
        self.expect_status(head, 200)
        self.assertEqual(int(head.header("Content-Length")), SIZE)
        self.assertLess(self.gateway.tally().sent, NOT_A_BODY)


class BySignedRedirect(ByRedirect):
    points = ("--point-by", "signed-redirect", "--point-to", "{backend}")

    def test_no_identity_of_lode_is_needed(self):
        key = self.store(self.new_key(), SIZE)
        anonymous = self.new_lode()
        del anonymous.settings["origin"]["credentials"]
        self.begin(anonymous)
        client = anonymous.client()
        self.addCleanup(client.close)
        self.mark()

        self.expect_content(client.get(self.bucket, key), key, 0, SIZE)
        signed = client.get(self.bucket, key, signed=[("Range", "bytes=0-9999")])
        self.expect_content(signed, key, 0, 10000)

        self.assertLess(self.gateway.tally().sent, NOT_A_BODY)
