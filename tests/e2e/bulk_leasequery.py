#!/usr/bin/python3
"""Leasequery over TCP from the running server (RFC 6926, RFC 7724), by coaxctl and by hand: a dump, followers while leases are given, TLS, who is refused, who does not read.
Every kind of message passes tshark, which reads DHCP over UDP only: so each is put into a datagram. Exit 77: cannot run here.

    requester 192.168.1.2, stranger 192.168.1.9, relay 10.1.0.1 up0 --- cmts0 192.168.1.1 server
"""
import contextlib
import json
import pathlib
import re
import socket
import struct
import subprocess

import base             # puts tests/lib on the path
import capture
import dhcp_packet
import frames
import server
from far_side import SERVER, FarSide

REQUESTER, STRANGER, RELAY = "192.168.1.2", "192.168.1.9", "10.1.0.1"
CONFIG = """
ping-check off;
authoritative;
default-lease-time 3600;
max-lease-time 3600;
subnet 192.168.1.0 netmask 255.255.255.0 { }
subnet 10.1.0.0 netmask 255.255.0.0 { range 10.1.8.0 10.1.27.255; }
host static { hardware ethernet 02:00:5e:00:53:80; fixed-address 10.1.30.200; }
"""
CLIENTS, ADDRESSES = 2000, 5120
ACTIVE, UNASSIGNED, BULK, DONE, ACTIVE_QUERY, STATUS = 13, 11, 14, 15, 16, 17
QUERY_TERMINATED = 2


def query(kind=BULK, xid=1, options=()):
    message = dhcp_packet.Message(xid=xid)
    message.htype = message.hlen = 0
    message.add(53, bytes([kind]))
    for code, value in options:
        message.add(code, value)
    octets = message.encode(minimum=0)
    return struct.pack(">H", len(octets)) + octets


class BulkLeasequery(FarSide):
    def serve(self, settings=""):
        requesters = f'[leasequery]\nrequesters = [{{ prefix = "{REQUESTER}" }}, {{ prefix = "{RELAY}" }}]\ntcp = true\n'
        self.lay(CONFIG, requesters + settings, f"{STRANGER}/24", f"{RELAY}/32")
        self.messages, self.files = [], {}

    def ctl(self, *words, status=0):
        done = self.far.run([f"{self.programs}/coaxctl", "leasequery", "--server", SERVER, *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(status, done.returncode, done)
        return done.stdout if status == 0 else done.stderr

    def told(self, *words):
        return [json.loads(line) for line in self.ctl(*words, "--json").splitlines()]

    def storm(self, clients=CLIENTS, first=0):
        words = [f"{self.programs}/coaxstorm", "dora", "--server", SERVER, "--relay", RELAY, "--clients", str(clients), "--first", str(first), "--count", str(clients),
                 "--clients-per-modem", "4", "--quiet"]
        done = self.far.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done)

    def metric(self, line):
        return self.metrics()[line]

    def connect(self, source=REQUESTER, buffer=None):
        with self.far.entered():
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.addCleanup(made.close)
        if buffer:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        made.settimeout(20)
        made.bind((source, 0))
        made.connect((SERVER, 67))
        return made

    def read(self, stream):
        """Messages until the server ends the stream, or one query."""
        file = self.files.setdefault(stream, stream.makefile("rb"))
        while size := file.read(2):
            length = struct.unpack(">H", size)[0]
            octets = file.read(length)
            if len(octets) < length:
                return                                           # the end came within a message
            message = dhcp_packet.Message.decode(octets)
            if len(self.messages) < 500 or message.get(53)[0] == DONE:
                self.messages.append(octets)
            yield message
            if message.get(53)[0] == DONE:
                return

    def judge(self):
        """tshark on what was read."""
        path = str(self.folder / "tcp.pcap")
        packets = [frames.udp("02:00:00:00:01:02", "02:00:00:00:01:01", SERVER, 67, REQUESTER, 67, octets) for octets in self.messages]
        capture.write_pcap(path, packets)
        self.assertEqual(len(packets), len(capture.message_types(path)))
        self.assertEqual([], capture.complaints(path))

    # --- UDP ---

    def test_coaxctl_asks_as_a_relay_does(self):
        self.serve()
        self.running.start()
        self.storm(clients=4)
        lease = next(each for each in self.told("--bulk") if each.get("lease_seconds"))
        for words in ([lease["ip"]], [lease["mac"]], [lease["client_id"]], [lease["ip"], "--dialect", "draft0"], [lease["ip"], "--giaddr", RELAY]):
            with self.subTest(words=words):
                told = self.told(*words)
                self.assertEqual([("active", lease["ip"], lease["mac"], lease["remote_id"])], [(each["answer"], each["ip"], each["mac"], each["remote_id"]) for each in told])
        self.assertEqual("unassigned", self.told("10.1.27.255")[0]["answer"])
        self.assertEqual("unknown", self.told("10.9.9.9")[0]["answer"])
        self.assertEqual("active", self.told("02:00:5e:00:53:80")[0]["answer"])
        with self.far.entered():
            taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(taken.close)
        taken.bind((RELAY, 67))
        self.assertEqual("active", self.told(lease["ip"], "--giaddr", RELAY)[0]["answer"], "another port will do (RFC 8357)")
        self.assertIn(f"must cover giaddr {STRANGER}", self.ctl(lease["ip"], "--giaddr", STRANGER, "--timeout", "1", status=1))
        self.assertIn("whom do you ask for?", self.ctl(status=2))

    # --- bulk ---

    def test_dump_says_what_the_leases_are(self):
        self.serve()
        self.running.start()
        self.storm()
        told = self.told("--bulk")
        self.assertEqual("done", told[-1]["answer"])
        by_answer = {kind: [each for each in told if each["answer"] == kind] for kind in ("active", "unassigned")}
        self.assertEqual(CLIENTS + 1, len(by_answer["active"]))
        self.assertEqual(ADDRESSES - CLIENTS, len(by_answer["unassigned"]))
        self.assertEqual(len(told) - 1, len({each["ip"] for each in told if "ip" in each}))
        leases = {lease["ip"]: lease["mac"] for lease in map(json.loads, self.control("leases", "export", "--json").splitlines())}
        self.assertEqual(leases, {each["ip"]: each["mac"] for each in by_answer["active"] if each["ip"] != "10.1.30.200"})
        some = by_answer["active"][5]
        self.assertTrue(3500 <= some["lease_seconds"] <= 3600 and some["state"] == "ACTIVE" and some["remote_id"], some)

        self.assertEqual([some["ip"]], [each["ip"] for each in self.told("--bulk", some["mac"])[:-1]])
        behind = self.told("--bulk", "--remote-id", some["remote_id"])[:-1]
        self.assertEqual(4, len(behind))
        self.assertEqual({some["remote_id"]}, {each["remote_id"] for each in behind})
        self.assertEqual([], self.told("--bulk", "--since", str(some["base_time"] + 1000))[:-1])
        self.assertEqual(CLIENTS, len(self.told("--bulk", "--since", "10m")) - 1)
        self.assertIn(some["ip"], self.ctl("--bulk", some["client_id"]))
        self.assertEqual(CLIENTS + 1, self.metric('coaxd_leasequery_tcp_replies_total{result="active"}') - 1 - 4 - CLIENTS - 1)

    def test_tshark_reads_every_kind_of_message(self):
        self.serve()
        self.running.start()
        self.storm(clients=300)
        stream = self.connect()
        stream.sendall(query() + query(xid=2, options=[(221, b"\xff")]))
        kinds, open_queries = set(), {1, 2}
        while open_queries:
            for message in self.read(stream):
                kinds.add(message.get(53)[0])
                if message.get(53)[0] == DONE:
                    open_queries.remove(message.xid)
        stream.sendall(query(ACTIVE_QUERY, 3, [(154, struct.pack(">I", 1))]))
        for message in self.read(stream):
            kinds.add(message.get(53)[0])
            if (message.get(151) or b"\0")[0] == 7:
                break
        self.assertEqual({ACTIVE, UNASSIGNED, DONE, STATUS}, kinds)
        self.judge()

    def test_who_is_not_listed_gets_nothing(self):
        self.serve()
        self.running.start()
        stranger = self.connect(STRANGER)
        with contextlib.suppress(ConnectionError):
            stranger.sendall(query())
            self.assertEqual(b"", stranger.recv(100))
        self.assertTrue(base.wait_until(lambda: f"from {STRANGER}: not among" in base.log_text(self.running)))
        self.assertEqual(1, self.metric('coaxd_leasequery_tcp_connections_total{result="not-listed"}'))

    def test_there_are_as_many_connections_as_are_allowed(self):
        self.serve("tcp_connections = 2")
        self.running.start()
        kept = [self.connect() for _ in range(2)]
        self.assertTrue(base.wait_until(lambda: self.metric("coaxd_leasequery_tcp_connections") == 2))
        with contextlib.suppress(ConnectionError):
            self.assertEqual(b"", self.connect().recv(100))
        kept.pop().close()
        self.assertTrue(base.wait_until(lambda: any(self.told("--bulk", "02:00:00:00:00:01"))))

    def test_a_reader_that_does_not_read_is_in_nobodys_way(self):
        self.serve()
        self.running.start()
        self.storm()
        stuck = self.connect(buffer=4096)
        stuck.sendall(b"".join(query(xid=xid) for xid in range(1, 9)))
        before = self.metric("coaxd_leasequery_tcp_octets_total")
        self.storm(clients=500, first=CLIENTS)
        self.assertEqual(CLIENTS + 500 + 1, len([each for each in self.told("--bulk") if each["answer"] == "active"]))
        self.assertLess(before, 8 * ADDRESSES * 300, "it was stopped by its own buffer")
        ended = {message.xid for _ in range(8) for message in self.read(stuck) if message.get(53)[0] == DONE}
        self.assertEqual(set(range(1, 9)), ended, "and goes on when it reads")

    def test_a_stop_ends_a_dump_honestly(self):
        self.serve()
        self.running.start()
        stuck = self.connect(buffer=4096)
        stuck.sendall(query())
        next(self.read(stuck))
        self.assertEqual(0, self.running.stop())
        with contextlib.suppress(ConnectionError):
            for message in self.read(stuck):
                self.assertTrue(message.get(53)[0] != DONE or message.get(151)[0] == QUERY_TERMINATED)

    def test_octets_that_are_no_message_end_the_connection(self):
        self.serve()
        self.running.start()
        for octets in (b"\0\0", b"\xff\xff" + b"x" * 5000, b"GET / HTTP/1.1\r\n\r\n"):
            stream = self.connect()
            with contextlib.suppress(ConnectionError):
                stream.sendall(octets)
                self.assertEqual(b"", stream.recv(100))
        self.assertTrue(base.wait_until(lambda: self.metric('coaxd_leasequery_tcp_ended_total{reason="bad-length"}') == 3))

    # --- active ---

    def test_a_follower_is_told_every_lease_that_is_given(self):
        self.serve()
        self.running.start()
        self.storm(clients=100)
        follower = self.far.popen([f"{self.programs}/coaxctl", "leasequery", "--server", SERVER, "--active", "--since", "10m", "--for", "20", "--json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(follower.kill)
        known, status = {}, []
        while not status:
            each = json.loads(follower.stdout.readline())
            status += [each["status"]] if each["answer"] == "status" else []
            known[each.get("ip")] = each
        # The server has begun less than ten minutes ago, and does not claim to know what was before.
        self.assertEqual(["DataMissing"], status)
        while status[-1] != "CatchUpComplete":
            each = json.loads(follower.stdout.readline())
            status += [each["status"]] if each["answer"] == "status" else []
            known[each.get("ip")] = each
        self.assertEqual(100, sum(each["answer"] == "active" for each in known.values()))
        self.storm(first=100)
        while sum(each["answer"] == "active" for each in known.values()) < 100 + CLIENTS:
            each = json.loads(follower.stdout.readline())
            known[each["ip"]] = each
        self.assertEqual(1, self.metric("coaxd_leasequery_tcp_followers"))
        address = next(ip for ip, each in known.items() if each["answer"] == "active")
        self.control("leases", "free", address)
        while known[address]["answer"] != "unassigned":
            each = json.loads(follower.stdout.readline())
            known[each["ip"]] = each
        self.assertEqual("AVAILABLE", known[address]["state"])
        self.control("reload")
        other = next(ip for ip, each in known.items() if each["answer"] == "active")
        self.control("leases", "free", other)
        while (each := json.loads(follower.stdout.readline())).get("ip") != other:
            self.assertNotEqual("status", each["answer"], "a reload that takes nobody away is no gap")
        config = pathlib.Path(self.running.config_path)
        config.write_text(config.read_text(encoding="ascii").replace("10.1.27.255", "10.1.27.254"), encoding="ascii")
        self.control("reload")
        while (each := json.loads(follower.stdout.readline()))["answer"] != "status":
            pass
        self.assertEqual("DataMissing", each["status"], "an address has gone, and nobody else says so")
        self.assertEqual(0, self.metric("coaxd_leasequery_tcp_changes_lost_total"))
        follower.kill()
        follower.communicate()

    # --- TLS ---

    def certificates(self):
        """An authority, a server's certificate for its address, a requester's, and one that nobody knows."""
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60, cwd=self.folder)
        def request(name, *words):
            openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", *words)
        for name in ("ca", "other"):
            request(name, "-x509", "-days", "2", "-out", f"{name}.pem")
        (self.folder / "san").write_text(f"subjectAltName=IP:{SERVER}\n", encoding="ascii")
        for name in ("server", "client"):
            request(name, "-out", f"{name}.csr")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", f"{name}.pem")

    TLS = """
tls = "MODE"
tls_certificate = "{folder}/server.pem"
tls_key = "{folder}/server.key"
tls_client_ca = "{folder}/ca.pem"
"""

    def tls_words(self, name="client", ca="ca"):
        return ["--bulk", "02:00:00:00:00:01", "--tls-ca", f"{self.folder}/{ca}.pem", "--tls-certificate", f"{self.folder}/{name}.pem", "--tls-key", f"{self.folder}/{name}.key"]

    def test_tls_with_certificates_of_both_sides(self):
        self.serve(self.TLS.replace("MODE", "required"))
        self.certificates()
        self.running.start()
        self.assertEqual("done", self.told(*self.tls_words())[-1]["answer"])
        self.assertEqual(1, self.metric('coaxd_leasequery_tcp_tls_total{result="started"}'))
        self.assertIn("does it require TLS (--tls)?", self.ctl("--bulk", status=1))
        self.assertIn("tls_client_ca", self.ctl(*self.tls_words("other"), status=1))
        self.assertIn("the server's certificate is not good", self.ctl(*self.tls_words(ca="other"), status=1))
        self.assertTrue(base.wait_until(lambda: self.metric('coaxd_leasequery_tcp_ended_total{reason="no-tls"}') == 3))

    def test_certificates_are_read_again_with_a_reload_and_bad_ones_are_not_taken(self):
        self.serve(self.TLS.replace("MODE", "required"))
        self.certificates()
        self.running.start()
        self.assertEqual("done", self.told(*self.tls_words())[-1]["answer"])
        pem = self.folder / "server.pem"
        pem.write_text("no certificate", encoding="ascii")
        self.control("reload")
        self.assertTrue(base.wait_until(lambda: "server.pem: " in base.log_text(self.running)), base.log_text(self.running))
        self.assertRegex(base.log_text(self.running), r"\[leasequery\] tls_certificate .*server\.pem: .* go on\.")
        self.assertEqual("done", self.told(*self.tls_words())[-1]["answer"], "the one before goes on")
        (self.folder / "ca.pem").rename(self.folder / "old-ca.pem")
        self.certificates()
        self.control("reload")
        self.assertTrue(base.wait_until(lambda: "the files of TLS were read again" in base.log_text(self.running)))
        self.assertEqual("done", self.told(*self.tls_words())[-1]["answer"], "of the new authority")
        self.assertIn("the server's certificate is not good", self.ctl(*self.tls_words(ca="old-ca"), status=1))

    def test_tls_may_be_left_out_where_it_is_optional_and_is_refused_where_it_is_off(self):
        self.serve(self.TLS.replace("MODE", "optional"))
        self.certificates()
        self.running.start()
        self.assertEqual("done", self.told("--bulk", "02:00:00:00:00:01")[-1]["answer"])
        self.assertEqual("done", self.told(*self.tls_words())[-1]["answer"])
        self.running.stop()
        self.toml.write_text(self.toml.read_text(encoding="ascii").replace('tls = "optional"', 'tls = "off"'), encoding="ascii")
        self.running.start()
        self.assertIn("the server refuses TLS: TLS is off here", self.ctl(*self.tls_words(), status=1))

    def test_a_key_that_others_can_read_is_refused(self):
        self.serve(self.TLS.replace("MODE", "required"))
        self.certificates()
        (self.folder / "server.key").chmod(0o644)
        with self.assertRaisesRegex(server.ServerFailed, r"tls_key .*server\.key: others than its owner can read it .*chmod 600"):
            self.running.start()

    def test_tcp_without_requesters_is_refused(self):
        self.serve()
        self.toml.write_text(re.sub("requesters = .*\n", "", self.toml.read_text(encoding="ascii")), encoding="ascii")
        with self.assertRaisesRegex(server.ServerFailed, "tcp = true without requesters"):
            self.running.start()


if __name__ == "__main__":
    base.main("tshark", "openssl")
