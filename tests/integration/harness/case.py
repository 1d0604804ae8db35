"""The base of every integration test: an origin, a lode before it, a bucket, and expectations.

The runner makes one variant of each Case per origin that the class names. One lode serves all
tests of a variant; a lode that does not survive a test fails that test and is started anew.
"""

import pathlib
import re
import tempfile
import time
import unittest

from . import content
from .lode_origin import LodeOrigin
from .lode_process import Lode
from .origin import OWNER
from .radosgw import Radosgw
from .versitygw import Versitygw

# The third has to be fetched, and runs what names it: EVERY_ORIGIN costs time.
MOST_ORIGINS = ("radosgw", "lode-origin")
EVERY_ORIGIN = (*MOST_ORIGINS, "versitygw")


class World:
    """What all tests of one run share: the scratch directory and the origins, started once."""

    def __init__(self, build, direct, fetched=None):
        self.build = pathlib.Path(build).resolve()
        self.fetched = pathlib.Path(fetched).resolve() if fetched else self.build / "clients"
        self.direct = direct
        self._scratch = tempfile.TemporaryDirectory(prefix="lode-integration-")
        self._origins = {}
        self._names = 0

    @property
    def scratch(self):
        return pathlib.Path(self._scratch.name)

    def new_name(self, stem):
        self._names += 1
        return f"{stem}-{self._names}"

    def new_directory(self, stem):
        directory = self.scratch / self.new_name(stem)
        directory.mkdir()
        return directory

    def origin(self, name):
        if name not in self._origins:
            made = {"radosgw": lambda: Radosgw(self.scratch),
                    "lode-origin": lambda: LodeOrigin(self.scratch, self.build),
                    "versitygw": lambda: Versitygw(self.scratch, self.fetched)}[name]()
            self._origins[name] = made.start()
        return self._origins[name]

    def lode(self, gateway, **options):
        return Lode(self.scratch / self.new_name("lode"), self.build, gateway, **options)

    def stop(self):
        for origin in self._origins.values():
            origin.stop()
        self._origins.clear()
        self._scratch.cleanup()


class NoLode:
    """Stands where lode stands when the tests run directly against the origin."""

    def __init__(self, origin):
        self._origin = origin
        self.port = origin.port
        self.url = origin.url

    def client(self, identity=OWNER, **more):
        return self._origin.client(identity, **more)

    def start(self):
        return self

    def stop(self):
        pass

    def alive(self):
        return True


class Case(unittest.TestCase):
    abstract = True             # in a class's own body: only its subclasses are run
    origins = MOST_ORIGINS
    needs_lode = False          # says nothing about an origin alone
    starts_lode = True          # False: the tests start what they need
    seconds = 60                # for one test
    takes = 5                   # seconds, about, all its tests: with lanes, what takes longest begins first
    makes_hosts = False         # one lane does that: what they are called and their networks are the machine's
    alone = False               # what it says of time holds while no other lane runs
    memory = "256MiB"
    device = "1GiB"
    settings = {}

    world = None
    origin_name = None

    @classmethod
    def setUpClass(cls):
        cls.origin = cls.world.origin(cls.origin_name)
        cls.bucket = cls.world.new_name("bucket")
        created = cls.origin.client().request("PUT", f"/{cls.bucket}")
        if created.status != 200:
            raise AssertionError(f"creating a bucket: {created}")
        cls.lode = None
        if cls.starts_lode:
            cls.start_lode()

    @classmethod
    def start_lode(cls):
        if cls.world.direct:
            cls.lode = NoLode(cls.origin)
            return
        cls.lode = cls.make_lode()
        cls.lode.start()

    @classmethod
    def make_lode(cls, gateway=None, settings=None, **options):
        merged = {section: dict(values) for section, values in cls.settings.items()}
        for section, values in (settings or {}).items():
            merged[section] = {**merged.get(section, {}), **values}
        options = {"memory": cls.memory, "device": cls.device, **options}
        return cls.world.lode(gateway or cls.origin.url, settings=merged, **options)

    @classmethod
    def tearDownClass(cls):
        if cls.lode is not None:
            cls.lode.stop()

    def setUp(self):
        self.at_origin = self.origin.client()
        self.addCleanup(self.at_origin.close)
        if self.lode is not None:
            self.s3 = self.lode.client()
            self.addCleanup(self.s3.close)
            self.addCleanup(self.expect_alive)

    def expect_alive(self):
        if not self.lode.alive():
            output = self.lode.daemon.output()
            type(self).start_lode()
            self.fail(f"lode ended during the test:\n{output}")

    # Objects

    def new_key(self, stem="object"):
        return self.world.new_name(stem)

    def store(self, key, size, **more):
        """Stores the content called after the key, directly at the origin."""
        stored = self.at_origin.put_named(self.bucket, key, size, **more)
        self.expect_status(stored, 200)
        return key

    def cached(self, key, size, **more):
        """Stores an object at the origin and reads it through lode until lode has all of it."""
        self.store(key, size, **more)
        self.read_until_hit(key, size)
        return key

    def read_until_hit(self, key, size, seconds=10):
        deadline = time.monotonic() + seconds
        while True:
            answer = self.s3.get(self.bucket, key)
            self.expect_content(answer, key, 0, size)
            if answer.cache == "HIT" or self.world.direct:
                return answer
            if time.monotonic() > deadline:
                self.fail(f"{key} never became a HIT: {answer.cache}")
            time.sleep(0.05)

    # Expectations

    def expect_status(self, answer, *statuses):
        if answer.status not in statuses:
            self.fail(f"expected {' or '.join(map(str, statuses))}, got {answer}")

    def expect_content(self, answer, name, offset, length):
        self.expect_status(answer, 200, 206)
        self.assertEqual(len(answer.body), length)
        self.assertTrue(content.matches(name, offset, answer.body),
                        f"other bytes than those of {name} at {offset}")

    def expect_file(self, path, name, offset, length):
        data = pathlib.Path(path).read_bytes()
        self.assertEqual(len(data), length)
        self.assertTrue(content.matches(name, offset, data),
                        f"other bytes than those of {name} at {offset}")

    def expect_cache(self, answer, *words):
        """One of these words of X-Cache, and a Cache-Status that says the same."""
        if self.world.direct:
            return
        self.assertIn(answer.cache, words, answer)
        status = answer.header("Cache-Status", "")
        self.assertRegex(status, r"^[^ ;,]+(;|$)", answer)
        says_hit = re.search(r"; ?hit(;|$| )", status) is not None
        self.assertEqual(says_hit, answer.cache == "HIT", answer)

    def expect_origin_served_no_body(self):
        """Since origin.mark(): objects were only revalidated, with 304."""
        if self.world.direct or not self.origin.revalidates:
            return
        tally = self.origin.tally()
        self.assertEqual(set(tally.statuses("GetObject")), {304}, tally)

    def eventually(self, condition, seconds=10, what="the condition"):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"{what} did not come true within {seconds} s")
            time.sleep(0.05)
