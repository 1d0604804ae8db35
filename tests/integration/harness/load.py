"""A mixed load over several nodes, of which every byte is compared and every failure is sorted.

    load = Load(bucket, cluster.nodes, seed=7)
    load.prepare(origin.client())
    with load:                              # clients run from here ...
        cluster.nodes[1].kill()
        load.lasts(3)
    problems = load.problems()              # ... to here: wrong bytes, versions that were not current
    load.failures(but=ALLOWED)              # what clients saw beside that

A client reads objects that never change and objects that others overwrite and delete meanwhile, whole and
in ranges, at a node that it draws anew each time among `load.used`. What it saw of an object that changes
must be what one linearizable store could have shown; what a failed write did is nobody's knowledge.

Limits  `seconds` and `operations`, whichever comes first; every request has a timeout.
"""

import collections
import http.client
import random
import threading
import time
from dataclasses import dataclass

from . import content
from .content import KIB, MIB
from .register import FOREVER, Operation, contradictions
from .s3 import Answer
from .versions import ABSENT, EMPTY, Versions

# What clients of S3 send again by themselves, and what they must not see at all.
BUSY = "503"                            # SlowDown, ServiceUnavailable
INTERNAL = "500"
RESET = "connection reset before the head"
TIMED_OUT = "timed out"
BROKEN_OFF = "broken off within the body"
OVERTAKEN = "broken off, and others write this object"      # the rest of an old version is nowhere
REFUSED = "refused"                     # any other status
ALLOWED = (BUSY, INTERNAL, RESET)

MIX = {"read": 40, "range": 40, "get": 8, "part": 4, "put": 6, "delete": 2}
LIBRARY_SIZES = (40 * KIB, 300 * KIB, MIB, 3 * MIB + 17, 9 * MIB)
NEW_SIZES = (0, 64 * KIB, 64 * KIB, 512 * KIB, 2 * MIB)


@dataclass(frozen=True)
class Failure:
    kind: str
    node: str
    what: str
    begun: float        # time.monotonic()
    took: float
    told: str

    def __str__(self):
        return f"{self.what} at {self.node} after {self.took:.3f} s: {self.kind}: {self.told}"


@dataclass(frozen=True)
class Done:
    node: str
    what: str
    begun: float
    to_head: float      # seconds until the head of the answer was there
    took: float         # and until all of it was


class Load:
    def __init__(self, bucket, nodes, seed=1, clients=6, seconds=60, operations=6000, library=15,
                 changing=4, mix=None, timeout=15):
        self.bucket, self.seed, self.seconds, self.operations = bucket, seed, seconds, operations
        self.used = list(nodes)         # a test may take a node out, as a load balancer would
        self.timeout = timeout
        self.mix = mix or MIX
        self.versions = Versions(f"{bucket}-{seed}")
        self.library = {f"library-{seed}-{number}": LIBRARY_SIZES[number % len(LIBRARY_SIZES)]
                        for number in range(library)}
        self.changing = [f"changing-{seed}-{number}" for number in range(changing)]
        self.done, self.failed, self.counts = [], [], collections.Counter()
        self._begun = 0
        self._wrong = []
        self._history = {key: [] for key in self.changing}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._clients = [Client(self, number) for number in range(clients)]

    def prepare(self, at_origin):
        for key, size in self.library.items():
            stored = at_origin.put_named(self.bucket, key, size)
            if stored.status != 200:
                raise AssertionError(f"storing {key}: {stored}")
        for key in self.changing:
            self.note(key, "write", ABSENT, -1.0, 0.0, "in the beginning")
        return self

    def __enter__(self):
        self._ends = time.monotonic() + self.seconds
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for client in self._clients:
            client.join(self.timeout + 10)
            if client.is_alive():
                self.wrong("a client hangs")

    def lasts(self, seconds):
        """Lets it run so long, and no longer than it takes to find something wrong."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._wrong and self.goes_on():
            time.sleep(0.02)

    def runs(self, more):
        """Until so many more operations went well, or the load is over."""
        wanted = len(self.done) + more
        while len(self.done) < wanted and any(client.is_alive() for client in self._clients):
            time.sleep(0.02)

    # What was seen

    def problems(self):
        """Wrong bytes and impossible histories, as texts; empty when all was well."""
        found = list(self._wrong[:5])
        for key, history in self._history.items():
            found += [f"{key}: {text}" for text in contradictions(history, (ABSENT, EMPTY))[:3]]
        return found

    def failures(self, but=(), of=None, since=None):
        """What went wrong otherwise: but for these kinds, of these nodes only, since then only."""
        names = None if of is None else {node.name for node in of}
        return [each for each in self.failed if each.kind not in but
                and (names is None or each.node in names)
                and (since is None or each.begun >= since)]

    def slowest(self, since=0.0, what=None, until=FOREVER):
        """The answer whose head took longest, of those asked for in this time."""
        return max((each for each in self.done if since <= each.begun <= until
                    and (what is None or each.what == what)),
                   key=lambda each: each.to_head, default=None)

    def waited(self, at=None):
        """The longest that anybody waited for a head, or for a failure, of these nodes only."""
        names = None if at is None else {node.name for node in at}
        times = [each.to_head for each in self.done if names is None or each.node in names]
        times += [each.took for each in self.failed if names is None or each.node in names]
        return max(times, default=0.0)

    def report(self):
        kinds = collections.Counter(each.kind for each in self.failed)
        return f"seed {self.seed}: {len(self.done)} operations, {dict(self.counts)}, {dict(kinds)}"

    # For the clients

    def goes_on(self):
        return not self._stop.is_set() and not self._wrong and time.monotonic() < self._ends and \
            self._begun < self.operations

    def begins(self):
        """Whether one more operation may begin; it is counted."""
        with self._lock:
            if not self.goes_on():
                return False
            self._begun += 1
            return True

    def wrong(self, text):
        with self._lock:
            self._wrong.append(text)

    def note(self, key, kind, value, begun, ended, what):
        with self._lock:
            self._history[key].append(Operation(kind, value, begun, ended, what))

    def finished(self, done, answered):
        with self._lock:
            self.done.append(done)
            self.counts[answered] += 1

    def fails(self, failure):
        with self._lock:
            self.failed.append(failure)


class Client(threading.Thread):
    def __init__(self, load, number):
        super().__init__(daemon=True)
        self.load, self.draw = load, random.Random(f"{load.seed} {number}")
        self.connections = {}       # node's name: the process that it was of, its S3

    def run(self):
        try:
            while self.load.begins():
                self.step()
        except Exception as trouble:  # a client that dies is a finding, not a lost thread
            self.load.wrong(f"a client died: {trouble!r}")
        finally:
            for _, s3 in self.connections.values():
                s3.close()

    def step(self):
        load = self.load
        what = self.draw.choices(list(load.mix), load.mix.values())[0]
        node = self.draw.choice(load.used)
        if what in ("read", "range"):
            key = self.draw.choice(list(load.library))
            self.read(what, node, key, load.library[key])
        elif what in ("get", "part"):
            self.read(what, node, self.draw.choice(load.changing), None)
        else:
            self.write(what, node, self.draw.choice(load.changing))

    def read(self, what, node, key, size):
        """`size`: of an object that does not change. Else the answer says which version it is."""
        first, headers = 0, []
        length = None
        if what in ("range", "part"):
            first = self.draw.randrange(size) if size else self.draw.choice((0, 1, 70 * KIB))
            length = self.draw.choice((1, 100, 64 * KIB, MIB, 3 * MIB))
            headers = [("Range", f"bytes={first}-{first + length - 1}")]
        begun = time.monotonic()
        answer = self.ask(what, node, "GET", key, (200, 206, 404, 416), headers=headers)
        if answer is None:
            return
        ended = time.monotonic()
        status, body = answer.status, answer.body
        if status in (404, 416):
            if size is not None:
                self.load.wrong(f"{what} of {key} at {node.name}: {answer}")
            elif status == 404:
                self.load.note(key, "read", ABSENT, begun, ended, f"{what} at {node.name}")
            return              # a 416 says no more than that the object is not that long
        if (status == 206) != (length is not None):
            self.load.wrong(f"{what} of {key} at {node.name}: {answer}")
            return
        told = answer.header("Content-Range").rpartition("/")[2] if status == 206 else \
            answer.header("Content-Length")
        whole = int(told)
        name = key if size is not None else self.load.versions.name(whole)
        expected = whole if length is None else min(length, whole - first)
        if size not in (None, whole) or len(body) != expected or \
                not content.matches(name, first, body):
            self.load.wrong(f"{what} of {key} at {node.name} from {first}: {len(body)} bytes that are "
                            f"not those of {name}: {status} {answer.headers}")
        if size is None:
            self.load.note(key, "read", self.load.versions.value(whole), begun, ended,
                           f"{what} at {node.name}")

    def write(self, what, node, key):
        load = self.load
        if what == "delete":
            value, body = ABSENT, b""
        else:
            size = load.versions.new(self.draw.choice(NEW_SIZES))
            value, body = load.versions.value(size), content.whole(load.versions.name(size), size)
        begun = time.monotonic()
        method = "DELETE" if what == "delete" else "PUT"
        answer = self.ask(what, node, method, key, (200, 204), body=body)
        ended = FOREVER if answer is None else time.monotonic()
        load.note(key, "write", value, begun, ended, f"{what} at {node.name}")

    def ask(self, what, node, method, key, fine, **more):
        """The answer, or None after a failure, which is noted by its kind."""
        s3 = self.connection_to(node)
        begun, at_head = time.monotonic(), None
        try:
            response = s3.send(method, s3.path(self.load.bucket, key), **more)
            at_head = time.monotonic()
            answer = Answer(response.status, response.getheaders(), response.read())
        except (OSError, http.client.HTTPException) as trouble:
            s3.close()
            kind = sort_out(trouble, at_head is not None)
            if kind == BROKEN_OFF and key in self.load.changing:
                kind = OVERTAKEN
            self.fail(kind, node, what, begun, f"{key}: {trouble!r}")
            return None
        if response.will_close:
            s3.close()
        if answer.status not in fine:
            kind = {503: BUSY, 500: INTERNAL}.get(answer.status, REFUSED)
            self.fail(kind, node, what, begun, f"{key}: {answer}")
            return None
        self.load.finished(Done(node.name, what, begun, at_head - begun, time.monotonic() - begun),
                           f"{answer.status} {answer.header('X-Cache') or '-'}")
        return answer

    def connection_to(self, node):
        """The kept one. Not one that an orderly end of its process has closed: a client that knows of the
        restart opens another."""
        life = getattr(node, "pid", None)
        known, s3 = self.connections.get(node.name, (None, None))
        if s3 is None or known != life:
            if s3 is not None:
                s3.close()
            s3 = node.client(timeout=self.load.timeout)
            self.connections[node.name] = life, s3
        return s3

    def fail(self, kind, node, what, begun, told):
        self.load.fails(Failure(kind, node.name, what, begun, time.monotonic() - begun, told))
        time.sleep(0.02)        # a client that is refused does not come back at once


def sort_out(trouble, had_head):
    """The kind of a failure that is no answer."""
    if isinstance(trouble, TimeoutError):
        return TIMED_OUT
    return BROKEN_OFF if had_head else RESET
