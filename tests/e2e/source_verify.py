#!/usr/bin/python3
"""CMTSs with `cable source-verify dhcp` live by the server's answers (RFC 4388 and its drafts): whoever has a lease passes, after a reload too, and nobody else ever does.
Exit 77: cannot run here.

    CMTSs 10.1.0.1 (rfc4388), 10.1.0.2 (draft0), 10.1.0.3 (draft2), 10.2.0.1 and 10.9.0.1 (not listed) up0 --- cmts0 192.168.1.1 server
"""
import contextlib
import json
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time
import unittest

import base             # puts tests/lib on the path
import capture
import cmts_simulator
import dhcp_packet
import netns
import server
from cmts_simulator import Cpe

SERVER, RELAYS = "192.168.1.1", ("10.1.0.1", "10.1.0.2", "10.1.0.3", "10.2.0.1", "10.9.0.1")
DIALECT_OF = {"10.1.0.1": "rfc4388", "10.1.0.2": "draft0", "10.1.0.3": "draft2"}
MANY, FIRST_MAC, PER_MODEM = 20_000, 0x02c0a0000000, 4
SHORT_LEASE = 2
# 10.2/16: leases that end while one waits. 10.3/16: nobody ever has one. 10.4/16: not ours at all.
CONFIG = f"""
ping-check off;
authoritative;
default-lease-time 3600;
max-lease-time 3600;
subnet 192.168.1.0 netmask 255.255.255.0 {{ }}
subnet 10.1.0.0 netmask 255.255.0.0 {{ range 10.1.8.0 10.1.107.255; }}
subnet 10.2.0.0 netmask 255.255.0.0 {{ range 10.2.8.0 10.2.8.255; min-lease-time 1; default-lease-time {SHORT_LEASE}; max-lease-time {SHORT_LEASE}; }}
subnet 10.3.0.0 netmask 255.255.0.0 {{ range 10.3.8.0 10.3.107.255; }}
host static {{ hardware ethernet 02:00:5e:00:53:80; fixed-address 10.1.200.1; }}
"""
REQUESTERS = """
[leasequery]
requesters = [
  { prefix = "10.1.0.1" },
  { prefix = "10.1.0.2", dialect = "draft0" },
  { prefix = "10.1.0.3", dialect = "draft2" },
  { prefix = "10.2.0.1", rate = 2000 },
]
"""


def mac_text(number):
    return dhcp_packet.mac_text(number.to_bytes(6, "big"))


def cpe_of(mac):
    """Client `mac` of coaxstorm, which puts the first of each few behind its own MAC."""
    number = int(mac.replace(":", ""), 16)
    return Cpe(mac, mac_text(number - (number - FIRST_MAC) % PER_MODEM))


def device(number):
    return Cpe(f"02:00:5e:00:54:{number:02x}", f"02:00:5e:00:55:{number:02x}")


def promised(path):
    """What an ack log tells of each address: who had it last, until when, and whether it was given back."""
    found = {}
    for line in path.read_text(encoding="ascii").splitlines():
        acked, mac, address, seconds = line.split()
        found[address] = (cpe_of(mac), float(acked) + int(seconds), seconds == "0")
    return found


class Site(unittest.TestCase):
    """A server and its CMTSs. Those who make one call build()."""

    @classmethod
    def build(cls, register, settings=REQUESTERS):
        stack = contextlib.ExitStack()
        register(stack.close)
        cls.programs = pathlib.Path(base.Settings.server).parent
        cls.folder = pathlib.Path(stack.enter_context(capture.temporary_folder()))
        near, cls.far = (stack.enter_context(netns.Namespace()) for _ in range(2))
        netns.veth(near, "cmts0", "02:00:00:00:01:01", cls.far, "up0", "02:00:00:00:01:02")
        near.ip(f"addr add {SERVER}/24 broadcast + dev cmts0", "route add 10.0.0.0/8 via 192.168.1.2")
        cls.far.ip("addr add 192.168.1.2/24 broadcast + dev up0", *(f"addr add {address}/32 dev lo" for address in RELAYS))
        toml = cls.folder / "coaxd.toml"
        toml.write_text(f'[control]\nsocket = "{cls.folder}/control.sock"\n[store]\nsegment_mb = 1\n{settings}', encoding="ascii")
        cls.running = stack.enter_context(server.Server(base.Settings.server, near, str(cls.folder), CONFIG, ["cmts0"],
                                                        ["-C", str(toml), *base.Settings.server_options]))

    @classmethod
    def storm(cls, mode, first, count, relay, *words):
        """What coaxstorm saw, which is that nobody was refused, left alone or told something wrong."""
        done = cls.far.run([f"{cls.programs}/coaxstorm", mode, "--server", SERVER, "--relay", relay, "--mac", mac_text(FIRST_MAC), "--first", str(first),
                            "--clients", str(count), "--clients-per-modem", str(PER_MODEM), "--quiet", "--json", "-", *words],
                           capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(done)
        return json.loads(done.stdout)

    def cmts(self, giaddr="10.1.0.1", memory=3600, **settings):
        """With a memory for the whole test, so that each address is asked about once, however slow the machine."""
        made = cmts_simulator.Cmts(self.far, giaddr, SERVER, DIALECT_OF.get(giaddr, "rfc4388"), memory=memory, **settings)
        self.addCleanup(made.close)
        return made

    def coaxctl(self, *words):
        return subprocess.run([f"{self.programs}/coaxctl", "--socket", f"{self.folder}/control.sock", *words],
                              capture_output=True, text=True, timeout=30, check=True).stdout

    def metrics(self):
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in self.coaxctl("metrics").splitlines() if not line.startswith("#")}

    def bind(self, cmts, cpe, address=None):
        """The device gets an address through this CMTS, or this one."""
        if address is None:
            address = self.exchange(cmts, cpe, "DISCOVER", "OFFER").yiaddr
        self.assertEqual(address, self.exchange(cmts, cpe, "REQUEST", "ACK", (50, dhcp_packet.ip_bytes(address))).yiaddr)
        return address

    def exchange(self, cmts, cpe, kind, expected, *options):
        message = dhcp_packet.Message(xid=random.getrandbits(32), chaddr=dhcp_packet.mac_bytes(cpe.mac))
        for code, value in ((53, bytes([dhcp_packet.TYPE_CODES[kind]])), *options):
            message.add(code, value)
        cmts.relay(cpe, message)
        for _ in range(100):
            for reply in cmts.hear(0.1):
                if reply.xid == message.xid:
                    self.assertEqual(expected, reply.type)
                    return reply
        self.fail(f"no {expected}")

    def give_back(self, cpe, address):
        """RELEASE by the device to the server (RFC 2131 §4.4.6); over when the server says that nobody has the address."""
        message = dhcp_packet.Message(xid=random.getrandbits(32), chaddr=dhcp_packet.mac_bytes(cpe.mac), ciaddr=address)
        message.add(53, b"\7").add(54, dhcp_packet.ip_bytes(SERVER))
        with self.far.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(message.encode(), (SERVER, 67))
        with self.cmts("10.2.0.1", memory=0) as asking:
            self.assertTrue(base.wait_until(lambda: self.settled(asking, address) == "unassigned"))

    def settled(self, cmts, address):
        cmts.reload()
        cmts.downstream(address)
        cmts.hear(0.2)
        return cmts.verdicts.get(address)

    def all_pass(self, cmts, packets):
        blocked = cmts_simulator.play(cmts, packets, 40)
        self.assertEqual(0, len(blocked), (blocked[:3], cmts.counted))

    def none_passes(self, cmts, packets):
        """All of them are judged, not only left without an answer."""
        for _ in cmts_simulator.turns(cmts, 20):
            judged = all(address in cmts.verdicts for _, address in packets)
            for cpe, address in packets:
                self.assertFalse(cmts.upstream(cpe, address), (cpe, address, cmts.table.get(address)))
            if judged:
                return
        self.fail(f"not all were judged: {cmts.counted}")


class SourceVerify(Site):
    def setUp(self):
        self.build(self.addCleanup)

    def test_what_was_snooped_passes_without_a_query(self):
        cmts = self.cmts()
        address = self.bind(cmts, device(1))
        self.assertTrue(cmts.upstream(device(1), address))
        self.assertTrue(cmts.downstream(address))
        self.assertEqual({"snooped": 1, "passed": 2}, dict(cmts.counted))
        self.assertFalse(cmts.upstream(device(2), address), "another device's address")
        self.assertFalse(cmts.upstream(Cpe(device(1).mac, device(2).modem), address), "a MAC that was copied, behind another modem")

    def test_fixed_addresses_pass(self):
        """dhcpd says UNKNOWN of them, and cuts them off."""
        static = Cpe("02:00:5e:00:53:80", device(1).modem)
        for giaddr in DIALECT_OF:
            with self.subTest(dialect=DIALECT_OF[giaddr]), self.cmts(giaddr) as cmts:
                self.none_passes(cmts, [(device(1), "10.1.200.1"), (device(1), "10.1.200.2")])
                self.all_pass(cmts, [(static, "10.1.200.1")])

    def test_an_address_passes_for_who_has_it_now(self):
        """Its old tenant is dropped, by a CMTS that heard of the change, by one that was reloaded, and by one that knew the old tenant and hears of the new one's packets only."""
        here, reloaded, elsewhere = self.cmts(), self.cmts("10.1.0.2"), self.cmts("10.1.0.3", memory=0)
        old, new = device(1), device(2)
        address = self.bind(here, old)
        for cmts in (here, reloaded, elsewhere):
            self.all_pass(cmts, [(old, address)])
        here.release(old, address)
        self.give_back(old, address)
        self.assertFalse(here.upstream(old, address))
        self.bind(here, new, address)
        reloaded.reload()
        for cmts in (here, reloaded, elsewhere):
            self.all_pass(cmts, [(new, address)])
            self.none_passes(cmts, [(old, address)])

    def test_a_device_passes_behind_the_modem_where_it_is_now(self):
        """RFC 4388 §6.4.2: option 82 as last received from a relay."""
        here, there = self.cmts(), self.cmts("10.1.0.2")
        before = device(1)
        after = Cpe(before.mac, device(2).modem)
        address = self.bind(here, before)
        self.bind(here, after, address)
        self.all_pass(there, [(after, address)])
        self.none_passes(there, [(before, address)])

    def test_a_lease_renewed_past_the_cmts_passes_on(self):
        """RFC 2131 §4.3.2: T1's REQUEST is unicast, and a router need not look at it."""
        now = [0.0]
        cmts = self.cmts(clock=lambda: now[0])
        address = self.bind(cmts, device(1))
        now[0] = 3601.0
        self.assertFalse(cmts.upstream(device(1), address), "for all that the CMTS knows it has ended")
        self.all_pass(cmts, [(device(1), address)])
        self.assertEqual(1, cmts.counted["queries"])

    def test_no_answer_for_a_giaddr_that_is_not_listed(self):
        stranger, known = self.cmts("10.9.0.1"), self.cmts(patience=0)
        address = self.bind(known, device(1))
        refused = [f'coaxd_leasequery_refused_total{{requester="none",reason="{reason}"}}' for reason in ("not-allowed", "source-not-allowed")]
        with self.far.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
            liar.bind(("10.1.0.1", 0))
            for number, query_type in enumerate((10, 13)):
                self.assertFalse(stranger.upstream(device(1), address))
                message = dhcp_packet.Message(htype=0, hlen=0, xid=number, ciaddr=address, giaddr="10.9.0.1").add(53, bytes([query_type]))
                liar.sendto(message.encode(), (SERVER, 67))
        self.assertTrue(base.wait_until(lambda: self.metrics().get(refused[0]) == 3), self.metrics())
        self.assertEqual([], stranger.hear(0.2))
        self.assertEqual({"dropped": 2, "queries": 1}, dict(stranger.counted))
        self.assertEqual(0, self.metrics().get(refused[1], 0))

    def test_who_scans_costs_a_query_an_address(self):
        """RFC 4388 §7: negative answers are remembered."""
        now = [0.0]
        cmts, draw = self.cmts(memory=30.0, clock=lambda: now[0]), random.Random(1)
        scanned = [f"10.{draw.choice((1, 3, 4))}.{draw.randrange(8, 250)}.{draw.randrange(1, 255)}" for _ in range(1000)]
        for _ in range(5):
            self.none_passes(cmts, [(device(9), address) for address in scanned])
            for address in scanned:
                self.assertFalse(cmts.downstream(address))
        self.assertEqual(len(set(scanned)), cmts.counted["queries"])
        # One of them is given to somebody: he need not wait until it is forgotten.
        lucky = next(address for address in scanned if cmts.verdicts[address] == "unassigned" and address.startswith("10.1."))
        self.bind(cmts, device(1), lucky)
        self.assertTrue(cmts.upstream(device(1), lucky))
        self.assertFalse(cmts.upstream(device(9), lucky))
        now[0] = 31.0
        self.none_passes(cmts, [(device(9), scanned[0])])
        self.assertEqual(len(set(scanned)) + 1, cmts.counted["queries"])

    def test_by_hand(self):
        """docs/leasequery.md: what passes behind a CMTS after its reload."""
        with self.cmts("10.1.0.2") as before:
            addresses = [self.bind(before, device(number)) for number in (1, 2)]
        words = [sys.executable, "-B", cmts_simulator.__file__, "--server", SERVER, "--giaddr", "10.1.0.2", "--dialect", "draft0"]
        everybody = self.far.run([*words, "--leases", "-"], input=self.coaxctl("leases", "export"), capture_output=True, text=True)
        self.assertEqual((0, ""), (everybody.returncode, everybody.stderr))
        self.assertIn("2 of 2 pass after ", everybody.stdout)
        packets = [f"{device(1).mac}={addresses[0]}={device(1).modem}", f"{device(9).mac}={addresses[1]}", f"{device(9).mac}=10.1.200.200"]
        three = self.far.run([*words, "--seconds", "0.5", *packets], capture_output=True, text=True)
        self.assertEqual(1, three.returncode, three)
        self.assertEqual([f"{addresses[0]} from {device(1).mac}: passes (active, {device(1).mac} behind {device(1).modem})",
                          f"{addresses[1]} from {device(9).mac}: DROPPED (active, {device(2).mac} behind {device(2).modem})",
                          f"10.1.200.200 from {device(9).mac}: DROPPED (not leased)"], three.stdout.splitlines()[:3])


class Flooded(Site):
    """Scanners behind one CMTS, hundreds of thousands of queries for random addresses, most of them nobody's; devices behind the others."""
    CLIENTS, QUERIES = 2000, 200_000

    def begin(self, settings, giaddr, query_type):
        """Devices with leases, and the flood, which goes on for as long as the test needs it."""
        self.build(self.addCleanup, settings)
        self.acks = self.folder / "acks"
        self.storm("dora", 0, self.CLIENTS, "10.1.0.2", "--ack-log", str(self.acks))
        self.valid = [(cpe, address) for address, (cpe, _, _) in promised(self.acks).items()]
        self.flood = self.far.popen([f"{self.programs}/querystorm", SERVER, giaddr, "10.0.0.0", str(5 << 16), "rate=50000", "seconds=600", f"type={query_type}"],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(self.end_flood)
        self.assertTrue(base.wait_until(lambda: self.met() > 0))

    def end_flood(self):
        self.flood.kill()
        self.flood.wait(10)

    def met(self):
        """Queries, by what became of them."""
        return sum(count for name, count in self.metrics().items()
                   if name.startswith(("coaxd_leasequery_answers", "coaxd_leasequery_refused", 'coaxd_socket_drops_total{queue="leasequeries"')))

    def counted(self, start):
        return sum(count for name, count in self.metrics().items() if name.startswith(start))

    def serve_others(self):
        """DISCOVERs and REQUESTs come first."""
        renewed = self.storm("renew", 0, self.CLIENTS, "10.1.0.2", "--from-log", str(self.acks), "--count", str(self.CLIENTS), "--rate", "2000")
        bound = self.storm("dora", 30_000, 1000, "10.1.0.2", "--rate", "1000")
        for figures in (renewed, bound):
            self.assertEqual((figures["begun"], 0, 0), (figures["completed"], figures["refused"], figures["gave_up"]), figures)
        self.assertIsNone(self.flood.poll(), "it ended before the test did")

    def through(self):
        self.assertTrue(base.wait_until(lambda: self.met() > self.QUERIES, 60), self.metrics())
        for queue in ("discovers", "requests"):
            self.assertEqual(0, self.metrics()[f'coaxd_socket_drops_total{{queue="{queue}"}}'])
        self.end_flood()

    def test_a_cmts_that_asks_beyond_its_rate_harms_itself_alone(self):
        self.begin(REQUESTERS, "10.2.0.1", 10)
        cmts = self.cmts()
        self.all_pass(cmts, self.valid)
        self.serve_others()
        cmts.reload()
        self.all_pass(cmts, self.valid)
        self.assertEqual((2 * self.CLIENTS, 2 * self.CLIENTS), (cmts.counted["queries"], cmts.counted["active"]), cmts.counted)
        self.through()
        self.assertGreater(self.counted('coaxd_leasequery_refused_total{requester="10.2.0.1/32",reason="too-many"}'), 0)
        self.assertEqual(0, self.counted('coaxd_leasequery_refused_total{requester="10.1.0.1/32",reason="too-many"}'))
        self.all_pass(self.cmts("10.2.0.1"), self.valid)                          # once it is over

    def test_the_rate_of_all_together_leaves_dhcp_alone(self):
        self.begin(REQUESTERS + "rate = 1000\n", "10.1.0.3", 13)
        self.serve_others()
        self.through()
        self.assertGreater(self.counted('coaxd_leasequery_refused_total{requester="10.1.0.3/32",reason="busy"}'), 0)
        for giaddr in DIALECT_OF:
            self.all_pass(self.cmts(giaddr), self.valid)


class AfterAReload(Site):
    """Twenty thousand devices, and CMTSs that have forgotten them."""

    @classmethod
    def setUpClass(cls):
        cls.build(cls.addClassCleanup)
        short, acks, back = (cls.folder / name for name in ("short", "acks", "back"))
        cls.storm("dora", 40_000, 200, "10.2.0.1", "--ack-log", str(short))
        cls.storm("dora", 0, MANY, "10.1.0.1", "--ack-log", str(acks))
        cls.storm("release", 50_000, 200, "10.1.0.1", "--count", "200", "--ack-log", str(back))
        given, ended, released = (promised(path) for path in (acks, short, back))
        cls.valid, cls.ended, cls.released = ([(cpe, address) for address, (cpe, _, _) in each.items()] for each in (given, ended, released))
        ours = (f"10.1.{third}.{fourth}" for third in range(8, 108) for fourth in range(256))
        cls.free = [(cpe, address) for (cpe, _), address in zip(cls.valid, [each for each in ours if each not in given and each not in released])]
        over = max(until for _, until, _ in ended.values()) + 1
        base.wait_until(lambda: time.time() > over)

    def test_all_pass_again_and_nobody_else(self):
        """In each dialect: all send at once, again and again, those who lie among them."""
        self.assertEqual(MANY, len(self.valid))
        liars = {
            "another's address": [(cpe, self.valid[number - 777][1]) for number, (cpe, _) in enumerate(self.valid[:1000])],
            "a copied MAC": [(Cpe(cpe.mac, device(1).modem), address) for cpe, address in self.valid[:1000]],
            "an address that nobody has": self.free[:1000],
            "an address that nobody may have": [(cpe, f"10.{number % 2 + 3}.200.{number % 250}") for number, (cpe, _) in enumerate(self.valid[:500])],
            "a lease that has ended": self.ended,
            "a lease that was given back": self.released,
        }
        self.assertEqual([1000, 1000, 1000, 500, 200, 200], [len(each) for each in liars.values()])
        lies = {packet: why for why, packets in liars.items() for packet in packets}
        packets = [*self.valid, *lies]
        random.Random(1).shuffle(packets)
        for giaddr, dialect in DIALECT_OF.items():
            with self.subTest(dialect=dialect), self.cmts(giaddr) as cmts:
                self.play(cmts, packets, lies)
                negative = cmts.counted["unassigned"] + cmts.counted["unknown"] + cmts.counted["not leased"]
                self.assertEqual(MANY, cmts.counted["active"])
                self.assertEqual(len({address for _, address in lies if address not in cmts.table}), negative)

    def play(self, cmts, packets, lies):
        waiting = packets
        for _ in cmts_simulator.turns(cmts, 60):
            left = []
            for number, packet in enumerate(waiting):
                passes = cmts.upstream(*packet)
                if packet in lies:
                    self.assertFalse(passes, (lies[packet], packet))
                    passes = packet[1] in cmts.verdicts           # no more of it
                if not passes:
                    left.append(packet)
                if number % 256 == 255:
                    cmts.hear()
            waiting = left
            if not waiting:
                break
        self.assertEqual(0, len(waiting), (waiting[:3], cmts.counted))
        for packet, why in lies.items():
            self.assertFalse(cmts.upstream(*packet), (why, packet))

    def test_a_configuration_taken_over_meanwhile_cuts_nobody_off(self):
        cmts, taken_over = self.cmts(), 0
        asking = threading.Thread(target=cmts_simulator.play, args=(cmts, self.valid, 60))
        asking.start()
        while asking.is_alive():
            self.coaxctl("reload")
            taken_over += 1
        self.assertGreater(taken_over, 0)
        self.assertEqual((MANY, MANY), (len(cmts.table), cmts.counted["active"]), cmts.counted)
        self.assertEqual(0, cmts.counted["unassigned"] + cmts.counted["unknown"])

    def test_a_server_that_comes_back_says_nothing_wrong(self):
        """All ask while it is down and while it reads its leases: silence, but never that nobody has an address."""
        self.running.stop(kill=True)
        cmts = self.cmts("10.1.0.2")
        asking = threading.Thread(target=cmts_simulator.play, args=(cmts, self.valid, 60))
        asking.start()
        try:
            self.assertTrue(base.wait_until(lambda: cmts.counted["queries"] > MANY / 2))
            self.running.start(30)
        finally:
            asking.join()
        self.assertEqual((MANY, MANY, 0), (len(cmts.table), cmts.counted["active"], cmts.counted["not leased"]), cmts.counted)
        self.assertTrue(all(cmts.upstream(*packet) for packet in self.valid))


if __name__ == "__main__":
    base.main()
