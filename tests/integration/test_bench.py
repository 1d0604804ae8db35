"""lode-bench: each command for about a second against a lode and its origin, and what it must complain about."""

import json
import pathlib
import re
import signal
import subprocess
import time

from harness.case import Case
from harness.origin import OWNER

KIB = 1 << 10
IDENTITY = {"AWS_ACCESS_KEY_ID": OWNER.access_key, "AWS_SECRET_ACCESS_KEY": OWNER.secret_key}


class LodeBench(Case):
    origins = ("lode-origin",)
    needs_lode = True
    seconds = 60

    def bench(self, command, *options, endpoint=None, environment=None):
        """(exit code, output, complaints)"""
        done = subprocess.run(
            [self.world.build / "lode-bench", command, "--endpoint", endpoint or self.lode.url,
             "--bucket", self.bucket, "--warm-up", "100ms", *options],
            capture_output=True, text=True, timeout=40, check=False,
            env={**IDENTITY, **(environment or {})})
        return done.returncode, done.stdout, done.stderr

    def good(self, command, *options, **more):
        code, output, complaints = self.bench(command, *options, **more)
        self.assertEqual((code, complaints), (0, ""), output)
        return output

    def requests(self, output):
        return int(re.search(r"(\d+) requests in", output).group(1))

    def test_get_reads_whole_objects_and_every_byte_is_right(self):
        output = self.good("get", "--objects", "20", "--object-size", "64KiB:1,100KiB:1",
                           "--duration", "1s", "--in-flight", "8", "--verify",
                           "--server-pid", str(self.lode.pid))

        self.assertGreater(self.requests(output), 100)
        self.assertIn("0 wrong bodies", output)
        self.assertRegex(output, r"server CPU +\d+\.\d+ s, \d")
        self.assertNotIn("error", output)

    def test_get_reads_ranges_and_parts_of_uploads_in_parts(self):
        data = ("--prefix", "parts/", "--objects", "3", "--object-size", "12MiB", "--part-size", "5MiB",
                "--verify")
        ranges = self.good("get", *data, "--mix", "64KiB:70,1MiB:30", "--duration", "500ms")
        parts = self.good("get", *data, "--by-part", "--popularity", "epoch", "--requests", "27",
                          "--sign-ranges")

        self.assertIn("0 wrong bodies", ranges)
        self.assertEqual(self.requests(parts), 27)
        head = self.s3.request("HEAD", f"/{self.bucket}/parts/0000000002")
        self.assertRegex(head.header("ETag"), r'-3"$')

    def test_one_spoiled_byte_at_the_origin_is_reported(self):
        data = ("--prefix", "spoiled/", "--objects", "3", "--object-size", "10KiB", "--requests", "30")
        self.good("get", *data, "--verify")
        path = f"/{self.bucket}/spoiled/0000000001"
        stored = bytearray(self.at_origin.request("GET", path).body)
        stored[7000] ^= 1
        self.expect_status(self.at_origin.request("PUT", path, body=bytes(stored)), 200)

        code, output, complaints = self.bench("get", *data, "--verify")

        self.assertEqual(code, 1, output)
        self.assertRegex(complaints, r"^lode-bench: \d+ of the answers had other bytes than were stored\.\n$")

    def test_put_writes_what_get_then_verifies(self):
        data = ("--prefix", "written/", "--objects", "5", "--object-size", "200KB")
        written = self.good("put", *data, "--requests", "10", "--popularity", "epoch")
        read = self.good("get", *data, "--no-prepare", "--verify", "--requests", "10")

        self.assertEqual((self.requests(written), self.requests(read)), (10, 10))

    def test_mixed_reads_and_writes(self):
        output = self.good("mixed", "--prefix", "mixed/", "--objects", "10", "--object-size", "64KiB",
                           "--put-share", "0.3", "--verify", "--duration", "1s")

        self.assertIn("30 % PUT", output)
        self.assertIn("0 wrong bodies", output)

    def test_a_schedule_keeps_its_rate(self):
        output = self.good("get", "--prefix", "rate/", "--objects", "5", "--object-size", "4KiB",
                           "--arrivals", "poisson", "--rate", "200", "--duration", "1s")

        self.assertGreater(self.requests(output), 120)
        self.assertLess(self.requests(output), 290)

    def test_states_are_checked_by_what_the_answers_say(self):
        small = ("--objects", "200", "--object-size", "64KiB", "--duration", "500ms", "--verify")
        self.good("get", *small, "--state", "cold")
        self.good("get", *small, "--prefix", "warm/", "--state", "memory")
        code, _, complaints = self.bench("get", *small, "--prefix", "warm/", "--state", "disk")

        self.assertEqual(code, 1)
        self.assertRegex(complaints, r"^lode-bench: The answers should have said HIT disk, and said: "
                                     r".*\d+ HIT memory.*\.\n$")

    def test_overload_climbs_its_ladder(self):
        output = self.good("overload", "--prefix", "ladder/", "--objects", "10", "--object-size",
                           "16KiB", "--duration", "200ms", "--to", "40")

        steps = [int(line.split()[0]) for line in output.splitlines()[1:]]
        self.assertEqual(steps, [1, 2, 4, 8, 16, 32, 40])

    def test_the_servers_cpu_time_is_on_its_metrics_page(self):
        output = self.good("get", "--prefix", "cpu/", "--objects", "5", "--object-size", "64KiB",
                           "--duration", "1s", "--server-metrics",
                           f"http://127.0.0.1:{self.lode.admin_port}")

        self.assertGreater(float(re.search(r"server CPU +(\d+\.\d+) s", output).group(1)), 0)

    def test_an_interrupted_run_says_what_it_saw(self):
        running = subprocess.Popen(
            [self.world.build / "lode-bench", "get", "--endpoint", self.lode.url, "--bucket",
             self.bucket, "--prefix", "stop/", "--objects", "5", "--object-size", "4KiB",
             "--duration", "1h", "--warm-up", "0s"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=IDENTITY)
        self.addCleanup(running.kill)
        time.sleep(1.5)
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=10)

        self.assertEqual(running.returncode, 0)
        self.assertGreater(self.requests(output), 10)

    def test_complaints_are_one_sentence(self):
        def complaint(*options, **more):
            code, _, complaints = self.bench("get", "--objects", "1", "--object-size", "1KiB",
                                             "--duration", "100ms", *options, **more)
            self.assertEqual(code, 1)
            return complaints.splitlines()[-1]

        self.assertEqual(complaint("--in-flight", "0"),
                         "lode-bench: 1 to 16,384 requests can be in flight.")
        self.assertEqual(complaint("--preset", "huge"),
                         "lode-bench: There is no preset huge; there are warp-lota, dataloader, "
                         "checkpoint, small.")
        self.assertRegex(complaint("--no-prepare", endpoint="http://127.0.0.1:1"),
                         r"^lode-bench: http://127\.0\.0\.1:1 cannot be reached\.$")
        self.assertEqual(complaint("--no-prepare", "--prefix", "nothing/").split(";")[0],
                         "lode-bench: No request ended well")
        self.assertRegex(complaint(environment={"AWS_SECRET_ACCESS_KEY": "wrong" * 8}),
                         r"failed: 403\b.*\.$")
        self.assertEqual(complaint("--server-pid", "999999999"),
                         "lode-bench: There is no process 999999999 whose CPU time to read.")

    def report_files(self):
        folder = pathlib.Path(self.world.new_directory("reports"))
        return folder / "report.json", folder / "report.html"

    def test_compare_sets_endpoints_in_relation_and_reports_are_read_again(self):
        as_json, as_html = self.report_files()
        output = self.good(
            "compare", f"direct={self.origin.url}", f"lode={self.lode.url},pid={self.lode.pid}",
            "--prefix", "compare/", "--objects", "10", "--object-size", "64KiB", "--duration", "200ms",
            "--rounds", "3", "--json", as_json, "--html", as_html)

        self.assertIn("ratios to direct, taken within each round", output)
        self.assertRegex(output, r"\nlode, beside direct: \d+\.\d\dx the requests/s")
        written = json.loads(as_json.read_text())
        self.assertEqual([(run["round"], run["label"]) for run in written["runs"]],
                         [(1, "direct"), (1, "lode"), (2, "lode"), (2, "direct"), (3, "direct"), (3, "lode")])
        self.assertIn("server_cpu_per_gb", written["comparison"][1]["metrics"])
        self.assertIn("</html>", as_html.read_text())

        again = as_html.with_name("again.html")
        shown = subprocess.run([self.world.build / "lode-bench", "show", as_json, "--html", again],
                               capture_output=True, text=True, timeout=40, check=True)
        self.assertEqual(again.read_text(), as_html.read_text())
        self.assertIn(shown.stdout.splitlines()[0], output)

    def test_tune_starts_and_ends_its_own_servers_and_says_what_to_keep(self):
        as_json, as_html = self.report_files()
        base = as_json.with_name("lode.toml")
        base.write_text(f'[node]\nmemory = "128MiB"\ncores = 1\n[origin]\ngateway = "{self.origin.url}"\n'
                        '[log]\naccess = ""\n')
        started = as_json.with_name("started")
        lode = as_json.with_name("lode")
        lode.write_text(f'#!/bin/sh\necho $$ >> {started}\nexec {self.world.build}/lode "$@"\n')
        lode.chmod(0o755)

        output = self.good(
            "tune", "--config", base, "--lode", lode, "--set", "node.cores=1,2", "--rounds", "3",
            "--prefix", "tune/", "--objects", "5", "--object-size", "64KiB", "--duration", "200ms",
            "--json", as_json, "--html", as_html)

        self.assertRegex(output, r"node\.cores(=2)?: .*(kept|stays)")
        runs = json.loads(as_json.read_text())["runs"]
        self.assertEqual([(run["round"], run["label"]) for run in runs],
                         [(1, "as it is"), (1, "node.cores=2"), (2, "node.cores=2"), (2, "as it is"),
                          (3, "as it is"), (3, "node.cores=2")])
        self.assertTrue(all(run["words"].get("HIT memory", 0) == run["requests"] for run in runs), runs)
        pids = started.read_text().split()
        self.assertEqual(len(pids), 7)  # one to upload, one for each run
        self.assertEqual([pid for pid in pids if pathlib.Path(f"/proc/{pid}").exists()], [])

    def test_tune_refuses_what_lode_would_not_take_before_it_starts_anything(self):
        base = self.report_files()[0].with_name("lode.toml")
        base.write_text(f'[origin]\ngateway = "{self.origin.url}"\n')

        for sweep, sentence in (("node.corse=1", "lode has no setting node.corse"),
                                ("node.cores=many", "node.cores: expected a whole number"),
                                ("origin.fetch_size=1KiB", "origin.fetch_size")):
            code, _, complaints = self.bench("tune", "--config", base, "--lode", "/bin/false", "--set", sweep)
            self.assertEqual(code, 1)
            self.assertTrue(complaints.startswith(f"lode-bench: {sentence}"), complaints)
        code, _, complaints = self.bench("tune", "--config", base, "--lode", "/bin/false",
                                         "--set", "node.cores=1")
        self.assertEqual((code, complaints), (1, "lode-bench: lode did not start: without a word\n"))
