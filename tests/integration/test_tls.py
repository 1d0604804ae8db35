"""An origin behind https: its certificate must come from an authority that lode trusts, and must
be made out to the host that lode asks."""

from harness.case import Case
from harness.content import MIB
from harness.tls_relay import Authority, TlsRelay


class Tls(Case):
    needs_lode = True
    starts_lode = False

    def relay(self, names="IP:127.0.0.1"):
        """A TLS relay before the origin and the authority that vouches for it."""
        authority = Authority(self.world.new_directory("tls"), "authority")
        certificate, key = authority.issue(names)
        relay = TlsRelay(self.origin.port, certificate, key)
        self.addCleanup(relay.stop)
        return relay, authority

    def lode_before(self, relay, ca_file):
        lode = self.make_lode(gateway=f"https://127.0.0.1:{relay.port}",
                              settings={"origin": {"ca_file": str(ca_file)}})
        lode.start()
        self.addCleanup(lode.stop)
        self.lode = lode
        self.s3 = lode.client()
        self.addCleanup(self.s3.close)

    def expect_unavailable(self, key):
        for answer in (self.s3.get(self.bucket, key), self.s3.put(self.bucket, "x", b"y"),
                       self.s3.head(self.bucket, key)):
            self.expect_status(answer, 503)
        self.expect_status(self.at_origin.head(self.bucket, "x"), 404)

    def test_a_trusted_origin_is_read_written_and_cached(self):
        relay, authority = self.relay()
        self.lode_before(relay, authority.certificate)
        key, size = self.new_key(), 10 * MIB + 77

        stored = self.s3.put_named(self.bucket, key, size)
        first = self.s3.get(self.bucket, key)
        self.origin.mark()
        second = self.s3.get(self.bucket, key)

        self.expect_status(stored, 200)
        self.expect_content(first, key, 0, size)
        self.expect_content(second, key, 0, size)
        self.expect_cache(second, "HIT")
        self.expect_origin_served_no_body()

    def test_an_origin_of_an_unknown_authority_is_not_spoken_to(self):
        key = self.store(self.new_key(), 1000)
        relay, _ = self.relay()
        stranger = Authority(self.world.new_directory("tls"), "stranger")
        self.lode_before(relay, stranger.certificate)

        self.expect_unavailable(key)
        self.assertGreater(relay.handshakes_failed, 0)

    def test_an_origin_with_the_name_of_another_is_not_spoken_to(self):
        key = self.store(self.new_key(), 1000)
        relay, authority = self.relay("DNS:other.example,IP:127.0.0.2")
        self.lode_before(relay, authority.certificate)

        self.expect_unavailable(key)

    def test_an_origin_that_speaks_no_tls_is_unavailable(self):
        key = self.store(self.new_key(), 1000)
        _, authority = self.relay()
        lode = self.make_lode(gateway=f"https://127.0.0.1:{self.origin.port}",
                              settings={"origin": {"ca_file": str(authority.certificate)}})
        lode.start()
        self.addCleanup(lode.stop)
        client = lode.client()
        self.addCleanup(client.close)

        self.expect_status(client.get(self.bucket, key), 503)
