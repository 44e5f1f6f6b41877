#!/usr/bin/python3
"""coaxd-nftables with the kernel's own packet filter: a subscriber, the router that runs the agent, and the world behind it.

  subscriber  100.64.7.9, .10  ---  100.64.7.1  router  10.9.9.1  ---  10.9.9.2  world: 203.0.113.50, the garden 10.66.0.1 and .2, and a scanner 198.51.100.7
"""
import contextlib
import datetime
import json
import pathlib
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import unittest

import base
import mock_api
import netns
from mock_api import wait_until

agent = base.program("coaxd-nftables")
WORLD, PORTAL, RESOLVER, SCANNER = "203.0.113.50", "10.66.0.1", "10.66.0.2", "198.51.100.7"
INFECTED, NEIGHBOUR = "100.64.7.9", "100.64.7.10"


class World:
    """Answers every connection and datagram with the address that it came to."""

    def __init__(self, namespace):
        self.received, self.running = 0, True
        with namespace.entered():
            self.listening = [socket.create_server(("0.0.0.0", port), backlog=64) for port in (53, 80, 443, 5000)]
            self.datagrams = []
            for address in (WORLD, PORTAL, RESOLVER, SCANNER):
                for port in (53, 5000):
                    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    one.bind((address, port))
                    self.datagrams.append(one)
        self.open = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while self.running:
            for one in select.select([*self.listening, *self.datagrams, *self.open], [], [], 0.05)[0]:
                with contextlib.suppress(OSError):
                    if one in self.listening:
                        self.open.append(one.accept()[0])
                    elif one in self.datagrams:
                        _, sender = one.recvfrom(2048)
                        self.received += 1
                        one.sendto(one.getsockname()[0].encode(), sender)
                    elif one.recv(2048):
                        one.sendall(one.getsockname()[0].encode())
                    else:
                        self.open.remove(one)
                        one.close()

    def close(self):
        self.running = False
        self.thread.join()
        for one in (*self.listening, *self.datagrams, *self.open):
            one.close()


class WithKernel(base.Folder):
    def setUp(self):
        super().setUp()
        self.subscriber, self.router, self.far = netns.Namespace(), netns.Namespace(), netns.Namespace()
        for namespace in (self.subscriber, self.router, self.far):
            self.addCleanup(namespace.close)
        netns.veth(self.subscriber, "cpe0", "02:00:00:00:07:09", self.router, "cable0", "02:00:00:00:07:01")
        netns.veth(self.router, "up0", "02:00:00:00:09:01", self.far, "down0", "02:00:00:00:09:02")
        self.subscriber.ip(f"addr add {INFECTED}/24 dev cpe0", f"addr add {NEIGHBOUR}/24 dev cpe0", "route add default via 100.64.7.1")
        self.router.ip("addr add 100.64.7.1/24 dev cable0", "addr add 10.9.9.1/24 dev up0", "route add default via 10.9.9.2")
        self.far.ip("addr add 10.9.9.2/24 dev down0", "route add 100.64.0.0/10 via 10.9.9.1",
                    *(f"addr add {address}/32 dev lo" for address in (WORLD, PORTAL, RESOLVER, SCANNER)))
        self.router.sysctl("net.ipv4.ip_forward", 1)
        self.world = World(self.far)
        self.addCleanup(self.world.close)
        with self.router.entered():
            self.api = mock_api.Api()
        self.addCleanup(self.api.close)
        (self.folder / "token").write_text(mock_api.TOKEN)
        self.config = self.folder / "nftables.toml"
        self.config.write_text(f'[api]\nurl = "{self.api.url}"\ntoken_file = "{self.folder}/token"\n[nftables]\nportal = "{PORTAL}"\ndns = ["{RESOLVER}"]\n'
                               f'allow = ["198.51.100.0/24"]\nnever = ["100.64.7.1"]\n')

    def launch(self):
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            process = self.router.popen(["/usr/bin/python3", "-B", base.AGENTS / "coaxd-nftables", str(self.config)], stderr=log, stdout=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start(self):
        connects = self.api.connects
        process = self.launch()
        self.assertTrue(wait_until(lambda: self.api.connects > connects and self.api.lists), self.logged())
        return process

    def logged(self):
        return (self.folder / "log").read_text(encoding="utf-8")

    def held(self):
        """{address: timeout or None} as the kernel has it; None without a table."""
        done = self.router.run(["/usr/sbin/nft", "-j", "list", "set", "ip", "coaxd", "quarantined"], capture_output=True, text=True)
        if done.returncode:
            return None
        elements = next(one["set"] for one in json.loads(done.stdout)["nftables"] if "set" in one).get("elem", [])
        return {one["elem"]["val"]: one["elem"].get("timeout") for one in elements if isinstance(one, dict)} | dict.fromkeys(one for one in elements if isinstance(one, str))

    def wait_held(self, *addresses):
        self.assertTrue(wait_until(lambda: set(self.held() or ()) == set(addresses)), f"{self.held()}\n{self.logged()}")

    def talk(self, source, destination, port, kind=socket.SOCK_STREAM, wait=10.0):
        """Who answers a subscriber: an address, "reset", or "nobody"."""
        with self.subscriber.entered(), socket.socket(socket.AF_INET, kind) as one:
            one.settimeout(wait)
            one.bind((source, 0))
            try:
                one.connect((destination, port))
                one.send(b"hello")
                return one.recv(100).decode()
            except ConnectionError:
                return "reset"
            except TimeoutError:
                return "nobody"


class Held(WithKernel):
    def test_what_passes_and_what_does_not(self):
        self.start()
        with self.subscriber.entered():
            standing = socket.create_connection((WORLD, 5000), source_address=(INFECTED, 0), timeout=10)
        self.addCleanup(standing.close)
        standing.sendall(b"hello")
        self.assertEqual(WORLD, standing.recv(100).decode())
        for address in (INFECTED, NEIGHBOUR):
            self.assertEqual([WORLD] * 3, [self.talk(address, WORLD, port) for port in (5000, 80, 443)])

        self.api.change("q-1", addresses=[INFECTED])
        self.wait_held(INFECTED)
        self.assertEqual("nobody", self.talk(INFECTED, WORLD, 5000, wait=0.5))
        self.assertEqual(PORTAL, self.talk(INFECTED, WORLD, 80))
        self.assertEqual(PORTAL, self.talk(INFECTED, PORTAL, 443))
        self.assertEqual("reset", self.talk(INFECTED, WORLD, 443))
        self.assertEqual([RESOLVER] * 2, [self.talk(INFECTED, address, 53, socket.SOCK_DGRAM) for address in (WORLD, RESOLVER)])
        self.assertEqual(RESOLVER, self.talk(INFECTED, WORLD, 53))
        self.assertEqual("nobody", self.talk(INFECTED, PORTAL, 5000, wait=0.5))       # nor is all of the garden open
        self.assertEqual([SCANNER] * 3, [self.talk(INFECTED, SCANNER, port) for port in (80, 443, 5000)])
        standing.sendall(b"hello")
        standing.settimeout(0.5)
        with self.assertRaises(TimeoutError):                    # what stood before is cut as well
            standing.recv(100)
        self.assertEqual([WORLD] * 3, [self.talk(NEIGHBOUR, WORLD, port) for port in (5000, 80, 443)])
        received = self.world.received
        with self.far.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inward, self.subscriber.entered(), \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inside:
            inside.bind((INFECTED, 7000))
            inside.settimeout(0.5)
            inward.sendto(b"orders", (INFECTED, 7000))
            with self.assertRaises(TimeoutError):
                inside.recv(100)
        self.assertEqual(received, self.world.received)

        self.api.change("q-1", state="released")
        self.wait_held()
        self.assertEqual([WORLD] * 3, [self.talk(INFECTED, WORLD, port) for port in (5000, 80, 443)])
        standing.settimeout(20)
        self.assertEqual(WORLD, standing.recv(100).decode())     # TCP sends again what was dropped

    def test_a_set_that_a_resolver_fills(self):
        self.start()
        self.api.change("q-1", addresses=[INFECTED])
        self.wait_held(INFECTED)
        self.assertEqual("nobody", self.talk(INFECTED, WORLD, 5000, wait=0.5))
        done = self.router.run(["/usr/sbin/nft", "add element ip coaxd answered { " + WORLD + " }"], capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual([WORLD] * 2, [self.talk(INFECTED, WORLD, port) for port in (5000, 80)])

    def test_several_addresses_and_cases(self):
        self.start()
        self.api.change("q-1", addresses=[INFECTED, "100.64.7.20"])
        self.api.change("q-2", addresses=[INFECTED, NEIGHBOUR])
        self.wait_held(INFECTED, "100.64.7.20", NEIGHBOUR)
        self.api.change("q-1", addresses=["100.64.7.21"])        # he has another one now
        self.wait_held("100.64.7.21", INFECTED, NEIGHBOUR)
        self.api.change("q-2", state="expired", event="release")
        self.wait_held("100.64.7.21")

    def test_the_kernel_lets_go_by_itself_whose_time_ends(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        hour = (now + datetime.timedelta(hours=1)).isoformat().replace("+00:00", "Z")
        self.api.change("q-1", addresses=[INFECTED], until=hour)
        self.api.change("q-2", addresses=[NEIGHBOUR], until=(now - datetime.timedelta(hours=1)).isoformat())
        self.api.change("q-3", addresses=["100.64.7.20"])
        self.start()
        self.wait_held(INFECTED, NEIGHBOUR, "100.64.7.20")
        held = self.held()
        self.assertTrue(agent.SKEW < held[INFECTED] <= 3600 + agent.SKEW, held)
        self.assertTrue(0 < held[NEIGHBOUR] <= agent.SKEW, held)          # active, says the server: our clocks differ
        self.assertIsNone(held["100.64.7.20"])

    def test_replacing_the_set_lets_nothing_through(self):
        self.start()
        self.api.change("q-0", addresses=[INFECTED])
        self.wait_held(INFECTED)
        stop, sent = threading.Event(), [0]
        with self.subscriber.entered():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        sender.bind((INFECTED, 0))

        def flood():
            while not stop.is_set():
                sender.sendto(b"scan", (WORLD, 5000))
                sent[0] += 1

        received = self.world.received
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        for number in range(1, 101):
            self.api.change(f"q-{number}", addresses=[f"100.64.8.{number}"])
        self.wait_held(INFECTED, *(f"100.64.8.{number}" for number in range(1, 101)))
        stop.set()
        thread.join()
        self.assertGreater(sent[0], 100)
        self.assertEqual(received, self.world.received)


class Losses(WithKernel):
    def test_while_the_api_is_away_the_set_stays(self):
        self.start()
        self.api.change("q-1", addresses=[INFECTED])
        self.api.change("q-2", addresses=["100.64.7.20"])
        self.wait_held(INFECTED, "100.64.7.20")
        self.api.token, token = "another", self.api.token        # 401 from now on
        self.api.hang_up()
        self.assertTrue(wait_until(lambda: "401" in self.logged() or "the API is away" in self.logged()), self.logged())
        self.api.change("q-1", state="released", tell=False)
        self.api.change("q-3", addresses=[NEIGHBOUR], tell=False)
        self.assertEqual({INFECTED, "100.64.7.20"}, set(self.held()))
        self.assertEqual("nobody", self.talk(INFECTED, WORLD, 5000, wait=0.5))
        self.api.token = token
        self.wait_held("100.64.7.20", NEIGHBOUR)                 # the whole list, not what the stream forgot
        self.assertIn("the API is back", self.logged())
        self.assertEqual([None, "2"], self.api.last_event_ids[:2])

    def test_a_restart_leaves_no_gap(self):
        process = self.start()
        self.api.change("q-1", addresses=[INFECTED])
        self.wait_held(INFECTED)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(20))
        self.assertEqual({INFECTED: None}, self.held())
        self.api.token, token = "another", self.api.token
        tries = self.logged().count("is away")
        self.launch()
        self.assertTrue(wait_until(lambda: self.logged().count("is away") > tries), self.logged())
        self.assertEqual({INFECTED: None}, self.held())          # started anew, and knows nothing yet
        self.api.change("q-1", state="released", tell=False)
        self.api.token = token
        self.wait_held()

    def test_any_kind_of_event_tells_what_is(self):
        self.start()
        for kind, addresses in (("quarantine", [INFECTED]), ("alert", [INFECTED]), ("reset", [INFECTED, NEIGHBOUR]), ("effect", [NEIGHBOUR])):
            self.api.change("q-1", addresses=addresses, event=kind)
            self.wait_held(*addresses)
        self.api.send(b'event: noted\ndata: {"id":null,"state":"active","addresses":["100.64.7.20"]}\n\n')     # an alert that led to nothing
        self.api.change("q-2", addresses=["100.64.7.21"])
        self.wait_held(NEIGHBOUR, "100.64.7.21")

    def test_the_list_is_asked_for_again(self):
        """New machines behind a modem are in the list without an event."""
        one = agent.Agent({"nftables": {"portal": PORTAL, "dns": [RESOLVER], "allow": [], "never": [], "nft": "/bin/true"}})
        one.api = agent.Api({"url": "http://127.0.0.1:1", "token_file": str(self.folder / "token"), "ca": "", "silence": 60})
        lists = [[{"id": "q-1", "state": "active", "addresses": [INFECTED]}], [{"id": "q-1", "state": "active", "addresses": [INFECTED, NEIGHBOUR]}]]
        one.api.list = lambda: lists.pop(0)
        every, agent.RENEW_EVERY = agent.RENEW_EVERY, 0
        self.addCleanup(setattr, agent, "RENEW_EVERY", every)

        class Stream:
            pieces = [b": still here\n\n", b""]

            def read1(self, _):
                return self.pieces.pop(0)

        one.follow(Stream())
        self.assertEqual([INFECTED, NEIGHBOUR], [str(address) for address in one.quarantine.held(0.0)])

    def test_pages(self):
        self.api.page = 7
        for number in range(100):
            self.api.change(f"q-{number}", addresses=[f"100.64.8.{number}"])
        self.start()
        self.wait_held(*(f"100.64.8.{number}" for number in range(100)))
        self.assertGreaterEqual(self.api.lists, 15)

    def test_twenty_thousand(self):
        self.api.page = 1000
        for number in range(20_000):
            self.api.change(f"q-{number}", addresses=[f"100.65.{number // 200}.{number % 200}"], tell=False)
        self.start()
        self.assertTrue(wait_until(lambda: len(self.held() or ()) == 20_000, 60))
        self.api.change("q-x", addresses=[INFECTED])
        self.assertTrue(wait_until(lambda: len(self.held()) == 20_001))

    def test_events_that_are_none(self):
        self.start()
        good = {"id": "q-9", "ip": INFECTED, "addresses": [INFECTED], "state": "active", "until": None}
        for value in ("{", "null", "[]", '"x"', "7", "[" * 50_000, '{"id":7}', json.dumps(good | {"id": "a", "addresses": ["1.2.3.4; flush ruleset"]}),
                      json.dumps(good | {"id": "b", "addresses": [None, 7, "::1", "100.64.7.1", PORTAL, RESOLVER]}), json.dumps(good | {"id": "c", "addresses": "x", "state": []}),
                      json.dumps(good | {"id": "d", "addresses": [], "until": "never"}), json.dumps(good | {"id": "e", "addresses": ["100.64.7.30"], "until": {"x": 1}})):
            self.api.send(b"event: quarantine\ndata: " + value.encode() + b"\n\n")
        self.api.send(b"event: weather\ndata: fine\n\nevent: quarantine\n\n: comment\n\xff\xfe\x00\n\ndata\n\n")
        first, second = json.dumps(good).split(", ", 1)
        octets = f"event: quarantine\r\nid: 77\r\ndata: {first},\r\ndata: {second}\r\n\r\n".encode()
        for at in range(len(octets)):
            self.api.send(octets[at:at + 1])
        self.wait_held(INFECTED, "100.64.7.30")
        self.assertIn("never one of these", self.logged())

    def test_an_event_without_an_end(self):
        self.start()
        for _ in range(40):
            self.api.send(b"data: " + b"x" * 65_000 + b"\n")
        self.assertTrue(wait_until(lambda: "without an end" in self.logged()), self.logged())
        self.assertTrue(wait_until(lambda: self.api.connects == 2))

    def test_rules_that_somebody_flushed(self):
        process = self.start()
        self.api.change("q-1", addresses=[INFECTED])
        self.wait_held(INFECTED)
        self.router.run(["/usr/sbin/nft", "flush", "ruleset"])
        self.api.change("q-2", addresses=[NEIGHBOUR])
        self.assertEqual(2, process.wait(20))                    # systemd starts it again
        self.start()
        self.wait_held(INFECTED, NEIGHBOUR)

    def test_remove(self):
        self.start()
        self.api.change("q-1", addresses=[INFECTED])
        self.wait_held(INFECTED)
        for _ in range(2):                                       # the second time there is nothing left
            done = self.router.run(["/usr/bin/python3", "-B", base.AGENTS / "coaxd-nftables", "--remove", str(self.config)], capture_output=True, text=True)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertIsNone(self.held())
        self.assertEqual(WORLD, self.talk(INFECTED, WORLD, 5000))


class WithoutKernel(base.Folder):
    def test_any_cut_of_a_stream(self):
        stream = b'id: 1\nevent: quarantine\ndata: {"id":"a"}\n\n: alive\n\nid: 2\r\nevent: release\r\ndata: {\r\ndata: }\r\n\r\ndata: x\n\n'
        expected = [("quarantine", '{"id":"a"}'), ("release", "{\n}"), ("message", "x")]
        for first in range(len(stream)):
            events = agent.Events()
            self.assertEqual(expected, [*events.feed(stream[:first]), *events.feed(stream[first:])], first)
            self.assertEqual("2", events.last_id)

    def test_random_streams(self):
        rng = random.Random(20261123)
        seed = b'id: 1\nevent: quarantine\ndata: {"id":"a","ip":"100.64.7.9","addresses":["100.64.7.9"],"state":"active","until":"2026-11-23T12:00:00Z"}\n\n'
        log, agent.log = agent.log, lambda text: None
        self.addCleanup(setattr, agent, "log", log)
        for _ in range(3000):
            octets = bytearray(seed * 2)
            for _ in range(rng.randrange(1, 10)):
                at = rng.randrange(len(octets))
                octets[at:at + rng.randrange(4)] = rng.choice([b"", b"\n\n", b"\r", b'"', b"{", b"]", b"\xff", b"null", b":", b"9" * 20, bytes([rng.randrange(256)])])
            one = agent.Agent({"nftables": {"portal": PORTAL, "dns": [RESOLVER], "allow": [], "never": [], "nft": "/bin/false"}})
            for _, data in one.events.feed(bytes(octets)):
                one.take(data)
            for address, seconds in one.quarantine.held(1795435200.0).items():
                self.assertRegex(f"{address} {seconds}", r"^[0-9.]{7,15} (None|\d+)$")

    def test_mistakes_are_told(self):
        path = self.folder / "x.toml"
        (self.folder / "token").write_text("t")
        for old, new, words in (("portal =", "portl =", "did you mean portal"), ('dns = ["10.66.0.1"]', "dns = []", "must name the garden"),
                                ('dns = ["10.66.0.1"]', 'dns = ["garden"]', "write such as 10.66.0.1"), ("allow = []", 'allow = ["10.0.0.1/8"]', "host bits"),
                                ('portal = "10.66.0.1"', 'portal = "10.66.0.1:0"', "must be such as"), ("silence = 60", "silence = 0", "1 to 3600"),
                                ("silence = 60", 'silence = "60"', "must be a int"), ("[nftables]", "[nft]", "no such section"), ("[api]", "[api", "Expected"),
                                ('url = "http://127.0.0.1:8067"', 'url = "127.0.0.1"', "must be such as")):
            self.assertIn(old, agent.EXAMPLE)
            path.write_text(agent.EXAMPLE.replace(old, new))
            with self.assertRaises(agent.Mistake, msg=new) as raised:
                settings = agent.settings_from(path)
                settings["api"]["token_file"] = str(self.folder / "token")
                agent.Agent(settings)
                agent.Api(settings["api"])
            self.assertIn(words, str(raised.exception))

    def test_the_example_is_right(self):
        path = self.folder / "x.toml"
        path.write_text(agent.EXAMPLE)
        process = subprocess.run(["/usr/bin/python3", "-B", base.AGENTS / "coaxd-nftables", "--print", path], capture_output=True, text=True, check=True, timeout=30)
        self.assertIn("dnat to 10.66.0.1:80", process.stdout)


if __name__ == "__main__":
    reason = netns.missing("nft")
    if reason:
        print(f"1..0 # SKIP {pathlib.Path(sys.argv[0]).name}: {reason}")
        sys.exit(77)
    unittest.main()
