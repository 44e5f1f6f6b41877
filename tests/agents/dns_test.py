#!/usr/bin/python3
"""What `coaxctl quarantine dns-config` (the path of coaxctl is the argument) makes of examples/dns, with Debian's dnsmasq and unbound: what they answer to a quarantined machine. All in one
namespace, on its loopback."""
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import threading
import unittest

import base
import netns
from mock_api import wait_until

DNS = base.ROOT / "examples" / "dns"
GENERATOR = [sys.argv.pop(1) if len(sys.argv) > 1 else base.ROOT / "build" / "bin" / "coaxctl", "quarantine", "dns-config"]
PORTAL, GARDEN, UPSTREAM, TRUE = "10.66.0.1", "10.66.0.2", "192.0.2.53", "198.51.100.7"
A, NS, PTR, MX, TXT, AAAA, HTTPS, ANY = 1, 2, 12, 15, 16, 28, 65, 255
NOERROR, NXDOMAIN, REFUSED = 0, 3, 5
# What systems and browsers ask to find out whether there is a captive portal.
PROBES = ["captive.apple.com", "connectivitycheck.gstatic.com", "connectivitycheck.android.com", "www.msftconnecttest.com", "www.msftncsi.com", "detectportal.firefox.com",
          "nmcheck.gnome.org", "connectivity-check.ubuntu.com", "network-test.debian.org"]


def question(name, kind, identity=7):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    return struct.pack("!6H", identity, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def skip_name(message, at):
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def answers(message):
    """(rcode, [(type, TTL, data)] of the answer section)."""
    _, flags, questions, count, _, _ = struct.unpack("!6H", message[:12])
    at, records = 12, []
    for _ in range(questions):
        at = skip_name(message, at) + 4
    for _ in range(count):
        at = skip_name(message, at)
        kind, _, ttl, length = struct.unpack("!2HIH", message[at:at + 10])
        records.append((kind, ttl, message[at + 10:at + 10 + length]))
        at += 10 + length
    return flags & 15, records


class Upstream:
    """A resolver that knows one IPv4 and one IPv6 address for everything, and writes down what it was asked."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((UPSTREAM, 53))
        self.asked = set()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                message, sender = self.socket.recvfrom(2048)
            except OSError:
                return
            end = skip_name(message, 12)
            kind = struct.unpack("!H", message[end:end + 2])[0]
            self.asked.add(message[12:end].lower())
            data = {A: socket.inet_aton(TRUE), AAAA: socket.inet_pton(socket.AF_INET6, "2001:db8::7")}.get(kind)
            record = b"\xc0\x0c" + struct.pack("!2HIH", kind, 1, 3600, len(data)) + data if data else b""
            self.socket.sendto(message[:2] + struct.pack("!5H", 0x8180, 1, 1 if data else 0, 0, 0) + message[12:end + 4] + record, sender)


class Garden:
    """The tests; a subclass names the program."""
    argv = None

    def setUp(self):
        super().setUp()
        self.namespace = netns.Namespace()
        self.addCleanup(self.namespace.close)
        self.namespace.ip(*(f"addr add {address}/32 dev lo" for address in (GARDEN, UPSTREAM)))
        with self.namespace.entered():
            self.upstream = Upstream()
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.upstream.socket.close)
        self.addCleanup(self.socket.close)
        self.socket.settimeout(10)
        self.socket.connect((GARDEN, 53))
        (self.folder / "allow").write_text("Update.Example.COM\n\n# scanners\nscanner.example   # ours\nexample.net.\n*.example.org\nbelow.example.net\n"
                                          + "".join(f"{probe.split('.', 1)[1]}\n" for probe in PROBES))       # apple.com as a whole, and so on
        config = self.folder / "garden.conf"
        config.write_text(self.generate())
        log = open(self.folder / "log", "w", encoding="utf-8")
        self.addCleanup(log.close)
        self.process = self.namespace.popen([word.format(config) for word in self.argv], stdout=log, stderr=log, cwd=self.folder)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.assertTrue(wait_until(self.alive), (self.folder / "log").read_text())

    def generate(self):
        return subprocess.run([*GENERATOR, "--portal", PORTAL, "--listen", GARDEN, "--upstream", UPSTREAM, "--allow", self.folder / "allow", self.program],
                              capture_output=True, text=True, check=True, timeout=30).stdout

    def alive(self):
        if self.process.poll() is not None:
            return True                                          # a question says what is wrong
        try:
            return bool(self.ask("alive.example", A))
        except ConnectionError:
            return False

    def ask(self, name, kind):
        self.socket.send(question(name, kind))
        return answers(self.socket.recv(4096))

    def addresses(self, name):
        rcode, records = self.ask(name, A)
        self.assertEqual(NOERROR, rcode, name)
        return [socket.inet_ntoa(data) for kind, _, data in records if kind == A]

    def test_every_name_is_the_portal_and_soon_forgotten(self):
        for name in ("www.example", "com", "a.b.c.d.e.example.com", "example.com", "xn--bcher-kva.example", "localhostx", *PROBES):
            rcode, records = self.ask(name, A)
            self.assertEqual((NOERROR, [(A, socket.inet_aton(PORTAL))]), (rcode, [(kind, data) for kind, _, data in records]), name)
            self.assertLessEqual(records[0][1], 10, name)
        self.assertEqual(set(), self.upstream.asked)

    def test_no_ipv6_and_nothing_of_other_types(self):
        for kind in (AAAA, HTTPS, MX, TXT):
            rcode, records = self.ask("www.example", kind)
            self.assertEqual((NOERROR, []), (rcode, records), kind)
        self.assertEqual(set(), self.upstream.asked)

    def test_the_allow_list_is_answered_truly(self):
        for name in ("update.example.com", "a.update.example.com", "A.B.Update.Example.Com", "scanner.example", "cdn.scanner.example", "example.net", "below.example.net",
                     "www.example.org"):
            self.assertEqual([TRUE], self.addresses(name), name)

    def test_it_ends_where_a_label_ends(self):
        for name in ("badupdate.example.com", "example.com", "update.example.com.evil.example", "xscanner.example", "notexample.net"):
            self.assertEqual([PORTAL], self.addresses(name), name)
        self.assertEqual(set(), self.upstream.asked)

    def test_no_ipv6_of_the_allow_list_either(self):
        rcode, records = self.ask("update.example.com", AAAA)
        self.assertEqual((NOERROR, []), (rcode, records))

    def test_those_that_make_browsers_go_around_us_are_not_there(self):
        for name in ("use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"):
            for kind in (A, AAAA):
                self.assertEqual((NXDOMAIN, []), self.ask(name, kind), name)

    def test_no_names_of_addresses(self):
        rcode, records = self.ask("9.7.64.100.in-addr.arpa", PTR)
        self.assertEqual([], records)
        self.assertEqual(set(), self.upstream.asked)

    def test_a_portal_is_found_whatever_is_allowed(self):
        for probe in PROBES:
            self.assertEqual([PORTAL], self.addresses(probe), probe)
            self.assertEqual((NOERROR, []), self.ask(probe, AAAA), probe)
        self.assertEqual([TRUE], self.addresses("store.apple.com"))

    def test_over_tcp(self):
        with self.namespace.entered():
            one = socket.create_connection((GARDEN, 53), timeout=10)
        with one:
            message = question("www.example", A)
            one.sendall(struct.pack("!H", len(message)) + message)
            length = struct.unpack("!H", one.recv(2, socket.MSG_WAITALL))[0]
            self.assertEqual(socket.inet_aton(PORTAL), answers(one.recv(length, socket.MSG_WAITALL))[1][0][2])

    def test_the_list_that_comes_with_it(self):
        names = [line.partition("#")[0].strip() for line in (DNS / "allow.txt").read_text().splitlines()]
        names = [name for name in names if name]
        self.assertGreater(len(names), 30)
        shutil.copy(DNS / "allow.txt", self.folder / "allow")
        (self.folder / "all.conf").write_text(self.generate())
        done = subprocess.run([word.format(self.folder / "all.conf") for word in self.check], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(0, done.returncode, done.stderr)


class Dnsmasq(Garden, base.Folder):
    program = "dnsmasq"
    argv = ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file={}", "--log-facility=-", "--pid-file="]
    check = ["/usr/sbin/dnsmasq", "--test", "--conf-file={}"]


    def test_what_it_answers_truly_is_let_through(self):
        """The two examples together: dnsmasq tells the packet filter which addresses the allow-list has."""
        settings = self.folder / "nftables.toml"
        settings.write_text(base.program("coaxd-nftables").EXAMPLE)
        rules = subprocess.run([base.AGENTS / "coaxd-nftables", "--print", settings], capture_output=True, text=True, check=True, timeout=30).stdout
        self.assertEqual(0, self.namespace.run(["/usr/sbin/nft", "-f", "-"], input=rules, text=True).returncode)
        self.assertEqual([PORTAL], self.addresses("www.example"))
        self.assertEqual([TRUE], self.addresses("update.example.com"))
        answered = ["/usr/sbin/nft", "list", "set", "ip", "coaxd", "answered"]
        self.assertTrue(wait_until(lambda: TRUE in self.namespace.run(answered, capture_output=True, text=True).stdout))
        self.assertNotIn(PORTAL, self.namespace.run(answered, capture_output=True, text=True).stdout)

    def generate(self):
        return super().generate().replace("#nftset=", "nftset=")


class Unbound(Garden, base.Folder):
    program = "unbound"
    argv = ["/usr/sbin/unbound", "-d", "-p", "-c", "{}"]
    check = ["/usr/sbin/unbound-checkconf", "{}"]


class Generator(base.Folder):
    def run_it(self, *words):
        return subprocess.run([*GENERATOR, "--portal", PORTAL, "--upstream", UPSTREAM, *words], capture_output=True, text=True, timeout=30, check=False)

    def test_mistakes_in_the_list_have_their_line(self):
        for text in ("com", "a b.example", "-a.example", "a..example", "bücher.example", "a" * 64 + ".example", "a.example;x", "10.66.0.1", 'x".example', "{domain}.example",
                     ".".join(["a" * 60] * 5)):
            (self.folder / "allow").write_text("good.example\n\n" + text + "\n")
            done = self.run_it("--allow", self.folder / "allow", "unbound")
            self.assertEqual((1, ""), (done.returncode, done.stdout), text)
            self.assertIn(f"{self.folder}/allow:3: ", done.stderr)
            self.assertIn("write such as", done.stderr)

    def test_each_pair_of_a_name_and_an_upstream(self):
        (self.folder / "allow").write_text("a.example\nb.example\nwww.a.example\n")
        text = self.run_it("--upstream", "192.0.2.54", "--allow", self.folder / "allow", "dnsmasq").stdout
        self.assertEqual([f"server=/{name}/{one}" for name in ("a.example", "b.example") for one in (UPSTREAM, "192.0.2.54")],
                         [line for line in text.splitlines() if line.startswith("server=")])
        self.assertIn(f"listen-address={PORTAL}\n", text)
        self.assertNotIn("{", text)

    def test_what_is_wrong_on_the_command_line(self):
        for words, why in ((["--portal", "10.66.0", "--upstream", UPSTREAM, "dnsmasq"], "write such as 10.66.0.1"), (["--portal", PORTAL, "dnsmasq"], "--upstream is required"),
                           (["--portal", PORTAL, "--upstream", UPSTREAM], "PROGRAM is required"), (["--portal", PORTAL, "--upstream", UPSTREAM, "bind"], "dnsmasq")):
            done = subprocess.run([*GENERATOR, *words], capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual((2, ""), (done.returncode, done.stdout), words)
            self.assertIn(why, done.stderr)
        done = self.run_it("--allow", self.folder / "missing", "dnsmasq")
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertIn(f"cannot read the allow-list {self.folder}/missing: No such file or directory", done.stderr)

    def test_the_list_to_begin_with(self):
        done = subprocess.run([*GENERATOR, "--print-allow"], capture_output=True, text=True, timeout=30, check=True)
        self.assertEqual((DNS / "allow.txt").read_text(), done.stdout)

    def test_an_empty_list(self):
        (self.folder / "allow").write_text("# nothing\n")
        for program in ("dnsmasq", "unbound"):
            self.assertEqual(0, self.run_it("--allow", self.folder / "allow", program).returncode)


if __name__ == "__main__":
    reason = netns.missing("dnsmasq", "unbound", "nft")
    if reason:
        print(f"1..0 # SKIP {pathlib.Path(sys.argv[0]).name}: {reason}")
        sys.exit(77)
    unittest.main()
