#!/usr/bin/python3
"""Files by TFTP and the time of day from the running server: four clients of others, every size that has an edge, octet for octet; who gets none; and files compiled for
the modem that DHCP has told of them. Exit 77: cannot run here."""
import pathlib
import re
import socket
import struct
import subprocess
import time
import unittest

import base
import capture
import clients
import coaxd_toml
import dhcp_packet
import modem_file
import netns
import server

CONFIG = """
ping-check off;
authoritative;
default-lease-time 60;
subnet 10.88.0.0 netmask 255.255.255.0 { range 10.88.0.100 10.88.0.110; }
host fixed { hardware ethernet 02:00:5e:00:53:77; fixed-address 10.88.0.2; }
"""
SERVER, FIXED, CMTS, STRANGER = "10.88.0.1", "10.88.0.2", "10.88.0.3", "10.88.0.4"
SIZES = (0, 1, 511, 512, 513, 70_000)
RRQ, DATA, ACK, ERROR, OACK = 1, 3, 4, 5, 6
NOT_FOUND, ACCESS_VIOLATION, ALLOCATION_EXCEEDED, ILLEGAL, UNKNOWN_TRANSFER = 1, 2, 3, 4, 5
SECONDS_TO_1970 = 2_208_988_800


def pattern(size):
    return bytes((i * 7 + i // 251) & 0xff for i in range(size))


class Files(unittest.TestCase):
    IO, TFTP, CONFIG = "auto", {}, CONFIG

    def setUp(self):
        temporary = capture.temporary_folder()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.root = self.folder / "srv"
        self.root.mkdir()
        self.folder.chmod(0o755)
        for size in SIZES:
            self.write(f"file{size}", pattern(size))
        self.machine, self.wire = netns.Namespace(), netns.Namespace()
        self.addCleanup(self.machine.close)
        self.addCleanup(self.wire.close)
        netns.veth(self.machine, "srv0", "02:00:00:00:00:01", self.wire, "cli0", "02:00:00:00:00:02")
        self.machine.ip(f"addr add {SERVER}/24 broadcast + dev srv0")
        for address in (FIXED, CMTS, STRANGER):
            self.wire.ip(f"addr add {address}/24 dev cli0")
        self.running = None

    def write(self, name, octets):
        path = self.root / name
        path.write_bytes(octets)
        path.chmod(0o644)

    def settings(self):
        return {"server": {"io": self.IO, "workers": 2}, "tftp": {"enabled": True, "root": str(self.root), "cmts": CMTS} | self.TFTP, "time": {"enabled": True}}

    def start(self):
        self.running = server.Server(base.Settings.server, self.machine, str(self.folder), self.CONFIG, ["srv0"],
                                     ["-C", coaxd_toml.write(self.folder, self.settings()), *base.Settings.server_options])
        self.addCleanup(self.running.stop, kill=True)
        self.running.start()

    def log(self):
        return base.log_text(self.running)

    def said(self, expression):
        self.assertTrue(base.wait_until(lambda: re.search(expression, self.log())), f"{expression}\n{self.log()}")

    def metric(self, line):
        done = subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "--socket", f"{self.folder}/control.sock", "metrics"],
                              capture_output=True, text=True, timeout=30, check=True)
        found = re.search(rf"^{re.escape(line)} (\d+)$", done.stdout, re.M)
        self.assertIsNotNone(found, line)
        return int(found[1])

    def udp(self, source=FIXED, port=0):
        with self.wire.entered():
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(opened.close)
        opened.bind((source, port))
        opened.settimeout(5)
        return opened

    def ask(self, name, source=FIXED, options=b"", opened=None):
        """The first answer to a read request: opcode, number, rest, and the port it came from."""
        opened = opened or self.udp(source)
        opened.sendto(struct.pack(">H", RRQ) + name.encode() + b"\0octet\0" + options, (SERVER, 69))
        answer, (_, port) = opened.recvfrom(2048)
        return *struct.unpack(">HH", answer[:4]), answer[4:], port

    def fetch(self, argv, name, local):
        done = self.wire.run([part.format(name=name, local=local, server=SERVER) for part in argv], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr


CLIENTS = {
    "tftp-hpa": ["tftp", "-m", "binary", "{server}", "-c", "get", "{name}", "{local}"],
    "atftp": ["atftp", "-g", "-r", "{name}", "-l", "{local}", "{server}"],
    "atftp with options": ["atftp", "--option", "blksize 1428", "--option", "windowsize 8", "--option", "tsize", "--option", "timeout 3",
                           "-g", "-r", "{name}", "-l", "{local}", "{server}"],
    "curl": ["curl", "-sS", "--max-time", "30", "-o", "{local}", "tftp://{server}/{name}"],
    "curl with options": ["curl", "-sS", "--max-time", "30", "--tftp-blksize", "1400", "-o", "{local}", "tftp://{server}/{name}"],
    "busybox": ["busybox", "tftp", "-g", "-r", "{name}", "-l", "{local}", "{server}"],
    "busybox with options": ["busybox", "tftp", "-b", "1400", "-g", "-r", "{name}", "-l", "{local}", "{server}"],
}


class Clients(Files):
    def test_every_client_gets_every_size_octet_for_octet(self):
        self.start()
        for client, argv in CLIENTS.items():
            for size in SIZES:
                if size == 0 and client.startswith("curl"):
                    continue                                     # it takes an OACK with "tsize 0" for an error
                with self.subTest(client=client, size=size):
                    local = self.folder / "got"
                    local.unlink(missing_ok=True)
                    status, text = self.fetch(argv, f"file{size}", local)
                    self.assertEqual(0, status, text)
                    self.assertEqual(pattern(size), local.read_bytes() if local.exists() else None, text)
        self.assertEqual(self.metric("coaxd_tftp_completed_total"), self.metric("coaxd_tftp_requests_total"))
        self.assertEqual(0, self.metric("coaxd_tftp_open"))
        self.said(r'TFTP "file70000" to 10\.88\.0\.2: 70000 octets in \d+ ms')

    def test_a_client_is_told_what_is_wrong(self):
        self.start()
        for client in ("tftp-hpa", "atftp", "curl", "busybox"):
            with self.subTest(client=client):
                status, text = self.fetch(CLIENTS[client], "none", self.folder / "got")
                if client == "curl":
                    self.assertEqual(68, status, text)           # its number for a file that is not there; the text is about something else
                    continue
                self.assertRegex(text, "(?i)file not found")
                self.assertTrue(status != 0 or client == "tftp-hpa", text)
        self.said(r'TFTP "none" to 10\.88\.0\.2 refused: not-found\n')


class ClientsWithAsio(Clients):
    IO = "asio"


class SinglePort(Clients):
    TFTP = {"transfer_ports": 0}

    def test_all_comes_from_the_one_port(self):
        self.start()
        self.assertEqual((DATA, 1, pattern(1), 69), self.ask("file1"))


class Requests(Files):
    def test_nothing_outside_the_folder(self):
        secret = self.folder / "secret"
        secret.write_text("secret", encoding="ascii")
        (self.root / "out").symlink_to(secret)
        (self.root / "sub").mkdir()
        (self.root / "sub" / "file").write_bytes(b"x")
        self.write("hidden", b"x")
        (self.root / "hidden").chmod(0o600)
        self.start()
        for name in ("../secret", "sub/../../secret", "/../secret", "..", "out", "hidden", "sub/../../../../../../etc/passwd"):
            with self.subTest(name=name):
                self.assertEqual((ERROR, ACCESS_VIOLATION), self.ask(name)[:2])
        for name in ("none", "sub/none", "file1/x"):
            with self.subTest(name=name):
                self.assertEqual((ERROR, NOT_FOUND), self.ask(name)[:2])
        for name in ("file1", "/file1", "./file1", f"{self.root}/file1", "sub/file"):
            with self.subTest(name=name):
                self.assertEqual((DATA, 1), self.ask(name)[:2])
        self.said(r'TFTP "\.\./secret" to 10\.88\.0\.2 refused: static-refused\n')

    def test_a_name_cannot_write_the_log(self):
        self.start()
        self.ask('x\nDHCPACK on 10.0.0.1 to "me"')
        self.said(r'TFTP "x\\012DHCPACK on 10\.0\.0\.1 to \\"me\\"" to 10\.88\.0\.2 refused: ')
        self.assertNotIn("\nDHCPACK on 10.0.0.1", self.log())

    def test_only_who_has_an_address_from_us_or_is_a_cmts(self):
        self.start()
        self.assertEqual((DATA, 1), self.ask("file1", FIXED)[:2])
        self.assertEqual((DATA, 1), self.ask("file1", CMTS)[:2])
        opcode, code, text, _ = self.ask("file1", STRANGER)
        self.assertEqual((ERROR, ACCESS_VIOLATION, b"DHCP has not given you this address\0"), (opcode, code, text))
        self.said(r'TFTP "file1" to 10\.88\.0\.4 refused: no-lease: "DHCP has not given you this address"')
        self.assertEqual(1, self.metric('coaxd_tftp_refused_total{reason="access-violation"}'))
        self.assertEqual(1, self.metric('coaxd_files_refused_total{reason="no-lease"}'))

    def test_a_lease_opens_the_door_and_names_the_modem(self):
        self.start()
        with clients.Udhcpc(self.wire, "cli0", str(self.folder)) as client:
            address = client.wait_bound()[1]
            opened = self.udp(address)
            opcode, block, data, port = self.ask("file511", opened=opened)
            self.assertEqual((DATA, 1, pattern(511)), (opcode, block, data))
            opened.sendto(struct.pack(">HH", ACK, 1), (SERVER, port))
            self.said(rf'TFTP "file511" to {re.escape(address)} \(02:00:00:00:00:02\): 511 octets in \d+ ms')
            client.release()
            self.said(r"DHCPRELEASE of ")
        self.wire.ip(f"addr replace {address}/24 dev cli0")
        self.assertTrue(base.wait_until(lambda: self.ask("file511", address)[:2] == (ERROR, ACCESS_VIOLATION)))

    def test_one_address_has_so_many_at_once_and_a_cmts_any_number(self):
        self.TFTP = {"per_source": 2}
        self.start()
        for source in (FIXED, CMTS):
            for _ in range(2):
                self.assertEqual((DATA, 1), self.ask("file513", source)[:2])
        self.assertEqual((ERROR, ALLOCATION_EXCEEDED), self.ask("file513", FIXED)[:2])
        self.assertEqual((DATA, 1), self.ask("file513", CMTS)[:2], "it asks for many modems")

    def test_ports_come_from_the_range_and_requests_go_to_69(self):
        self.TFTP = {"transfer_ports": 2, "ports": "40000-40003"}
        self.start()
        opened = self.udp()
        *_, port = self.ask("file513", opened=opened)
        self.assertIn(port, range(40000, 40004))
        opened.sendto(struct.pack(">H", RRQ) + b"file1\0octet\0", (SERVER, port))
        self.assertEqual(struct.pack(">HH", ERROR, ILLEGAL), opened.recvfrom(2048)[0][:4])
        stray = self.udp()
        stray.sendto(struct.pack(">HH", ACK, 1), (SERVER, port))
        self.assertEqual(struct.pack(">HH", ERROR, UNKNOWN_TRANSFER), stray.recvfrom(2048)[0][:4])

    def test_a_block_fits_the_way(self):
        self.machine.ip("link set srv0 mtu 1000")
        self.start()
        opcode, _, _, _ = self.ask("file70000", options=b"blksize\x001400\0")
        self.assertEqual(OACK, opcode)
        opened = self.udp()
        opened.sendto(struct.pack(">H", RRQ) + b"file70000\0octet\0blksize\x001400\0", (SERVER, 69))
        self.assertEqual(struct.pack(">H", OACK) + b"blksize\x00968\0", opened.recvfrom(2048)[0], "1000 less 20, 8 and 4")

    def test_a_reload_disturbs_no_transfer(self):
        self.start()
        opened = self.udp()
        opcode, block, data, port = self.ask("file513", opened=opened)
        self.assertEqual((DATA, 1, pattern(513)[:512]), (opcode, block, data))
        subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "--socket", f"{self.folder}/control.sock", "reload"], check=True,
                       stdout=subprocess.DEVNULL, timeout=30)
        opened.sendto(struct.pack(">HH", ACK, 1), (SERVER, port))
        answer = opened.recvfrom(2048)[0]
        while answer[:4] == struct.pack(">HH", DATA, 1):         # again, if the reload has taken long
            answer = opened.recvfrom(2048)[0]
        self.assertEqual(struct.pack(">HH", DATA, 2) + pattern(513)[512:], answer)

    def test_a_file_that_is_replaced_is_the_new_one_a_second_later(self):
        self.start()
        self.assertEqual(b"\0", self.ask("file1")[2])
        self.write("new", b"n")
        (self.root / "new").rename(self.root / "file1")
        self.assertTrue(base.wait_until(lambda: self.ask("file1", CMTS)[2] == b"n"))

    def test_a_taken_port_and_a_missing_folder_are_said(self):
        with self.machine.entered():
            other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(other.close)
        other.bind(("0.0.0.0", 69))
        with self.assertRaisesRegex(server.ServerFailed, r"UDP port 69 is in use by python3 \(process \d+\): stop it .* or set \[tftp\] port or enabled\."):
            self.start()
        other.close()
        self.root = self.folder / "none"
        with self.assertRaisesRegex(server.ServerFailed, r"\[tftp\] root .*/none: No such file or directory: make the folder \(mkdir -p "):
            self.start()

    def test_the_port_is_free_when_the_server_has_ended(self):
        self.start()
        self.running.stop()
        for port in (67, 69, 37):
            with self.machine.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
                opened.bind(("0.0.0.0", port))


class Compiled(Files):
    """A folder of templates and a file of keys."""
    MODEM = "02:00:5e:00:53:77"
    DOCSIS = {"timestamp": True, "modem_address": True}
    KEYS = '* "secret"\n'

    def setUp(self):
        super().setUp()
        self.templates = self.folder / "templates"
        self.templates.mkdir()
        keys = self.folder / "keys"
        keys.write_text(self.KEYS, encoding="ascii")
        keys.chmod(0o600)
        (self.folder / "key").write_text("secret", encoding="ascii")

    def template(self, text, name="gold"):
        new = self.templates / "new"
        new.write_text(text, encoding="ascii")
        new.rename(self.templates / f"{name}.cfg")

    def settings(self):
        return super().settings() | {"docsis": {"templates": str(self.templates), "secrets": f"{self.folder}/keys"} | self.DOCSIS}


class Templates(Compiled):
    """MULPI 3.0 D.1.1, D.2.1: the file of a modem, compiled as it asks. `docsis`, which is not the server, judges what came."""

    def setUp(self):
        super().setUp()
        self.template("Main { NetworkAccess 1; MaxCPE ${cpe:3}; }")

    def docsis(self, *words):
        return subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/docsis", *words], capture_output=True, text=True, timeout=30, check=False)

    def set(self, setting):
        subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "--socket", f"{self.folder}/control.sock", "modem", "set", self.MODEM, setting],
                       timeout=30, check=True, capture_output=True)

    def text(self, name="gold.cm"):
        local = str(self.folder / "got.cm")
        status, said = self.fetch(["busybox", "tftp", "-g", "-r", "{name}", "-l", "{local}", "{server}"], name, local)
        self.assertEqual(0, status, said)
        verdict = self.docsis("verify", str(self.folder / "key"), local)
        self.assertEqual(0, verdict.returncode, verdict.stdout + verdict.stderr)
        self.assertRegex(verdict.stdout, "CM MIC right, CMTS MIC right")
        return self.docsis("-d", local).stdout

    def test_the_file_is_the_modem_s_own_and_under_the_key(self):
        self.start()
        text = self.text()
        self.assertRegex(text, r"MaxCPE 3;")
        self.assertRegex(text, rf"TftpModemAddress {re.escape(FIXED)};")
        self.assertLess(abs(int(re.search(r"TftpTimestamp (\d+);", text)[1]) - SECONDS_TO_1970 - time.time()), 60)
        self.set("cpe=9")
        self.assertRegex(self.text(), r"MaxCPE 9;")
        self.assertEqual(pattern(1), self.ask("file1")[2])  # what is no template is a file of the folder
        self.assertEqual((ERROR, NOT_FOUND), self.ask("silver.cm")[:2])

    def test_a_template_with_a_mistake_leaves_the_one_before(self):
        self.start()
        self.text()
        self.template("Main { NetworkAccess 7; }")
        self.said(r"gold.cfg:1:\d+: error")
        self.assertRegex(self.text(), r"NetworkAccess 1;")
        self.template("Main { NetworkAccess 0; }")
        self.assertTrue(base.wait_until(lambda: "NetworkAccess 0;" in self.text()))

    def test_keys_that_others_may_read_are_refused(self):
        (self.folder / "keys").chmod(0o644)
        with self.assertRaisesRegex(server.ServerFailed, r"/keys: .*chmod 600") as refused:
            self.start()
        self.assertNotIn("secret\"", str(refused.exception))
        checked = subprocess.run([base.Settings.server, "-t", "-cf", f"{self.folder}/dhcpd.conf", "-C", f"{self.folder}/coaxd.toml"],
                                 capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(1, checked.returncode, checked.stderr)
        self.assertRegex(checked.stderr, r"\[docsis\] secrets .*/keys: .*chmod 600")


NORTH, SOUTH = "10.88.0.5", "10.88.0.6"     # relays: CMTSs with keys of their own
KEYS = ("north", "south", "former")
FLOWS = "UsServiceFlow { UsServiceFlowRef 1; QosParamSetType 7; } DsServiceFlow { DsServiceFlowRef 2; QosParamSetType 7; }"
FIRMWARE_NAME = 9


class ToldByDhcp(Compiled):
    """What DHCP tells decides who gets which file, of whose values, under which key. DHCP comes by way of the relays; tests/lib judges the files."""
    CONFIG = """
ping-check off;
authoritative;
default-lease-time 600;
dhcp-cache-threshold 0;
class "modems" {
  match if substring(option vendor-class-identifier, 0, 6) = "docsis";
  filename "gold.cm";
  option bootfile-name "gold.cm";
  next-server 10.88.0.1;
}
subnet 10.88.0.0 netmask 255.255.255.0 { range 10.88.0.100 10.88.0.110; }
"""
    KEYS = f'* "north"\n{SOUTH} "south" old "former" until 2099-01-01T00:00Z\n'
    OTHER = "02:00:5e:00:53:78"

    def setUp(self):
        super().setUp()
        for relay in (NORTH, SOUTH):
            self.wire.ip(f"addr add {relay}/24 dev cli0")
        self.template('Main { NetworkAccess 1; SwUpgradeFilename "${mac} ${giaddr:none} ${class:none}"; %s }' % FLOWS)
        self.template("Main { NetworkAccess 0; %s }" % FLOWS, "silver")
        self.addresses = set()

    def dhcp(self, kind, mac, relay, **options):
        with self.udp(relay, 67) as opened:
            message = dhcp_packet.Message(xid=7, chaddr=dhcp_packet.mac_bytes(mac), giaddr=relay, hops=1)
            message.add(53, bytes([dhcp_packet.TYPE_CODES[kind]])).add(60, b"docsis3.0:").add(55, bytes([1, 3, 67]))
            for name, address in options.items():
                message.add(dhcp_packet.OPTION_CODES[name.replace("_", "-")], dhcp_packet.ip_bytes(address))
            message.add(82, b"\x02\x06" + dhcp_packet.mac_bytes(mac))
            opened.sendto(message.encode(), (SERVER, 67))
            return dhcp_packet.Message.decode(opened.recvfrom(2048)[0])

    def boot(self, mac=Compiled.MODEM, relay=NORTH):
        """The address, and the file's name, which OFFER and ACK have told, in the field and in option 67."""
        offer = self.dhcp("DISCOVER", mac, relay)
        ack = self.dhcp("REQUEST", mac, relay, dhcp_requested_address=offer.yiaddr, dhcp_server_identifier=SERVER)
        self.assertEqual(("OFFER", "ACK", offer.file), (offer.type, ack.type, ack.file))
        name = ack.file.rstrip(b"\0")
        self.assertEqual(name, ack.get(67), "RFC 2132 9.5")
        if ack.yiaddr not in self.addresses:
            self.wire.ip(f"addr add {ack.yiaddr}/24 dev cli0")
            self.addresses.add(ack.yiaddr)
        return ack.yiaddr, name.decode()

    def get(self, source, name):
        """The whole file, every block of it acknowledged; the server has noticed."""
        opened, whole = self.udp(source), b""
        opcode, block, data, port = self.ask(name, opened=opened)
        while True:
            self.assertEqual(DATA, opcode, data)
            whole += data
            opened.sendto(struct.pack(">HH", ACK, block), (SERVER, port))
            if len(data) < 512:
                break
            answer = opened.recvfrom(2048)[0]
            (opcode, block), data = struct.unpack(">HH", answer[:4]), answer[4:]
        self.said(rf'TFTP "{re.escape(name)}" to {re.escape(source)}.*: {len(whole)} octets in')
        return whole

    def why(self, source, name):
        """Why there is no file; "" when there is one, of which nothing is taken."""
        opened = self.udp(source)
        opcode, _, text, port = self.ask(name, opened=opened)
        if opcode == ERROR:
            return text.rstrip(b"\0").decode()
        opened.sendto(struct.pack(">HH", ERROR, 0) + b"enough\0", (SERVER, port))
        return ""

    def check(self, octets, key, mac, relay, client_class="modems"):
        file = modem_file.ModemFile(octets)
        self.assertTrue(file.cm_mic_right)
        self.assertEqual([key], [each for each in KEYS if file.cmts_mic_right(each.encode())])
        self.assertEqual(f"{mac} {relay} {client_class}", file.first(FIRMWARE_NAME).value.decode())

    def restart(self):
        self.assertEqual(0, self.running.stop())
        self.running.start()


class OnlyTold(ToldByDhcp):
    DOCSIS = {"only_told": True, "unasked": "file5, firmware/"}

    def test_values_and_key_are_the_relay_s(self):
        self.start()
        for mac, relay, key in ((self.MODEM, NORTH, "north"), (self.OTHER, SOUTH, "south")):
            address, name = self.boot(mac, relay)
            self.assertEqual("gold.cm", name)
            self.check(self.get(address, name), key, mac, relay)

    def test_who_comes_back_was_refused_and_gets_the_former_key(self):
        self.start()
        for key in ("south", "former", "south"):
            self.check(self.get(*self.boot(relay=SOUTH)), key, self.MODEM, SOUTH)

    def test_each_modem_gets_what_it_was_told(self):
        self.start()
        address, name = self.boot()
        self.assertEqual("", self.why(address, name))
        self.assertEqual("DHCP has named another file to you", self.why(address, "silver.cm"))
        self.assertEqual("DHCP has named another file to you", self.why(address, "file1"))
        self.assertEqual("", self.why(address, "file511"), "it begins with what nobody need be told")
        self.assertEqual("DHCP has not given you this address", self.why(STRANGER, name))
        self.assertEqual(2, self.metric('coaxd_files_refused_total{reason="not-told"}'))

    def has_record(self):
        return subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "--socket", f"{self.folder}/control.sock", "modem", "show", self.MODEM],
                              timeout=30, capture_output=True, check=False).returncode == 0

    def test_after_a_restart_a_modem_may_have_what_it_had(self):
        self.start()
        address, name = self.boot()
        other, _ = self.boot(self.OTHER)
        self.assertTrue(base.wait_until(self.has_record))
        self.get(address, name)
        self.restart()
        self.check(self.get(address, name), "north", self.MODEM, "none", "none")
        self.assertEqual("DHCP has named no file to you: ask it again", self.why(address, "silver.cm"))
        self.assertEqual("DHCP has named no file to you: ask it again", self.why(other, name), "it had none")
        self.assertEqual((other, name), self.boot(self.OTHER))
        self.check(self.get(other, name), "north", self.OTHER, NORTH)


class GeneratedNames(ToldByDhcp):
    DOCSIS = {"only_told": True, "generated_names": True, "name_seconds": 10, "modem_address": True}

    def boot(self, mac=Compiled.MODEM, relay=NORTH):
        address, name = super().boot(mac, relay)
        self.assertRegex(name, r"^[a-z2-7]{24}\.cm$")
        return address, name

    def test_a_name_is_good_for_its_address_and_for_one_download(self):
        self.start()
        address, name = self.boot()
        other, others_name = self.boot(self.OTHER, SOUTH)
        self.assertEqual("this name was handed out to another address", self.why(other, name))
        self.assertEqual("DHCP has named another file to you", self.why(address, "gold.cm"))
        self.assertEqual("no such name has been handed out", self.why(address, "a" * 24 + ".cm"))
        self.assertEqual("", self.why(address, name), "it breaks off, and may be tried again")
        self.assertEqual((address, name), self.boot(), "RFC 2131 4.1: a repeated REQUEST")
        octets = self.get(address, name)
        self.check(octets, "north", self.MODEM, NORTH)
        self.assertEqual(address, modem_file.ModemFile(octets).address)
        self.assertEqual("this name was good for one download", self.why(address, name))
        again, fresh = self.boot()
        self.assertEqual(address, again)
        self.assertNotEqual(name, fresh)
        self.assertEqual("no such name has been handed out", self.why(address, name))
        self.check(self.get(CMTS, others_name), "south", self.OTHER, SOUTH)
        self.assertEqual("this name was good for one download", self.why(other, others_name), "the CMTS has fetched it for the modem")

    def test_a_name_for_more_than_one_download(self):
        self.DOCSIS = self.DOCSIS | {"single_download": False}
        self.start()
        address, name = self.boot()
        self.assertEqual(self.get(address, name), self.get(address, name))
        self.assertEqual((address, name), self.boot())

    def test_a_name_that_is_old_is_refused(self):
        self.start()
        address, name = self.boot()
        self.assertEqual("", self.why(address, name))
        self.assertTrue(base.wait_until(lambda: self.why(address, name) == "this name has expired", 30))
        _, fresh = self.boot()
        self.assertEqual("", self.why(address, fresh))

    def test_after_a_restart_a_modem_asks_dhcp_again(self):
        self.start()
        address, name = self.boot()
        self.restart()
        self.assertEqual("no such name has been handed out", self.why(address, name))
        self.assertEqual("DHCP has named no file to you: ask it again", self.why(address, "gold.cm"))
        again, fresh = self.boot()
        self.assertEqual(address, again)
        self.check(self.get(address, fresh), "north", self.MODEM, NORTH)


class TimeOfDay(Files):
    def test_udp(self):
        self.start()
        opened = self.udp(STRANGER)
        opened.sendto(b"", (SERVER, 37))
        answer, source = opened.recvfrom(64)
        self.assertEqual((SERVER, 37), source)
        self.check(answer)
        self.assertEqual(1, self.metric('coaxd_time_answers_total{transport="udp"}'))

    def test_tcp(self):
        self.start()
        with self.wire.entered():
            opened = socket.create_connection((SERVER, 37), 5)
        with opened:
            answer = opened.recv(64)
            self.assertEqual(b"", opened.recv(64))
        self.check(answer)
        self.assertEqual(1, self.metric('coaxd_time_answers_total{transport="tcp"}'))

    def check(self, answer):
        self.assertEqual(4, len(answer))
        self.assertAlmostEqual(time.time(), struct.unpack(">I", answer)[0] - SECONDS_TO_1970, delta=3)


class TimeOfDayWithAsio(TimeOfDay):
    IO = "asio"


class Off(Files):
    """Nothing listens unless it is asked for."""

    def settings(self):
        sections = super().settings()
        return sections | {name: sections[name] | {"enabled": False} for name in ("tftp", "time")}

    def test_ports_are_closed(self):
        self.start()
        for port in (69, 37):
            with self.machine.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
                opened.bind(("0.0.0.0", port))
        done = subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "--socket", f"{self.folder}/control.sock", "metrics"],
                              capture_output=True, text=True, timeout=30, check=True)
        self.assertNotIn("tftp", done.stdout)


if __name__ == "__main__":
    base.main("tftp", "atftp", "curl", "busybox", "udhcpc")
