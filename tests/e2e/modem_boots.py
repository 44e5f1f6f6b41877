#!/usr/bin/python3
"""Modems come online from one process: DHCP through a relay, the time, the file, with the example's configuration (examples/isp). What came is judged by the
modem's and the CMTS's own code (tests/lib), by none of the server's. Exit 77: cannot run here."""
import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import time
import unittest

import base             # puts tests/lib on the path
import cable_modem
import capture
import cmts
import dhcp_packet
import modem_file
import server
import tftp_client

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "isp"
NETWORKS = ("10.10.0.1/22", "10.20.0.1/22", "203.0.113.1/24")
GOLD, GOLD_TOO, SILVER, UNKNOWN, FIXED, MTA = (f"02:00:5e:00:53:{last}" for last in ("01", "11", "21", "31", "51", "02"))
KEY, EXTENDED_KEY = b"north-hub-7", b"of TLV 43.6 alone"
SECONDS_TO_1970 = 2_208_988_800
RATE_LIMITED = "1.3.6.1.2.1.69.1.6.4.1.3.1"       # docsDevFilterIpControl.1


class Example(unittest.TestCase):
    def said(self, *words):
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(0, done.returncode, done)
        return done.stdout + done.stderr

    def test_dhcpd_takes_its_configuration_too(self):
        config = str(EXAMPLE / "dhcpd.conf")
        for program in (server.DHCPD, base.Settings.server):
            self.assertNotRegex(self.said(program, "-4", "-t", "-q", "-cf", config, "-lf", "/dev/null"), "(?i)warning|error")

    def test_nobody_would_refuse_its_templates(self):
        docsis = str(pathlib.Path(base.Settings.server).parent / "docsis")
        self.assertEqual("", self.said(docsis, "check", "--release", "2.0", *(str(path) for path in (EXAMPLE / "templates").glob("*.cfg"))))


class Plant(unittest.TestCase):
    """The example as it stands, but for its paths; CONFIG and TEMPLATES are added to it."""
    CONFIG = "ping-check off;\n"
    TEMPLATES: dict[str, str] = {}
    DOCSIS = TFTP = ""      # of coaxd.toml
    KEYS = (EXAMPLE / "cmts.keys").read_text(encoding="ascii")

    def setUp(self):
        temporary = capture.temporary_folder()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.folder.chmod(0o755)
        self.templates, self.keys = self.folder / "templates", self.folder / "cmts.keys"
        shutil.copytree(EXAMPLE / "templates", self.templates)
        for name, text in self.TEMPLATES.items():
            (self.templates / name).write_text(text, encoding="ascii")
        self.write_keys(self.KEYS)
        (self.folder / "srv").mkdir()
        self.settings = self.folder / "coaxd.toml"
        text = (EXAMPLE / "coaxd.toml").read_text(encoding="utf-8")
        for old, new in (("/etc/coaxd", temporary.name), ("/srv/tftp", f"{temporary.name}/srv"), ("[store]", "[store]\nsegment_mb = 1"),
                         ("[docsis]", f"[docsis]\n{self.DOCSIS}"), ("[tftp]", f"[tftp]\n{self.TFTP}")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.settings.write_text(f'{text}\n[control]\nsocket = "{temporary.name}/control.sock"\n', encoding="utf-8")
        self.cmts = cmts.Cmts(NETWORKS)
        self.addCleanup(self.cmts.close)
        self.running = server.Server(base.Settings.server, self.cmts.server, temporary.name,
                                     (EXAMPLE / "dhcpd.conf").read_text(encoding="ascii") + self.CONFIG, ["up0"],
                                     ["-C", str(self.settings), *base.Settings.server_options])
        self.addCleanup(self.running.stop, kill=True)
        self.running.start()
        self.relay = self.make_relay()

    def make_relay(self):
        relay = self.cmts.relay()
        self.addCleanup(relay.close)
        return relay

    def ctl(self, *words):
        done = subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "--socket", f"{self.folder}/control.sock", *words],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(0, done.returncode, done)
        return done.stdout

    def log(self):
        return base.log_text(self.running)

    def said(self, expression):
        self.assertTrue(base.wait_until(lambda: re.search(expression, self.log())), f"{expression}\n{self.log()}")

    def write(self, name, text):
        """As an operator should: never half a file."""
        new = self.templates / "new"
        new.write_text(text, encoding="ascii")
        new.rename(self.templates / name)

    def write_keys(self, text):
        new = self.folder / "new.keys"
        new.write_text(text, encoding="ascii")
        new.chmod(0o600)
        new.rename(self.keys)

    def plug(self, mac):
        return Socket(self.cmts.plug(mac))

    def online(self, mac, state="online", **modem):
        """A modem that has booted, and its file."""
        booted = self.plug(mac).modem(**modem)
        self.assertEqual(state, booted.register())
        return booted


class Socket:
    """Where devices are plugged in, one after another."""

    def __init__(self, namespace):
        self._namespace = namespace

    def modem(self, **modem):
        with self._namespace.entered(), cable_modem.Modem("eth0", **modem) as device:
            return Booted.of(device)

    def lease(self):
        with self._namespace.entered(), cable_modem.Modem("eth0") as device:
            return device.get_address()

    def fetch(self, name):
        with self._namespace.entered():
            return tftp_client.fetch(cmts.Cmts.SERVER, name).octets

    def mta(self):
        with self._namespace.entered(), cable_modem.Mta("eth0") as device:
            return Booted.of(device)


class Booted:
    def __init__(self, device, lease, file):
        self.device, self.lease, self.file = device, lease, file

    @classmethod
    def of(cls, device):
        file = device.boot()
        return cls(device, device.lease, file)

    def register(self, key=KEY, later=0):
        return cmts.register(self.file, key, self.lease.address, time.time() + later, EXTENDED_KEY)

    def rates(self):
        return {("up" if flow.upstream else "down"): flow.rate for flow in self.file.flows}

    def object(self, name):
        return next(one.value for one in self.file.objects if one.name == name)


class Online(Plant):
    CONFIG = Plant.CONFIG + f'host fixed {{ hardware ethernet {FIXED}; fixed-address 10.10.0.5; filename "silver.cm"; }}\n'

    def test_a_modem_and_what_dhcp_tells_it(self):
        """MULPI 10.2.4 to 10.2.6, D.1.2; RFC 868: all from one server, and its clocks agree."""
        modem = self.online(GOLD, has_mta=True)
        lease = modem.lease
        self.assertRegex(lease.address, r"^10\.10\.")
        self.assertEqual(("10.99.0.1", "gold.cm", 3600, "10.99.0.1", "10.99.0.1"), (lease.file_server, lease.file, lease.time_offset, lease.time_server, lease.log_server))
        self.assertIsNone(lease.ack.get(52), "the `file` field is never used for options: modems do not look there")
        self.assertAlmostEqual(time.time(), modem.device.time, delta=3)
        self.assertAlmostEqual(modem.device.time, modem.file.number(19) - SECONDS_TO_1970, delta=3, msg="TLV 19 (MULPI C.1.1.19)")
        self.assertEqual(lease.address, modem.file.address, "TLV 20 (MULPI C.1.1.20)")
        self.assertEqual({"up": 20_000_000, "down": 200_000_000}, modem.rates())
        self.assertEqual((3, True), (modem.file.max_cpe, modem.file.privacy))
        self.assertEqual(b"\x01", modem.object(RATE_LIMITED))
        self.assertEqual(["10.99.0.1"], modem.device.mta_servers(), "option 122.1 (RFC 3495 5.1)")
        self.said(rf'TFTP "gold.cm" to {re.escape(lease.address)} \({GOLD}\): \d+ octets in \d+ ms')
        self.assertNotIn(KEY.decode(), self.log())

    def test_what_its_record_says(self):
        """The record's variables go before the template's defaults, at the next request."""
        modem = self.plug(GOLD)
        self.assertEqual(200_000_000, modem.modem().rates()["down"])
        self.ctl("modem", "set", GOLD, "down=750000000", "cpe=8")
        file = modem.modem()
        self.assertEqual(({"up": 20_000_000, "down": 750_000_000}, 8), (file.rates(), file.file.max_cpe))
        self.assertEqual("online", file.register())

    def test_a_modem_that_is_nobody_s(self):
        """MULPI C.1.1.3: registered, but without access to the network."""
        modem = self.online(UNKNOWN, "online(d)")
        self.assertEqual("unknown.cm", modem.lease.file)
        self.assertFalse(modem.file.network_access)

    def test_a_modem_with_a_fixed_address(self):
        """It has no lease, and is known all the same."""
        self.ctl("modem", "set", FIXED, "up=7000000")
        modem = self.online(FIXED)
        self.assertEqual(("10.10.0.5", "10.10.0.5", 7_000_000), (modem.lease.address, modem.file.address, modem.rates()["up"]))

    def test_two_at_once_each_with_its_own(self):
        sockets = {mac: self.plug(mac) for mac in (GOLD, SILVER)}
        self.ctl("modem", "set", SILVER, "up=6000000")
        with concurrent.futures.ThreadPoolExecutor(len(sockets)) as pool:
            booted = {mac: pool.submit(socket.modem) for mac, socket in sockets.items()}
            booted = {mac: future.result(60) for mac, future in booted.items()}
        self.assertEqual({"up": 20_000_000, "down": 200_000_000}, booted[GOLD].rates())
        self.assertEqual({"up": 6_000_000, "down": 50_000_000}, booted[SILVER].rates())
        for modem in booted.values():
            self.assertEqual("online", modem.register())
            self.assertEqual(modem.lease.address, modem.file.address)
        self.assertNotEqual(booted[GOLD].lease.address, booted[SILVER].lease.address)

    def test_what_the_cmts_refuses(self):
        """MULPI D.2.1: a file under another key; C.1.1.19 and .20: an old one, and a neighbour's."""
        modem = self.online(GOLD)
        self.assertEqual("reject(m)", modem.register(b"another"))
        self.assertEqual("reject(ts)", modem.register(later=120))
        neighbour = self.online(GOLD_TOO)
        self.assertEqual("reject(ip)", cmts.register(modem.file, KEY, neighbour.lease.address, time.time()))

    def test_a_changed_key_is_in_the_next_file(self):
        modem = self.plug(GOLD)
        self.assertEqual("online", modem.modem().register())
        self.write_keys('* "south-hub-8"')
        self.assertTrue(base.wait_until(lambda: modem.modem().register(b"south-hub-8") == "online"), self.log())
        self.assertEqual("reject(m)", modem.modem().register(KEY))

    def test_a_template_that_is_changed_and_one_that_is_broken(self):
        """docs/files.md: a change is served when two looks have found it the same; what has errors leaves the one before."""
        modem = self.plug(GOLD)
        text = (self.templates / "gold.cfg").read_text(encoding="ascii")
        self.write("gold.cfg", text.replace("200000000", "300000000"))
        self.assertTrue(base.wait_until(lambda: modem.modem().rates()["down"] == 300_000_000), self.log())
        self.write("gold.cfg", text.replace("MaxRateSustained", "MaxRateSustainde"))
        self.said(r"gold\.cfg:\d+:\d+: error: MaxRateSustainde is no keyword")
        self.ctl("reload")
        kept = modem.modem()
        self.assertEqual((300_000_000, "online"), (kept.rates()["down"], kept.register()))
        self.write("common.inc", (self.templates / "common.inc").read_text(encoding="ascii").replace("cpe:3", "cpe:1"))
        self.write("gold.cfg", text)
        self.assertTrue(base.wait_until(lambda: modem.modem().file.max_cpe == 1), "and what it includes")
        self.assertEqual(200_000_000, modem.modem().rates()["down"])

    def test_the_telephone_adapter_in_it(self):
        """PKT-SP-PROV1.5 7.1, realm BASIC.1; RFC 3495 5.3 and 5.6; its hash (9.1), and its modem's variables."""
        self.relay.modem_of[MTA] = GOLD
        self.ctl("modem", "set", GOLD, "line2=up")
        mta = self.plug(MTA).mta()
        self.assertRegex(mta.lease.address, r"^10\.20\.")
        self.assertEqual(("mta.bin", b"mta.bin", b"10.99.0.1"), (mta.lease.file, mta.lease.ack.get(67), mta.lease.ack.get(66)))
        told = dict(dhcp_packet.suboptions(mta.lease.ack.get(122)))
        self.assertEqual({3: b"\0\x04prov\x05cable\x07example\0", 6: b"\x05BASIC\x011\0"}, told)
        self.assertTrue(mta.file.hash_right)
        self.assertEqual(b"\x01", mta.object("1.3.6.1.4.1.4491.2.2.1.1.1.7.0"), "pktcMtaDevEnabled")
        self.assertEqual(b"calls@[198.51.100.70]", mta.object("1.3.6.1.4.1.4491.2.2.2.1.2.1.1.1.9"), "pktcNcsEndPntConfigCallAgentId.9")
        self.assertEqual(b"\x01", mta.object("1.3.6.1.2.1.2.2.1.7.10"), "ifAdminStatus.10, by the record of the modem")

    def test_what_is_remembered_of_it(self):
        """Options 43 and 60 (CL-SP-CANN-DHCP-Reg 4.1); the record is there whether somebody has made it or not."""
        self.online(GOLD)
        self.assertTrue(base.wait_until(lambda: GOLD in self.ctl("modem", "list")))
        record = json.loads(self.ctl("modem", "show", GOLD, "--json"))
        self.assertEqual(("3.0", "CM3.0", "1.4.7", f"SN-{GOLD.replace(':', '')}"), tuple(record[name] for name in ("docsis", "model", "software", "serial")))


class Versions(Plant):
    """A template for each DOCSIS version, by the host's filename, through ISC's own relay, whose option 82 knows no modem."""
    KEYS = f'* "{KEY.decode()}" extended "{EXTENDED_KEY.decode()}"\n'
    MACS = {version: f"02:00:5e:00:53:4{i}" for i, version in enumerate(("1.0", "2.0", "3.0", "3.1"))}
    CONFIG = Plant.CONFIG + "".join(f'host d{mac[-1]} {{ hardware ethernet {mac}; filename "d{version}.cm"; }}\n' for version, mac in MACS.items())
    TEMPLATES = {
        "d1.0.cfg": """Main {
  NetworkAccess 1;
  ClassOfService { ClassID 1; MaxRateDown ${down:6144000}; MaxRateUp 768000; MaxBurstUp 1522; PrivacyEnable 1; }
  BaselinePrivacy { AuthTimeout 10; ReAuthTimeout 10; AuthGraceTime 600; OperTimeout 1; ReKeyTimeout 1; TEKGraceTime 600; AuthRejectTimeout 60; }
  MaxCPE 2;
}""",
        "d2.0.cfg": """Main {
  NetworkAccess 1;
  DocsisTwoEnable 1;
  MaxCPE 4;
  UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; MaxRateSustained 2000000; }
  UsServiceFlow { UsServiceFlowRef 2; QosParamSetType 7; SchedulingType 2; MaxRateSustained ${voice:128000}; TrafficPriority 5; }
  DsServiceFlow { DsServiceFlowRef 3; QosParamSetType 7; MaxRateSustained ${down:20000000}; }
  UsPacketClass { ClassifierRef 1; ServiceFlowRef 2; RulePriority 10; IpPacketClassifier { IpProto 17; DstPortStart 5060; DstPortEnd 5060; } }
  SnmpMibObject sysLocation.0 String "${modem} at ${network}";
}""",
        "d3.0.cfg": """Main {
  NetworkAccess 1;
  MaxCPE 16;
  VendorSpecific {
    VendorIdentifier 0xffffff;
    ExtendedCMTSMICConfigurationSetting { ExtendedCMTSMICHMACtype 1; ExtendedCMTSMICBitmap 0x1a1020c00010; }
  }
  UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; MaxRateSustained 30000000; ServiceFlowRequiredAttributeMask 0x80000000; }
  DsServiceFlow { DsServiceFlowRef 2; QosParamSetType 7; MaxRateSustained ${down:300000000}; DownstreamPeakTrafficRate 400000000; }
  SNMPv1v2cCoexistenceConfig {
    SNMPv1v2cCommunityName "noc-7";
    SNMPv1v2cTransportAddressAccess { SNMPv1v2cTransportAddress 10.99.0.0/0; SNMPv1v2cTransportAddressMask 255.255.255.0/0; }
    SNMPv1v2cAccessViewType 2;
  }
}""",
        "d3.1.cfg": """Main {
  NetworkAccess 1;
  MaxCPE 32;
  UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; DataRateUnitSetting 1; MaxRateSustained 100000; AQMEncodings { SFAQMDisable 0; SFAQMLatencyTarget 10; } }
  DsServiceFlow { DsServiceFlowRef 2; QosParamSetType 7; DataRateUnitSetting 2; MaxRateSustained ${down:2000}; }
}""",
    }

    def make_relay(self):
        relay = self.cmts.dhcrelay()

        def end():
            relay.kill()
            relay.wait(10)
            relay.stderr.close()
        self.addCleanup(end)
        return relay

    def boot(self, version):
        modem = self.online(self.MACS[version], version=version)
        self.assertEqual(f"d{version}.cm", modem.lease.file)
        return modem

    def test_1_0(self):
        """MULPI C.1.1.4: classes of service, and BPI's own switch."""
        modem = self.boot("1.0")
        self.assertEqual({"up": 768_000, "down": 6_144_000}, modem.rates())
        self.assertEqual(b"docsis1.0", modem.device.vendor_class().encode())
        self.assertTrue(modem.file.privacy)
        self.ctl("modem", "set", self.MACS["1.0"], "down=1024000")
        self.assertEqual(1_024_000, self.plug("02:00:5e:00:53:40").modem(version="1.0").rates()["down"])

    def test_2_0(self):
        """MULPI C.2.2: several flows, told apart by their references."""
        modem = self.boot("2.0")
        self.assertEqual([(True, 1, 2_000_000), (True, 2, 128_000), (False, 3, 20_000_000)],
                         [(flow.upstream, flow.reference, flow.rate) for flow in modem.file.flows])
        self.assertEqual(f"{self.MACS['2.0']} at cable-1".encode(), modem.object("1.3.6.1.2.1.1.6.0"))

    def test_3_0(self):
        """MULPI D.2.1: the extended CMTS MIC in TLV 7's place, with a key that is not the plain one's."""
        modem = self.boot("3.0")
        self.assertTrue(modem.file.has_extended_mic)
        self.assertFalse(modem.file.cmts_mic_right(KEY), "it is the extended key's")
        self.assertIsNotNone(modem.file.first(53))
        self.assertEqual({"up": 30_000_000, "down": 300_000_000}, modem.rates())

    def test_3_1(self):
        """MULPIv3.1 C.2.2.7.13: rates beyond 4 Gbit/s are counted in other units."""
        modem = self.boot("3.1")
        self.assertEqual({"up": 100_000_000, "down": 2_000_000_000}, modem.rates())


class Guarded(Plant):
    """Each modem its own file, under a name that nobody can guess; and the key is that of its CMTS (docs/files.md)."""
    DOCSIS = "only_told = true\ngenerated_names = true\n"
    TFTP = f'cmts = "{cmts.Cmts.UPSTREAM}"\n'
    KEYS = f'* "of other CMTSs"\n10.10.0.1 "{KEY.decode()}"\n'

    def refused(self, socket, name, reason):
        with self.assertRaises(tftp_client.Refused) as raised:
            socket.fetch(name)
        self.assertIn(raised.exception.code, (1, 2))
        self.assertIn(f'coaxd_files_refused_total{{reason="{reason}"}} 1\n', self.ctl("metrics"))

    def test_a_modem_gets_what_it_was_told_and_nothing_else(self):
        socket, neighbour = self.plug(GOLD), self.plug(SILVER)
        modem = socket.modem()
        self.assertEqual("online", modem.register(), "the key of the line with its relay's address")
        self.assertRegex(modem.lease.file, r"^[a-z2-7]{20,}\.cm$")
        self.assertEqual(200_000_000, modem.rates()["down"])
        self.refused(socket, modem.lease.file, "name-used")
        self.refused(socket, "gold.cm", "not-told")
        self.assertEqual(50_000_000, neighbour.modem().rates()["down"])
        again = socket.modem()
        self.assertEqual("online", again.register())
        self.assertNotEqual(modem.lease.file, again.lease.file)
        self.refused(neighbour, again.lease.file, "name-of-another")

    def test_a_cmts_that_fetches_for_its_modem(self):
        """`cable dynamic-secret`: it asks with its own address, and gets the modem's file by the modem's name for it."""
        self.ctl("modem", "set", GOLD, "down=750000000")
        lease = self.plug(GOLD).lease()
        router = Socket(self.cmts.router)
        modem = Booted(None, lease, modem_file.ModemFile(router.fetch(lease.file)))
        self.assertEqual(("online", lease.address, 750_000_000), (modem.register(), modem.file.address, modem.rates()["down"]))
        anybody_s = modem_file.ModemFile(router.fetch("gold.cm"))
        self.assertIsNone(anybody_s.address, "for whom is not known")

    def test_a_key_that_is_being_changed(self):
        """The CMTS still has the former key: the modem that was refused comes back and is let in."""
        self.write_keys('* "south-hub-8" old "north-hub-7" until 2099-01-01T00:00Z')
        socket = self.plug(GOLD)
        self.assertTrue(base.wait_until(lambda: socket.modem().register(b"south-hub-8") == "online"), self.log())
        self.assertEqual("online", socket.modem().register(KEY))


class Vendors(Plant):
    """Option 125 (RFC 3925) by name: where a modem of 3.0 looks first."""
    CONFIG = Plant.CONFIG + """
option space cablelabs;
option cablelabs.tftp-servers code 2 = array of ip-address;
option space enterprises code width 4 length width 1;
option enterprises.none code 0 = string;
option enterprises.cablelabs code 4491 = encapsulate cablelabs;
option enterprises-area code 125 = encapsulate enterprises;
host other-server {
  hardware ethernet 02:00:5e:00:53:31;
  next-server 10.99.0.9;
  filename "gold.cm";
  option enterprises.none 01:01;
  option cablelabs.tftp-servers 10.99.0.1;
}
"""

    def test_option_125_goes_before_siaddr(self):
        """MULPI D.1.2."""
        modem = self.online(UNKNOWN)
        self.assertEqual(("10.99.0.9", "10.99.0.1"), (modem.lease.ack.siaddr, modem.lease.file_server))


if __name__ == "__main__":
    base.main("dhcpd", "dhcrelay")
