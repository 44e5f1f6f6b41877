#!/usr/bin/python3
"""The record of a modem: set by coaxctl, true for the next packet, there after kill -9; and what a modem says of itself, read by dhcpd.conf.
Exit 77: cannot run here."""
import json
import pathlib
import subprocess
import unittest

import base
import capture
import dhcp_packet
import frames
import server
import testbed

CONFIG = """
ping-check off;
authoritative;
class "modems" {
  match if option modem.kind = "modem";
  filename = concat(pick-first-value(option modem.profile, "default"), ".cm");
  next-server 192.168.1.1;
  if option modem.docsis-version = "3.1" { option root-path "ofdm"; }
}
class "behind" { match if option modem.kind = "other"; option domain-name = option modem.profile; }
subnet 192.168.0.0 netmask 255.255.255.0 { }
subnet 192.168.1.0 netmask 255.255.255.0 { }
subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.29; }
"""
MODEM, COMPUTER, VOUCHED = "00:10:95:01:02:03", "02:00:5e:00:53:01", "00:10:95:01:02:04"
SAYS = b"docsis3.1:0503010101"
AREA = b"\x02\x03ECM\x04\x05SN-77\x06\x04v1.2\x09\x06TG3442"


class ModemRecords(unittest.TestCase):
    def setUp(self):
        temporary = capture.temporary_folder()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.bed = testbed.Testbed()
        self.bed.__enter__()
        self.addCleanup(self.bed.__exit__, None, None, None)
        settings = self.folder / "coaxd.toml"
        settings.write_text(f'[control]\nsocket = "{self.folder}/control.sock"\n[store]\nsegment_mb = 1\n', encoding="ascii")
        self.running = server.Server(base.Settings.server, self.bed.server, temporary.name, CONFIG, testbed.SERVER_INTERFACES,
                                     ["-C", str(settings), *base.Settings.server_options])
        self.running.start()
        self.addCleanup(self.running.stop, kill=True)

    def ctl(self, *words, status=0):
        done = subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "--socket", f"{self.folder}/control.sock", *words],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(status, done.returncode, done)
        return done.stdout if status == 0 else done.stderr

    def record(self, mac=MODEM):
        return json.loads(self.ctl("modem", "show", mac, "--json"))

    def offer(self, mac=MODEM, says=SAYS, modem=MODEM):
        message = dhcp_packet.Message(xid=7, chaddr=dhcp_packet.mac_bytes(mac), giaddr="10.1.0.1", hops=1)
        message.add(53, bytes([dhcp_packet.TYPE_CODES["DISCOVER"]]))
        message.add(60, says)
        if says.startswith(b"docsis"):
            message.add(43, AREA)
        message.add(82, b"\x02\x06" + dhcp_packet.mac_bytes(modem))
        self.bed.send(testbed.CMTS, frames.udp(testbed.SERVER_MAC[testbed.CMTS], testbed.PEER_MAC[testbed.CMTS], "10.1.0.1", 67,
                                               testbed.SERVER_IP[testbed.CMTS], 67, message.encode()))
        received = self.bed.receive(3)
        self.assertIsNotNone(received, base.log_text(self.running))
        return dhcp_packet.Message.decode(received[1].payload)

    def file(self):
        return self.offer().file.rstrip(b"\0").decode()

    def test_a_profile_is_true_for_the_next_packet_and_survives_a_kill(self):
        self.assertEqual("default.cm", self.file())
        self.assertEqual("192.168.1.1", self.offer().siaddr)
        self.ctl("modem", "set", MODEM, "--profile", "gold", "ds_rate=100", "note=second floor, 50 %")
        self.assertEqual("gold.cm", self.file())
        self.assertEqual(b"gold", self.offer(COMPUTER, b"MSFT 5.0").get(15), "the computer behind it")
        self.assertIsNone(self.offer(COMPUTER, b"MSFT 5.0", VOUCHED).get(15), "behind another")

        self.running.stop(kill=True)        # at once: the command had returned
        self.running.start()
        self.assertEqual("gold.cm", self.file())
        record = self.record()
        self.assertEqual(("gold", {"ds_rate": "100", "note": "second floor, 50 %"}), (record["profile"], record["variables"]))

        self.ctl("reload")
        self.assertEqual("gold.cm", self.file())
        self.ctl("modem", "set", MODEM, "--profile", "", "note=")
        self.assertEqual("default.cm", self.file())
        self.assertEqual({"ds_rate": "100"}, self.record()["variables"])
        self.ctl("modem", "erase", MODEM)
        self.running.stop()
        self.running.start()
        self.assertIn("there is no record", self.ctl("modem", "show", MODEM, status=1))

    def test_what_it_says_is_remembered(self):
        self.assertEqual(b"ofdm", self.offer().get(17))
        self.assertTrue(base.wait_until(lambda: self.ctl("modem", "list", "--json")))
        record = self.record()
        told = {name: record[name] for name in ("kind", "docsis", "model", "software", "serial", "profile", "changed", "capabilities")}
        self.assertEqual({"kind": "modem", "docsis": "3.1", "model": "TG3442", "software": "v1.2", "serial": "SN-77", "profile": None, "changed": None,
                          "capabilities": {"concatenation-support": "01"}}, told)
        self.assertGreater(record["dhcp_seen"], 1_700_000_000)
        self.assertIn("TG3442 v1.2", self.ctl("modem", "list"))
        self.assertIn("coaxd_modems 1\n", self.ctl("metrics"))
        self.offer(VOUCHED, SAYS, MODEM)    # its CMTS says that it is behind another one: no modem of ours
        self.offer(VOUCHED, SAYS, VOUCHED)
        self.assertTrue(base.wait_until(lambda: "coaxd_modems 2\n" in self.ctl("metrics")))
        self.running.stop()
        self.running.start()
        self.assertEqual(record["dhcp_seen"], self.record()["dhcp_seen"])
        self.assertEqual("TG3442", self.record(VOUCHED)["model"])

    def test_a_wrong_command_line_says_what_is_right(self):
        self.assertIn("no MAC address, such as", self.ctl("modem", "set", "gold", status=1))
        self.assertIn("is no NAME=TEXT", self.ctl("modem", "set", MODEM, "gold", status=1))
        self.assertIn("is no profile", self.ctl("modem", "set", MODEM, "--profile", "no blanks", status=1))
        self.assertIn("there is no command 'sat', only set, show, erase, list", self.ctl("modem", "sat", MODEM, status=2))
        self.assertIn("MAC is required", self.ctl("modem", "set", status=2))
        self.assertIn("Examples:", self.ctl("modem", "set", "--help"))
        self.assertEqual("", self.ctl("modem", "list", "--json"))


if __name__ == "__main__":
    base.main()
