"""The first thing that anybody tries: one command that shows what lode does, with one node and with three."""

import pathlib
import re
import subprocess

from harness.case import Case
from harness.processes import Absent

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Quickstart(Case):
    takes = 20
    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False
    seconds = 120

    def rows(self, *options):
        """(what was read, X-Cache, Cache-Status, what became of the bytes) of the table that it prints."""
        if self.world.build != ROOT / "build":
            raise Absent("tools/quickstart builds in build/, which is not what is tested")
        shown = subprocess.Popen([ROOT / "tools/quickstart", *options], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        try:
            output, _ = shown.communicate(timeout=self.seconds - 20)
        finally:
            shown.terminate()       # it ends its servers itself
            shown.wait(20)
        self.assertEqual(shown.returncode, 0, output)
        found = re.findall(r"^(\S.*?)  +\d+\.\d+ +\d+\.\d+  (\S+) +(\S.*?) +(\S+)$", output, re.M)
        self.assertTrue(found, output)
        self.assertEqual({row[3] for row in found}, {"identical"}, output)
        return [row[:3] for row in found]

    def test_one_node_shows_a_hit_from_memory_and_one_from_disk(self):
        rows = self.rows()

        self.assertEqual([cache for _, cache, _ in rows], ["-", "MISS", "HIT", "HIT"])
        self.assertEqual([status for _, _, status in rows[2:]],
                         [f'"quickstart"; hit; detail={tier}' for tier in ("memory", "disk")])

    def test_three_nodes_show_hits_from_peers(self):
        rows = self.rows("--nodes", "3")

        self.assertEqual([cache for _, cache, _ in rows], ["-", "MISS", "HIT", "HIT", "HIT"])
        for what, _, status in rows[3:]:
            self.assertRegex(status, r'^"node-\d"; hit; detail=(memory|disk)')
        # What one of the two does not own, it had from its owner.
        self.assertRegex(" ".join(status for _, _, status in rows), r'"node-[123]"; hit; detail=\w+, '
                         r'"node-[123]"; fwd=miss; detail=peer')
