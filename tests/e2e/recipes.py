#!/usr/bin/python3
"""The commands in the documents, run as a reader pastes them: a line that an editor has broken in two must not reach him."""
import datetime
import pathlib
import re
import shutil
import sqlite3
import subprocess
import unittest

import base
import capture
import dhcp_packet
import frames
import server
import testbed

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "bench/README.md", "fuzz/README.md", *(f"docs/{name.name}" for name in (ROOT / "docs").glob("*.md"))]
# What a line of a recipe may begin with, besides a file of this repository or of its builds.
WORDS = {".", "cmake", "coaxctl", "coaxd", "coaxstorm", "cp", "docsis", "install", "kill", "pid=$(cat", "sqlite3", "systemctl"}
CONFIG = """
ping-check off;
authoritative;
subnet 192.168.0.0 netmask 255.255.255.0 { }
subnet 192.168.1.0 netmask 255.255.255.0 { }
subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.10 10.1.0.29; }
"""
MODEM = bytes.fromhex("00155e005301")


def blocks(name, language):
    """The code blocks of a document: fenced ones of a language; for shell indented ones as well."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.S | re.M)
    if language == "sh":
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
        found += [re.sub(r"^    ", "", block, flags=re.M) for block in re.findall(r"(?:^    \S.*\n(?:^    .*\n)*)", outside, re.M)]
    return found


def commands(block):
    """One for each line, continuation lines and quoted ones joined, comments and assignments left out."""
    joined = re.sub(r'"[^"]*"', lambda quoted: quoted[0].replace("\n", " "), block.replace("\\\n", " "))
    lines = (line.split(" #")[0].strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#") and not re.fullmatch(r"\w+=\S*", line)]


class EveryBlock(unittest.TestCase):
    def test_each_line_begins_with_a_command(self):
        seen = 0
        for name in DOCUMENTS:
            for block in blocks(name, "sh"):
                done = subprocess.run(["bash", "-n"], input=block.replace("<kind>", "kind"), capture_output=True, text=True, check=False)
                self.assertEqual("", done.stderr, f"{name}:\n{block}")
                for line in commands(block):
                    if name == "fuzz/README.md" and line.startswith(("coaxd_fuzz(", "DICTIONARIES ")):
                        continue                                 # CMake's
                    seen += 1
                    word = line.split()[0]
                    self.assertTrue(word in WORDS or (ROOT / word).is_file() or word.startswith("build"), f"{name}: {line}")
        self.assertGreater(seen, 20)


class Operating(unittest.TestCase):
    """operating.md's and store-schema.md's, beside a server that has a lease."""

    @classmethod
    def setUpClass(cls):
        temporary = capture.temporary_folder()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        bed = testbed.Testbed()
        bed.__enter__()
        cls.addClassCleanup(bed.__exit__, None, None, None)
        settings = cls.folder / "coaxd.toml"
        settings.write_text(f'[quarantine]\nenabled = true\n[control]\nsocket = "{cls.folder}/control.sock"\n[store]\nsegment_mb = 1\n'
                            f'[tftp]\nenabled = true\nroot = "{cls.folder}"\n[docsis]\ntemplates = "{ROOT}/examples/isp/templates"\n', encoding="ascii")
        options = ["-C", str(settings), *base.Settings.server_options]
        cls.running = server.Server(base.Settings.server, bed.server, temporary.name, CONFIG, testbed.SERVER_INTERFACES, options)
        cls.running.start()
        cls.addClassCleanup(cls.running.stop, kill=True)
        cls.address = cls._lease(bed)
        store = sqlite3.connect(f"file:{cls.folder}/dhcpd.leases.db?mode=ro", uri=True)
        cls.addClassCleanup(store.close)
        assert base.wait_until(lambda: store.execute("SELECT count(*) FROM history").fetchone() == (1,))
        (cls.folder / "bin").mkdir()
        shim = cls.folder / "bin" / "coaxctl"
        shim.write_text(f'#!/bin/sh\nexec {pathlib.Path(base.Settings.server).parent}/coaxctl --socket {cls.folder}/control.sock "$@"\n',
                        encoding="ascii")
        shim.chmod(0o755)
        subprocess.run([shim, "modem", "set", MODEM.hex(), "--profile", "gold", "ds_rate=100"], check=True, stdout=subprocess.DEVNULL, timeout=30)

    @classmethod
    def _lease(cls, bed):
        address = None
        for kind in ("DISCOVER", "REQUEST"):
            message = dhcp_packet.Message(xid=7, chaddr=dhcp_packet.mac_bytes("02:00:5e:00:53:01"), giaddr="10.1.0.1", hops=1)
            message.add(53, bytes([dhcp_packet.TYPE_CODES[kind]]))
            if address:
                message.add(50, dhcp_packet.ip_bytes(address))
            message.add(82, b"\x02\x06" + MODEM)
            bed.send(testbed.CMTS, frames.udp(testbed.SERVER_MAC[testbed.CMTS], testbed.PEER_MAC[testbed.CMTS], "10.1.0.1", 67,
                                              testbed.SERVER_IP[testbed.CMTS], 67, message.encode()))
            address = dhcp_packet.Message.decode(bed.receive(3)[1].payload).yiaddr
        return address

    def localised(self, text):
        """The documents' address, time and paths become those of this server; everything else stays as it is written."""
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        for old, new in (("/var/lib/dhcp/", f"{self.folder}/"), ("/var/backups/", f"{self.folder}/backup-"), ("10.10.0.12", self.address),
                         ("10.0.0.7", self.address), ("2026-03-01 12:00:00", f"{later:%Y-%m-%d %H:%M:%S}"),
                         ("1772366400", str(int(later.timestamp()))), ("001095010203", MODEM.hex()),
                         ("10 << 24 | 7", str(int.from_bytes(dhcp_packet.ip_bytes(self.address), "big")))):
            text = text.replace(old, new)
        return text

    def run_block(self, first_words):
        block = next(block for block in blocks("docs/operating.md", "sh") if first_words in block)
        return subprocess.run(["bash", "-e"], input=self.localised(block), capture_output=True, text=True, timeout=30, check=False,
                              env={"PATH": f"{self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"})

    def test_backup(self):
        done = self.run_block(".backup")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        store = sqlite3.connect(self.folder / "backup-leases.db")
        self.addCleanup(store.close)
        self.assertEqual([(self.address,)], store.execute("SELECT address FROM lease_list").fetchall())
        self.assertIn(f"lease {self.address} {{", (self.folder / "backup-dhcpd.leases").read_text(encoding="latin-1"))

    def test_who_had_it(self):
        done = self.run_block("history_list")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        rows = [line for line in done.stdout.splitlines() if self.address in line]
        self.assertEqual(3, len(rows), done.stdout)              # now, at that time, behind that modem

    def test_modem_record(self):
        done = self.run_block("modem set")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertIn("note =       second floor\n", done.stdout)

    def test_queries_of_the_schema_page(self):
        store = sqlite3.connect(f"file:{self.folder}/dhcpd.leases.db?mode=ro", uri=True)
        self.addCleanup(store.close)
        queries = [query for block in blocks("docs/store-schema.md", "sql") for query in self.localised(block).split(";") if "SELECT" in query]
        self.assertGreaterEqual(len(queries), 4)
        cases = sqlite3.connect(f"file:{self.folder}/dhcpd.leases.db-quarantine?mode=ro", uri=True)
        self.addCleanup(cases.close)
        of_cases = [query for query in queries if re.search("FROM (case|steps)", query)]
        self.assertGreaterEqual(len(of_cases), 2)
        for query in queries:
            found = (cases if query in of_cases else store).execute(query).fetchall()
            self.assertEqual(0 if query in of_cases else 1, len(found), query)      # nobody is in quarantine here


if __name__ == "__main__":
    assert shutil.which("bash")
    base.main("sqlite3")
