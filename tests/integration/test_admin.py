"""The admin port and the access log: what an operator sees."""

from harness.case import Case
from harness.content import KIB, MIB


class Admin(Case):
    needs_lode = True

    def test_the_metrics_are_prometheus_text(self):
        self.cached(self.new_key(), 100 * KIB)

        status, headers, _ = self.lode.admin("GET", "/metrics")
        metrics = self.lode.metrics()

        self.assertEqual(status, 200)
        kind = {name.lower(): value for name, value in headers}["content-type"]
        self.assertTrue(kind.startswith("text/plain"), kind)
        self.assertGreater(len(metrics), 10)
        for name in metrics:
            self.assertTrue(name.startswith(("lode_", "process_")), name)

    def test_the_counters_grow_with_the_requests(self):
        key = self.store(self.new_key(), 100 * KIB)
        before = self.totals()
        for _ in range(3):
            self.s3.get(self.bucket, key)
        after = self.totals()

        for name, growth in (("lode_gets_total", 3), ("lode_object_reads_total", 3),
                             ("lode_sent_bytes_total", 300 * KIB),
                             ("lode_object_read_bytes_total", 300 * KIB)):
            with self.subTest(counter=name):
                self.assertEqual(after[name] - before[name], growth)
        for name in before:
            if name.endswith("_total"):
                self.assertGreaterEqual(after[name], before[name], name)

    def totals(self):
        return {name: sum(samples.values()) for name, samples in self.lode.metrics().items()}

    def test_health_and_readiness_are_told(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.lode.admin("GET", path)[0], 200)

    def test_unknown_paths_and_methods_are_refused(self):
        for method, path, expected in (("GET", "/nothing", 404), ("GET", "/", 404),
                                       ("DELETE", "/metrics", 405), ("GET", "/drop", 405),
                                       ("POST", "/drop?tier=nothing", 400)):
            with self.subTest(method=method, path=path):
                self.assertIn(self.lode.admin(method, path)[0], (expected, 404))

    def test_the_data_port_does_not_serve_the_admin_pages(self):
        answer = self.s3.anonymous().request("GET", "/metrics")

        self.assertNotEqual(answer.status, 200)
        self.assertNotIn(b"lode_", answer.body)


class AccessLog(Case):
    needs_lode = True

    def entries_about(self, key, number):
        found = []

        def there():
            found[:] = [entry for entry in self.lode.access_entries()
                        if key in entry.get("key", "")]
            return len(found) >= number
        self.eventually(there, seconds=5, what=f"{number} lines about {key}")
        return found

    def test_every_request_has_a_line_with_its_bytes_status_cache_word_and_times(self):
        size = 1 * MIB + 5
        key = self.store(self.new_key("logged"), size)

        self.s3.get(self.bucket, key)
        self.s3.get(self.bucket, key)
        self.s3.get(self.bucket, key, range="bytes=5-14")
        self.s3.head(self.bucket, key)
        self.s3.put(self.bucket, f"{key}-put", b"x" * 77)
        self.s3.get(self.bucket, f"{key}-absent")

        entries = self.entries_about(key, 6)
        self.assertEqual(len(entries), 6)
        self.assertEqual([entry["method"] for entry in entries],
                         ["GET", "GET", "GET", "HEAD", "PUT", "GET"])
        self.assertEqual([entry["status"] for entry in entries], [200, 200, 206, 200, 200, 404])
        self.assertEqual([entry["cache"] for entry in entries[:3]], ["MISS", "HIT", "HIT"])
        self.assertEqual([entry["bytes"] for entry in entries[:4]], [size, size, 10, 0])
        self.assertEqual(entries[4]["bytes_in"], 77)
        self.assertEqual(entries[2]["range"], "bytes=5-14")
        for entry in entries:
            self.assertRegex(entry["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertEqual(entry["bucket"], self.bucket)
            self.assertTrue(entry["complete"])
            self.assertLessEqual(0, entry["first_byte_us"])
            self.assertLessEqual(entry["first_byte_us"], entry["total_us"])
            self.assertLessEqual(0, entry["origin_us"])

    def test_credentials_never_reach_the_log(self):
        key = self.store(self.new_key("secret"), 100)
        path, query = self.s3.presigned("GET", self.bucket, key)
        signature = dict(query)["X-Amz-Signature"]

        self.s3.anonymous().request("GET", path, query=query)
        self.s3.get(self.bucket, key)

        self.entries_about(key, 2)
        for text in (self.lode.access_log.read_text(), self.lode.daemon.output(1 << 20)):
            self.assertNotIn(signature, text)
            self.assertNotIn(self.origin.identities[0].secret_key, text)
            self.assertNotIn("Signature=", text)

    def test_hostile_keys_do_not_break_the_log(self):
        stem = self.new_key("hostile")
        for rest in ('"}\n{"', "\\", "\x01\x7f", "ü\u2028", "<script>"):
            self.s3.get(self.bucket, f"{stem}{rest}")

        self.assertEqual(len(self.entries_about(stem, 5)), 5)
