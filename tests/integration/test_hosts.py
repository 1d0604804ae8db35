"""The hosts that cluster tests run on: every cable that is said to be cut is, and no other."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from harness.case import Case
from harness.content import MIB
from harness.hosts import NAMESPACES, ONE, TEST, Hosts, has_netem, sweep
from harness.processes import HERE, Daemon, run

PORT = 7000
PATIENCE = 0.3      # a lost SYN is sent again after a second
NO_ROUTE = (errno.EINVAL, errno.EHOSTUNREACH)


class OnHosts(Case):
    """Three hosts, on each of them an echo that closes what its client has closed."""

    abstract = True
    makes_hosts = True
    origins = ("lode-origin",)
    needs_lode = True
    starts_lode = False
    names = ("a", "b", "c")

    @classmethod
    def setUpClass(cls):
        cls.lode = None
        cls.hosts = Hosts(cls.names).make()
        cls.listeners = []
        for host in cls.hosts:
            cls.serve(host)

    @classmethod
    def tearDownClass(cls):
        for listener in cls.listeners:
            listener.close()
        cls.hosts.remove()

    @classmethod
    def serve(cls, host):
        with host.inside():
            listener = socket.create_server((host.address, PORT))
        cls.listeners.append(listener)
        threading.Thread(target=echo, args=(listener,), daemon=True).start()

    def setUp(self):
        self.addCleanup(self.hosts.restore)

    def connect(self, one, other, timeout=PATIENCE):
        with (HERE if one == TEST else self.hosts[one]).inside():
            made = socket.create_connection((self.hosts[other].address, PORT), timeout=timeout)
        self.addCleanup(made.close)
        return made

    def reaches(self, one, other):
        try:
            return answers(self.connect(one, other))
        except TimeoutError:
            return False
        except OSError as trouble:
            if trouble.errno in NO_ROUTE:
                return False
            raise

    def expect_reach(self, *pairs):
        """These pairs, written like ab, reach each other that way round; no other pair does."""
        every = {one + other for one in self.names for other in self.names if one != other}
        found = set()
        threads = [threading.Thread(target=lambda pair=pair: found.add(pair)
                                    if self.reaches(*pair) else None) for pair in every]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, set(pairs))


def echo(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=echo_one, args=(connection,), daemon=True).start()


def echo_one(connection):
    with connection:
        try:
            while data := connection.recv(MIB):
                connection.sendall(data)
        except OSError:
            pass


def answers(connection):
    try:
        connection.sendall(b"?")
        return connection.recv(1) == b"?"
    except TimeoutError:
        return False


EVERYBODY = ("ab", "ac", "ba", "bc", "ca", "cb")


class Cables(OnHosts):
    def test_every_host_reaches_every_other_and_the_test_reaches_all(self):
        self.expect_reach(*EVERYBODY)
        for name in self.names:
            self.assertTrue(self.reaches(TEST, name))

    def test_a_process_on_a_host_has_its_address_and_reaches_the_test(self):
        with socket.create_server((self.hosts.address, 0)) as listener:
            client = f"import socket; socket.create_connection(('{self.hosts.address}', " \
                     f"{listener.getsockname()[1]}))"
            daemon = Daemon("client", self.hosts["b"].enter([sys.executable, "-c", client]),
                            self.world.new_directory("client")).start()
            listener.settimeout(5)
            connection, address = listener.accept()
            connection.close()
            self.assertEqual(daemon.wait(5), 0)
            daemon.stop()

        self.assertEqual(address[0], self.hosts["b"].address)

    def test_a_cut_cable_loses_what_comes_and_what_goes(self):
        before = self.connect("b", "a")
        self.assertTrue(answers(before))

        self.hosts.cut("a")

        self.expect_reach("bc", "cb")
        self.assertFalse(self.reaches(TEST, "a"))
        self.assertFalse(answers(before))

        # What was sent meanwhile comes late: nothing ever told the two that they were apart.
        self.hosts.restore("a")
        before.settimeout(5)
        self.assertEqual(before.recv(1), b"?")
        self.expect_reach(*EVERYBODY)

    def test_two_hosts_that_do_not_reach_each_other_reach_the_rest(self):
        self.hosts.cut("a", "b")

        self.expect_reach("ac", "ca", "bc", "cb")

    def test_each_direction_is_cut_by_itself(self):
        everywhere = {one + other for one in self.names for other in self.names if one != other}
        self.assertEqual(self.delivered(), everywhere)      # and hardware addresses are known now
        hosts = self.hosts
        for cut, lost in ((lambda: hosts.cut("a", "b", ways=ONE), {"ab"}),
                          (lambda: hosts.cut("b", "a", ways=ONE), {"ba"}),
                          (lambda: hosts.cut("a", "b"), {"ab", "ba"}),
                          (lambda: hosts.cut("c", ways=ONE), {"ca", "cb"}),
                          (lambda: hosts.cut_into("c"), {"ac", "bc"}),
                          (lambda: hosts.cut("c"), {"ca", "cb", "ac", "bc"}),
                          (lambda: hosts.partition("a", "bc"), {"ab", "ba", "ac", "ca"})):
            cut()
            self.assertEqual(self.delivered(), everywhere - lost)
            hosts.restore()
        self.assertEqual(self.delivered(), everywhere)

    def delivered(self):
        """Between which hosts, written like ab, a datagram arrives."""
        sockets = {}
        for host in self.hosts:
            with host.inside():
                sockets[host.name] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sockets[host.name].bind((host.address, 0))
        found = set()
        for one, sender in sockets.items():
            for other, receiver in sockets.items():
                if one != other:
                    sender.sendto(one.encode(), receiver.getsockname())
        time.sleep(0.1)
        for name, receiver in sockets.items():
            receiver.setblocking(False)
            with receiver, contextlib.suppress(BlockingIOError):
                while True:
                    found.add(receiver.recv(10).decode() + name)
        return found

    def test_a_partition_separates_groups_and_leaves_the_test_alone(self):
        self.hosts.partition(["a"], ["b", "c"])

        self.assertFalse(self.reaches("c", "a"))
        self.assertTrue(self.reaches("c", "b"))
        self.assertTrue(all(self.reaches(TEST, name) for name in self.names))

    def test_without_a_route_a_connect_fails_at_once_and_a_connection_hears_nothing(self):
        before = self.connect("a", "b")
        self.assertTrue(answers(before))
        for kind, number in (("blackhole", errno.EINVAL), ("unreachable", errno.EHOSTUNREACH)):
            self.hosts.block("a", "b", kind)
            begun = time.monotonic()
            with self.assertRaises(OSError) as failed:
                self.connect("a", "b")
            self.assertLess(time.monotonic() - begun, PATIENCE / 2)
            self.assertEqual(failed.exception.errno, number)
            self.expect_reach("ac", "ca", "bc", "cb")

        self.assertFalse(answers(self.connect("c", "a")) and answers(before))
        self.hosts.restore()
        self.expect_reach(*EVERYBODY)


class BadCables(OnHosts):
    def took(self, connection):
        begun = time.monotonic()
        self.assertTrue(answers(connection))
        return time.monotonic() - begun

    def test_a_delay_is_added_each_way_to_one_host_and_taken_away_again(self):
        ab, bc = self.connect("a", "b", 5), self.connect("b", "c", 5)
        self.assertLess(min(self.took(ab) for _ in range(5)), 0.02)

        self.hosts.impair("a", delay=0.06)

        # The first question may find that nobody knows the hardware address any more.
        self.assertTrue(answers(ab))
        slow = min(self.took(ab) for _ in range(3))
        self.assertGreater(slow, 0.12)
        self.assertLess(slow, 0.2)
        self.assertLess(min(self.took(bc) for _ in range(5)), 0.02)

        self.hosts.restore("a")
        self.assertTrue(answers(ab))
        self.assertLess(min(self.took(ab) for _ in range(5)), 0.02)

    def test_a_cut_and_a_delay_hold_at_the_same_time(self):
        self.hosts.cut("a", "b")
        self.hosts.impair("a", delay=0.01)

        self.expect_reach("ac", "ca", "bc", "cb")

    def test_lost_frames_are_sent_again_and_no_byte_is_wrong(self):
        sent = os.urandom(2 * MIB)
        before = self.retransmitted()

        # A frame may be a segment of 64 KiB: there are not many of them.
        self.hosts.impair("a", delay=0.001, loss=0.1)

        connection = self.connect("a", "b", 10)
        threading.Thread(target=connection.sendall, args=(sent,), daemon=True).start()
        came = bytearray()
        while len(came) < len(sent):
            came += connection.recv(MIB)
        self.assertEqual(came, sent)
        self.assertGreater(self.retransmitted(), before)

    def retransmitted(self):
        count = 0
        for host in self.hosts:
            told = host.run(["cat", "/proc/net/snmp"]).stdout
            names, values = (line.split() for line in told.splitlines() if line.startswith("Tcp:"))
            count += int(values[names.index("RetransSegs")])
        return count

    def test_large_segments_pass_a_bad_cable(self):
        if has_netem():
            self.skipTest("netem passes them")
        self.hosts.impair("a")
        connection = self.connect("b", "a", 10)
        sent = os.urandom(MIB) * 16
        threading.Thread(target=connection.sendall, args=(sent,), daemon=True).start()
        came = bytearray()
        while len(came) < len(sent):
            came += connection.recv(MIB)
        self.assertTrue(came == sent)


class HostsComeAndGo(OnHosts):
    def test_a_host_that_loses_its_power_says_no_farewell_and_comes_back_with_its_address(self):
        hosts, directory = self.hosts, self.world.new_directory("power")
        before = self.connect("b", "a")
        self.assertTrue(answers(before))
        runs = Daemon("runs", hosts["a"].enter(["sleep", "60"]), directory).start()
        hosts.impair("a", delay=0.001)      # a bad cable keeps nothing of it either

        hosts.power_off("a")

        self.assertEqual(runs.wait(5), -signal.SIGKILL)
        runs.stop()
        self.assertRaises(TimeoutError, before.recv, 1)
        self.expect_silence_from("a")

        hosts.power_on("a")
        self.serve(hosts["a"])
        self.expect_reach(*EVERYBODY)
        # The other end learns of it once it says something: nobody there knows the connection.
        with self.assertRaises(ConnectionResetError):
            before.settimeout(5)
            before.sendall(b"?")
            while before.recv(1):
                pass

    def test_what_a_killed_maker_left_is_removed_and_what_a_living_one_has_is_kept(self):
        program = "import sys, time; sys.path.insert(0, sys.argv[1])\n" \
                  "from harness.hosts import Hosts\n" \
                  "made = Hosts(['x', 'y']).make(); made.impair('x', delay=0.01)\n" \
                  "print('made', flush=True); time.sleep(60)"
        maker = subprocess.Popen([sys.executable, "-c", program, sys.path[0]],
                                 stdout=subprocess.PIPE)
        self.addCleanup(maker.stdout.close)
        self.assertEqual(maker.stdout.readline(), b"made\n")
        self.assertEqual(len(self.left_by(maker.pid)), 3)
        sweep()
        self.assertEqual(len(self.left_by(maker.pid)), 3)

        maker.kill()
        maker.wait()
        sweep()

        self.assertEqual(self.left_by(maker.pid), [])
        legs = run(["ip", "-o", "link"]).stdout
        self.assertNotIn(f"lode{maker.pid}.", legs)
        self.expect_reach(*EVERYBODY)

    def test_nothing_is_left_after_an_orderly_end(self):
        more = Hosts(["x", "y"]).make()
        before = set(self.left_by(os.getpid()))
        more.impair("y", delay=0.01)

        more.remove()

        self.assertEqual(len(before - set(self.left_by(os.getpid()))), 3)
        self.assertEqual(len(self.left_by(os.getpid())), 4)
        self.expect_reach(*EVERYBODY)

    def test_where_there_are_no_namespaces_the_reason_is_said(self):
        program = "import sys; sys.path.insert(0, sys.argv[1])\n" \
                  "from harness.hosts import Hosts, Impossible\n" \
                  "try: Hosts(['x']).make()\n" \
                  "except Impossible as why: print(why)"
        told = run(["setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set=-all", "--",
                    "/usr/bin/python3", "-B", "-c", program, sys.path[0]], check=False)

        self.assertEqual(told.stdout, "needs root: the hosts are network namespaces\n", told)

    def expect_silence_from(self, name):
        self.assertFalse(any(self.reaches(one, name) for one in (*self.names, TEST) if one != name))

    @staticmethod
    def left_by(pid):
        return [name for name in os.listdir(NAMESPACES)
                if name.startswith(f"lode-{pid}.")]
