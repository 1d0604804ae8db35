"""A configuration that cannot be meant is refused at start, with its place and what was meant."""

from harness.case import Case
from harness.lode_process import toml
from harness.processes import run


class Configuration(Case):
    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False

    def try_configuration(self, text, command="serve"):
        path = self.world.new_directory("configuration") / "lode.toml"
        path.write_text(text)
        done = run([self.world.build / "lode", command, "--config", path], seconds=10, check=False)
        return path, done

    def valid(self):
        return self.make_lode().settings

    def expect_refused(self, text, line, key, *words):
        path, done = self.try_configuration(text)
        said = done.stdout + done.stderr
        self.assertNotEqual(done.returncode, 0, said)
        self.assertLess(done.returncode, 128, said)
        self.assertGreaterEqual(done.returncode, 0, said)
        self.assertIn(f"{path}:{line}", said)
        for word in (key, *words):
            self.assertIn(word, said)

    def expect_setting_refused(self, section, key, value, *words):
        settings = self.valid()
        settings[section][key] = value
        text = toml(settings)
        lines = text.splitlines()
        at = lines.index(f"[{section}]")
        line = next(number for number, each in enumerate(lines[at:], at + 1)
                    if each.startswith(f"{key} ="))
        with self.subTest(section=section, key=key, value=value):
            self.expect_refused(text, line, key, *words)

    def test_wrong_values_are_refused_with_their_place(self):
        for section, key, value in (
                ("node", "memory", "4GiBs"), ("node", "memory", "-1"), ("node", "memory", 5.5),
                ("node", "memory", "1KiB"), ("node", "memory", "99999999999999999999GiB"),
                ("node", "cores", -1), ("node", "cores", "two"), ("node", "cores", 100000),
                ("listen", "s3", "127.0.0.1"), ("listen", "s3", "127.0.0.1:65536"),
                ("listen", "admin", "nonsense:port"), ("listen", "domains", "not-a-list"),
                ("origin", "gateway", "ftp://127.0.0.1"), ("origin", "gateway", "127.0.0.1:8000"),
                ("origin", "gateway", "http://"), ("log", "level", "loud")):
            self.expect_setting_refused(section, key, value)

    def test_unknown_keys_are_refused_with_their_place(self):
        for section in ("node", "listen", "origin", "log"):
            self.expect_setting_refused(section, "colour", "blue")

    def test_an_unknown_section_is_refused(self):
        text = toml({**self.valid(), "colours": {"sky": "blue"}})
        line = text.splitlines().index("[colours]") + 1
        self.expect_refused(text, line, "colours")

    def test_a_missing_gateway_is_refused(self):
        settings = self.valid()
        del settings["origin"]["gateway"]
        _, done = self.try_configuration(toml(settings))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("gateway", done.stdout + done.stderr)

    def test_what_is_no_toml_is_refused_with_its_line(self):
        path, done = self.try_configuration("[node]\nname = \"a\"\nmemory = = 5\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"{path}:3", done.stdout + done.stderr)

    def test_a_missing_file_is_refused(self):
        done = run([self.world.build / "lode", "serve", "--config", "/nowhere/lode.toml"],
                   seconds=10, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/nowhere/lode.toml", done.stdout + done.stderr)

    def test_check_accepts_what_serve_accepts(self):
        _, done = self.try_configuration(toml(self.valid()), "check")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_check_names_a_wrong_key(self):
        settings = self.valid()
        settings["node"]["colour"] = "blue"
        _, done = self.try_configuration(toml(settings), "check")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("colour", done.stdout + done.stderr)
