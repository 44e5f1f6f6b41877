#!/usr/bin/python3
"""One of two machines is put in quarantine and released: dhclient hears its NAK by unicast, moves into the walled garden, and comes back to its old address; the other
notices nothing. Exit 77: cannot run here.

    pc1 eth0 --- port1 \\
                        bridge 10.1.0.1, 10.9.0.1 [relay, router] up0 192.168.1.2 --- cmts0 192.168.1.1 server
    pc2 eth0 --- port2 /
"""
import contextlib
import json
import pathlib
import subprocess
import unittest

import base             # puts tests/lib on the path
import capture
import clients
import coaxd_toml
import netns
import server

CONFIG = """
ping-check off;
default-lease-time 40;
max-lease-time 40;
option dhcp-renewal-time 3;
option dhcp-rebinding-time 30;
class "quarantine" { option domain-name "quarantine.example"; }
subnet 192.168.1.0 netmask 255.255.255.0 { }
shared-network cable {
  subnet 10.1.0.0 netmask 255.255.255.0 {
    option routers 10.1.0.1;
    option domain-name "cable.example";
    pool { range 10.1.0.100 10.1.0.120; }
  }
  subnet 10.9.0.0 netmask 255.255.255.0 {
    option routers 10.9.0.1;
    pool { allow members of "quarantine"; range 10.9.0.100 10.9.0.120; }
  }
}
"""


class QuarantineDhcp(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(stack.enter_context(capture.temporary_folder()))
        near, relay, *homes = (stack.enter_context(netns.Namespace()) for _ in range(4))
        netns.veth(near, "cmts0", "02:00:00:00:01:01", relay, "up0", "02:00:00:00:01:02")
        near.ip("addr add 192.168.1.1/24 broadcast + dev cmts0", "route add 10.0.0.0/8 via 192.168.1.2")
        relay.ip("addr add 192.168.1.2/24 broadcast + dev up0", "link add cable0 type bridge", "link set cable0 up")
        relay.ip("addr add 10.1.0.1/24 broadcast + dev cable0", "addr add 10.9.0.1/24 broadcast + dev cable0")
        for number, home in enumerate(homes, 1):
            netns.veth(relay, f"port{number}", f"02:00:00:00:02:{number:02x}", home, "eth0", f"02:00:00:00:03:{number:02x}")
            relay.ip(f"link set port{number} master cable0")
        relay.sysctl("net.ipv4.ip_forward", 1)
        toml = coaxd_toml.write(str(self.folder), {"quarantine": {"enabled": True}})
        self.running = stack.enter_context(
            server.Server(base.Settings.server, near, str(self.folder), CONFIG, ["cmts0"], ["-C", toml, *base.Settings.server_options]))
        agent = relay.popen(["dhcrelay", "-4", "-d", "-a", "--no-pid", "-id", "cable0", "-iu", "up0", "192.168.1.1"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        stack.callback(self.end, agent)
        for line in agent.stderr:
            if "Sending on" in line and "fallback" in line:
                break
        self.upstream = stack.enter_context(capture.Capture(near, "cmts0", str(self.folder)))
        self.machines = []
        for number, home in enumerate(homes, 1):
            place = self.folder / f"pc{number}"
            place.mkdir()
            self.machines.append(stack.enter_context(clients.Dhclient(home, "eth0", str(place))))

    @staticmethod
    def end(process):
        process.kill()
        process.wait(10)
        process.stderr.close()

    def coaxctl(self, *words):
        program = pathlib.Path(base.Settings.server).parent / "coaxctl"
        done = subprocess.run([str(program), "--socket", f"{self.folder}/control.sock", *words, "--json"], capture_output=True, text=True, timeout=30)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def bound_times(self, client):
        return len([event for event in client.events() if event[0] == "BOUND"])

    def test_one_of_two_moves_and_comes_back(self):
        guilty, other = self.machines
        old = guilty.wait_bound()[1]
        self.assertTrue(old.startswith("10.1.0."))
        other.wait_bound()

        case = self.coaxctl("quarantine", "add", old, "--reason", "port scan")
        event = guilty.wait_for("bound", count=2)
        self.assertTrue(event[1].startswith("10.9.0."), event)
        self.assertEqual(["10.9.0.1", "quarantine.example"], event[2:4])
        number = case["id"]
        self.assertTrue(base.wait_until(lambda: self.coaxctl("quarantine", "show", number)["effects"].get("garden_ack")))
        effects = self.coaxctl("quarantine", "show", number)["effects"]
        self.assertLessEqual(effects["in_memory"], effects["nak_sent"])
        self.assertLessEqual(effects["nak_sent"], effects["discover"])
        self.assertLessEqual(effects["discover"], effects["garden_ack"])
        guilty.wait_renewed(count=1)  # in the garden, too, he renews

        self.coaxctl("quarantine", "release", number)
        event = guilty.wait_for("bound", count=3)
        self.assertEqual([old, "10.1.0.1", "cable.example"], event[1:4])
        other.wait_renewed(count=3)
        self.assertEqual(1, self.bound_times(other), "the other machine behind the relay noticed nothing")

        self.upstream.stop()
        refused = subprocess.run(["tshark", "-n", "-r", self.upstream.path, "-Y", "dhcp.option.dhcp == 6", "-T", "fields", "-e", "ip.dst"],
                                 capture_output=True, text=True, timeout=60, check=True).stdout.split()
        self.assertIn(old, refused, "a renewal by unicast is refused where the client hears it")
        self.assertEqual([], capture.complaints(self.upstream.path))


if __name__ == "__main__":
    base.main("dhclient", "dhcrelay", "tcpdump", "tshark")
