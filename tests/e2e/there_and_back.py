"""dhcpd serves, coaxd takes over, dhcpd takes back, coaxd comes again: with one dhcpd.conf and one leases file, every client keeps its address.

What README.md promises to an operator who tries coaxd for an evening.
"""
import pathlib
import re
import tempfile
import unittest

import base
import netns
import server

CONFIG = """authoritative;
ping-check false;
subnet 10.77.0.0 netmask 255.255.255.0 {
  range 10.77.0.10 10.77.0.250;
}
"""


# The partner has been declared down, so that dhcpd serves alone; without this block it would wait for the partner.
FAILOVER_CONFIG = """authoritative;
ping-check false;
failover peer "east" {
  primary; address 10.77.0.1; port 647; peer address 10.77.0.99; peer port 647;
  max-response-delay 5; max-unacked-updates 10; mclt 60; split 128; load balance max seconds 3;
}
subnet 10.77.0.0 netmask 255.255.255.0 {
  pool { failover peer "east"; range 10.77.0.10 10.77.0.250; }
}
"""
FAILOVER_STATE = """failover peer "east" state {
  my state partner-down at 0 2026/11/22 10:00:00;
  partner state communications-interrupted at 0 2026/11/22 10:00:00;
}
"""
OMAPI_HOST = """host dyn1 {
  dynamic;
  hardware ethernet 02:00:00:00:0d:01;
}
"""


class ThereAndBack(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="coaxd-back-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.near, self.far = netns.Namespace(), netns.Namespace()
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)
        netns.veth(self.near, "e0", "02:00:00:00:01:00", self.far, "e1", "02:00:00:00:01:01")
        self.near.ip("addr add 10.77.0.1/24 dev e0")
        self.settings = pathlib.Path(self.folder, "coaxd.toml")
        self.settings.write_text(f'[control]\nsocket = "{self.folder}/control.sock"\n[store]\nsegment_mb = 1\n', encoding="ascii")

    def lease(self, number):
        """The address that udhcpc gets for MAC 02:...:number; it remembers nothing itself. dhcpd looks for its partner for a quarter of a minute."""
        self.far.ip(f"link set e1 address 02:00:00:00:00:{number:02x}")
        done = self.far.run(["udhcpc", "-i", "e1", "-f", "-q", "-n", "-t", "30", "-T", "1", "-s", "/bin/true"], capture_output=True,
                            text=True)
        found = re.search(r"lease of (\S+) obtained", done.stderr + done.stdout)
        self.assertTrue(found, done.stderr)
        return found[1]

    def evening(self, binary, numbers, extra=(), config=CONFIG):
        """Serves these clients, stops cleanly; their addresses by number."""
        leases = pathlib.Path(self.folder, "dhcpd.leases")
        text = leases.read_text(encoding="latin-1") if leases.exists() else ""
        running = server.Server(binary, self.near, self.folder, config, ["e0"], extra, text).start()
        try:
            return {number: self.lease(number) for number in numbers}
        finally:
            running.stop()

    def test_no_client_notices(self):
        coaxd = ("-C", str(self.settings), *base.Settings.server_options)
        held = self.evening(server.DHCPD, [1, 2])
        for binary, extra, numbers in ((base.Settings.server, coaxd, [1, 3]), (server.DHCPD, (), [3, 4]),
                                       (base.Settings.server, coaxd, [4, 2, 5])):
            for number, address in self.evening(binary, numbers, extra).items():
                self.assertEqual(held.setdefault(number, address), address, f"client {number} under {binary}")
        self.assertEqual(5, len(set(held.values())), held)
        text = pathlib.Path(self.folder, "dhcpd.leases").read_text(encoding="latin-1")
        self.assertEqual(sorted(held.values()), sorted(set(re.findall(r"(?m)^lease (\S+) \{$", text))))

    def test_a_failover_pair_of_one(self):
        with self.settings.open("a", encoding="ascii") as settings:
            settings.write('[failover]\nmode = "alone"\n')
        leases = pathlib.Path(self.folder, "dhcpd.leases")
        leases.write_text(FAILOVER_STATE + OMAPI_HOST, encoding="ascii")
        coaxd = ("-C", str(self.settings), *base.Settings.server_options)
        held = {}
        for binary, extra, numbers in ((base.Settings.server, coaxd, [1]), (base.Settings.server, coaxd, [2]), (server.DHCPD, (), [1, 2, 3]),
                                       (base.Settings.server, coaxd, [3])):
            for number, address in self.evening(binary, numbers, extra, FAILOVER_CONFIG).items():
                self.assertEqual(held.setdefault(number, address), address, f"client {number} under {binary}")
            text = leases.read_text(encoding="latin-1")
            self.assertRegex(text, r'failover peer "east" state \{\s+my state partner-down')
            self.assertRegex(text, r"host dyn1 \{\s+dynamic;")
        self.assertEqual(FAILOVER_STATE + OMAPI_HOST, pathlib.Path(self.folder, "dhcpd.leases.before-coaxd").read_text(encoding="ascii"))


if __name__ == "__main__":
    base.main("udhcpc", "dhcpd")
