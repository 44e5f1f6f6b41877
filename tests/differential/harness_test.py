#!/usr/bin/python3
"""Tests of the harness itself that need no network: scripts, comparison, the list of deliberate differences, codec."""
import pathlib
import re
import sys
import tempfile
import tomllib
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

import compare          # noqa: E402
import dhcp_packet      # noqa: E402
import frames           # noqa: E402
import leases_file      # noqa: E402
import player           # noqa: E402
import script           # noqa: E402

SCRIPT = """
config
  subnet 10.0.0.0 netmask 255.0.0.0 { }
end
scenario first  RFC 2131
  cm1 DISCOVER via=10.1.0.1 prl=1,3 -> OFFER yiaddr=10.1.0.10 !15
"""
ENTRY = """
[[difference]]
scenario = "x/{scenario}"
field = "option 15"
dhcpd = "a"
coaxd = "b"
clause = "{clause}"
why = "because"
"""


def file_with(text, suffix):
    folder = tempfile.TemporaryDirectory(prefix="coaxd-harness-")
    path = pathlib.Path(folder.name) / f"x{suffix}"
    path.write_text(text, encoding="utf-8")
    return folder, path


def reply(**changes):
    message = dhcp_packet.Message(op=2, yiaddr="10.1.0.10", chaddr=bytes(6)).add(53, b"\x02").add(15, b"a")
    frame = frames.parse(frames.udp("02:00:00:00:00:01", "02:00:00:00:00:02", "10.1.0.1", 67, "10.1.0.2", 67, message.encode()))
    got = player.take_apart("cmts", frame)
    got.fields.update(changes)
    return got


class Scripts(unittest.TestCase):
    def parse(self, text):
        folder, path = file_with(text, ".scn")
        with folder:
            return script.parse(path)

    def test_a_scenario(self):
        scenario = self.parse(SCRIPT)[0].scenarios[0]
        self.assertEqual(("x/first", "RFC 2131"), (scenario.name, scenario.about))
        self.assertEqual([("yiaddr", "10.1.0.10"), ("option 15", None)], scenario.steps[0].expected)

    def test_what_is_wrong_is_refused(self):
        for old, new in (("-> OFFER", ""), ("DISCOVER", "DISCO"), ("prl=", "prlx="), ("!15", "15"), ("OFFER", "OFFERED"),
                         ("yiaddr=", "youraddr="), ("end\n", "")):
            with self.subTest(new), self.assertRaises(script.ScriptError):
                self.parse(SCRIPT.replace(old, new, 1))


class Comparison(unittest.TestCase):
    def setUp(self):
        folder, path = file_with(SCRIPT, ".scn")
        with folder:
            self.scenario = script.parse(path)[0].scenarios[0]

    def differences(self, ours, theirs, **logs):
        return compare.differences(self.scenario, player.Record([ours], **logs), player.Record([theirs]))

    def test_equal(self):
        self.assertEqual([], self.differences([reply()], [reply()]))

    def test_every_field_counts(self):
        for field in reply().fields:
            with self.subTest(field):
                found = self.differences([reply()], [reply(**{field: "other"})])
                self.assertEqual([field], [one.field for one in found])

    def test_silence_and_a_second_reply(self):
        self.assertEqual("silence", self.differences([reply()], [])[0].candidate)
        self.assertEqual("OFFER OFFER", self.differences([reply()], [reply(), reply()])[0].candidate)

    def test_the_log(self):
        self.assertEqual("log", self.differences([reply()], [reply()], log=["DHCPOFFER on x"])[0].field)

    def test_a_reference_that_does_otherwise_than_the_script_says(self):
        self.assertEqual(1, len(compare.unexpected(self.scenario, player.Record([[]]))))
        self.assertEqual(1, len(compare.unexpected(self.scenario, player.Record([[reply()]]))))       # 15 is there

    def test_a_server_that_fails(self):
        found = compare.differences(self.scenario, player.Record([[reply()]]), player.Record([], error="died"))
        self.assertEqual("died", found[0].candidate)


class DeliberateDifferences(unittest.TestCase):
    def read(self, **values):
        folder, path = file_with(ENTRY.format(**({"scenario": "first", "clause": "RFC 2131 §3"} | values)), ".toml")
        with folder:
            return compare.read_deliberate(path)

    def test_only_what_is_listed_is_excused(self):
        listed = self.read()
        right = compare.Difference("x/first", "", "option 15", "a", "b")
        others = [compare.Difference("x/other", "", "option 15", "a", "b"), compare.Difference("x/first", "", "option 16", "a", "b"),
                  compare.Difference("x/first", "", "option 15", "a", "c"), compare.Difference("x/first", "", "option 15", "z", "b")]
        self.assertEqual(others, compare.excuse([right, *others], listed))
        self.assertEqual(1, listed[0].used)

    def test_a_clause_is_needed(self):
        with self.assertRaises(ValueError):
            self.read(clause="we like it")

    def test_the_list_of_this_project(self):
        compare.read_deliberate(HERE / "deliberate.toml")

    def test_operators_read_the_same_list(self):
        """A heading of the list is a row of docs/dhcpd-compat.md, with its clause and its scenarios, in the same order."""
        heading, *sections = re.split(r"^# --- (.*) ---$", (HERE / "deliberate.toml").read_text(encoding="utf-8"), flags=re.M)
        self.assertNotIn("[[difference]]", heading)
        listed = []
        for about, text in zip(sections[::2], sections[1::2]):
            entries = tomllib.loads(text)["difference"]
            listed.append((about, {entry["clause"] for entry in entries}, {entry["scenario"] for entry in entries}))
        page = (HERE.parents[1] / "docs/dhcpd-compat.md").read_text(encoding="utf-8")
        table = page.split("\n| about |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
        told = []
        for row in table:
            about, _, _, reason, scenarios = row.removeprefix("| ").removesuffix(" |").split(" | ")
            told.append((about, {reason.split(": ", 1)[0]}, {name.strip("`").replace("any", "*") for name in scenarios.split(", ")}))
        self.assertEqual(listed, told)


class Codec(unittest.TestCase):
    def test_encode_and_decode(self):
        message = dhcp_packet.Message(op=1, xid=5, flags=0x8000, ciaddr="10.0.0.1", sname=b"s", file=b"f", chaddr=b"\1\2\3\4\5\6")
        message.add(53, b"\1").add(43, bytes(range(256)) * 2).add(61, b"")
        back = dhcp_packet.Message.decode(message.encode())
        self.assertEqual((1, 5, 0x8000, "10.0.0.1"), (back.op, back.xid, back.flags, back.ciaddr))
        self.assertEqual([53, 43, 43, 43, 61], [option.code for option in back.options])
        self.assertEqual(bytes(range(256)) * 2, back.get(43))

    def test_every_truncation_is_refused_or_noted(self):
        whole = dhcp_packet.Message().add(53, b"\1").add(12, b"name").encode(minimum=0)
        for length in range(len(whole)):
            with self.subTest(length):
                try:
                    back = dhcp_packet.Message.decode(whole[:length])
                except dhcp_packet.Malformed:
                    continue
                self.assertTrue(back.unterminated or not back.cookie)

    def test_values_read_as_they_are_shown(self):
        for code, text in ((3, "10.0.0.1,10.0.0.2"), (51, "3600"), (15, "example.org"), (55, "1,3,6"), (61, "0x01ff"), (2, "0")):
            self.assertEqual(text, dhcp_packet.show(code, dhcp_packet.read(code, text)))


class LeasesFile(unittest.TestCase):
    def test_dates_become_relative_and_the_last_block_wins(self):
        text = leases_file.dated("lease 10.0.0.1 {\n  starts {now-60};\n  ends {now+40};\n  binding state active;\n}\n"
                                 "lease 10.0.0.1 {\n  starts {now};\n  ends {now};\n  binding state free;\n}\n", 1_700_000_000)
        folder, path = file_with(text, ".leases")
        with folder:
            self.assertEqual({"10.0.0.1": ["starts START", "ends START+0", "binding state free;"]}, leases_file.read(path))


if __name__ == "__main__":
    unittest.main()
