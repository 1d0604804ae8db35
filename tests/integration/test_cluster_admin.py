"""What an operator does with objects and nodes: warm, purge, locate, status, drain; on a node that is alone."""

import json
import re

from harness.case import Case
from harness.content import KIB, MIB
from harness.processes import run


class OperatorCase(Case):
    abstract = True
    needs_lode = True

    def command(self, *arguments, code=0, lode=None):
        lode = lode or self.lode
        done = run([lode._program, *arguments, "--admin", f"http://127.0.0.1:{lode.admin_port}"],
                   check=False)
        self.assertEqual(done.returncode, code, done)
        return done

    def url(self, key=""):
        return f"s3://{self.bucket}/{key}"

    def held(self, key, lode=None):
        """How many chunks of it are on this node."""
        found = json.loads(self.command("locate", self.url(key), "--json", lode=lode).stdout)
        return sum(part["memory"] + part["disk"] for part in found["parts"])

    def facts(self, method, target, *statuses):
        status, _, body = self.lode.admin(method, target)
        self.assertIn(status, statuses or (200,), body)
        return dict(line.split(" ", 1) for line in body.decode().splitlines())


class Warm(OperatorCase):
    origins = ("radosgw", "lode-origin", "versitygw")

    def prefix_of(self, *sizes):
        prefix = self.new_key() + "/a b+c&/"
        keys = [self.store(f"{prefix}{n:03}", size) for n, size in enumerate(sizes)]
        return prefix, keys

    def test_everything_below_a_prefix_is_a_hit_afterwards(self):
        prefix, keys = self.prefix_of(300 * KIB, 0, 5 * MIB + 7, 100)
        other = self.store(self.new_key(), 100)

        done = self.command("warm", self.url(prefix), "--wait")

        self.assertIn("4 objects, ", done.stdout)
        self.assertRegex(done.stdout, r"\n +3 brought in, 5\.3MiB\n +1 were there already\n")
        self.origin.mark()
        for key, size in zip(keys, (300 * KIB, 0, 5 * MIB + 7, 100)):
            answer = self.s3.get(self.bucket, key)
            self.expect_content(answer, key, 0, size)
            if size:
                self.expect_cache(answer, "HIT")
        self.expect_origin_served_no_body()
        self.assertEqual(self.held(other), 0)

    def test_what_is_there_costs_the_origin_no_byte(self):
        prefix, keys = self.prefix_of(300 * KIB, 200)
        for _ in range(2):
            self.origin.mark()
            done = self.command("warm", self.url(prefix), "--wait", "--parallel", "2")
        self.assertIn("2 were there already", done.stdout)
        self.assertNotIn("brought in", done.stdout)
        self.assertEqual(self.origin.tally().of("GetObject"), 0)

    def test_without_waiting_it_is_asked_for_and_comes(self):
        prefix, keys = self.prefix_of(300 * KIB, 2 * MIB)

        done = self.command("warm", self.url(prefix))

        self.assertNotIn("failed", done.stdout)
        self.eventually(lambda: [self.held(key) for key in keys] == [1, 2])

    def test_a_listing_of_several_pages_is_read_to_its_end(self):
        prefix, keys = self.prefix_of(*[10] * 1003)
        self.assertIn("1003 objects, ", self.command("warm", self.url(prefix), "--wait",
                                                     "--parallel", "32").stdout)
        self.assertEqual(self.held(keys[-1]), 1)

    def test_what_is_not_there_is_said(self):
        for url in (self.url(self.new_key()), "s3://no-such-bucket/"):
            done = self.command("warm", url, code=1)
            self.assertRegex(done.stderr, r"^.+\n$")
        self.assertIn("expected s3://bucket/prefix",
                      self.command("warm", "bucket/prefix", code=1).stderr)


class WarmAgain(OperatorCase):
    takes = 20
    origins = ("lode-origin",)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.origin.heal)

    def test_what_failed_is_named_and_a_second_run_does_only_that(self):
        prefix = self.new_key() + "/"
        keys = [self.store(f"{prefix}{n}", 100 * KIB) for n in range(8)]
        file = self.world.new_directory("resume") / "done"

        self.origin.inject(operation="GetObject", error_rate_503=1.0)
        failed = self.command("warm", self.url(prefix), "--resume", file, code=1)
        self.origin.heal()
        self.assertIn("8 failed", failed.stdout)
        named = [line for line in failed.stderr.splitlines() if line.startswith("s3://")]
        self.assertEqual(len(named), 8, failed)
        self.assertIn(self.url(keys[3]) + ": not all of it", failed.stderr)

        done = self.command("warm", self.url(prefix), "--resume", file)
        self.assertIn("8 brought in", done.stdout)
        self.origin.mark()
        again = self.command("warm", self.url(prefix), "--resume", file)
        self.assertIn("8 were done before", again.stdout)
        self.assertEqual(self.origin.tally().of("HeadObject"), 0)

        other = self.command("warm", self.url(), "--resume", file, code=1)
        self.assertIn(f"{file} is not of this `lode warm", other.stderr)

    def test_a_slow_object_is_waited_for_and_shown_as_under_way(self):
        key = self.store(self.new_key(), 8 * MIB)
        self.origin.inject(operation="GetObject", bytes_per_second=3 * MIB)

        begun = self.facts("POST", f"/prestage?bucket={self.bucket}&key={key}", 202)
        shown = self.facts("GET", f"/prestage?bucket={self.bucket}&key={key}", 202)
        self.command("warm", self.url(key), "--wait")
        ended = self.facts("GET", f"/prestage?bucket={self.bucket}&key={key}")

        self.assertEqual((begun["state"], shown["state"]), ("under_way", "under_way"))
        self.assertEqual((ended["state"], ended["brought"], ended["parts"]),
                         ("complete", str(8 * MIB), "1"))

    def test_a_node_without_credentials_says_so(self):
        lode = self.make_lode(settings={"origin": {"credentials": ""}})
        lode.start()
        self.addCleanup(lode.stop)
        for command in (["warm", self.url("x")], ["purge", self.url("x")],
                        ["purge", self.url("x"), "--recursive"]):
            done = self.command(*command, code=1, lode=lode)
            self.assertIn("lode has no credentials of its own", done.stderr)


class Purge(OperatorCase):
    def test_an_object_is_forgotten_and_others_stay(self):
        sizes = [5 * MIB, 5 * MIB + 7]
        key, other = self.new_key(), self.cached(self.new_key(), 300 * KIB)
        self.expect_status(self.s3.put_multipart(self.bucket, key, sizes), 200)
        self.read_until_hit(key, sum(sizes))
        before = self.held(key)

        done = self.command("purge", self.url(key))

        self.assertEqual(before, 11)
        self.assertIn("1 objects forgotten, 11 chunks", done.stdout)
        self.assertEqual(self.held(key), 0)
        answer = self.s3.get(self.bucket, key)
        self.expect_content(answer, key, 0, sum(sizes))
        self.expect_cache(answer, "MISS")
        self.expect_cache(self.s3.get(self.bucket, other), "HIT")

    def test_everything_below_a_prefix_is_forgotten(self):
        prefix = self.new_key() + "/ü "
        keys = [self.store(f"{prefix}{n:03}", 10) for n in range(203)]
        self.command("warm", self.url(prefix), "--wait", "--parallel", "32")

        done = self.command("purge", self.url(prefix), "--recursive")

        self.assertIn("203 objects forgotten, 203 chunks", done.stdout)
        self.assertEqual([self.held(key) for key in keys[::50]], [0] * 5)

    def test_it_outlives_a_restart(self):
        key = self.cached(self.new_key(), 3 * MIB)
        self.command("purge", self.url(key))
        self.lode.drop_memory()
        self.assertEqual(self.held(key), 0)

    def test_what_cannot_be_purged_is_said(self):
        for arguments, sentence in (
                ([], "Say what to purge"),
                ([self.url("k"), "--memory"], "Say what to purge"),
                ([self.url()], "expected s3://bucket/key"),
                ([self.url(self.new_key())], "no such object"),
                (["s3://no-such-bucket/x", "--recursive"], "no such bucket")):
            self.assertIn(sentence, self.command("purge", *arguments, code=1).stderr)
        self.assertEqual(self.lode.admin("POST", f"/purge?bucket={self.bucket}")[0], 400)


class Alone(OperatorCase):
    origins = ("lode-origin",)

    def test_draining_is_told_and_undone(self):
        key = self.cached(self.new_key(), 100 * KIB)
        self.command("drain")
        status, _, body = self.lode.admin("GET", "/readyz")
        self.assertEqual((status, body), (503, b"draining\n"))
        self.assertIn("draining", self.command("status").stdout)
        self.expect_cache(self.s3.get(self.bucket, key), "HIT")

        self.command("drain", "--undo")
        self.assertEqual(self.lode.admin("GET", "/readyz")[0], 200)
        self.assertNotIn("draining", self.command("status").stdout)
        self.assertEqual(self.lode.admin("POST", "/drain?redo")[0], 400)

    def test_a_node_that_is_alone_says_so(self):
        self.assertIn(b"alone", self.lode.admin("GET", "/cluster")[2])
        self.assertIsNone(json.loads(self.lode.admin("GET", "/cluster?as=json")[2]))
        self.assertNotIn("cluster", self.command("status").stdout)
        self.assertFalse([name for name in self.lode.metrics()
                          if re.match("lode_(cluster|peer|membership)", name)])

    def test_keys_of_full_length_are_found(self):
        key = "漢" * 200 + "+&=% "
        key = self.store(key + "x" * (1024 - len(key.encode())), 100)
        self.command("warm", self.url(key), "--wait")
        self.assertEqual(self.held(key), 1)
        self.command("purge", self.url(key))
        self.assertEqual(self.held(key), 0)
