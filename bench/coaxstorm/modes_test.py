#!/usr/bin/env python3
"""Every mode of coaxstorm, as a user runs it, against a server of a few lines on the loopback: what it finds and how it exits.

    modes_test.py COAXSTORM MANUAL-PAGE

Also: every option of --help is in the manual page, and the other way round. Needs no rights; both ports are the kernel's choice.
"""
import hashlib
import json
import pathlib
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

COAXSTORM, MANUAL = sys.argv[1:3]
FINE, CANNOT_RUN, VIOLATED, UNANSWERED = range(4)
DISCOVER, OFFER, REQUEST, ACK, RELEASE = 1, 2, 3, 5, 7
CLIENTS = 40
MODES = ("dora", "renew", "init-reboot", "release", "mix", "avalanche")


class Server(threading.Thread):
    """Answers like a server, but for one fault: `silent`, `twice` (one address for two clients), `bare` (no option 3)."""

    def __init__(self, fault=None):
        super().__init__(daemon=True)
        self.fault, self.heard = fault, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.join()
        self.socket.close()

    def run(self):
        while True:
            query, peer = self.socket.recvfrom(1500)
            if not query:
                return
            options = self.options_of(query)
            kind = options[53][0]
            self.heard.append(kind)
            if kind in (DISCOVER, REQUEST) and self.fault != "silent":
                self.socket.sendto(self.reply(query, kind, options), peer)

    @staticmethod
    def options_of(query):
        options, at = {}, 240
        while query[at] != 255:
            if query[at] == 0:
                at += 1
                continue
            options[query[at]] = query[at + 2:at + 2 + query[at + 1]]
            at += 2 + query[at + 1]
        return options

    def reply(self, query, kind, options):
        number = struct.unpack("!I", query[30:34])[0] & 0xffff
        address = 0x0a000001 + (number // 2 if self.fault == "twice" else number)
        head = b"\2" + query[1:16] + struct.pack("!I", address) + query[20:240]
        answer = {53: bytes([OFFER if kind == DISCOVER else ACK]), 54: bytes([127, 0, 0, 1]), 51: struct.pack("!I", 3600)}
        if self.fault != "bare":
            answer[3] = bytes([10, 0, 0, 1])
        answer[82] = options[82]
        return head + b"".join(bytes([code, len(value)]) + value for code, value in answer.items()) + b"\xff"


class Plant(Server):
    """Tells modems the time and gives them files, too, by TFTP: addresses of the loopback, so that no rights are needed. More faults: `errors` (no files),
    `borrowed` (everybody gets the file of client 0), `unsound` (a MIC that is wrong), `clockless` (no answer about the time), `late` (by an hour),
    `nameless` (no file in the ACK)."""
    RRQ, DATA, ACK, ERROR = 1, 3, 4, 5

    def __init__(self, fault=None):
        super().__init__(fault)
        self.files, self.clock = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (self.files, self.clock):
            one.bind(("127.0.0.1", 0))
        self.ports = ["--tftp-port", str(self.files.getsockname()[1]), "--time-port", str(self.clock.getsockname()[1])]
        self.fetched, self.macs = [], {}

    def __exit__(self, *_):
        super().__exit__()
        self.files.close()
        self.clock.close()

    def run(self):
        while True:
            for ready in select.select([self.socket, self.files, self.clock], [], [])[0]:
                datagram, peer = ready.recvfrom(1500)
                if ready is self.clock:
                    if self.fault != "clockless":
                        self.clock.sendto(struct.pack("!I", int(time.time()) + 2208988800 + 3600 * (self.fault == "late")), peer)
                elif ready is self.files:
                    self.serve(datagram, peer)
                elif not datagram:
                    return
                else:
                    self.answer(datagram, peer)

    def answer(self, query, peer):
        options = self.options_of(query)
        kind = options[53][0]
        self.heard.append(kind)
        reply = bytearray(self.reply(query, kind, options))
        mac = query[28:34]
        number = struct.unpack("!I", mac[2:])[0] & 0xffff
        reply[16:20] = address = bytes([127, 1, number >> 8, number & 0xff])
        self.macs[socket.inet_ntoa(address)] = mac
        reply[20:24] = bytes([127, 0, 0, 1])
        if self.fault != "nameless":
            reply[108:115] = b"gold.cm"
        assert {4, 66, 67} <= set(options[55])
        reply[-1:] = bytes([4, 4, 127, 0, 0, 1, 255])
        self.socket.sendto(reply, peer)

    def file_of(self, address):
        if self.fault == "borrowed":
            address = "127.1.0.0"
        body = b"\x03\x01\x01\x0e\x06" + self.macs.get(address, bytes(6)) + b"\x2b\xf0" + bytes(240) + b"\x2b\xf0" + bytes(240)
        return body + b"\x06\x10" + hashlib.md5(body + b"x" * (self.fault == "unsound")).digest() + b"\xff"

    def serve(self, packet, peer):
        """RFC 1350, and no options: blocks of 512 octets."""
        opcode, block = struct.unpack("!HH", packet[:4])
        if opcode == self.RRQ:
            self.fetched.append(packet[2:].split(b"\0")[0].decode("ascii"))
            block = 0
        if self.fault == "errors":
            self.files.sendto(struct.pack("!HH", self.ERROR, 1) + b"none\0", peer)
        elif opcode in (self.RRQ, self.ACK) and (part := self.file_of(peer[0])[512 * block:512 * block + 512]):
            self.files.sendto(struct.pack("!HH", self.DATA, block + 1) + part, peer)


def coaxstorm(*arguments):
    return subprocess.run([COAXSTORM, *arguments], capture_output=True, text=True, timeout=60, check=False)


def storm(server, mode, *options, timeout="0.2"):
    """Exit status and result of one run."""
    done = coaxstorm(mode, "--server", "127.0.0.1", "--server-port", str(server.port), "--relay", "127.0.0.1", "--relay-port", "0",
                     "--clients", str(CLIENTS), "--window", "8", "--timeout", timeout, "--quiet", "--json", "-", *options)
    try:
        return done.returncode, json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise AssertionError(f"status {done.returncode}: {done.stdout}{done.stderr}") from error


class EveryMode(unittest.TestCase):
    EACH = [(mode, trains) for mode in MODES for trains in ("always", "never")]

    def test_finds_nothing_where_nothing_is_wrong(self):
        for mode, trains in self.EACH:
            with self.subTest(mode=mode, trains=trains), Server() as server:
                status, result = storm(server, mode, "--trains", trains, "--expect-option", "3=0a000001",
                                       "--mix", "dora=1,renew=1,init-reboot=1,release=1")
                self.assertEqual((status, result["violations"]), (FINE, {}))
                self.assertEqual(result["completed"], CLIENTS)
                self.assertEqual(result["refused"] + result["gave_up"] + result["unfinished"], 0)
                latency = [result["latency_ms"]["exchange"][key] for key in ("p50", "p90", "p99", "p999", "max")]
                self.assertEqual(latency, sorted(latency))
                self.assertGreater(latency[0], 0)
                self.assertEqual(RELEASE in server.heard, mode in ("release", "mix"))

    def test_finds_an_address_that_two_clients_have(self):
        for mode, trains in self.EACH:
            if mode == "release":  # whoever has the address gives it back before the other comes: nothing is wrong with that
                continue
            with self.subTest(mode=mode, trains=trains), Server("twice") as server:
                status, result = storm(server, mode, "--trains", trains)
                self.assertEqual(status, VIOLATED)
                self.assertGreater(result["violations"]["duplicate-address"], 0)

    def test_takes_those_who_share_a_client_id_for_one(self):
        for mode, trains in self.EACH:
            with self.subTest(mode=mode, trains=trains), Server("twice") as server:
                status, result = storm(server, mode, "--trains", trains, "--client-id", "shared:2",
                                       "--mix", "dora=1,renew=1,init-reboot=1")
                self.assertEqual((status, result["violations"]), (FINE, {}))
                self.assertLessEqual(result["leases"], CLIENTS // 2)
            with self.subTest(mode=mode, trains=trains, shared=3), Server("twice") as server:
                self.assertEqual(storm(server, mode, "--trains", trains, "--client-id", "shared:3")[0],
                                 FINE if mode == "release" else VIOLATED)

    def test_finds_an_option_that_is_not_as_expected(self):
        for mode, trains in self.EACH:
            with self.subTest(mode=mode, trains=trains), Server("bare") as server:
                status, result = storm(server, mode, "--trains", trains, "--expect-option", "3")
                self.assertEqual(status, VIOLATED)
                self.assertGreater(result["violations"]["missing-option"], 0)

    def test_says_when_nobody_answers(self):
        for mode in ("dora", "release", "avalanche"):
            with self.subTest(mode=mode), Server("silent") as server:
                status, result = storm(server, mode, "--attempts", "2", "--duration", "0.3", timeout="0.01")
                self.assertEqual(status, UNANSWERED)
                self.assertEqual(result["completed"], 0)
                self.assertGreater(result["sent_again"], 0)

    def test_is_not_fine_where_nobody_has_a_lease(self):
        for mode in ("renew", "init-reboot"):
            with self.subTest(mode=mode), Server("silent") as server:
                done = coaxstorm(mode, "--server", "127.0.0.1", "--server-port", str(server.port), "--relay", "127.0.0.1",
                                 "--relay-port", "0", "--clients", "2", "--attempts", "2", "--timeout", "0.01", "--quiet")
                self.assertEqual(done.returncode, UNANSWERED)
                self.assertIn("none of these clients has a lease", done.stderr)
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as log:
            print("1700000000.000002 02:c0:a0:ff:ff:ff 10.0.0.1 60", file=log, flush=True)
            for mode in ("renew", "verify"):
                done = coaxstorm(mode, "--server", "127.0.0.1", "--relay", "127.0.0.1", "--clients", "2", "--from-log", log.name)
                self.assertEqual(done.returncode, CANNOT_RUN)
                self.assertIn("none of these clients has a lease", done.stderr)

    def test_verify_asks_for_what_was_promised(self):
        with tempfile.TemporaryDirectory() as folder, Server() as server:
            log = f"{folder}/acks"
            self.assertEqual(storm(server, "dora", "--ack-log", log)[0], FINE)
            status, result = storm(server, "verify", "--from-log", log)
            self.assertEqual((status, result["completed"]), (FINE, CLIENTS))
            text = pathlib.Path(log).read_text(encoding="ascii")
            pathlib.Path(log).write_text(text.replace(" 10.0.0.5 ", " 10.0.9.9 "), encoding="ascii")
            status, result = storm(server, "verify", "--from-log", log)
            self.assertEqual((status, result["violations"]), (VIOLATED, {"changed-address": 1}))


class Avalanche(unittest.TestCase):
    def test_reports_when_the_clients_were_bound(self):
        with Server() as server:
            _, result = storm(server, "avalanche", "--spread", "0.2")
        bound = result["bound"]
        self.assertEqual(bound["clients"], CLIENTS)
        times = [bound[f"{percent}_percent_s"] for percent in (50, 90, 99, 100)]
        self.assertEqual(times, sorted(times))
        self.assertGreaterEqual(times[0], 0.09)  # the twentieth boots after 95 ms
        self.assertEqual(result["loop"], "open")
        with Server() as server:
            self.assertEqual(storm(server, "avalanche")[1]["loop"], "at once")


class Boot(unittest.TestCase):
    """An avalanche until every modem has the time of day and its file; and files alone."""
    BOOT = ("--time", "--tftp", "--tftp-check", "--tftp-option", "blksize=1448,tsize")

    def boot(self, plant, *options, **how):
        return storm(plant, "avalanche", *self.BOOT, *plant.ports, *options, **how)

    def test_every_modem_comes_up_with_its_own_file(self):
        with Plant() as plant:
            status, result = self.boot(plant, "--spread", "0.2")
        self.assertEqual((status, result["violations"]), (FINE, {}))
        self.assertEqual((result["up"]["clients"], result["files"]["count"]), (CLIENTS, CLIENTS))
        times = [result["up"][f"{percent}_percent_s"] for percent in (50, 90, 99, 100)]
        self.assertEqual(times, sorted(times))
        self.assertGreaterEqual(times[3], result["bound"]["100_percent_s"])
        self.assertEqual(result["files"]["octets"], CLIENTS * (11 + 2 * 242 + 18 + 1))
        self.assertEqual(plant.fetched, ["gold.cm"] * CLIENTS)
        for step in ("time", "file", "up"):
            self.assertEqual(result["latency_ms"][step]["count"], CLIENTS)

    def test_the_time_alone_is_enough_if_nothing_else_is_wanted(self):
        with Plant() as plant:
            done = coaxstorm("avalanche", "--server", "127.0.0.1", "--server-port", str(plant.port), "--relay", "127.0.0.1", "--relay-port", "0", "--clients", "5",
                             "--time", "--request-list", "1,66,67", *plant.ports)
            self.assertEqual(done.returncode, FINE, done.stderr)
            self.assertEqual(plant.fetched, [])

    def test_a_file_that_is_anothers_or_unsound_is_found(self):
        for fault, rule in (("borrowed", "wrong-file"), ("unsound", "wrong-mic"), ("late", "wrong-time"), ("nameless", "no-file-name")):
            with self.subTest(fault=fault), Plant(fault) as plant:
                status, result = self.boot(plant, "--duration", "0.5", timeout="4")
                self.assertEqual(status, VIOLATED)
                self.assertEqual(list(result["violations"]), [rule])
                self.assertEqual(result["up"]["clients"], 1 if fault == "borrowed" else 0)
                self.assertEqual(result["bound"]["clients"], CLIENTS)

    def test_who_gets_no_file_begins_with_dhcp_again(self):
        with Plant("errors") as plant:
            status, result = self.boot(plant, "--attempts", "2", "--duration", "1", timeout="0.05")
        self.assertEqual((status, result["violations"]), (UNANSWERED, {}))
        self.assertEqual((result["up"]["clients"], result["bound"]["clients"]), (0, CLIENTS))
        self.assertGreater(result["files"]["errors"], CLIENTS)
        self.assertGreater(result["restarted"], 0)
        self.assertGreater(plant.heard.count(DISCOVER), CLIENTS)

    def test_a_modem_without_the_time_comes_up_later(self):
        with Plant("clockless") as plant:
            status, result = self.boot(plant, "--attempts", "2", timeout="0.05")
        self.assertEqual((status, result["up"]["clients"], result["files"]["without_time"]), (FINE, CLIENTS, CLIENTS))

    def test_files_alone_are_fetched_in_a_closed_loop(self):
        with Plant() as plant:
            self.assertEqual(self.tftp(plant, "--file", "a", "--file", "b", "--count", "100")[0], FINE)
            self.assertEqual(sorted(plant.fetched), ["a"] * 50 + ["b"] * 50)
            plant.fault = "errors"
            status, result = self.tftp(plant, "--file", "none")
            self.assertEqual((status, result["gave_up"], result["completed"], result["files"]["errors"]), (UNANSWERED, CLIENTS, 0, CLIENTS))

    @staticmethod
    def tftp(plant, *options):
        done = coaxstorm("tftp", "--server", "127.0.0.1", "--host", "127.2.0.0", "--clients", str(CLIENTS), "--window", "7", "--quiet", "--json", "-",
                         *plant.ports, *options)
        return done.returncode, json.loads(done.stdout)

    def test_that_makes_no_sense_is_refused(self):
        for mode, options in (("dora", ["--tftp"]), ("dora", ["--time"]), ("avalanche", ["--tftp-check"]), ("avalanche", ["--file", "x"]),
                              ("avalanche", ["--host", "10.0.0.1"]), ("tftp", ["--file", "x"]), ("tftp", ["--host", "10.0.0.1"]),
                              ("avalanche", ["--tftp-option", "blksize=7"]), ("avalanche", ["--tftp-option", "blksize"]),
                              ("avalanche", ["--tftp-option", "tsize=1"]), ("avalanche", ["--tftp-option", "mode=1"]),
                              ("avalanche", ["--tftp-option", "windowsize=1x"])):
            done = coaxstorm(mode, "--server", "127.0.0.1", "--relay", "127.0.0.1", *options)
            self.assertEqual(done.returncode, CANNOT_RUN, (mode, options))
            self.assertIn(options[0], done.stderr)


class Mix(unittest.TestCase):
    def test_is_drawn_by_weight(self):
        with Server() as server:
            _, result = storm(server, "mix", "--mix", "renew=3,init-reboot=1", "--count", "400")
        self.assertEqual(sum(result["mix"].values()), 400)
        self.assertGreater(result["mix"]["renew"], 250)
        self.assertGreater(result["mix"]["init-reboot"], 50)
        self.assertEqual(result["latency_ms"]["renew"]["count"], result["mix"]["renew"])
        self.assertEqual(result["mix"]["dora"] + result["mix"]["release"], 0)

    def test_that_makes_no_sense_is_refused(self):
        for mix in ("", "dora", "dora=x", "dora=1x", "boot=1", "dora=0", "release=1", "renew=1,release=1", "dora=-1"):
            done = coaxstorm("mix", "--server", "127.0.0.1", "--relay", "127.0.0.1", "--mix", mix)
            self.assertEqual(done.returncode, CANNOT_RUN, mix)


class Numbers(unittest.TestCase):
    def test_that_make_no_sense_are_refused(self):
        for options in (["--client-id", "shared"], ["--client-id", "shared:0"], ["--client-id", "shared:x"], ["--client-id", "shared:2x"],
                        ["--client-id", "65536"], ["--client-id", "shared:65537"], ["--rate", "-1"], ["--duration", "-1"],
                        ["--warm-up", "-1"], ["--duration", "5", "--warm-up", "5"], ["--mac", "ff:ff:ff:ff:ff:ff", "--clients", "2"]):
            done = coaxstorm("dora", "--server", "127.0.0.1", "--relay", "127.0.0.1", *options)
            self.assertEqual(done.returncode, CANNOT_RUN, options)
            self.assertIn(options[0], done.stderr)


class Manual(unittest.TestCase):
    def test_names_each_option_mode_and_exit_status_of_help(self):
        text = coaxstorm("--help").stdout
        page = pathlib.Path(MANUAL).read_text(encoding="utf-8").replace("\\-", "-")
        options = set(re.findall(r"^ +(?:-h,)?(--[a-z][a-z-]+)", text, re.MULTILINE))
        self.assertGreater(len(options), 25)
        self.assertEqual(options, set(re.findall(r"^\.B[IR]* (?:-h ?\"?,? ?\"? ?)?(--[a-z][a-z-]+)", page, re.MULTILINE)))
        for mode in (*MODES, "tftp", "verify"):
            self.assertRegex(text, rf"(?m)^ +{mode} ")
            self.assertRegex(page, rf"(?m)^\.B {mode}$")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
