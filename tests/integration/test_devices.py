"""`lode format` and `lode inspect`, as an operator uses them: beside a running lode and without one."""

import json

from harness.case import Case
from harness.content import MIB
from harness.processes import Failed, run


class Devices(Case):
    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False

    def setUp(self):
        super().setUp()
        self.device = self.world.new_directory("device") / "cache"

    def command(self, *words):
        return run([self.world.build / "lode", *words], seconds=30, check=False)

    def expect_done(self, *words):
        done = self.command(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def expect_refused(self, *words, code=1):
        """One sentence on standard error, nothing on standard output."""
        done = self.command(*words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(str(self.device), done.stderr)
        return done.stderr

    def inspected(self, *words):
        return json.loads(self.expect_done("inspect", self.device, "--json", *words))

    def configured(self, size):
        lode = self.make_lode()
        lode.settings["cache.device"] = [{"path": str(self.device), "size": size}]
        return lode

    def started(self, size):
        lode = self.configured(size).start()
        self.addCleanup(lode.daemon.stop)
        return lode

    def test_a_new_file_is_formatted_inspected_and_served_from(self):
        said = self.expect_done("format", self.device, "--size", "64MiB", "--node", "test",
                                "--slab-size", "2MiB", "--shards", "2")
        self.assertIn("is an empty cache of lode now", said)
        self.assertEqual(self.device.stat().st_size, 64 * MIB)
        table = self.expect_done("inspect", self.device)
        self.assertIn("node         test\n", table)
        self.assertIn("both whole", table)
        self.assertNotIn("note:", table)
        before = self.inspected()
        self.assertEqual((before["shards"], before["slabs"]["used"]), (2, 0))

        lode = self.started("64MiB")
        client = lode.client()
        key = self.store(self.new_key(), 3 * MIB)
        self.expect_content(client.get(self.bucket, key), key, 0, 3 * MIB)
        client.close()
        self.assertEqual(lode.daemon.stop(), 0, lode.daemon.output())

        after = self.inspected("--verify")
        self.assertEqual(after["id"], before["id"])
        self.assertEqual(after["verification"]["damaged"], 0)
        self.assertEqual(after["verification"]["unreadable"], 0)

    def test_a_device_is_taken_out_of_service_and_back_while_clients_read(self):
        lode = self.started("64MiB")
        client = lode.client()
        self.addCleanup(client.close)
        admin = f"http://127.0.0.1:{lode.admin_port}"
        key = self.store(self.new_key(), 3 * MIB)
        for _ in range(2):
            self.expect_content(client.get(self.bucket, key), key, 0, 3 * MIB)
        self.eventually(lambda: lode.metrics()["lode_store_chunks_durable"][()] == 3,
                        what="a descriptor of every chunk")
        self.expect_done("purge", "--memory", "--admin", admin)

        self.expect_done("device", "out", self.device, "--admin", admin)
        self.assertIn(f"{self.device} is out of service", self.expect_done("status", "--admin", admin))
        self.expect_content(client.get(self.bucket, key), key, 0, 3 * MIB)
        self.expect_done("purge", "--memory", "--admin", admin)

        self.expect_done("device", "in", self.device, "--admin", admin)
        self.assertNotIn("out of service", self.expect_done("status", "--admin", admin))
        answer = client.get(self.bucket, key)
        self.expect_content(answer, key, 0, 3 * MIB)
        self.expect_cache(answer, "HIT")
        self.assertIn("detail=disk", answer.header("Cache-Status"))

        done = self.command("device", "out", "/nowhere", "--admin", admin)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "/nowhere is not a cache device.\n"))

    def test_a_foreign_file_is_refused_by_everyone_until_it_is_forced(self):
        self.device.write_bytes(b"somebody's work".ljust(64 * MIB, b"\0"))
        before = self.device.read_bytes()
        self.assertIn("is no cache of lode", self.expect_refused("inspect", self.device))
        remedy = f"`lode format --force {self.device}`"
        self.assertIn(remedy, self.expect_refused("format", self.device, "--size", "96MiB"))
        with self.assertRaisesRegex(Failed, "lode format --force"):
            self.configured("64MiB").start()
        self.assertEqual(self.device.read_bytes(), before)

        self.expect_done("format", self.device, "--size", "96MiB", "--force")

        self.assertEqual(self.inspected()["formatted_size"], 96 * MIB)
        lode = self.started("64MiB")
        self.assertEqual(lode.daemon.stop(), 0, lode.daemon.output())

    def test_a_running_lode_is_inspected_with_a_note_and_never_formatted(self):
        lode = self.started("64MiB")
        identity = self.inspected()["id"]
        for force in ([], ["--force"]):
            said = self.expect_refused("format", self.device, *force)
            self.assertIn("is in use by another process", said)

        self.assertIn("note: the device is in use", self.expect_done("inspect", self.device))
        told = self.inspected("--verify")

        self.assertTrue(told["in_use"])
        self.assertEqual(told["id"], identity)
        self.assertEqual(lode.daemon.stop(), 0, lode.daemon.output())
        self.assertFalse(self.inspected()["in_use"])

    def test_inspection_changes_nothing_and_a_start_after_it_finds_its_device(self):
        self.expect_done("format", self.device, "--size", "32MiB")
        before = self.device.read_bytes()

        self.expect_done("inspect", self.device, "--verify")

        self.assertEqual(self.device.read_bytes(), before)
        lode = self.started("64MiB")
        self.assertEqual(lode.daemon.stop(), 0, lode.daemon.output())

    def test_another_nodes_cache_is_refused_by_serve_which_names_the_way_out(self):
        self.expect_done("format", self.device, "--size", "32MiB", "--node", "other")
        self.assertIn("is the cache of node \"other\" already",
                      self.expect_refused("format", self.device))
        with self.assertRaisesRegex(Failed, "not of this node .* `lode format --force"):
            self.configured("64MiB").start()

        self.expect_done("format", self.device, "--node", "test", "--force")

        self.assertEqual(self.started("64MiB").daemon.stop(), 0)

    def test_a_damaged_superblock_is_shown_and_two_are_refused(self):
        self.expect_done("format", self.device, "--size", "32MiB")
        self.overwrite(100, b"x")
        self.assertEqual(self.inspected()["superblocks"], ["damaged", "whole"])
        self.overwrite(65536 + 100, b"x")

        self.assertIn("both damaged", self.expect_refused("inspect", self.device))
        self.assertIn("--force", self.expect_refused("format", self.device))

    def test_what_cannot_be_read_is_said_in_a_sentence(self):
        self.expect_refused("inspect", self.device)
        self.assertFalse(self.device.exists())
        self.device.write_bytes(b"short")
        self.expect_refused("inspect", self.device)
        self.device.unlink()
        self.device.mkdir()
        self.expect_refused("inspect", self.device)
        self.expect_refused("format", self.device, "--size", "32MiB", "--force")

    def test_wrong_arguments_are_refused(self):
        for words in (["inspect"], ["format"], ["format", self.device, "--size", "much"],
                      ["format", self.device, "--size", "0B"],
                      ["format", self.device, "--shards", "65"],
                      ["inspect", self.device, "--repair"]):
            done = self.command(*words)
            self.assertEqual(done.returncode, 2, (words, done.stdout, done.stderr))
        self.assertFalse(self.device.exists())

    def overwrite(self, at, data):
        with open(self.device, "r+b") as file:
            file.seek(at)
            file.write(data)
