"""coaxd's command line in a namespace of its own: whatever stops a start is one clear sentence and exit status 1, and nothing is left running.

dhcpd-compat 15.1, 15.2; the checks of -t and -T; the background start of Debian's init script.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import base
import netns

GOOD = """authoritative;
subnet 10.77.0.0 netmask 255.255.255.0 {
  range 10.77.0.10 10.77.0.20;
}
"""
LEASE = """lease 10.77.0.12 {
  starts 4 2026/01/01 00:00:00;
  ends never;
  cltt 4 2026/01/01 00:00:00;
  binding state active;
  hardware ethernet 02:00:00:00:00:01;
}
"""
DAMAGED = LEASE + "lease 10.77.0.13 {\n  starts 4 2026/01/01 00:00:00;\n  ends nonsense;\n}\n"
PAIR = """failover peer "pair" { primary; address 10.77.0.1; peer address 10.77.0.2; mclt 60; split 128; }
subnet 10.77.0.0 netmask 255.255.255.0 { pool { failover peer "pair"; range 10.77.0.10 10.77.0.20; } }
"""


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.namespace = netns.Namespace()
        cls.namespace.ip("link add e0 type veth peer name e1", "link set e0 up", "link set e1 up",
                         "addr add 10.77.0.1/24 dev e0", "addr add 10.88.0.1/24 dev e1")

    @classmethod
    def tearDownClass(cls):
        cls.namespace.close()

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="coaxd-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.write("dhcpd.conf", GOOD)
        self.write("leases", "")
        self.write("coaxd.toml", f'[server]\nworkers = 1\n[store]\nsegment_mb = 1\n[control]\nsocket = "{self.folder}/control.sock"\n')

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="ascii")
        return str(self.folder / name)

    def run_coaxd(self, *words, program=None):
        """Runs it to its end, in the test's folder; (exit status, stdout, stderr)."""
        done = self.namespace.run([program or base.Settings.server, *words], cwd=self.folder, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def serve(self, *words, config="dhcpd.conf", leases="leases", interface="e0"):
        """What a start that must fail says: it stays in the foreground, so a start that succeeds would run into the time limit."""
        return self.run_coaxd("-4", "-f", "-q", "--no-pid", "-cf", config, "-lf", leases, "-C", "coaxd.toml", *words, interface)

    def refused(self, sentence, *words, **files):
        """Exit status 1 and one line on stderr that matches."""
        status, out, err = self.serve(*words, **files)
        self.assertEqual((1, ""), (status, out), err)
        self.assertEqual(1, len(err.splitlines()), err)
        self.assertRegex(err, sentence)

    def background(self, *words):
        """Starts it as Debian's init script does, and ends it with the test; its pid."""
        status, out, err = self.run_coaxd("-4", "-q", "-cf", "dhcpd.conf", "-lf", "leases", "-pf", "pid", "-C", "coaxd.toml", *words, "e0")
        self.assertEqual((0, "", ""), (status, out, err))
        pid = int((self.folder / "pid").read_text(encoding="ascii"))
        self.addCleanup(self.end, pid, signal.SIGKILL)
        return pid

    def foreground(self, *words):
        """Starts it with its log on stderr, ends it with the test: the process, and what waits until a sentence is in the log."""
        log = self.folder / "log"
        with open(log, "wb") as file:
            process = self.namespace.popen([base.Settings.server, "-4", "-d", "--no-pid", "-cf", "dhcpd.conf", "-C", "coaxd.toml", *words],
                                           cwd=self.folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.terminate)

        def said(sentence):
            self.assertTrue(base.wait_until(lambda: sentence in log.read_text(encoding="latin-1")), log.read_text(encoding="latin-1"))
        said("Server starting service.")
        return process, said

    def end(self, pid, number=signal.SIGTERM):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        self.assertTrue(base.wait_until(lambda: not self.lives(pid)), f"{pid} does not end")

    @staticmethod
    def lives(pid):
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
        except OSError:
            return False
        return state.rsplit(")", 1)[1].split()[0] != "Z"  # a dead child that its new parent has not looked at yet

    # --- the machine ---

    def test_without_random_numbers_it_does_not_start(self):
        """Strangers' octets index its tables, and names of files are drawn: with numbers that are known there is no defence."""
        if shutil.which("strace") is None:
            self.skipTest("no strace")
        status, out, err = self.run_coaxd("-f", "-qq", "-o", "/dev/null", "-e", "inject=getrandom:error=EPERM", base.Settings.server,
                                          "-f", "-q", "--no-pid", "-cf", "dhcpd.conf", "-lf", "leases", "-C", "coaxd.toml", "e0", program="strace")
        self.assertEqual((1, ""), (status, out), err)
        self.assertRegex(err, r"The kernel gives no random octets \(Operation not permitted\): ")

    # --- configuration ---

    def test_missing_configuration(self):
        for words in ({"config": "missing.conf"}, {}):
            extra = ("-C", "missing.toml") if not words else ()
            status, out, err = self.serve(*extra, **words)
            self.assertEqual((1, ""), (status, out))
            self.assertRegex(err, r"^Can't open missing\.(conf|toml): No such file or directory\nConfiguration file errors encountered -- exiting\n")

    def test_syntax_error_shows_place_line_and_caret(self):
        self.write("bad.conf", GOOD.replace("10.77.0.20;", "10.77.0.300;"))
        status, _, err = self.serve(config="bad.conf")
        self.assertEqual(1, status)
        place = re.search(r"^bad\.conf:3:(\d+): error\n(.*)\n( *)\^$", err, re.M)
        self.assertTrue(place, err)
        self.assertEqual("  range 10.77.0.10 10.77.0.300;", place[2])
        self.assertEqual(int(place[1]) - 1, len(place[3]))
        self.assertRegex(err, r"^bad\.conf line 3: ")  # dhcpd's own shape, for scripts
        self.assertFalse((self.folder / "leases.db").exists(), "nothing is started")

    def test_settings_error_shows_place_line_and_caret(self):
        self.write("bad.toml", "[server]\nworkrs = 2\n")
        status, _, err = self.serve("-C", "bad.toml")
        self.assertEqual(1, status)
        self.assertIn("bad.toml line 2: no key workrs in [server]; did you mean workers?\nbad.toml:2:1: error\nworkrs = 2\n^\n", err)

    # At a boot nobody is at the terminal (dhcpd-compat 2); -t is asked by somebody who is.
    def test_refused_start_is_in_the_log(self):
        self.write("bad.conf", GOOD.replace("10.77.0.20;", "10.77.0.300;"))
        devices = self.folder / "dev"
        devices.mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.bind(str(devices / "log"))
            log.settimeout(10)

            def run(*words):
                mounted = ["-m", "sh", "-c", 'mount --bind "$0" /dev && exec "$@"', str(devices), base.Settings.server, "-q", "-cf", "bad.conf"]
                return self.run_coaxd(*mounted, *words, program="unshare")[0]
            self.assertEqual(1, run("-t"))
            self.assertEqual(1, run("-lf", "leases", "e0"))
            lines = [log.recv(4096).decode("ascii") for _ in range(5)]
            log.setblocking(False)
            self.assertRaises(BlockingIOError, log.recv, 4096)
        self.assertRegex(lines[0], r"^<27>.* coaxd\[\d+\]: bad\.conf line 3: ")
        self.assertRegex(lines[4], r": Configuration file errors encountered -- exiting$")

    def test_unsafe_statement_refuses_until_settings_allow(self):
        self.write("pair.conf", PAIR)
        status, _, err = self.serve(config="pair.conf")
        self.assertEqual(1, status)
        self.assertRegex(err, r"pair\.conf:1:\d+: UNSAFE TO IGNORE: failover peer: ")
        self.assertIn('[failover] mode = "alone"', err)
        self.assertEqual(1, self.run_coaxd("-t", "-q", "-cf", "pair.conf")[0])
        self.write("alone.toml", '[failover]\nmode = "alone"\n')
        self.assertEqual(0, self.run_coaxd("-t", "-q", "-cf", "pair.conf", "-C", "alone.toml")[0])

    def test_quiet_check_is_silent(self):
        self.write("bad.conf", GOOD.replace(";", ""))
        self.assertEqual((0, "", ""), self.run_coaxd("-t", "-4", "-q", "-cf", "dhcpd.conf"))
        self.assertEqual((1, "", ""), self.run_coaxd("-t", "-4", "-q", "-cf", "bad.conf"))
        self.assertEqual((1, "", ""), self.run_coaxd("-t", "-4", "-q", "-cf", "missing.conf"))
        self.assertEqual((1, "", ""), self.run_coaxd("-T", "-4", "-q", "-cf", "bad.conf", "-lf", "leases"))
        self.assertEqual((1, "", ""), self.run_coaxd("-T", "-4", "-q", "-cf", "dhcpd.conf", "-lf", "missing"))
        status, _, err = self.run_coaxd("-t", "-4", "-cf", "bad.conf")
        self.assertEqual(1, status)
        self.assertIn("Configuration file errors encountered -- exiting", err)

    def test_configuration_that_cannot_be_read(self):
        status, out, err = self.run_coaxd("-t", "-cf", ".")
        self.assertEqual((1, ""), (status, out))
        self.assertRegex(err, r"^Can't read in \.: Is a directory\n")

    def test_checks_of_both_files_and_json_only_of_the_report(self):
        self.write("damaged", DAMAGED)
        status, out, err = self.run_coaxd("-t", "-T", "-cf", "dhcpd.conf", "-lf", "damaged")
        self.assertEqual(1, status)
        self.assertRegex(out, r"range +dhcpd\.conf:3:3 ")
        self.assertRegex(out, r"(?m)^damaged: 1 leases?, ")
        self.assertRegex(err, r"(?m)^damaged:8: unreadable: ")
        self.assertEqual(0, self.run_coaxd("-t", "-T", "-cf", "dhcpd.conf", "-lf", "leases")[0])
        self.write("pair.conf", PAIR)
        self.assertEqual(1, self.run_coaxd("-T", "-t", "-cf", "pair.conf", "-lf", "leases")[0])
        self.refused(r"^--json goes with -t", "--json")

    def test_check_reports_what_is_honoured(self):
        status, out, err = self.run_coaxd("-t", "-cf", "dhcpd.conf")
        self.assertEqual(0, status)
        self.assertRegex(out, r"range +dhcpd\.conf:3:3 ")
        self.assertRegex(err, r"^Config file: dhcpd\.conf\n")

    # --- network ---

    def test_unknown_interface(self):
        self.refused(r"^No such network interface: e9 ", interface="e9")

    def test_interface_without_subnet(self):
        self.refused(r"^Not configured to listen on any interfaces! ", interface="e1")
        status, _, err = self.run_coaxd("-f", "--no-pid", "-cf", "dhcpd.conf", "-lf", "leases", "-C", "coaxd.toml", "e1")
        self.assertEqual(1, status)
        self.assertIn("No subnet declaration for e1 (10.88.0.1).\n** Ignoring requests on e1.", err)

    def test_port_in_use_and_store_locked(self):
        self.background()
        (self.folder / "other").mkdir()
        self.refused(r"^UDP port 67 is in use by coaxd \(process \d+\): stop it first\.", leases=self.write("other/leases", ""))
        self.refused(r"^store leases\.db is locked by another coaxd \(pid \d+\): stop that one, or ", "-p", "1067")

    # --- store and leases ---

    def test_store_that_cannot_be_made(self):
        for name, said in (("missing", "No such file or directory; the store's directory .*/missing must exist"), ("file", "Not a directory")):
            self.write("coaxd.toml", f'[control]\nsocket = ""\n[store]\npath = "{self.folder}/{name}/leases.db"\n')
            self.write("file", "")
            self.refused(rf"^cannot create {self.folder}/{name}/leases\.db-journal\.d: {said}")

    def test_missing_leases_refuse_the_start(self):
        """dhcpd-compat 15.2: a mistyped path, or a file system that is not mounted, would be every address given twice."""
        for name in ("mistyped", "unmounted/leases"):
            self.refused(rf"^Can't open lease database {name}: No such file or directory -- check for failed database rewrite attempt! .*: touch {name}$",
                         leases=name)
        self.assertFalse((self.folder / "mistyped.db").exists(), "the next start would take it for a store")
        self.end(self.background())
        (self.folder / "leases").unlink()
        self.end(self.background())  # the store has them all
        self.assertTrue((self.folder / "leases").exists())

    def test_leases_check(self):
        self.write("good", LEASE)
        self.write("damaged", DAMAGED)
        status, out, err = self.run_coaxd("-T", "-cf", "dhcpd.conf", "-lf", "good")
        self.assertEqual((0, ""), (status, err))
        self.assertRegex(out, r"^good: 1 lease, ")
        status, _, err = self.run_coaxd("-T", "-cf", "dhcpd.conf", "-lf", "damaged")
        self.assertEqual(1, status)
        self.assertRegex(err, r"^damaged:8: unreadable: .*10\.77\.0\.13")
        self.assertEqual((1, "", ""), self.run_coaxd("-T", "-q", "-cf", "dhcpd.conf", "-lf", "damaged"))
        status, _, err = self.run_coaxd("-T", "-cf", "dhcpd.conf", "-lf", "missing")
        self.assertEqual((1, "cannot read missing: No such file or directory\n"), (status, err))
        self.assertFalse((self.folder / "good.db").exists(), "a check makes no store")

    def test_damaged_leases_refuse_the_first_start_until_accepted(self):
        self.write("leases", DAMAGED)
        status, _, err = self.run_coaxd("-4", "-f", "--no-pid", "-cf", "dhcpd.conf", "-lf", "leases", "-C", "coaxd.toml", "e0")
        self.assertEqual(1, status)
        self.assertRegex(err, r"(?m)^leases:8: unreadable: .*10\.77\.0\.13")
        self.assertRegex(err.splitlines()[-1], r"^1 part of leases cannot be read .*--accept-damaged-leases")
        self.assertEqual(DAMAGED, (self.folder / "leases").read_text(encoding="ascii"), "the operator's only copy")
        self.end(self.background("--accept-damaged-leases"))
        text = (self.folder / "leases").read_text(encoding="ascii")
        self.assertRegex(text, r"(?m)^lease 10\.77\.0\.12 \{$")
        self.assertTrue(text.splitlines()[-1].startswith("# coaxd mirror"), text)

    # --- process ---

    def test_background_start_and_stop(self):
        pid = self.background()
        self.assertTrue(self.lives(pid))
        self.end(pid)
        self.assertFalse((self.folder / "pid").exists())
        self.end(self.background())  # and again, over the files of the first

    def test_background_start_that_fails_says_why(self):
        status, out, err = self.run_coaxd("-q", "-cf", "dhcpd.conf", "-lf", "missing/leases", "-pf", "pid", "-C", "coaxd.toml", "e0")
        self.assertEqual((1, ""), (status, out))
        self.assertRegex(err, r"^Can't open lease database missing/leases: ")
        self.assertFalse((self.folder / "pid").exists())

    def test_pid_file_of_a_living_process(self):
        with subprocess.Popen(["sleep", "60"]) as living:
            self.write("pid", f"{living.pid}\n")
            status, _, err = self.run_coaxd("-q", "-cf", "dhcpd.conf", "-lf", "leases", "-pf", "pid", "-C", "coaxd.toml", "e0")
            self.assertEqual(1, status)
            self.assertRegex(err, rf"^There's already a DHCP server running\. pid names process {living.pid}: stop it, or remove the file .*\.\n$")
            self.assertEqual(f"{living.pid}\n", (self.folder / "pid").read_text(encoding="ascii"))
            living.kill()
        self.end(self.background())  # a dead one's is replaced

    def test_unknown_option_and_version(self):
        status, out, err = self.run_coaxd("-bogus")
        self.assertEqual((1, ""), (status, out))
        self.assertRegex(err, r"^Unknown command -bogus\nUsage: coaxd ")
        status, _, err = self.run_coaxd("-tf", "trace")
        self.assertEqual(1, status)
        self.assertEqual(1, len(err.splitlines()), err)
        status, _, err = self.run_coaxd("--version")
        self.assertEqual(0, status)
        self.assertRegex(err, r"^coaxd-\d+\.\d+\.\d+\n$")
        self.assertEqual(0, self.run_coaxd("--help")[0])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
    def test_systemd_unit_is_valid(self):
        example = pathlib.Path(__file__).resolve().parents[2] / "examples/systemd/coaxd.service"
        unit = example.read_text(encoding="ascii").replace("/usr/local/sbin/coaxd", base.Settings.server)
        self.write("coaxd.service", unit.replace("Documentation=man:coaxd(8)\n", ""))  # its page need not be installed here
        done = subprocess.run(["systemd-analyze", "verify", self.folder / "coaxd.service"], capture_output=True, text=True,
                              timeout=60, check=False)
        ours = [line for line in done.stderr.splitlines() if "coaxd" in line]  # it looks at the host's other units as well
        self.assertEqual((0, "", []), (done.returncode, done.stdout, ours))

    # --- coaxctl and /metrics ---

    def ask(self, *words, path="control.sock"):
        control = str(pathlib.Path(base.Settings.server).with_name("coaxctl"))
        return self.run_coaxd("--socket", str(self.folder / path), *words, program=control)

    def test_everything_that_coaxctl_knows_is_in_its_manual(self):
        page = (pathlib.Path(__file__).resolve().parents[2] / "docs/man/coaxctl.8").read_text(encoding="ascii").replace("\\-", "-")
        for words in ([], ["leases"], ["modem"]):
            said = self.ask(*words, "--help")[1]
            commands = re.findall(r"^  ([a-z]+)", said.partition("Subcommands:\n")[2].partition("\n\n")[0], re.M)
            self.assertGreaterEqual(len(commands), 2, said)
            for command in commands:
                self.assertRegex(page, rf"""(?m)^\.(B|BI|BR) "?{" ".join([*words, command])}\b""")
            for option in re.findall(r"^  (?:-h,)?(--[a-z]+)", said, re.M):
                self.assertIn(option, page)

    def test_second_server_leaves_the_control_socket_alone(self):
        pid = self.background()
        (self.folder / "other").mkdir()
        second, said = self.foreground("-p", "1067", "-lf", self.write("other/leases", ""), "e0")
        said(f"control socket {self.folder}/control.sock: the server of process {pid} listens there: give another path in [control] socket.")
        self.assertEqual(0, self.ask("stats")[0])
        second.terminate()
        second.wait(10)
        self.assertEqual(0, self.ask("stats")[0], "it went with the other server")
        (self.folder / "control.sock").unlink()
        self.assertEqual(1, self.ask("stats")[0])
        os.kill(pid, signal.SIGHUP)
        self.assertTrue(base.wait_until(lambda: self.ask("stats")[0] == 0), "SIGHUP makes it anew")

    def test_control_socket_of_another_user_and_in_a_jail(self):
        os.chmod(self.folder, 0o777)  # the store is made by that user; the socket's directory stays root's
        (self.folder / "run").mkdir()
        self.write("coaxd.toml", f'[store]\nsegment_mb = 1\n[control]\nsocket = "{self.folder}/run/control.sock"\n')
        self.end(self.background())  # as root once, who leaves the directory
        for name in self.folder.glob("leases*"):
            shutil.rmtree(name) if name.is_dir() else name.unlink()
        self.write("leases", "")
        os.chmod(self.folder / "leases", 0o666)
        process, _ = self.foreground("-user", "nobody", "-lf", "leases", "e0")
        self.assertEqual(0, self.ask("stats", path="run/control.sock")[0])
        self.assertEqual("nobody", (self.folder / "run/control.sock").owner())
        process.terminate()
        process.wait(10)
        (self.folder / "jail").mkdir()
        self.write("jail/leases", "")
        self.write("coaxd.toml", '[store]\nsegment_mb = 1\n[control]\nsocket = "/run/coaxd/control.sock"\n')
        process, _ = self.foreground("-chroot", str(self.folder / "jail"), "-lf", "/leases", "e0")
        self.assertEqual(0, self.ask("stats", path="jail/run/coaxd/control.sock")[0])

    def test_reload_keeps_the_old_configuration_on_error(self):
        pid = self.background()
        self.write("dhcpd.conf", GOOD.replace("range", "rnage"))
        for command in ("check", "reload"):
            status, out, err = self.ask(command)
            self.assertEqual((1, ""), (status, out))
            self.assertRegex(err, r"dhcpd\.conf:3:\d+: error; did you mean range\?\n")
        status, out, err = self.ask("--json", "check")
        self.assertEqual((1, ""), (status, err))
        self.assertRegex(json.loads(out)["error"], r"dhcpd\.conf:3:\d+: error; did you mean range\?\n")
        os.kill(pid, signal.SIGHUP)
        counted = "coaxd_config_reloads_failed_total 2\n"
        self.assertTrue(base.wait_until(lambda: counted in self.ask("metrics")[1]))
        self.assertIn('pool="10.77.0.10",state="total"} 11\n', self.ask("metrics")[1])
        self.write("dhcpd.conf", PAIR)
        for command in ("check", "reload"):
            status, _, err = self.ask(command)
            self.assertEqual(1, status)
            self.assertIn("UNSAFE TO IGNORE: failover peer", err)
        self.write("dhcpd.conf", GOOD.replace("10.77.0.20", "10.77.0.30"))
        status, out, _ = self.ask("reload")
        self.assertEqual(0, status)
        self.assertRegex(out, r"^Configuration dhcpd\.conf taken over: ")
        self.assertIn('pool="10.77.0.10",state="total"} 21\n', self.ask("metrics")[1])
        self.end(pid)
        status, _, err = self.ask("stats")
        self.assertEqual(1, status)
        self.assertRegex(err, r"^coaxctl: cannot reach coaxd at ")
        status, _, err = self.ask("nonsense")
        self.assertEqual((2, "coaxctl: there is no command 'nonsense', only "), (status, err[:46]))
        self.assertEqual(2, self.ask("reload", "--json")[0])

    def test_leases_free_ends_what_is_on_an_address(self):
        abandoned = LEASE.replace("10.77.0.12", "10.77.0.13").replace("state active", "state abandoned").replace("  hardware ethernet 02:00:00:00:00:01;\n", "")
        self.write("leases", LEASE + abandoned)
        pid = self.background()
        for command in (["leases", "free"], ["leases", "free", "10.77.0"], ["leases", "free", "10.77.0.12", "10.77.0.13"]):
            self.assertEqual(2, self.ask(*command)[0])
        self.assertEqual(1, self.ask("leases", "free", "10.77.0.99")[0])
        status, out, err = self.ask("leases", "free", "10.77.0.12")
        self.assertEqual((0, ""), (status, err))
        self.assertRegex(out, r"^10\.77\.0\.12 is free: the lease of 02:00:00:00:00:01 for ever was ended by the operator\.\nIts client was not told")
        self.assertRegex(self.ask("leases", "free", "10.77.0.13")[1], r"^10\.77\.0\.13 is free: the abandonment .* was ended by the operator\.\n$")
        self.assertEqual("10.77.0.12 is free already.\n", self.ask("leases", "free", "10.77.0.12")[1])
        self.end(pid, signal.SIGKILL)  # what was answered is on disk
        (self.folder / "pid").unlink()  # of a zombie, where nobody reaps
        self.background()
        self.assertIn('state="active"} 0\n', self.ask("metrics")[1])
        for address in ("10.77.0.12", "10.77.0.13"):
            self.assertEqual(f"{address} is free already.\n", self.ask("leases", "free", address)[1])

    def test_reload_refuses_what_a_start_refuses(self):
        self.background()
        for config in ("", "subnet 10.99.0.0 netmask 255.255.255.0 { }\n"):
            self.write("dhcpd.conf", config)
            self.refused(r"^Not configured to listen on any interfaces! ", "-p", "1067")
            for command in ("check", "reload"):
                status, out, err = self.ask(command)
                self.assertEqual((1, ""), (status, out))
                self.assertIn("Not configured to listen on any interfaces! ", err)
        self.assertIn('pool="10.77.0.10",state="total"} 11\n', self.ask("metrics")[1])
        self.write("dhcpd.conf", GOOD)
        self.write("coaxd.toml", "[server]\nworkrs = 2\n")
        for command in ("check", "reload"):
            self.assertRegex(self.ask(command)[2], r"coaxd\.toml line 2: no key workrs.*\n.*coaxd\.toml:2:1: error\n")

    def test_reload_tells_what_counts_at_start_only(self):
        self.background()
        self.write("dhcpd.conf", f'local-port 1067;\nlease-file-name "{self.folder}/others";\n' + GOOD)
        self.write("others", "")
        with open(self.folder / "coaxd.toml", "a", encoding="ascii") as file:
            file.write("[log]\npackets = false\n")
        for command in ("check", "reload", "reload"):
            status, out, err = self.ask(command)
            self.assertEqual((0, ""), (status, err))
            self.assertIn("local-port counts at start only: 67 until coaxd is restarted, then 1067.\n", out)
            self.assertIn(f"lease-file-name counts at start only: leases until coaxd is restarted, then {self.folder}/others.\n", out)
            self.assertIn("coaxd.toml: [log] packets counts at start only: true until coaxd is restarted, then false.\n", out)
            self.assertEqual(3, out.count("counts at start only"))

    def test_interfaces_that_come_and_go_are_logged(self):
        self.write("dhcpd.conf", "subnet 10.88.0.0 netmask 255.255.255.0 { }\n")
        _, said = self.foreground("-lf", "leases")
        self.namespace.ip("addr add 10.88.0.9/32 dev e1")
        self.addCleanup(self.namespace.ip, "addr del 10.88.0.9/32 dev e1")
        said("e1 has got the address 10.88.0.9.")
        self.namespace.ip("link set e1 down")
        self.addCleanup(self.namespace.ip, "link set e1 up")
        said("e1 (10.88.0.1) is not served any more: it is down.")
        said("No interface is served now: ")
        self.namespace.ip("link set e1 up")
        said("e1 (10.88.0.1) is served now.")

    def get(self, target):
        """GET from the server's loopback address: (status line, body)."""
        with self.namespace.entered(), socket.create_connection(("127.0.0.1", 9767), timeout=10) as connection:
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("ascii"))
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, body = answer.decode("utf-8").split("\r\n\r\n", 1)
        return head.split("\r\n")[0], body

    def test_global_statements_run_at_start_and_after_a_reload(self):
        """dhcpd-compat 5.2. dhcpd runs the programs under -t as well; a check should change nothing."""
        ran = self.folder / "ran"
        self.write("dhcpd.conf", f'set what = "$HOME; it";\nexecute("/bin/sh", "-c", "echo \\"$1\\" >> {ran}", "sh", what);\n' + GOOD)
        status, _, err = self.run_coaxd("-t", "-cf", "dhcpd.conf")
        self.assertEqual(0, status, err)
        self.assertFalse(ran.exists())
        pid = self.background()
        self.assertEqual("$HOME; it\n", ran.read_text(encoding="ascii"))
        os.kill(pid, signal.SIGHUP)
        self.assertTrue(base.wait_until(lambda: ran.read_text(encoding="ascii") == "$HOME; it\n" * 2))

    def test_metrics_over_http(self):
        with open(self.folder / "coaxd.toml", "a", encoding="ascii") as file:
            file.write('[metrics]\nlisten = "127.0.0.1:9767"\n')
        self.background()
        status, body = self.get("/metrics")
        self.assertEqual("HTTP/1.1 200 OK", status)
        self.assertIn('coaxd_pool_addresses{network="10.77.0.0/24",pool="10.77.0.10",state="total"} 11\n', body)
        self.assertEqual(("HTTP/1.1 200 OK", "ok\n"), self.get("/healthz"))
        self.assertEqual("HTTP/1.1 404 Not Found", self.get("/")[0])
        (self.folder / "other").mkdir()
        self.refused(r"^\[metrics\] listen 127\.0\.0\.1:9767: Address already in use\.", "-p", "1067",
                     leases=self.write("other/leases", ""))


if __name__ == "__main__":
    base.main()
