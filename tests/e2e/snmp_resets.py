#!/usr/bin/python3
"""Modems are reset, CPEs forgotten and states read by SNMP, with Debian's snmpd as the CMTS and the modem. Exit 77: cannot run here.

    snmp_player --- lo: 10.0.0.1, .2 ... CMTSs, 10.64.1.7 a modem, all on port 161 of a namespace of their own
"""
import contextlib
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

import base             # puts tests/lib on the path
import capture
import netns
import snmp_agent as agents

MODEM, ANOTHER, PRINTABLE, CPE = "00:1a:2b:3c:4d:5e", "00:1a:2b:00:00:02", "41:42:43:44:45:46", "02:00:5e:00:53:01"
MODEM_ADDRESS, RELAY = "10.64.1.7", "10.64.0.1"
PLAIN = "rwcommunity private\nrocommunity public\n"
KEYS = """
old   v1  "private"
plant v2c "private"
read  v2c "public"
other v2c "wrong"
sha   v3  "coaxd"  auth sha256 "longer than eight" priv aes128 "another passphrase"
"""
PLAYER = [None]


class Player:
    """The Resetter in a process of its own; what it says is kept in the order in which it comes."""

    def __init__(self, namespace, settings):
        self._process = namespace.popen([PLAYER[0], settings], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._said, self._news = [], threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()
        self._wait(lambda line: "ready" in line)

    def _listen(self):
        for line in self._process.stdout:
            with self._news:
                self._said.append(json.loads(line))
                self._news.notify_all()

    def _wait(self, wanted, after=0, seconds=60):
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                for line in self._said[after:]:
                    if wanted(line):
                        return line
                if not self._news.wait(deadline - time.monotonic()):
                    raise AssertionError(f"not said in time; said: {self._said}; {self._process.poll()}")

    def ask(self, line):
        with self._news:
            after = len(self._said)
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return after

    def post(self, line):
        """(id, monotonic nanoseconds of the post)."""
        said = self._wait(lambda said: "posted" in said, self.ask(line))
        return said["posted"], said["at"]

    def report(self, number, wanted=lambda report: True, seconds=60):
        return self._wait(lambda said: said.get("report", {}).get("id") == number and wanted(said["report"]), seconds=seconds)["report"]

    def sent_after(self, number):
        return self._wait(lambda said: said.get("report", {}).get("id") == number)["sent_after"]

    def all_of(self, what):
        return self._wait(lambda said: what in said, self.ask(what))[what]

    def pending(self, number):
        return next(report for report in self.all_of("list") if report["id"] == number)

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self.errors = self._process.stderr.read()
            self._process.stdout.close()
            self._process.stderr.close()
        return self._process.returncode


class SnmpResets(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = pathlib.Path(self.stack.enter_context(capture.temporary_folder()))
        self.namespace = self.stack.enter_context(netns.Namespace())
        self.namespace.ip(*(f"addr add {address}/32 dev lo" for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3", MODEM_ADDRESS)))

    def agent(self, access=PLAIN, address="10.0.0.1", start=True, **kwargs):
        agent = agents.Agent(str(self.folder / f"agent-{address}"), 161, access, address=address, popen=self.namespace.popen, **kwargs)
        agent.objects.update(agents.modem_rows(MODEM, 7, MODEM_ADDRESS))
        agent.objects.update(agents.modem_rows(PRINTABLE, 8, "10.64.1.8", value=1, cdx=1))
        agent.objects.update(agents.cpe_rows(CPE))
        agent.publish()
        self.stack.callback(agent.stop)
        return agent.start() if start else agent

    def play(self, key="plant", kind="auto", address="10.0.0.1", more="timeout_ms = 10000", keys=KEYS, known=True):
        (self.folder / "keys").write_text(keys, encoding="ascii")
        os.chmod(self.folder / "keys", 0o600)
        settings = self.folder / "coaxd.toml"
        settings.write_text(f'[snmp]\nkeys = "{self.folder}/keys"\n{more}\ncmts = [{{ relays = "10.64.0.0/16", address = "{address}", key = "{key}", kind = "{kind}" }}]\n', encoding="ascii")
        player = Player(self.namespace, str(settings))
        self.stack.callback(lambda: self.assertEqual((0, ""), (player.close(), player.errors)))    # nothing on stderr: no community, no user
        if known:
            self.assertTrue(base.wait_until(lambda: player.all_of("cmts")[0]["known"], 60), player.all_of("cmts"))
        return player

    def reset(self, player, mac=MODEM, modem=""):
        number, _ = player.post(f"reset {mac} {RELAY} {modem}")
        return player.report(number)

    # --- what a CMTS is, and its reset ---

    def test_a_ubr_is_known_by_its_sysobjectid_and_resets_a_modem(self):
        agent = self.agent()
        player = self.play()
        cmts = player.all_of("cmts")[0]
        self.assertEqual(("cisco", "uBR7246VXR", agents.IOS, 0), (cmts["kind"], cmts["model"], cmts["description"], cmts["failures"]))
        report = self.reset(player)
        self.assertEqual(("done", "cdxCmCpeResetNow of 10.0.0.1:161 has taken it", 1), (report["outcome"], report["reason"], report["tries"]))
        self.assertEqual([(f"{agents.CDX}.8.0.26.43.60.77.94", "integer 1")], [each[1:] for each in agent.sets()])
        player.ask(f"discover {MODEM}")
        self.assertTrue(player.report(report["id"], lambda again: again["proven"])["proven"])

    def test_how_soon_a_set_is_there(self):
        """The figures of a report line: from the post to the socket, and to the program behind snmpd, which has asked it for the object before."""
        agent = self.agent()
        player = self.play(more="sets_per_second = 1000\ntimeout_ms = 10000")
        took, socket_after = [], []
        for number in range(100):
            mac = f"00:1a:2b:00:01:{number:02x}"
            agent.objects.update(agents.modem_rows(mac, 100 + number, "10.64.2.1"))
        agent.publish()
        for number in range(100):
            identity, posted = player.post(f"reset 00:1a:2b:00:01:{number:02x} {RELAY}")
            self.assertEqual("done", player.report(identity)["outcome"])
            socket_after.append(player.sent_after(identity) / 1e6)
            took.append((agent.sets()[-1][0] - posted) / 1e6)
        for name, each in (("socket", sorted(socket_after)), ("agent's object", sorted(took))):
            print(f"from the post to the {name}: p50 {each[50]:.2f} ms, p99 {each[98]:.2f} ms, most {each[99]:.2f} ms", file=sys.stderr)

    def test_three_hundred_at_once_are_taken_and_paced(self):
        agent = self.agent()
        player = self.play(more="sets_per_second = 100\ntimeout_ms = 10000")
        begin = time.monotonic()
        posted = [player.post(f"reset 00:1a:2c:00:{number >> 8:02x}:{number & 255:02x} {RELAY}")[0] for number in range(300)]
        for each in posted:
            self.assertEqual("done", player.report(each)["outcome"])    # snmpd has none of them, and says so
        self.assertGreater(time.monotonic() - begin, 1.5)               # 100 at once, 200 in two seconds: pacing is meant to take time
        self.assertEqual([], agent.sets())
        counted = player.all_of("counters")
        self.assertEqual((300, 300, 0), (counted["posted"], counted["done"], counted["pending"]))

    def test_every_version_and_protocol(self):
        users = {"sha256-aes": ("SHA-256", "AES", "auth sha256 '{}' priv aes128 '{}'"), "sha-aes": ("SHA", "AES", "auth sha '{}' priv aes '{}'"), "md5-des": ("MD5", "DES", "auth md5 '{}' priv des '{}'"),
                 "sha512-aes256": ("SHA-512", "AES-256", "auth sha512 '{}' priv aes256 '{}'"), "sha224-aes192": ("SHA-224", "AES-192", "auth sha224 '{}' priv aes192 '{}'"),
                 "sha384": ("SHA-384", "", "auth sha384 '{}'")}
        access = PLAIN + "rwuser nobody noauth\ncreateUser nobody\n"
        keys = 'v1 v1 "private"\nv2c v2c "private"\nnoauth v3 "nobody"\n'
        for user, (auth, priv, line) in users.items():
            access += f"createUser {user} {auth} long-{user} {priv + ' other-' + user if priv else ''}\nrwuser {user} {'priv' if priv else 'auth'}\n"
            keys += f'{user} v3 "{user}" {line.format("long-" + user, "other-" + user)}\n'.replace("'", '"')
        agent = self.agent(access)
        for key in ("v1", "v2c", "noauth", *users):
            with self.subTest(key=key):
                before = len(agent.sets())
                player = self.play(key=key, keys=keys)
                self.assertEqual("done", self.reset(player)["outcome"])
                self.assertEqual(before + 1, len(agent.sets()))
                number, _ = player.post(f"state {MODEM} {RELAY}")
                self.assertEqual("online", player.report(number)["modem"]["state"])

    def test_a_modem_and_a_cpe_that_the_cmts_does_not_have(self):
        for key in ("old", "plant"):
            with self.subTest(key=key):
                agent = self.agent(address="10.0.0.1" if key == "old" else "10.0.0.2")
                player = self.play(key=key, address=agent.address)
                report = self.reset(player, ANOTHER)
                self.assertEqual(("done", f"{agent.address} does not have this modem: it is off, and comes up anew"), (report["outcome"], report["reason"]))
                number, _ = player.post(f"forget {CPE} {RELAY}")
                self.assertEqual("done", player.report(number)["outcome"])
                number, _ = player.post(f"forget {ANOTHER} {RELAY}")
                self.assertEqual(f"{agent.address} does not have this CPE: there is nothing to forget", player.report(number)["reason"])
                self.assertEqual([f"{agents.CDX}.8.{agents.arcs(CPE)}"], [name for _, name, _ in agent.sets()])

    def test_the_next_object_where_the_first_is_not_there(self):
        agent = self.agent(system=agents.CASA, description="Casa")
        agent.objects.update({f"{agents.CM_CTRL}.1.0": ["octet", "00 00 00 00 00 00"], f"{agents.CM_CTRL}.5.0": ["integer", 1]})
        agent.writable = [agents.CM_CTRL]
        agent.publish()
        player = self.play()
        self.assertEqual("casa", player.all_of("cmts")[0]["kind"])
        report = self.reset(player)
        self.assertEqual(("done", "docsIf3CmtsCmCtrl of 10.0.0.1:161 has taken it"), (report["outcome"], report["reason"]))
        self.assertEqual([(f"{agents.CM_CTRL}.1.0", 'octet "00 1a 2b 3c 4d 5e"'), (f"{agents.CM_CTRL}.5.0", "integer 2")], [each[1:] for each in agent.sets()])
        self.assertEqual(1, self.reset(player)["tries"])     # what has worked is the first from then on

    def test_a_mac_as_octets(self):
        for address, system, scalar in (("10.0.0.1", agents.C4, "1.3.6.1.4.1.4998.1.1.20.2.14.2.0"), ("10.0.0.2", agents.BSR, "1.3.6.1.4.1.4981.2.2.2.0")):
            with self.subTest(system=system):
                agent = self.agent(address=address, system=system, description="C4")
                agent.objects[scalar] = ["octet", "00 00 00 00 00 00"]
                agent.writable = [scalar]
                agent.publish()
                player = self.play(address=address)
                for mac in (MODEM, PRINTABLE):
                    self.assertEqual("done", self.reset(player, mac)["outcome"])
                self.assertEqual([(scalar, 'octet "00 1a 2b 3c 4d 5e"'), (scalar, 'string "ABCDEF"')], [each[1:] for each in agent.sets()])

    # --- refusals ---

    def test_a_key_that_may_only_read(self):
        agent = self.agent()
        report = self.reset(self.play(key="read"))
        self.assertEqual(("refused", "cdxCmCpeResetNow noAccess, cdxCmCpeDeleteNow noAccess, docsIf3CmtsCmCtrl noAccess"), (report["outcome"], report["reason"]))
        self.assertEqual([], agent.sets())

    def test_what_an_agent_refuses(self):
        agent = self.agent()
        player = self.play()
        for why, said in (("wrong-type", "wrongType"), ("wrong-value", "wrongValue"), ("inconsistent-value", "inconsistentValue")):
            agent.refuse = {f"{agents.CDX}.8.{agents.arcs(MODEM)}": why}
            agent.publish()
            report = self.reset(player)
            self.assertEqual("refused", report["outcome"])
            self.assertTrue(report["reason"].startswith(f"cdxCmCpeResetNow {said}, cdxCmCpeDeleteNow "), report["reason"])

    def test_the_modem_itself_where_the_cmts_does_not(self):
        self.agent(system="1.3.6.1.4.1.8072.3.2.10", description="some CMTS")
        modem = self.agent("rwcommunity private\n", address=MODEM_ADDRESS)
        modem.objects[agents.RESET_NOW] = ["integer", 2]
        modem.writable = [agents.RESET_NOW]
        modem.publish()
        report = self.reset(self.play(more='modem_key = "plant"\ntimeout_ms = 10000'), modem=MODEM_ADDRESS)
        self.assertEqual(("done", f"docsDevResetNow of the modem at {MODEM_ADDRESS} has taken it"), (report["outcome"], report["reason"]))
        self.assertEqual([(agents.RESET_NOW, "integer 1")], [each[1:] for each in modem.sets()])

    # --- silence ---

    def test_an_unreachable_cmts_is_pending_until_it_is_there(self):
        for key in ("plant", "sha"):
            with self.subTest(key=key):
                address = "10.0.0.1" if key == "plant" else "10.0.0.2"
                agent = self.agent(PLAIN + "createUser coaxd SHA-256 \"longer than eight\" AES \"another passphrase\"\nrwuser coaxd priv\n", address=address, start=False)
                player = self.play(key=key, kind="cisco", address=address, more="timeout_ms = 100", known=False)
                number, _ = player.post(f"reset {MODEM} {RELAY}")
                self.assertTrue(base.wait_until(lambda: player.pending(number)["reason"] == f"{address}:161 does not answer"), player.pending(number))
                self.assertEqual("pending", player.pending(number)["outcome"])
                agent.start()
                self.assertEqual("done", player.report(number)["outcome"])
                self.assertEqual(1, len({name for _, name, _ in agent.sets()}))
                self.assertGreater(player.all_of("counters")["silent"], 0)

    def test_a_wrong_community_is_silence_and_given_up_in_the_end(self):
        self.agent()
        player = self.play(key="other", kind="cisco", more="timeout_ms = 100\nretry_seconds = 2", known=False)
        report = self.reset(player)
        self.assertEqual(("unknown", "10.0.0.1:161 does not answer; given up after 2 seconds"), (report["outcome"], report["reason"]))
        self.assertEqual(0, player.all_of("counters")["pending"])

    def test_an_address_without_a_route(self):
        self.namespace.ip("route add blackhole 10.99.0.0/16")
        player = self.play(kind="cisco", address="10.99.0.1", more="timeout_ms = 100\nretry_seconds = 1", known=False)
        report = self.reset(player)
        self.assertEqual("unknown", report["outcome"])
        self.assertIn("10.99.0.1:161 cannot be reached: ", report["reason"])

    def test_a_slow_agent(self):
        agent = self.agent()
        player = self.play(more="timeout_ms = 1500\nretry_seconds = 60")
        agent.delay = 1.0       # snmpd asks for the object before it sets it: two seconds, so the SET is sent once more
        agent.publish()
        self.assertEqual("done", self.reset(player)["outcome"])
        number, _ = player.post(f"state {MODEM} {RELAY}")
        self.assertIn(player.report(number)["outcome"], ("done", "unknown"))
        agent.delay = 0
        agent.publish()
        agent.pause(True)
        number, _ = player.post(f"reset {ANOTHER} {RELAY}")
        self.assertTrue(base.wait_until(lambda: player.pending(number)["sent"] and player.pending(number)["reason"].endswith("does not answer")))
        player.ask(f"discover {ANOTHER}")
        report = player.report(number)
        self.assertEqual(("done", "the modem has started anew"), (report["outcome"], report["reason"]))
        self.assertTrue(report["proven"])
        agent.pause(False)

    def test_replies_that_come_twice_late_and_in_pieces(self):
        self.agent()
        relayed = self.stack.enter_context(contextlib.closing(_Doubling(self.namespace, "10.0.0.2", "10.0.0.1")))
        player = self.play(address="10.0.0.2")
        for _ in range(20):
            self.assertEqual("done", self.reset(player)["outcome"])
        counted = player.all_of("counters")
        self.assertEqual((20, 20, 20, 0), (counted["posted"], counted["sets"], counted["done"], counted["silent"]))
        self.assertGreaterEqual(relayed.replies, 21)

    # --- SNMPv3 ---

    USER = "createUser coaxd SHA-256 \"longer than eight\" AES \"another passphrase\"\nrwuser coaxd priv\n"

    def test_a_user_or_key_that_the_agent_does_not_have(self):
        self.agent(self.USER)
        for user, passphrase in (("nobody", "longer than eight"), ("coaxd", "not that one")):
            with self.subTest(user=user):
                keys = f'k v3 "{user}" auth sha256 "{passphrase}" priv aes128 "another passphrase"\n'
                player = self.play(key="k", kind="cisco", keys=keys, more="timeout_ms = 1000\nretry_seconds = 8", known=False)
                report = self.reset(player)
                self.assertEqual("unknown", report["outcome"])
                self.assertIn("10.0.0.1:161 does not accept our user or key: ", report["reason"])
                self.assertNotIn(passphrase, json.dumps(player.all_of("list")))

    def test_an_agent_that_comes_back_with_another_engine(self):
        agent = self.agent(self.USER)
        player = self.play(key="sha", more="timeout_ms = 500")
        self.assertEqual("done", self.reset(player)["outcome"])
        for another in (False, True):
            agent.stop()
            if another:
                shutil.rmtree(pathlib.Path(agent.folder) / "persistent")
            agent.start()
            self.assertEqual("done", self.reset(player)["outcome"])
        self.assertLessEqual(3, len(agent.sets()))

    # --- how a modem stands ---

    def test_how_a_modem_stands(self):
        agent = self.agent()
        for key in ("old", "plant"):
            player = self.play(key=key)
            number, _ = player.post(f"state {MODEM} {RELAY}")
            state = player.report(number)["modem"]
            self.assertEqual(("online", MODEM_ADDRESS, -1.5, 33.1), (state["state"], state["address"], state["receive_power_dbmv"], state["signal_noise_db"]))
            number, _ = player.post(f"state {ANOTHER} {RELAY}")
            self.assertEqual("absent", player.report(number)["modem"]["state"])
        self.assertEqual("cdxCmtsCmStatusValue", state["object"])
        number, _ = player.post(f"state {PRINTABLE} {RELAY}")       # six printable octets
        self.assertEqual("offline", player.report(number)["modem"]["state"])
        agent.objects[f"{agents.CM_STATUS}.6.7"] = ["string", "loud"]
        agent.objects[f"{agents.CDX_STATUS}.7"] = ["string", "on"]
        agent.objects[f"{agents.CM_STATUS}.9.7"] = ["integer", 2]
        agent.publish()
        number, _ = player.post(f"state {MODEM} {RELAY}")
        state = player.report(number)["modem"]
        self.assertEqual("ranging", state["state"])
        self.assertNotIn("receive_power_dbmv", state)


class _Doubling:
    """Stands before an agent: each reply comes twice, once more too late, and with octets that are no reply."""

    def __init__(self, namespace, near, far):
        self.replies = 0
        with namespace.entered():
            self._front, self._back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self._front.bind((near, 161))
        self._far, self._ending, self._client, self._last = far, False, None, b""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._ending:
            ready, _, _ = select.select([self._front, self._back], [], [], 0.2)
            if self._front in ready:
                octets, self._client = self._front.recvfrom(65536)
                self._back.sendto(octets, (self._far, 161))
            if self._back in ready:
                reply = self._back.recv(65536)
                self.replies += 1
                for each in (self._last, b"\x30\x82\xff\xff", reply[:-3], reply, reply, b"", reply[:7]):
                    self._front.sendto(each, self._client)
                self._last = reply

    def close(self):
        self._ending = True
        self._thread.join()
        self._front.close()
        self._back.close()


if __name__ == "__main__":
    if "--player" in sys.argv:
        at = sys.argv.index("--player")
        PLAYER[0] = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    base.main("snmpd")
