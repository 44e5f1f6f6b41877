"""What the end-to-end programs share: command line, skipping, and the life of a client step by step."""
import argparse
import os
import pathlib
import re
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

import capture      # noqa: E402
import clients      # noqa: E402
import netns        # noqa: E402
import server       # noqa: E402

OFFER, ACK = 2, 5


class Settings:
    """The command line, for all tests of a program."""
    server = server.DHCPD
    server_options: list[str] = []


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def log_text(running):
    with open(running.log_path, encoding="latin-1") as file:
        return file.read()


class ClientLife(unittest.TestCase):
    """Each client is bound, renewed, released; every reply captured on the way passes tshark. Subclasses build the network, in
    play(kind of client)."""

    CONFIG = """
ping-check off;
authoritative;
default-lease-time 20;
max-lease-time 40;
min-lease-time 10;
option dhcp-renewal-time 3;
option dhcp-rebinding-time 15;
"""
    TOOLS = ("dhclient", "udhcpc", "dhcpcd", "tcpdump", "tshark")

    def test_dhclient(self):
        self.play(clients.Dhclient)

    def test_udhcpc(self):
        self.play(clients.Udhcpc)

    def test_dhcpcd(self):
        self.play(clients.Dhcpcd)

    def live(self, make_client, running, captures, expected_prefix, router, domain):
        with make_client() as client:
            bound = client.wait_bound()
            address = bound[1]
            self.assertTrue(address.startswith(expected_prefix), bound)
            self.assertEqual([router, domain], bound[2:4])
            pinged = client.namespace.run(["ping", "-c", "1", "-W", "3", router], capture_output=True, text=True)
            self.assertEqual(0, pinged.returncode, f"{address} does not reach {router}: {pinged.stdout}{pinged.stderr}")

            client.renew()
            renewed = client.wait_renewed()
            self.assertEqual(address, renewed[1])
            acks = re.compile(rf"DHCPACK on {re.escape(address)} to ")
            self.assertTrue(wait_until(lambda: len(acks.findall(log_text(running))) >= 2), log_text(running))

            client.release()
            released = re.compile(rf"DHCPRELEASE of {re.escape(address)} from .* \(found\)")
            self.assertTrue(wait_until(lambda: released.search(log_text(running))), log_text(running))
        for one in captures:
            one.stop()
            types = capture.message_types(one.path)
            self.assertGreaterEqual(types.count(OFFER), 1, types)
            self.assertGreaterEqual(types.count(ACK), 2, types)
            self.assertEqual([], capture.complaints(one.path))


def main(*tools):
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--server", default=server.DHCPD, help="the server under test (default: ISC dhcpd)")
    parser.add_argument("--server-option", action="append", default=[], help="one more argument for it; repeat")
    args, rest = parser.parse_known_args()
    Settings.server, Settings.server_options = os.path.abspath(args.server), args.server_option
    reason = netns.missing(*tools)
    if not os.access(Settings.server, os.X_OK):
        sys.exit(f"no server at {Settings.server}")
    if reason:
        print(f"1..0 # SKIP {pathlib.Path(sys.argv[0]).name}: {reason}")
        sys.exit(77)
    unittest.main(module="__main__", argv=[sys.argv[0], "-v", *rest])
