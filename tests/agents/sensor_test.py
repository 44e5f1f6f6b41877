#!/usr/bin/python3
"""coaxd-sensor: from a line of a log to a request at coaxd's API. The clocks are the test's, but for the last class, which runs the program itself."""
import datetime
import gzip
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import threading
import unittest

import base
import mock_api
from mock_api import wait_until

sensor = base.program("coaxd-sensor")
LINES = base.HERE / "lines"
NOON = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.timezone.utc).timestamp()
MALWARE = """
[[rule]]
name = "malware"
names = ["ET MALWARE*"]
count = 1
seconds = 600
ttl = 604800
reason = "A program on your computer talks to a server that controls infected computers."
"""


def scan(count=3, seconds=60, more=""):
    return f'[[rule]]\nname = "scan"\nsignatures = [2001219]\ncount = {count}\nseconds = {seconds}\nreason = "port scan"\n{more}\n'


def alert(at=0.0, source="100.64.7.9", port=22, destination="203.0.113.77", flow=1, **more):
    stamp = datetime.datetime.fromtimestamp(NOON + at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
    event = {"timestamp": stamp, "flow_id": flow, "event_type": "alert", "src_ip": source, "src_port": 41000, "dest_ip": destination, "dest_port": port,
             "proto": "TCP", "alert": {"action": "allowed", "gid": 1, "signature_id": 2001219, "rev": 20, "signature": "ET SCAN Potential SSH Scan",
                                       "category": "Attempted Information Leak", "severity": 2}, **more}
    return json.dumps(event).encode()


class Bench(base.Folder):
    """A sensor in this process, its API, its log."""

    def setUp(self):
        super().setUp()
        fsync, sensor.os.fsync = os.fsync, lambda fd: None       # no power cuts here
        self.addCleanup(setattr, os, "fsync", fsync)
        quiet, sensor.log = sensor.log, lambda text: self.logged.append(text)
        self.addCleanup(setattr, sensor, "log", quiet)
        self.logged = []
        self.api = mock_api.Api()
        self.addCleanup(self.api.close)
        self.addCleanup(lambda: self.assertEqual([], self.api.complaints))
        self.log = self.folder / "eve.json"
        self.clock = 0.0
        (self.folder / "token").write_text(mock_api.TOKEN + "\n")

    def config(self, rules, form="suricata", source="", home='["100.64.0.0/10"]', never="[]"):
        path = self.folder / "sensor.toml"
        path.write_text(f'[api]\nurl = "{self.api.url}"\ntoken_file = "{self.folder}/token"\nstate = "{self.folder}/state.json"\n'
                        f'[input]\nformat = "{form}"\n{source or f"""file = "{self.log}" """}\n[network]\nhome = {home}\nnever = {never}\n{rules}')
        return str(path)

    def sensor(self, rules, from_start=True, **how):
        made = sensor.Sensor(self.config(rules, **how), from_start=from_start)
        made.start()
        self.addCleanup(lambda: made.input.fd >= 0 and os.close(made.input.fd) if isinstance(made.input, sensor.File) else None)
        self.addCleanup(made.api.close)
        return made

    def write(self, *lines, to=None):
        with open(to or self.log, "ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))

    def run_dry(self, made, now=NOON + 120):
        """Steps until there is nothing to do at once."""
        while made.step(now, self.clock):
            pass

    def asked(self):
        return [(body["ip"], body["evidence"]["rule"]) for body in self.api.bodies]


class RealLines(Bench):
    def all_of(self, name, rules, form):
        shutil.copy(LINES / name, self.log)
        made = self.sensor(rules, form=form)
        self.run_dry(made)
        return made

    def test_suricata_6(self):
        made = self.all_of("suricata6.json", MALWARE + scan(1), "suricata")
        self.assertEqual([("100.64.7.9", "malware"), ("100.64.7.9", "scan")], self.asked())
        first, second = self.api.bodies
        self.assertEqual("2026-11-23T12:00:00.251Z", first["observed_at"])
        self.assertEqual("2026-11-23T12:00:02.500Z", second["observed_at"])       # +0100 in the log
        self.assertEqual(("cpe", 604800, "suricata", 1), (first["scope"], first["ttl"], first["source"], first["count"]))
        self.assertEqual("1:2018358 ET MALWARE Generic POST to Dotted Quad", first["signature"])
        self.assertNotIn("ttl", second)
        evidence = first["evidence"]
        self.assertEqual(("ET MALWARE Generic POST to Dotted Quad", "1:2018358", 1, 1, [80], ["198.51.100.5"]),
                         tuple(evidence[key] for key in ("signature", "signature_id", "severity", "count", "ports", "destinations")))
        self.assertEqual((4, 2, 0), tuple(made.counts[key] for key in ("lines", "alerts", "malformed")))

    def test_suricata_7_and_which_side_is_ours(self):
        everything = '[[rule]]\nname = "any"\ncount = 1\nseconds = 60\nreason = "x"\n'
        made = self.all_of("suricata7.json", everything, "suricata")
        # The answer of a controller blames the subscriber; a scan of a subscriber from outside blames nobody; between subscribers the sensor says who.
        self.assertEqual(["100.64.7.10", "100.64.7.12"], [ip for ip, _ in self.asked()])
        self.assertEqual(1, made.counts["not_ours"])
        self.assertEqual([["198.51.100.66"], ["100.64.7.13"]], [body["evidence"]["destinations"] for body in self.api.bodies])

    def test_suricata_sides_by_rule(self):
        rules = '[[rule]]\nname = "any"\ncount = 1\nseconds = 60\nreason = "x"\nside = "%s"\n'
        self.all_of("suricata7.json", rules % "destination", "suricata")
        self.assertEqual(["100.64.7.10", "100.64.7.11", "100.64.7.13"], [ip for ip, _ in self.asked()])
        os.unlink(self.folder / "state.json")
        self.all_of("suricata7.json", rules % "source", "suricata")
        self.assertEqual(["100.64.7.12"], [ip for ip, _ in self.asked()][3:])

    def test_two_way_leaves_out_what_may_be_forged(self):
        self.all_of("suricata6.json", MALWARE + scan(1, more="two_way = true"), "suricata")
        self.assertEqual([("100.64.7.9", "malware")], self.asked())

    def test_snort_3(self):
        rules = ('[[rule]]\nname = "scan"\nsignatures = ["122:1"]\ncount = 1\nseconds = 60\nreason = "x"\n'
                 '[[rule]]\nname = "trojan"\ncategories = ["Trojan-*"]\nseverity = 1\ncount = 1\nseconds = 60\nreason = "x"\n'
                 '[[rule]]\nname = "rest"\nsignatures = [1000000, 1411]\ncount = 1\nseconds = 60\nreason = "x"\n')
        made = self.all_of("snort3.json", rules, "snort3")
        self.assertEqual([("100.64.7.9", "rest"), ("100.64.7.10", "trojan"), ("100.64.7.9", "scan"), ("100.64.7.14", "rest")], self.asked())
        default, trojan, portscan, named = self.api.bodies
        self.assertEqual("2026-11-23T12:00:40.000Z", trojan["observed_at"])        # `seconds`
        local = datetime.datetime(2026, 11, 23, 12, 0, 39, 153899).timestamp()     # without year and zone
        self.assertEqual(sensor.instant(local), default["observed_at"])
        self.assertEqual((80, "1:1000000"), (default["evidence"]["ports"][0], default["evidence"]["signature_id"]))
        self.assertEqual([161], named["evidence"]["ports"])
        self.assertEqual([0], portscan["evidence"]["ports"])
        self.assertEqual((0, 1), (made.counts["malformed"], made.counts["not_ours"]))     # the last is IPv6

    def test_postfix_log(self):
        rules = '[[rule]]\nname = "spam"\nsignatures = ["mail", "reject"]\ncount = 2\nseconds = 86400\nreason = "spam"\n' \
                '[[rule]]\nname = "login"\nsignatures = ["login"]\ncount = 1\nseconds = 60\nreason = "x"\n'
        made = self.all_of("mail.log", rules, "postfix")
        self.assertEqual([("100.64.7.9", "spam"), ("100.64.7.10", "spam"), ("100.64.7.11", "login")], self.asked())
        self.assertEqual(["example.org"], self.api.bodies[0]["evidence"]["destinations"])
        # Of twelve lines: connect twice (one a rule never asks for), mail 2, reject 3, login 1; a HELO that looks like a client and another program's do not count.
        self.assertEqual((12, 7, 0), tuple(made.counts[key] for key in ("lines", "alerts", "malformed")))


class Times(unittest.TestCase):
    def test_forms(self):
        local = datetime.datetime(2026, 11, 23, 12).timestamp()
        for text, expected in (("2026-11-23T12:00:00.250000+0000", NOON + 0.25), ("2026-11-23T12:00:00Z", NOON), ("2026-11-23T14:00:00+02:00", NOON),
                               ("2026-11-23T12:00:00", local), ("11/23-12:00:00", local), ("26/11/23-12:00:00.5", local + 0.5), ("Nov 23 12:00:00", local)):
            self.assertEqual(expected, sensor.seconds_of(text, NOON), text)

    def test_the_year_that_is_not_said(self):
        new_year = datetime.datetime(2027, 1, 1, 0, 0, 5).timestamp()
        self.assertEqual(datetime.datetime(2026, 12, 31, 23, 59, 59).timestamp(), sensor.seconds_of("Dec 31 23:59:59", new_year))
        self.assertEqual(datetime.datetime(2024, 2, 29, 1).timestamp(), sensor.seconds_of("02/29-01:00:00.0", NOON))

    def test_nonsense(self):
        for text in ("", "x", "2026-13-01T00:00:00", "13/45-99:99:99", "Foo 23 12:00:00", "Nov 23", "2026-", "99/02/30-00:00:00", "Feb 30 00:00:00"):
            self.assertRaises(ValueError, sensor.seconds_of, text, NOON)


class Thresholds(Bench):
    def test_n_alerts_in_t_seconds(self):
        made = self.sensor(scan(3, 60))
        self.write(alert(0), alert(61), alert(100))              # never three within a minute
        self.run_dry(made)
        self.assertEqual([], self.asked())
        self.write(alert(110, port=23))
        self.run_dry(made)
        self.assertEqual([("100.64.7.9", "scan")], self.asked())
        evidence = self.api.bodies[0]["evidence"]
        self.assertEqual((3, 60, [22, 23]), (evidence["count"], evidence["seconds"], evidence["ports"]))
        self.assertEqual(("2026-11-23T12:01:01.000Z", "2026-11-23T12:01:50.000Z"), (evidence["first"], evidence["last"]))

    def test_by_the_alerts_time_and_not_by_when_they_are_read(self):
        made = self.sensor(scan(3, 10))
        self.write(*(alert(at * 20) for at in range(10)))
        self.run_dry(made, NOON + 300)
        self.assertEqual([], self.asked())

    def test_each_address_by_itself(self):
        made = self.sensor(scan(2, 60))
        self.write(alert(0, "100.64.0.1"), alert(0, "100.64.0.2"), alert(1, "100.64.0.3"), alert(2, "100.64.0.2"))
        self.run_dry(made)
        self.assertEqual(["100.64.0.2"], [ip for ip, _ in self.asked()])

    def test_once_and_again_when_he_goes_on(self):
        made = self.sensor(scan(1, 60))
        self.write(*(alert(at, flow=at) for at in range(0, 130, 10)))
        self.run_dry(made, NOON + 200)
        self.assertEqual(["12:00:00", "12:01:00", "12:02:00"], [body["observed_at"][11:19] for body in self.api.bodies])
        self.assertEqual(3, len({body["event_id"] for body in self.api.bodies}))

    def test_a_clock_that_is_ahead_does_no_harm(self):
        made = self.sensor(scan(3, 60))
        self.write(alert(10_000_000))
        self.run_dry(made, NOON)
        self.write(alert(10), alert(70), alert(131))             # the first counts as of noon
        self.run_dry(made, NOON + 140)
        self.assertEqual([], self.asked())
        self.write(alert(129), alert(132))
        self.run_dry(made, NOON + 140)
        self.assertEqual(["2026-11-23T12:02:12.000Z"], [body["observed_at"] for body in self.api.bodies])

    def test_the_first_rule_that_fits_decides(self):
        made = self.sensor(scan(100) + '[[rule]]\nname = "all"\ncount = 1\nseconds = 60\nreason = "x"\n')
        self.write(alert())
        self.run_dry(made)
        self.assertEqual([], self.asked())

    def test_outsiders_and_those_never_touched(self):
        made = self.sensor(scan(1), never='["100.64.0.0/24"]')
        self.write(alert(0, "100.64.0.7"), alert(0, "192.0.2.1"), alert(0, "2001:db8::1"), alert(0, "not an address"), alert(0, "100.64.1.7"))
        self.run_dry(made)
        self.assertEqual(["100.64.1.7"], [ip for ip, _ in self.asked()])
        self.assertEqual(4, made.counts["not_ours"])

    def test_forged_sources_do_not_eat_the_memory(self):
        old, sensor.WINDOWS = sensor.WINDOWS, 100
        self.addCleanup(setattr, sensor, "WINDOWS", old)
        made = self.sensor(scan(2, 60))
        for index in range(1000):
            made.line(alert(index / 100, f"100.64.{index // 250}.{index % 250}"), NOON + 10)
        self.assertLessEqual(len(made.windows), 100)
        self.assertGreater(made.counts["forgotten"], 0)
        # Those whose time is over make room without anything being forgotten.
        before = made.counts["forgotten"]
        for index in range(50):
            made.line(alert(1000 + index, f"100.65.0.{index}"), NOON + 1000 + index)
        self.assertEqual(before, made.counts["forgotten"])

    def test_samples_are_bounded(self):
        made = self.sensor(scan(50, 60))
        self.write(*(alert(at / 10, port=at, destination=f"203.0.113.{at}") for at in range(50)))
        self.run_dry(made)
        evidence = self.api.bodies[0]["evidence"]
        self.assertEqual((50, 8, 8), (evidence["count"], len(evidence["ports"]), len(evidence["destinations"])))


class Following(Bench):
    def ports(self):
        return [body["evidence"]["ports"][0] for body in self.api.bodies]

    def one(self, port):
        return alert(port * 100, port=port)          # each far enough from the next to be asked for

    def test_a_first_start_begins_at_the_end(self):
        self.write(self.one(1))
        with open(self.log, "ab") as file:
            file.write(self.one(2)[:20])
        made = self.sensor(scan(1), from_start=False)
        self.run_dry(made)
        with open(self.log, "ab") as file:
            file.write(self.one(2)[20:] + b"\n")     # its first half was there before
        self.write(self.one(3))
        self.run_dry(made, NOON + 10_000)
        self.assertEqual([3], self.ports())
        self.assertEqual(0, made.counts["malformed"])

    def test_a_log_that_comes_later(self):
        made = self.sensor(scan(1), from_start=False)
        self.run_dry(made)
        self.assertIn("cannot be read", self.logged[-1])
        self.write(self.one(1))
        self.run_dry(made, NOON + 10_000)
        self.assertEqual([1], self.ports())

    def test_a_log_that_comes_while_we_are_away(self):
        self.sensor(scan(1), from_start=False)
        self.write(self.one(1))
        self.run_dry(self.sensor(scan(1), from_start=False), NOON + 10_000)
        self.assertEqual([1], self.ports())

    def test_every_way_to_cut_a_line_in_two(self):
        made = self.sensor(scan(1))
        line = self.one(5) + b"\n"
        with open(self.log, "ab", buffering=0) as file:
            for cut in range(1, len(line)):
                file.write(line[cut - 1:cut])
                made.step(NOON + 10_000, self.clock)
                self.assertEqual([], self.asked())
            file.write(line[-1:])
        self.run_dry(made, NOON + 10_000)
        self.assertEqual([5], self.ports())

    def test_rotation_by_renaming(self):
        made = self.sensor(scan(1))
        self.write(self.one(1))
        self.run_dry(made, NOON + 10_000)
        os.rename(self.log, self.folder / "eve.json.1")
        self.write(self.one(2), to=self.folder / "eve.json.1")   # its writer has not been told yet
        self.log.touch()                                         # logrotate's `create`
        self.run_dry(made, NOON + 10_000)
        self.write(self.one(3), to=self.folder / "eve.json.1")
        self.run_dry(made, NOON + 10_000)
        self.write(self.one(4))
        self.run_dry(made, NOON + 10_000)
        self.assertEqual([1, 2, 3, 4], self.ports())

    def test_rotated_and_removed(self):
        made = self.sensor(scan(1))
        self.write(self.one(1), self.one(2)[:-1])                # the last line never ends as it should
        os.unlink(self.log)
        self.write(self.one(3))
        self.run_dry(made, NOON + 10_000)                        # opened for the first time only now
        self.assertEqual([3], self.ports())
        self.write(self.one(4))
        self.run_dry(made, NOON + 10_000)
        os.unlink(self.log)
        self.write(self.one(5))
        self.run_dry(made, NOON + 10_000)
        self.assertEqual([3, 4, 5], self.ports())

    def test_the_last_line_of_a_rotated_file_without_its_end(self):
        made = self.sensor(scan(1))
        self.log.write_bytes(self.one(1))
        self.run_dry(made, NOON + 10_000)
        os.rename(self.log, self.folder / "eve.json.1")
        self.write(self.one(2))
        self.run_dry(made, NOON + 10_000)
        self.assertEqual([1, 2], self.ports())

    def test_truncation(self):
        made = self.sensor(scan(1))
        self.write(self.one(1), self.one(2))
        self.run_dry(made, NOON + 10_000)
        os.truncate(self.log, 0)
        self.write(self.one(3))
        self.run_dry(made, NOON + 10_000)
        os.truncate(self.log, 0)                                 # and it is longer than before when we look again
        self.write(self.one(4), self.one(5), self.one(6))
        self.run_dry(made, NOON + 10_000)
        self.assertEqual([1, 2, 3, 4, 5, 6], self.ports())

    def test_restart_goes_on_where_it_was(self):
        for port in range(1, 6):
            self.write(self.one(port))
            made = self.sensor(scan(1))
            self.run_dry(made, NOON + 10_000)
            made.save()
        self.assertEqual([1, 2, 3, 4, 5], self.ports())
        self.assertEqual(5, made.counts["accepted"])

    def test_restart_after_a_crash_asks_for_the_same_thing(self):
        made = self.sensor(scan(1))
        self.write(self.one(1), self.one(2))
        self.run_dry(made, NOON + 10_000)                        # asked, and killed before it was written that they are answered
        again = self.sensor(scan(1))
        self.run_dry(again, NOON + 10_000)
        self.assertEqual([1, 2, 1, 2], self.ports())
        self.assertEqual(2, len({body["event_id"] for body in self.api.bodies}))
        self.assertEqual(2, again.counts["known"])
        again.save()
        self.run_dry(self.sensor(scan(1)), NOON + 10_000)
        self.assertEqual(4, len(self.api.bodies))

    def test_restart_keeps_the_counts(self):
        made = self.sensor(scan(3, 60))
        self.write(alert(0), alert(1))
        self.run_dry(made)
        made.save()
        self.write(alert(2))
        self.run_dry(self.sensor(scan(3, 60)))
        self.assertEqual([3], [body["evidence"]["count"] for body in self.api.bodies])

    def test_restart_keeps_them_not_for_another_window(self):
        made = self.sensor(scan(3, 60))
        self.write(alert(0), alert(1))
        self.run_dry(made)
        made.save()
        self.write(alert(2))
        self.run_dry(self.sensor(scan(3, 3600)))
        self.assertEqual([], self.asked())

    def test_rotated_while_we_were_away(self):
        made = self.sensor(scan(1))
        self.write(self.one(1))
        self.run_dry(made, NOON + 10_000)
        made.save()
        self.write(self.one(2))
        os.rename(self.log, self.folder / "eve.json.2")
        self.write(self.one(3), to=self.folder / "eve.json.1")
        (self.folder / "eve.json.3.gz").write_bytes(gzip.compress(self.one(9)))
        (self.folder / "eve.jsonish").write_bytes(self.one(9))
        self.write(self.one(4))
        for age, name in ((40, "eve.json.3.gz"), (30, "eve.json.2"), (20, "eve.json.1"), (10, "eve.json")):
            os.utime(self.folder / name, (NOON - age, NOON - age))
        self.run_dry(self.sensor(scan(1)), NOON + 10_000)
        self.assertEqual([1, 2, 3, 4], self.ports())

    def test_rotated_twice_while_not_read_on(self):
        made = self.sensor(scan(1))
        self.write(self.one(1))
        self.run_dry(made, NOON + 10_000)
        for age, port in ((40, 2), (30, 3), (20, 4)):            # what happens while the API is away and SPOOL is full
            self.write(self.one(port))
            os.utime(self.log, (NOON - age, NOON - age))
            os.rename(self.log, self.folder / f"eve.json.{age}")
        self.write(self.one(5))
        self.run_dry(made, NOON + 10_000)
        self.assertEqual([1, 2, 3, 4, 5], self.ports())

    def test_what_was_compressed_too_early_is_told(self):
        made = self.sensor(scan(1))
        self.write(self.one(1))
        self.run_dry(made, NOON + 10_000)
        made.save()
        os.utime(self.log, (NOON - 50, NOON - 50))
        os.rename(self.log, self.folder / "eve.json.1")
        (self.folder / "eve.json.2.gz").write_bytes(gzip.compress(self.one(2)))
        self.write(self.one(3))
        self.run_dry(made, NOON + 10_000)
        self.assertEqual([1, 3], self.ports())
        self.assertIn("eve.json.2.gz was compressed", " ".join(self.logged))

    def test_the_file_that_was_read_last_is_gone_but_not_those_after_it(self):
        self.write(self.one(1))
        os.utime(self.log, (NOON - 50, NOON - 50))
        made = self.sensor(scan(1))
        self.run_dry(made, NOON + 10_000)
        made.save()
        os.unlink(self.log)
        self.write(self.one(9), to=self.folder / "eve.json.2")   # from before
        self.write(self.one(2), to=self.folder / "eve.json.1")
        for age, name in ((60, "eve.json.2"), (40, "eve.json.1")):
            os.utime(self.folder / name, (NOON - age, NOON - age))
        self.write(self.one(3))
        self.run_dry(self.sensor(scan(1)), NOON + 10_000)
        self.assertEqual([1, 2, 3], self.ports())

    def test_replaced_while_we_were_away(self):
        made = self.sensor(scan(1))
        self.write(self.one(1))
        self.run_dry(made, NOON + 10_000)
        made.save()
        self.log.write_bytes(self.one(2) + b"\n" + self.one(3) + b"\n")      # the same inode, and longer: only its beginning tells
        self.run_dry(self.sensor(scan(1)), NOON + 10_000)
        self.assertEqual([1, 2, 3], self.ports())
        self.assertTrue(any("lost" in text for text in self.logged))

    def test_a_state_that_cannot_be_read(self):
        self.write(self.one(1))
        for text in ("", "{", "[]", '{"version": 2}', '{"version": 1, "input": {}}', "\0" * 100, '{"version":1,"input":null,"windows":[[1]]}',
                     json.dumps({"version": 1, "input": {"format": "suricata", "file": str(self.log), "journal": [], "policy": ""}, "windows": [], "pending": [],
                                 "counts": {}, "place": {"inode": 1}})):
            (self.folder / "state.json").write_text(text)
            self.run_dry(self.sensor(scan(1), from_start=False), NOON + 10_000)
            self.assertIn("read from its end", " ".join(self.logged[-3:]))
            self.assertEqual([], self.asked())

    def test_any_place_in_a_state(self):
        self.write(self.one(1))
        made = self.sensor(scan(1))
        made.save()
        state = json.loads((self.folder / "state.json").read_text())
        rng = random.Random(7)
        for _ in range(50):
            state["place"] = {"inode": rng.choice([0, os.stat(self.log).st_ino]), "mtime": rng.choice([0, 1 << 62]), "offset": rng.choice([0, 5, 1 << 40]), "head": [rng.choice([0, 300]), "x"],
                              "skipping": False}
            (self.folder / "state.json").write_text(json.dumps(state))
            self.run_dry(self.sensor(scan(1)), NOON + 10_000)
        self.assertEqual({1}, set(self.ports()))


class AnyOrder(Bench):
    """Writing, rotating, truncating, stopping, crashing and an API that fails, in any order: every line that was whole in a file is asked for exactly once,
    by its event_id; only after a crash may it be asked for again."""

    def fresh(self):
        made = self.sensor(scan(1))
        made.api.post = self.post
        return made

    def post(self, path, body):
        """Without the network between them, for speed."""
        status, answer, *_ = self.api.post(path, {"Content-Type": "application/json"}, json.dumps(body))
        return status, 0, answer

    def play(self, seed):
        rng, written, parts, rotated = random.Random(seed), 0, b"", 0
        self.log.unlink(missing_ok=True)
        (self.folder / "state.json").unlink(missing_ok=True)
        for old in self.folder.glob("eve.json.*"):
            old.unlink()
        self.api.bodies.clear()
        self.api.answers.clear()
        self.log.touch()
        os.utime(self.log, (NOON - 1, NOON - 1))
        made, crashed, where = self.fresh(), False, self.log
        made.step(NOON, self.clock)
        for moment in range(60):
            what = rng.randrange(12)
            if what < 4 or where != self.log and what < 6:
                if not parts:
                    written += 1
                    parts = alert(written / 10, f"100.64.{written // 250}.{written % 250}", flow="y" * rng.choice([0, 10, 300, 5000])) + b"\n"
                cut = rng.choice([len(parts), len(parts), rng.randrange(len(parts))])
                with open(where, "ab") as file:
                    file.write(parts[:cut])
                os.utime(where, (NOON + moment, NOON + moment))  # files of one millisecond have no order
                parts = parts[cut:]
            elif what < 7:
                made.step(NOON + 10_000, self.clock)
                self.clock += 100
            elif what == 7 and self.log.exists() and where == self.log:      # its writer goes on in the old one until it is told
                rotated += 1
                where = self.folder / f"eve.json.{rotated}"
                os.rename(self.log, where)
            elif what == 8 and not parts:
                where = self.log
                if rng.randrange(2):
                    self.log.touch()
                    os.utime(self.log, (NOON + moment, NOON + moment))
            elif what == 9:
                self.api.answers += [(rng.choice([500, 503, 429]), ())] * rng.randrange(3)
            elif what == 10:
                made.save()
                made = self.fresh()
            elif what == 11 and rng.randrange(3) == 0:
                crashed = True
                made = self.fresh()
            elif what == 11 and not parts and where == self.log and self.log.exists():      # copytruncate, once all was read
                while made.step(NOON + 10_000, self.clock):
                    pass
                if made.input.fd >= 0 and os.fstat(made.input.fd).st_ino == self.log.stat().st_ino:
                    os.truncate(self.log, 0)
                    os.utime(self.log, (NOON + moment, NOON + moment))
        if parts:
            with open(where, "ab") as file:
                file.write(parts)
            os.utime(where, (NOON + 60, NOON + 60))
        with open(self.log, "ab") as file:                       # whatever was renamed is followed by something
            file.write(alert(500, "100.65.0.1") + b"\n")
        for _ in range(400):
            made.step(NOON + 10_000, self.clock)
            self.clock += 100
        expected = {f"100.64.{number // 250}.{number % 250}" for number in range(1, written + 1)} | {"100.65.0.1"}
        self.assertEqual(expected, {body["ip"] for body in self.api.bodies}, f"seed {seed}\n" + "\n".join(self.logged[-10:]))
        self.assertEqual(len(expected), len({body["event_id"] for body in self.api.bodies}), f"seed {seed}")
        if not crashed:
            self.assertEqual(len(expected), len(self.api.bodies), f"seed {seed}")

    def test_two_hundred_orders(self):
        for seed in range(200):
            self.play(seed)


class HostileLines(Bench):
    def test_lines_of_every_kind(self):
        whole = alert()
        deep = b'{"event_type":"alert","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        lines = [b"", b"\0" * 1000, b"{", b"[]", b"null", b'"alert"', b"\xff\xfe\xfd", deep, whole[:-1] + b',"x":"' + b"a" * 2_000_000 + b'"}', b"\r" * 100,
                 b'{"event_type":"alert"}', b'{"event_type":"alert","alert":[]}', b'{"event_type":["alert"],"alert":{}}',
                 whole.replace(b"2001219", b"9" * 5000), whole.replace(b"2001219", b"true"), whole.replace(b"2001219", b"1e400"), whole.replace(b"2001219", b"-1"),
                 whole.replace(b'"2026-', b'"0001-'), whole.replace(b'"2026-', b'"9999-'), whole.replace(b'"2026-', b'"20260-'),
                 whole.replace(b'"100.64.7.9"', b'{"a":1}'), whole.replace(b'"100.64.7.9"', b'"100.64.7.9; rm -rf"'),
                 *(whole[:cut] for cut in range(len(whole)))]
        made = self.sensor(scan(1))
        self.write(*lines, alert(50, "100.64.7.99", port=99))
        self.run_dry(made)
        self.assertEqual(99, self.api.bodies[-1]["evidence"]["ports"][0])       # and it goes on
        self.assertEqual(1, made.input.skipped)
        self.assertGreater(made.counts["malformed"], len(whole) // 2)
        self.assertLess(len(self.logged), 40)                    # nobody fills our log with his lines

    def test_a_text_from_outside_stays_text(self):
        event = json.loads(alert())
        event["alert"]["signature"] = "ET\n<script>\x1b[2J" + chr(0xd800) + "a" * 10_000
        self.write(json.dumps(event).encode().replace(b"<script>", b"<script>\xff\xfe"))     # no UTF-8: read all the same
        made = self.sensor(scan(1))
        self.run_dry(made)
        text = self.api.bodies[0]["evidence"]["signature"]
        self.assertTrue(text.startswith("ET?<script>"), text)
        self.assertLessEqual(len(text), 200)
        self.assertTrue(text.isprintable())

    def test_random_octets_in_every_format(self):
        rng = random.Random(20261123)
        seeds = [line for name in ("suricata6.json", "suricata7.json", "snort3.json", "mail.log") for line in (LINES / name).read_bytes().splitlines()]
        for form in sensor.FORMATS:
            made = self.sensor('[[rule]]\nname = "all"\ncount = 2\nseconds = 60\nreason = "x"\n', form=form)
            os.unlink(self.folder / "state.json")
            for _ in range(4000):
                line = bytearray(rng.choice(seeds))
                for _ in range(rng.randrange(1, 8)):
                    at = rng.randrange(len(line))
                    line[at:at + rng.randrange(3)] = rng.choice([b"", b"\0", b'"', b"{", b"}", b"\xff", b"9" * 30, b"null", b"-", b":", b"[", bytes([rng.randrange(256)])])
                made.line(bytes(line), NOON)
            made.save()                                          # whatever was made of them can be kept and sent
            while made.pending:
                made.step(NOON, self.clock)
            self.assertEqual(0, made.counts["refused"])


class Asking(Bench):
    def test_while_the_api_does_not_take_it(self):
        made = self.sensor(scan(1))
        for status in (500, 502, 503, 429, 408, 401):
            self.api.answers.append((status, ()))
        self.write(alert())
        waits = []
        for _ in range(100):
            self.run_dry(made)
            if self.api.bodies:
                break
            waits.append(made.due - self.clock)
            self.clock = made.due
        self.assertEqual([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], waits)
        self.assertEqual(6, made.counts["retried"])
        self.assertEqual(1, made.counts["accepted"])
        self.assertEqual(1, sum("asked again until it does" in text for text in self.logged))      # told once
        self.clock += 1
        self.api.answers.append((503, ()))
        self.write(alert(100))
        self.run_dry(made)
        self.assertEqual(1.0, made.due - self.clock)             # from the beginning again

    def test_retry_after(self):
        made = self.sensor(scan(1))
        self.api.answers += [(429, [("Retry-After", "17")]), (429, [("Retry-After", "9999999")]), (503, [("Retry-After", "Mon, 23 Nov")])]
        self.write(alert())
        waits = []
        for _ in range(3):
            self.run_dry(made)
            waits.append(made.due - self.clock)
            self.clock = made.due
        self.assertEqual([17.0, 2.0, 4.0], waits)

    def test_nobody_listens(self):
        made = self.sensor(scan(1))
        made.api.port, port = 1, made.api.port
        self.write(alert())
        self.run_dry(made)
        self.assertEqual((1, 1), (made.counts["retried"], len(made.pending)))
        made.api.port, self.clock = port, 1000.0
        self.run_dry(made)
        self.assertEqual((1, 0), (made.counts["accepted"], len(made.pending)))

    def test_what_waits_survives_a_restart(self):
        made = self.sensor(scan(1))
        self.api.answers += [(503, ())]
        self.write(alert())
        self.run_dry(made)
        self.run_dry(self.sensor(scan(1)))
        self.assertEqual(["100.64.7.9"], [ip for ip, _ in self.asked()])

    def test_refusals_are_counted_and_told(self):
        made = self.sensor(scan(1))
        self.api.answers += [(409, ()), (404, ()), (403, ()), (400, ()), (0, ())]
        self.write(*(alert(0, f"100.64.0.{at}") for at in range(1, 6)))
        self.run_dry(made)
        self.assertEqual((4, 1, 0), (made.counts["refused"], made.counts["accepted"], len(made.pending)))
        self.assertEqual(4, sum("is refused" in text and "as the test says" in text for text in self.logged))

    def test_what_coaxd_only_notes(self):
        made = self.sensor(scan(1))
        self.api.answers += [(202, ())]
        self.write(alert())
        self.run_dry(made)
        self.assertEqual((1, 0), (made.counts["noted"], made.counts["accepted"]))
        self.assertIn("noted", self.logged[-1])

    def test_a_wrong_token_loses_nothing(self):
        (self.folder / "token").write_text("wrong\n")
        made = self.sensor(scan(1))
        self.write(alert())
        self.run_dry(made)
        self.assertEqual(1, made.counts["retried"])
        self.assertIn("401", self.logged[-1])
        (self.folder / "token").write_text(mock_api.TOKEN)       # a new one, without a restart
        self.clock = made.due
        self.run_dry(made)
        self.assertEqual(1, made.counts["accepted"])

    def test_one_that_always_fails_does_not_stop_the_others(self):
        made = self.sensor(scan(1))
        real = self.api.post
        self.api.post = lambda path, headers, octets: (500, {}) if b"100.64.0.1" in octets else real(path, headers, octets)
        self.write(alert(0, "100.64.0.1"), alert(0, "100.64.0.2"))
        for _ in range(4):
            self.run_dry(made)
            self.clock = made.due
        self.assertEqual(["100.64.0.2"], [ip for ip, _ in self.asked()])
        self.run_dry(made, NOON + 120 + 86_400)
        self.assertEqual((1, 0), (made.counts["given_up"], len(made.pending)))
        self.assertIn("given up", self.logged[-1])

    def test_the_log_is_the_spool(self):
        made = self.sensor(scan(1))
        made.api.port, port = 1, made.api.port
        total = 3 * sensor.SPOOL
        for first in range(0, total, 500):
            self.write(*(alert(0, f"100.{64 + at // 65536}.{at // 256 % 256}.{at % 256}", flow="x" * 500) for at in range(first, first + 500)))
        for _ in range(20):
            self.clock += 61
            self.run_dry(made)
        waiting = len(made.pending)
        self.assertGreaterEqual(waiting, sensor.SPOOL)
        self.assertLess(waiting, total)                          # the rest was not even read
        self.assertTrue(any("not read on" in text for text in self.logged))
        made.api.port = port
        for _ in range(200):
            self.clock += 61
            self.run_dry(made)
        self.assertEqual(total, len({body["ip"] for body in self.api.bodies}))
        self.assertEqual(total, len(self.api.bodies))

    def test_answers_that_are_none(self):
        made = self.sensor(scan(1))
        for octets in (b"", b"\0" * 100, b"HTTP/1.1 99999 x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{", b"HTTP/1.1 301 x\r\nLocation: http://127.0.0.1/\r\n"
                       b"Content-Length: 0\r\n\r\n", b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n[]"):
            with socket.create_server(("127.0.0.1", 0)) as listening:
                thread = threading.Thread(target=self.answer_once, args=(listening, octets))
                thread.start()
                made.api.port = listening.getsockname()[1]
                made.api.close()
                made.line(alert(0, f"100.64.1.{len(octets)}"), NOON)
                self.clock += 1000
                made.step(NOON, self.clock)
                made.api.close()
                made.pending.clear()
                thread.join()
        self.assertEqual((3, 1, 1, 1), tuple(made.counts[key] for key in ("retried", "known", "refused", "accepted")))

    def answer_once(self, listening, octets):
        with listening.accept()[0] as one:
            one.settimeout(10)
            one.recv(65536)
            one.sendall(octets)
            # Closed with part of the request unread it would be reset, and the answer with it.
            one.shutdown(socket.SHUT_WR)
            while one.recv(65536):
                pass


class PolicyService(Bench):
    RULE = '[[rule]]\nname = "spam"\nsignatures = ["mail"]\ncount = 1000\nseconds = 3600\nreason = "spam"\n'
    REQUEST = ("request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address={address}\nclient_name=cpe.example.net\nclient_port=41000\n"
               "reverse_client_name=cpe.example.net\nhelo_name=pc\nsender=a@example.net\nrecipient={recipient}\nrecipient_count=0\nqueue_id=\ninstance={instance}\n"
               "size=1024\netrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\nccert_subject=\nencryption_protocol=\npolicy_context=\n"
               "compatibility_level=3.6\nmail_version=3.7.10\nserver_address=192.0.2.25\nserver_port=25\n\n")

    def service(self, listen="127.0.0.1:0"):
        made = self.sensor(self.RULE, form="postfix", source=f'policy = "{listen}"')
        self.addCleanup(made.input.server.server_close)
        self.addCleanup(made.input.server.shutdown)
        return made, made.input.server.server_address

    def request(self, connection, **values):
        connection.sendall(self.REQUEST.format(**values).encode())
        answer = b""
        while not answer.endswith(b"\n\n"):
            answer += connection.recv(100)
        return answer

    def test_a_thousand_mails_an_hour(self):
        made, address = self.service()
        with socket.create_connection(address) as connection:
            for mail in range(1000):
                if mail == 999:
                    self.run_dry(made, NOON + 1e9)
                    self.assertEqual([], self.asked())
                for recipient in ("x@example.org", "y@Example.ORG")[:1 + mail % 2]:         # one mail, whatever its recipients
                    self.assertEqual(b"action=DUNNO\n\n", self.request(connection, address="100.64.7.9", recipient=recipient, instance=f"1a.{mail}"))
        self.run_dry(made, NOON + 1e9)
        self.assertEqual([("100.64.7.9", "spam")], self.asked())
        self.assertEqual((1000, ["example.org"]), tuple(self.api.bodies[0]["evidence"][key] for key in ("count", "destinations")))

    def test_a_socket_with_a_path(self):
        made, _ = self.service(str(self.folder / "policy"))
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.folder / "policy"))
            self.assertEqual(b"action=DUNNO\n\n", self.request(connection, address="100.64.7.9", recipient="x@example.org", instance="1"))
        self.run_dry(made, NOON + 1e9)
        self.assertEqual(1, made.counts["counted"])

    def test_what_is_no_request(self):
        made, address = self.service()
        for octets in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 70_000 + b"\n", b"a=b\n" * 40_000, b"\n\n\n", b"request=smtpd_access_policy\nclient_address=\xff\xff\n\n", b"x"):
            with socket.create_connection(address) as connection:
                try:
                    connection.sendall(octets)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass
                except OSError:
                    pass                                         # it hung up
        self.run_dry(made, NOON + 1e9)
        self.assertEqual((1, 0), (made.counts["alerts"], made.counts["counted"]))


class JournalLines(Bench):
    JOURNALCTL = """#!/usr/bin/python3
import json, sys, time
cursor = next((int(word.split("=", 1)[1]) for word in sys.argv if word.startswith("--after-cursor=")), 0)
assert "--identifier=postfix/smtpd" in sys.argv and "--follow" in sys.argv
for at in range(cursor + 1, 6):
    text = f"4Kd0Xq1fJ{at}: client=cpe[100.64.7.{at}]"
    print(json.dumps({"__CURSOR": str(at), "__REALTIME_TIMESTAMP": str(1795435200000000 + at), "SYSLOG_IDENTIFIER": "postfix/smtpd",
                      "MESSAGE": list(text.encode() + b"\\xff") if at == 2 else text}), flush=True)
print("no json")
print(json.dumps({"__CURSOR": 7}), flush=True)
time.sleep(60)
"""

    def test_it_goes_on_after_the_cursor(self):
        (self.folder / "journalctl").write_text(self.JOURNALCTL)
        (self.folder / "journalctl").chmod(0o755)
        path = os.environ["PATH"]
        os.environ["PATH"] = f"{self.folder}:{path}"
        self.addCleanup(os.environ.__setitem__, "PATH", path)
        rule = '[[rule]]\nname = "spam"\nsignatures = ["mail"]\ncount = 1\nseconds = 60\nreason = "spam"\n'
        for expected in (5, 0):
            made = self.sensor(rule, form="postfix", source='journal = ["--identifier=postfix/smtpd"]')
            self.assertTrue(wait_until(lambda: made.step(NOON, self.clock) is not None and made.input.skipped == 2))
            made.input.child.kill()
            self.assertTrue(wait_until(lambda: made.step(NOON, self.clock) is not None and made.input.child is None))
            made.save()
            self.assertEqual(["100.64.7.1", "100.64.7.2", "100.64.7.3", "100.64.7.4", "100.64.7.5"], [ip for ip, _ in self.asked()])
            self.assertEqual(5, made.counts["accepted"])
            self.assertEqual("5", made.input.cursor)


class Settings(Bench):
    def test_mistakes_are_told(self):
        good = scan(1)
        for rules, words in (
                ("", "there must be a [[rule]]"), (good + good, "no two of one name"), (good + 'colour = "red"', "colour: no such key"),
                (good + 'severty = 1', "did you mean severity"), (good.replace("count = 1", 'count = "1"'), "must be a int"),
                (good.replace("count = 1", "count = true"), "must be a int"), (good.replace("count = 1", "count = 0"), "count must be 1 to"),
                (good.replace("seconds = 60", ""), "seconds is missing"), (good + 'scope = "house"', "must be cpe, subscriber or modem"),
                (good + 'side = "left"', "must be ours, source or destination"), (good + "ttl = -1", "ttl must be"), (good.replace("2001219", '"x"'), "signatures are"),
                (good + "[weather]\nfine = true", "[weather]: no such section"), (good + "x = ", "Invalid value")):
            with self.assertRaises(sensor.Mistake, msg=rules) as raised:
                sensor.Sensor(self.config(rules))
            self.assertIn(words, str(raised.exception))
        for how, words in (({"form": "syslog"}, "must be suricata, snort3, postfix"), ({"home": '["100.64.0.0/99"]'}, "write an IPv4 address or prefix"),
                           ({"home": '["100.64.0.1/10"]'}, "host bits"), ({"home": '"100.64.0.0/10"'}, "must be a list of strings"),
                           ({"source": 'policy = "127.0.0.1:1"'}, "needs one of"), ({"source": 'policy = "127.0.0.1:1"\nfile = "x"', "form": "postfix"}, "needs one of")):
            with self.assertRaises(sensor.Mistake, msg=how) as raised:
                sensor.Sensor(self.config(good, **how))
            self.assertIn(words, str(raised.exception))
        self.assertRaisesRegex(sensor.Mistake, "leave it out", sensor.Sensor, self.config(good + "two_way = true", form="snort3"))
        made = sensor.Sensor(self.config(good, source='policy = "127.0.0.1:x"', form="postfix"))
        self.assertRaisesRegex(sensor.Mistake, "write such as", made.start)
        os.unlink(self.folder / "token")
        self.assertRaisesRegex(sensor.Mistake, "token", sensor.Sensor, self.config(good))

    def test_a_url_that_is_none(self):
        path = self.config(scan(1))
        for url in ("", "127.0.0.1:80", "ftp://x/", "http://", "http://x:y/", "https://u:p@x/", "http://x/?a"):
            text = pathlib.Path(path).read_text().replace(self.api.url, url)
            bad = self.folder / "bad.toml"
            bad.write_text(text)
            self.assertRaisesRegex(sensor.Mistake, "url|valid|missing", sensor.Sensor, str(bad))

    def test_examples_are_right(self):
        for name in sensor.EXAMPLES:
            path = self.folder / f"{name}.toml"
            path.write_text(sensor.COMMON.format(name=name) + sensor.EXAMPLES[name])
            self.assertEqual(name, sensor.Sensor(str(path), dry_run=True).source_name)

    def test_a_token_in_clear_is_warned_of(self):
        (self.folder / "x.toml").write_text(pathlib.Path(self.config(scan(1))).read_text().replace("http://127.0.0.1", "http://192.0.2.1"))
        sensor.Sensor(str(self.folder / "x.toml"))
        self.assertIn("use https", self.logged[-1])


class TheProgram(Bench):
    """It itself, with its own clocks and signals."""

    def start(self, *words):
        process = subprocess.Popen(["/usr/bin/python3", "-B", base.AGENTS / "coaxd-sensor", *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for cleanup in (process.stdout.close, process.stderr.close, process.wait, process.kill):
            self.addCleanup(cleanup)
        return process

    def test_alert_to_request_and_restart(self):
        config = self.config(scan(3))
        self.log.touch()
        for round_ in range(2):
            process = self.start(config)
            self.assertTrue(wait_until((self.folder / "state.json").exists))
            self.write(alert(1000 * round_), alert(1000 * round_ + 1), alert(1000 * round_ + 2))
            self.assertTrue(wait_until(lambda: len(self.api.bodies) == round_ + 1), self.api.bodies)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(0, process.wait(20))
            self.assertIn("accepted=", process.stderr.read())
        self.assertEqual(2, len({body["event_id"] for body in self.api.bodies}))

    def test_it_tells_systemd(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.folder / "notify"))
            manager.settimeout(20)
            os.environ["NOTIFY_SOCKET"] = str(self.folder / "notify")
            self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
            self.start(self.config(scan(3)))
            self.assertEqual(b"READY=1", manager.recv(4096))
            self.assertTrue(manager.recv(4096).startswith(b"STATUS=lines=0"))

    def test_dry_run_prints_and_keeps_nothing(self):
        shutil.copy(LINES / "suricata6.json", self.log)
        os.unlink(self.folder / "token") if (self.folder / "token").exists() else None
        process = self.start("--dry-run", "--from-start", "--once", self.config(MALWARE + scan(1)))
        self.assertEqual(0, process.wait(20))
        self.assertEqual(["malware", "scan"], [json.loads(line)["evidence"]["rule"] for line in process.stdout.read().splitlines()])
        self.assertFalse((self.folder / "state.json").exists())
        self.assertEqual([], self.api.bodies)

    def test_check(self):
        self.assertEqual(0, self.start("--check", self.config(scan(1))).wait(20))
        process = self.start("--check", self.config("[[rule]]\n"))
        self.assertEqual(2, process.wait(20))
        self.assertIn("sensor.toml: [[rule]] name is missing", process.stderr.read())


if __name__ == "__main__":
    unittest.main()
