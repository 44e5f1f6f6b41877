#!/usr/bin/python3
"""What coaxctl says of templates and of the file that a modem would get; `docsis`, which is not the server, reads that file.
Exit 77: cannot run here."""
import json
import pathlib
import subprocess
import unittest

import base
import capture
import coaxd_toml
import netns
import server

CONFIG = """
subnet 10.88.0.0 netmask 255.255.255.0 { }
host fixed { hardware ethernet 00:10:95:01:02:03; fixed-address 10.88.0.2; }
"""
MODEM = "00:10:95:01:02:03"
GOOD, BAD = "Main {\n  NetworkAccess 1;\n  MaxCPE ${cpe:3};\n}\n", "Main {\n  NetworkAccess 7;\n}\n"


class TemplatesStatus(unittest.TestCase):
    TFTP = True

    def setUp(self):
        temporary = capture.temporary_folder()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.folder.chmod(0o755)
        (self.folder / "templates").mkdir()
        (self.folder / "srv").mkdir()
        self.write("srv/fw.img", "image")
        self.write("templates/gold.cfg", GOOD)
        self.write("templates/bad.cfg", BAD)
        self.write("keys", '* "secret"\n').chmod(0o600)
        settings = coaxd_toml.write(self.folder, {
            "server": {"workers": 2}, "tftp": {"enabled": self.TFTP, "root": f"{self.folder}/srv"},
            "docsis": {"templates": f"{self.folder}/templates", "secrets": f"{self.folder}/keys", "timestamp": True}})
        machine = netns.Namespace()
        self.addCleanup(machine.close)
        machine.ip("link add srv0 type veth peer name srv1", "link set srv0 up", "link set srv1 up", "addr add 10.88.0.1/24 dev srv0")
        self.running = server.Server(base.Settings.server, machine, temporary.name, CONFIG, ["srv0"],
                                     ["-C", settings, *base.Settings.server_options])
        self.addCleanup(self.running.stop, kill=True)
        self.running.start()

    def write(self, name, text):
        path = self.folder / name
        new = path.with_suffix(".new")
        new.write_text(text, encoding="ascii")
        new.chmod(0o644)
        new.rename(path)
        return path

    @staticmethod
    def run_beside(program, *words):
        return subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/{program}", *words], capture_output=True, text=True, timeout=30, check=False)

    def ctl(self, *words, status=0):
        done = self.run_beside("coaxctl", "--socket", f"{self.folder}/control.sock", *words)
        self.assertEqual(status, done.returncode, done)
        return done.stdout if status == 0 else done.stdout + done.stderr

    def templates(self):
        return {each["name"]: each for each in json.loads(self.ctl("templates", "--json"))["templates"]}

    def states(self):
        return {name: each["state"] for name, each in self.templates().items()}

    def test_templates_are_good_kept_or_broken(self):
        self.assertEqual({"gold": "good", "bad": "broken"}, self.states())
        self.assertEqual(["cpe"], self.templates()["gold"]["variables"])
        self.assertRegex(self.templates()["bad"]["problems"], r"^bad\.cfg:2:17: error: ")
        self.assertRegex(self.ctl("templates"), r"(?m)^gold\.cfg +good +20\d\d-.* cpe$")
        self.write("templates/gold.cfg", BAD)
        self.write("templates/bad.cfg", GOOD)
        self.assertTrue(base.wait_until(lambda: self.states() == {"gold": "kept", "bad": "good"}), self.ctl("templates"))
        self.write("keys", "* secret\n").chmod(0o600)
        self.assertTrue(base.wait_until(lambda: "cannot be used" in self.ctl("templates")))

    def test_the_file_that_a_modem_would_get(self):
        self.ctl("modem", "set", MODEM, "cpe=9")
        self.assertIn("DHCP has told", self.ctl("modem", "file", MODEM, status=1))
        self.assertIn("MaxCPE 9;", self.ctl("modem", "file", MODEM, "gold.cm"))
        self.assertEqual("gold.cfg", json.loads(self.ctl("modem", "file", MODEM, "gold.cm", "--json"))["template"])
        self.assertEqual("", self.ctl("modem", "file", MODEM, "gold.cm", "-o", f"{self.folder}/got.cm"))
        self.write("key", "secret")
        verdict = self.run_beside("docsis", "verify", f"{self.folder}/key", f"{self.folder}/got.cm")
        self.assertEqual(0, verdict.returncode, verdict)
        self.assertIn("CM MIC right, CMTS MIC right", verdict.stdout)
        self.assertIn("MaxCPE 9;", self.run_beside("docsis", "-d", f"{self.folder}/got.cm").stdout)
        self.ctl("modem", "file", MODEM, "fw.img", "-o", f"{self.folder}/got.img")
        self.assertEqual(b"image", (self.folder / "got.img").read_bytes())

    def test_a_refusal_says_what_is_right_and_leaves_the_file(self):
        kept = self.write("kept.cm", "kept")
        self.assertIn("no template and no static file for 'none.cm'", self.ctl("modem", "file", MODEM, "none.cm", "-o", str(kept), status=1))
        self.assertEqual("kept", kept.read_text(encoding="ascii"))
        self.assertIn("is no MAC address, such as", json.loads(self.ctl("modem", "file", "gold", "--json", status=1))["error"])
        self.assertIn("the template has errors", self.ctl("modem", "file", MODEM, "bad.cm", status=1))
        self.assertIn("ask for one", self.ctl("modem", "file", MODEM, "gold.cm", "--json", "-o", str(kept), status=2))
        self.assertIn("cannot write the answer: No such file or directory", self.ctl("modem", "file", MODEM, "gold.cm", "-o", f"{self.folder}/no/file", status=1))
        self.assertIn("Examples:", self.ctl("modem", "file", "--help"))
        self.ctl("templates", "gold", status=2)


class WithoutTftp(TemplatesStatus):
    TFTP = False

    def test_templates_are_good_kept_or_broken(self):
        self.assertIn("no files are served: [tftp] enabled is false.", self.ctl("templates", status=1))

    def test_the_file_that_a_modem_would_get(self):
        self.assertIn("no files are served: [tftp] enabled is false.", self.ctl("modem", "file", MODEM, "gold.cm", status=1))

    def test_a_refusal_says_what_is_right_and_leaves_the_file(self):
        self.assertEqual("no files are served: [tftp] enabled is false.", json.loads(self.ctl("templates", "--json", status=1))["error"].strip())


if __name__ == "__main__":
    base.main()
