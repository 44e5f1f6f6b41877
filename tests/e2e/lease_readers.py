#!/usr/bin/python3
"""Readers of other people on the leases file that the server writes: dhcpd-pools, python3-isc-dhcp-leases, dhcpd -T.

    lease_readers.py --server S               lets S make leases, stops it, reads the file it leaves
    lease_readers.py --leases F --config C    reads a file that was exported elsewhere
"""
import argparse
import json
import os
import subprocess
import sys
import unittest

import base
import capture
import dhcp_packet
import frames
import server
import testbed

try:
    from isc_dhcp_leases import IscDhcpLeases
except ImportError:
    IscDhcpLeases = None

CONFIG = """
ping-check off;
authoritative;
default-lease-time 3600;
subnet 192.168.0.0 netmask 255.255.255.0 { range 192.168.0.10 192.168.0.19; }
subnet 192.168.1.0 netmask 255.255.255.0 { }
subnet 10.1.0.0 netmask 255.255.255.0 {
  range 10.1.0.10 10.1.0.29;
  on commit { set note = "kept"; }
}
"""
ACTIVE, RELEASED = 5, 2            # clients that keep their lease, and that give it back
given = argparse.Namespace(leases=None, config=None)


def mac(number):
    return f"00:15:96:00:00:{number:02x}"


class Session:
    """Makes leases through a relay: option 82, client identifiers and names that need quoting included."""

    def __init__(self, bed):
        self._bed = bed

    def _ask(self, number, kind, *options, **fields):
        message = dhcp_packet.Message(xid=number + 1, chaddr=dhcp_packet.mac_bytes(mac(number)), giaddr="10.1.0.1", hops=1,
                                      **fields)
        message.add(53, bytes([dhcp_packet.TYPE_CODES[kind]]))
        for code, data in options:
            message.add(code, data)
        message.add(61, b'\x00id "' + bytes([number, 0xff])).add(12, f"host-{number}".encode())
        message.add(82, b"\x01\x04\x00\x01\x02\x03\x02\x05port1")
        self._bed.send(testbed.CMTS, frames.udp(testbed.SERVER_MAC[testbed.CMTS], testbed.PEER_MAC[testbed.CMTS], "10.1.0.1", 67,
                                                testbed.SERVER_IP[testbed.CMTS], 67, message.encode()))
        if kind == "RELEASE":
            return None
        got = self._bed.receive(3)
        if got is None:
            raise RuntimeError(f"no answer to {kind}")
        return dhcp_packet.Message.decode(got[1].payload)

    def lease(self, number):
        address = self._ask(number, "DISCOVER").yiaddr
        answer = self._ask(number, "REQUEST", (50, dhcp_packet.ip_bytes(address)))
        assert answer.type == "ACK", answer
        return address

    def release(self, number, address):
        self._ask(number, "RELEASE", ciaddr=address)


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = capture.temporary_folder()
        cls.addresses = []
        cls.config_path, cls.leases_path = given.config, given.leases
        if given.leases:
            return
        with testbed.Testbed() as bed:
            running = server.Server(base.Settings.server, bed.server, cls.folder.name, CONFIG, testbed.SERVER_INTERFACES,
                                    base.Settings.server_options)
            with running:
                session = Session(bed)
                cls.addresses = [session.lease(number) for number in range(ACTIVE + RELEASED)]
                for number in range(ACTIVE, ACTIVE + RELEASED):
                    session.release(number, cls.addresses[number])
                base.wait_until(lambda: base.log_text(running).count("(found)") == RELEASED)
                running.stop()
            cls.config_path, cls.leases_path = running.config_path, running.leases_path

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_dhcpd_pools(self):
        done = subprocess.run(["dhcpd-pools", "-c", self.config_path, "-l", self.leases_path, "-f", "j"],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)       # 1 and 2 mean that a pool is nearly full
        self.assertEqual("", done.stderr)
        found = json.loads(done.stdout)
        if not given.leases:
            pool = next(one for one in found["subnets"] if one["range"].startswith("10.1.0.10"))
            self.assertEqual((20, ACTIVE, RELEASED), (pool["defined"], pool["used"], pool["touched"]), pool)

    @unittest.skipUnless(IscDhcpLeases, "python3-isc-dhcp-leases is not installed")
    def test_python_isc_dhcp_leases(self):
        latest = {lease.ip: lease for lease in IscDhcpLeases(self.leases_path).get()}      # a later block wins
        self.assertTrue(latest)
        if given.leases:
            return
        self.assertEqual(sorted(self.addresses), sorted(latest))
        self.assertEqual(["free"] * RELEASED, [latest[address].binding_state for address in self.addresses[ACTIVE:]])
        for number, lease in enumerate(latest[address] for address in self.addresses[:ACTIVE]):
            self.assertEqual((mac(number), "active", f"host-{number}"), (lease.ethernet, lease.binding_state, lease.hostname))
            self.assertEqual(3600, (lease.end - lease.start).total_seconds())
            self.assertEqual("kept", lease.sets["note"])

    @unittest.skipUnless(os.access(server.DHCPD, os.X_OK), "isc-dhcp-server is not installed")
    def test_dhcpd_reads_it_back(self):
        done = subprocess.run([server.DHCPD, "-T", "-4", "-cf", self.config_path, "-lf", self.leases_path], capture_output=True,
                              text=True, timeout=30, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertNotRegex(done.stderr, r"orrupt|nexpected|no subnet| line \d+:")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--leases")
    parser.add_argument("--config")
    _, rest = parser.parse_known_args(namespace=given)
    sys.argv[1:] = rest
    base.main("dhcpd-pools")
