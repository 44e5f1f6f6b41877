#!/usr/bin/env python3
"""Every mode of coaxstorm, as a user runs it, against a server of a few lines on the loopback: what it finds and how it exits.

    modes_test.py COAXSTORM MANUAL-PAGE

Also: every option of --help is in the manual page, and the other way round. Needs no rights; both ports are the kernel's choice.
"""
import json
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
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
        for mode in (*MODES, "verify"):
            self.assertRegex(text, rf"(?m)^ +{mode} ")
            self.assertRegex(page, rf"(?m)^\.B {mode}$")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
