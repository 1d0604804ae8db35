"""How nodes find each other, without a lode around it: `watch_membership` runs the production sources and
prints the list at every change. Against the real etcd, which is killed, emptied, frozen and locked."""

import queue
import re
import signal
import socket
import subprocess
import threading
import time

from harness.case import Case
from harness.etcd import Etcd
from harness.lode_process import toml
from harness.processes import free_port
from harness.tls_relay import Authority

LEASE = 2       # seconds, the least that may be set


class Watcher:
    """One node that looks for others: what it printed, line by line."""

    def __init__(self, world, name, cluster, address=None, rows=()):
        directory = world.new_directory("node")
        secret = directory / "secret"
        secret.write_text("0123456789abcdef")
        self.name = name
        self.address = address or f"127.0.0.1:{free_port()}"
        settings = {"node": {"name": name}, "origin": {"gateway": "http://127.0.0.1:1"},
                    "listen": {"peer": self.address},
                    "cluster": {"secret_file": str(secret), **cluster}}
        if rows:
            settings["cluster.node"] = list(rows)
        configuration = directory / "lode.toml"
        configuration.write_text(toml(settings))
        self._log = open(directory / "log", "wb")
        self._process = subprocess.Popen(
            [world.build / "tests/cluster/watch_membership", configuration],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True)
        self.log_path = directory / "log"
        self.lists = []         # every list: {name: "address#first+count"}
        self.problem = ""
        self._news = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._news.put(line.rstrip("\n"))

    def _take(self, line):
        if line.startswith("list"):
            self.lists.append(dict(word.split("@", 1) for word in line.split()[1:]))
        elif line.startswith("problem"):
            self.problem = line.removeprefix("problem").strip()

    def wait(self, holds, what, seconds=15):
        """Until holds() of what was printed so far; a failure shows all of it."""
        deadline = time.monotonic() + seconds
        while not holds():
            left = deadline - time.monotonic()
            try:
                self._take(self._news.get(timeout=max(0.001, left)))
            except queue.Empty:
                if left > 0:
                    continue
                raise AssertionError(f"{self.name}: not {what} within {seconds} s: {self.lists}, "
                                     f"{self.problem!r}\n{self.log_path.read_text()}") from None

    def rest(self, seconds):
        """Takes what comes within a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self._take(self._news.get(timeout=0.05))
            except queue.Empty:
                pass

    def sees(self, *names):
        self.wait(lambda: self.lists and sorted(self.lists[-1]) == sorted(names),
                  f"seeing {' '.join(names)}")

    def complains(self, text, seconds=15):
        self.wait(lambda: text in self.problem, f"complaining of {text!r}", seconds)

    def content(self):
        self.wait(lambda: not self.problem, "content")

    def tell(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def counters(self):
        self.tell("counters")
        while True:
            line = self._news.get(timeout=10)
            if line.startswith("counters"):
                return {name: int(n) for name, n in re.findall(r"(\w+)=(\d+)", line)}
            self._take(line)

    def cpu_seconds(self):
        with open(f"/proc/{self._process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def log(self):
        return self.log_path.read_text()

    def leave(self):
        self._process.stdin.close()
        code = self._process.wait(10)
        self._close()
        return code

    def kill(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        self._close()

    def stop(self):
        if self._process.poll() is None:
            self.kill()

    def _close(self):
        self._process.stdout.close()
        if not self._process.stdin.closed:
            self._process.stdin.close()
        self._log.close()


class Relay:
    """Carries the bytes of connections to a port; `change` may alter what goes there."""

    def __init__(self, target, change=lambda data: data):
        self._target, self._change = target, change
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._open += [client, server]
            for source, sink, change in ((client, server, self._change),
                                         (server, client, lambda data: data)):
                threading.Thread(target=self._carry, args=(source, sink, change),
                                 daemon=True).start()

    @staticmethod
    def _carry(source, sink, change):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(change(data))
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        for each in (self._listener, *self._open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()


class Membership(Case):
    abstract = True
    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False

    def node(self, name, cluster, **more):
        watcher = Watcher(self.world, name, cluster, **more)
        self.addCleanup(watcher.stop)
        return watcher


class EtcdMembership(Membership):
    takes = 60
    seconds = 120

    def start_etcd(self, authority=None):
        etcd = Etcd(self.world.new_directory("etcd"), authority).start()
        self.addCleanup(etcd.stop)
        return etcd

    def relay(self, etcd, **more):
        relay = Relay(etcd.port, **more)
        self.addCleanup(relay.stop)
        return relay

    def settings(self, *urls, **more):
        return {"membership": "etcd", "name": "test", "etcd_endpoints": list(urls),
                "etcd_lease": f"{LEASE}s", **more}

    def three(self, etcd):
        nodes = [self.node(name, self.settings(etcd.url)) for name in ("a", "b", "c")]
        for node in nodes:
            node.sees("a", "b", "c")
        return nodes

    def test_nodes_see_each_other_come_change_and_go(self):
        a, b, c = self.three(self.start_etcd())
        self.assertEqual(a.lists[-1], {each.name: each.address for each in (a, b, c)})

        b.tell("announce 4,2")
        for node in (a, b, c):
            node.wait(lambda node=node: node.lists[-1].get("b") == b.address + "#4+2", "changed")
        b.tell("drain")
        a.wait(lambda: a.lists[-1].get("b") == b.address + "#4+2!", "draining")

        begun = time.monotonic()
        self.assertEqual(c.leave(), 0)
        a.sees("a", "b")
        b.sees("a", "b")
        self.assertLess(time.monotonic() - begun, LEASE, "who leaves in good order says so")

    def test_who_leaves_in_the_middle_of_a_question_is_gone_at_once(self):
        etcd = self.start_etcd()
        held = threading.Event()
        relay = self.relay(etcd, change=lambda data: b"" if held.is_set() and
                           b"/v3/lease/revoke" not in data else data)
        a = self.node("a", {**self.settings(relay.url), "etcd_lease": "60s"})
        b = self.node("b", {**self.settings(etcd.url), "etcd_lease": "60s"})
        for node in (a, b):
            node.sees("a", "b")

        held.set()
        a.tell("announce 4,2")
        a.rest(1.5)     # that question is not answered
        begun = time.monotonic()
        self.assertEqual(a.leave(), 0)
        b.sees("b")
        self.assertLess(time.monotonic() - begun, 3)

    def test_a_killed_node_is_gone_when_its_lease_is(self):
        a, b, c = self.three(self.start_etcd())
        c.kill()
        a.sees("a", "b")
        b.sees("a", "b")

    def test_a_restarted_node_takes_its_record_over_at_once(self):
        etcd = self.start_etcd()
        a, _, c = self.three(etcd)
        known = len(a.lists)
        c.kill()
        again = self.node("c", self.settings(etcd.url), address=c.address)
        again.sees("a", "b", "c")
        again.tell("announce 7,1")
        a.wait(lambda: a.lists[-1].get("c") == c.address + "#7+1", "changed")
        a.rest(2 * LEASE)
        self.assertTrue(all("c" in each for each in a.lists[known:]), a.lists)

    def test_etcd_dies_and_comes_back(self):
        etcd = self.start_etcd()
        a, b, c = self.three(etcd)
        before = [len(node.lists) for node in (a, b, c)]

        etcd.kill()
        for node in (a, b, c):
            node.complains("cannot be asked")
        a.rest(2 * LEASE)
        etcd.start()
        for node in (a, b, c):
            node.content()
        a.rest(2 * LEASE)
        b.rest(0.2)
        c.rest(0.2)

        for node, known in zip((a, b, c), before):
            self.assertEqual(node.lists[known:], [], "the list stays")
        d = self.node("d", self.settings(etcd.url))
        for node in (a, b, c, d):
            node.sees("a", "b", "c", "d")
        for node in (a, b, c):
            self.assertEqual(node.log().count("last list of nodes stays in force"), 1)
            self.assertEqual(node.log().count("up to date again"), 1)

    def test_etcd_comes_back_with_nothing(self):
        etcd = self.start_etcd()
        a, b, c = self.three(etcd)
        known = len(a.lists)

        etcd.kill()
        etcd.forget()
        etcd.start()
        for node in (a, b, c):
            node.complains("cannot be asked")
            node.content()
        a.rest(3 * LEASE)

        self.assertEqual(sorted(etcd.keys("/lode/test/nodes/")),
                         [f"/lode/test/nodes/{name}" for name in ("a", "b", "c")])
        self.assertTrue(all(len(each) == 3 for each in a.lists[known:]), a.lists)

    def test_who_does_not_come_back_is_forgotten_after_a_lease(self):
        etcd = self.start_etcd()
        a, b, c = self.three(etcd)
        etcd.kill()
        etcd.forget()
        c.kill()
        etcd.start()
        a.sees("a", "b")
        b.sees("a", "b")

    def test_an_etcd_that_is_silent_is_noticed(self):
        etcd = self.start_etcd()
        a, b, c = self.three(etcd)
        etcd.freeze()
        a.complains("cannot be asked", 3 * LEASE)
        etcd.thaw()
        a.content()
        for node in (a, b, c):
            node.sees("a", "b", "c")

    def test_what_was_compacted_away_is_listed_anew(self):
        etcd = self.start_etcd()
        for number in range(20):
            revision = etcd.put("/elsewhere", str(number))
        etcd.compact(revision)
        changed = []

        # The first watch asks for what is no longer known.
        def change(data):
            found = re.search(rb'"start_revision":"(\d+)"', data)
            if changed or not found:
                return data
            changed.append(found[1])
            return data.replace(found[0], b'"start_revision":"1"' + b" " * (len(found[1]) - 1))

        relay = self.relay(etcd, change=change)
        a = self.node("a", self.settings(relay.url))
        a.sees("a")
        b = self.node("b", self.settings(etcd.url))
        a.sees("a", "b")

        self.assertEqual(len(changed), 1)
        self.assertEqual(a.problem, "")
        self.assertEqual(a.counters()["failures"], 0, a.log())

    def test_another_endpoint_takes_over(self):
        etcd = self.start_etcd()
        first, second = self.relay(etcd), self.relay(etcd)
        nobody = f"http://127.0.0.1:{free_port()}"
        a = self.node("a", self.settings(nobody, first.url, second.url))
        a.sees("a")

        first.stop()
        b = self.node("b", self.settings(etcd.url))
        a.sees("a", "b")
        a.content()

    def test_an_etcd_that_refuses_is_not_asked_all_the_time(self):
        a = self.node("a", self.settings(f"http://127.0.0.1:{free_port()}"))
        a.complains("cannot be asked")
        a.rest(3)
        self.assertLess(a.counters()["failures"], 12)
        self.assertLess(a.cpu_seconds(), 1)
        self.assertEqual(a.lists, [])
        self.assertEqual(a.log().count("no node is known yet"), 1)
        self.assertEqual(a.leave(), 0)

    def test_broken_records_are_passed_over_and_counted(self):
        etcd = self.start_etcd()
        broken = ["", "x", "{}", "[" * 50000, '{"address":"10.0.0.1:1","zone":3}', b"\xff\xfe\x00",
                  '{"address":"10.0.0.1:1","zone":"","capacity":1,"slots":[[5,1],[0,1]]}', "y" * 100000]
        for number, value in enumerate(broken):
            etcd.put(f"/lode/test/nodes/broken-{number}", value)
        etcd.put("/lode/test/nodes/a name/with slashes", "{}")
        etcd.put("/lode/another/nodes/stranger", "{}")
        a = self.node("a", self.settings(etcd.url))
        b = self.node("b", self.settings(etcd.url))
        a.sees("a", "b")
        b.sees("a", "b")
        etcd.put("/lode/test/nodes/broken-0", "still")
        a.tell("announce 0,1")
        b.wait(lambda: b.lists[-1].get("a", "").endswith("#0+1"), "changed")

        self.assertEqual(a.counters()["skipped"], len(broken) + 2)
        self.assertEqual(a.problem, "")

    def test_a_record_that_somebody_removes_is_written_again(self):
        etcd = self.start_etcd()
        a, b, _ = self.three(etcd)
        etcd.remove("/lode/test/nodes/a")
        b.sees("b", "c")
        b.sees("a", "b", "c")
        a.sees("a", "b", "c")

    def test_two_nodes_with_one_name(self):
        etcd = self.start_etcd()
        first = self.node("a", self.settings(etcd.url))
        first.sees("a")
        second = self.node("a", self.settings(etcd.url))
        second.complains(f"the node at {first.address} calls itself \"a\"")
        second.rest(2 * LEASE)
        self.assertEqual(second.lists, [{"a": first.address}])
        self.assertEqual(second.log().count("calls itself"), 1)
        self.assertEqual(first.problem, "")

        first.leave()
        second.wait(lambda: second.lists[-1] == {"a": second.address}, "in the list")
        second.content()

    def locked(self):
        authority = Authority(self.world.new_directory("tls"), "authority")
        etcd = self.start_etcd(authority)
        etcd.demand_passwords("lode", "right password", "/lode/test")
        password = self.world.new_directory("password") / "password"
        password.write_text("right password\n")
        return etcd, {"etcd_user": "lode", "etcd_password_file": str(password),
                      "etcd_ca_file": str(authority.certificate)}

    def test_tls_and_a_password(self):
        etcd, more = self.locked()
        a = self.node("a", self.settings(etcd.url, **more))
        b = self.node("b", self.settings(etcd.url, **more))
        a.sees("a", "b")
        b.sees("a", "b")

        # What was handed out as a token means nothing to the next life of etcd.
        etcd.kill()
        a.complains("cannot be asked")
        etcd.start()
        a.content()
        c = self.node("c", self.settings(etcd.url, **more))
        for node in (a, b, c):
            node.sees("a", "b", "c")

    def test_a_wrong_password_or_none(self):
        etcd, more = self.locked()
        wrong = self.world.new_directory("password") / "password"
        wrong.write_text("wrong password\n")
        a = self.node("a", self.settings(etcd.url, **{**more, "etcd_password_file": str(wrong)}))
        a.complains("authentication failed")
        a.rest(2)
        self.assertLess(a.counters()["failures"], 10)
        self.assertNotIn("wrong password", a.log())

        nobody = self.node("b", self.settings(etcd.url, etcd_ca_file=more["etcd_ca_file"]))
        nobody.complains("user name is empty")
        elsewhere = self.node("c", self.settings(etcd.url, etcd_prefix="/forbidden", **more))
        elsewhere.complains("permission denied")
        elsewhere.rest(2)
        self.assertLess(elsewhere.counters()["failures"], 10)

    def test_an_etcd_of_an_unknown_authority(self):
        etcd, more = self.locked()
        stranger = Authority(self.world.new_directory("tls"), "stranger")
        a = self.node("a", self.settings(
            etcd.url, **{**more, "etcd_ca_file": str(stranger.certificate)}))
        a.complains("certificate")
        self.assertEqual(a.lists, [])


class OtherMembership(Membership):
    def test_the_addresses_of_a_name(self):
        a = self.node("a", {"membership": "dns", "dns_name": "localhost:9001",
                            "dns_refresh": "100ms"}, address="127.0.0.1:9001")
        a.wait(lambda: a.lists == [{"a": "127.0.0.1:9001"}], "knowing itself")
        self.assertEqual(a.leave(), 0)

    def test_a_name_that_nobody_has(self):
        a = self.node("a", {"membership": "dns", "dns_name": "nobody.invalid:9001",
                            "dns_refresh": "100ms"})
        a.complains("nobody.invalid (cluster.dns_name)", 30)
        self.assertEqual(a.leave(), 0)

    def test_a_list_in_a_file_that_changes(self):
        directory = self.world.new_directory("nodes")
        path = directory / "nodes.toml"

        def write(*rows):
            text = toml({"cluster.node": [{"name": name, "address": address, "capacity": capacity}
                                          for name, address, capacity in rows]})
            (directory / "new").write_text(text)
            (directory / "new").rename(path)

        write(("a", "10.0.0.1:1", "128GiB"), ("b", "10.0.0.2:1", "128GiB"))
        a = self.node("a", {"membership": "static", "nodes_file": str(path)})
        a.sees("a", "b")
        self.assertEqual(a.lists[-1], {"a": "10.0.0.1:1#0+2", "b": "10.0.0.2:1#2+2"})

        write(("a", "10.0.0.1:1", "128GiB"), ("c", "10.0.0.3:1", "128GiB"),
              ("d", "10.0.0.4:1", "64GiB"))
        a.sees("a", "c", "d")
        self.assertEqual(a.lists[-1]["c"], "10.0.0.3:1#2+2")

        path.write_text('[[cluster.node]]\nname = "a"\n')
        a.complains(f"{path}:1: cluster.node.address: expected a value")
        a.rest(2.5)
        self.assertEqual(len(a.lists), 2)
        self.assertEqual(a.log().count("stays in force"), 1)

        write(("a", "10.0.0.1:1", "128GiB"))
        a.sees("a")
        a.content()
