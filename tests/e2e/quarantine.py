#!/usr/bin/python3
"""A machine that scans ports is off the net seconds later, its owner reads why, ticks the box, and is back: with the example's configuration (examples/quarantine), Suricata's
sensor, real dhclients, snmpd as the CMTS, dnsmasq and Chromium. The desk's page too. Pictures of both pages are kept in $COAXD_ARTEFACTS, or beside the programs. Exit 77: cannot run here.

    coaxd, portal, resolver, sensor, desk 10.99.0.1 --- 10.99.0.2 [CMTS: snmpd, relay, router] cable --- a modem, and two machines behind it
"""
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import unittest

import base             # puts tests/lib on the path
import cable_modem
import capture
import chromium
import clients
import cmts
import server
import snmp_agent as agents

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE, ISP = ROOT / "examples" / "quarantine", ROOT / "examples" / "isp"
NETWORKS = ("10.10.0.1/22", "203.0.113.1/24", "10.66.0.1/24")
MODEM, SCANNER, NEIGHBOUR = "02:00:5e:00:53:01", "02:00:5e:00:53:a1", "02:00:5e:00:53:a2"
PORTAL, API = "portal.cable.example", 8067
SHORT = {"default-lease-time 7200;": "default-lease-time 30; min-lease-time 10; ping-check off; option dhcp-renewal-time 2; option dhcp-rebinding-time 25;", "default-lease-time 120;": "default-lease-time 20;"}
NO_MUCH_WAITING = "initial-interval 1; backoff-cutoff 2; timeout 20; retry 1; reboot 3;\n"


def artefacts():
    folder = pathlib.Path(os.environ.get("COAXD_ARTEFACTS") or pathlib.Path(base.Settings.server).parent.parent / "artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Machine(clients.Dhclient):
    """A dhclient that says which resolver and which portal (option 114, RFC 8910) it was told."""
    script = """#!/bin/sh
case "$reason" in
  BOUND|REBOOT|RENEW|REBIND)
    [ "$old_ip_address" = "$new_ip_address" ] || ip -4 addr flush dev "$interface"
    ip -4 addr replace "$new_ip_address/$new_subnet_mask" dev "$interface"
    [ -n "$new_routers" ] && ip route replace default via "${{new_routers%% *}}"
    echo "$reason $new_ip_address $new_domain_name_servers $new_default_url" >> {events} ;;
  PREINIT) ip link set "$interface" up ;;
esac
"""

    def _files(self):
        files = super()._files()
        pathlib.Path(self.folder, "dhclient.conf").write_text(NO_MUCH_WAITING + "request subnet-mask, routers, domain-name-servers, default-url;\n", encoding="ascii")
        return files

    def told(self):
        return (self.events() or [["", "", "", ""]])[-1]

    @property
    def address(self):
        return self.told()[1]

    def wait_for_prefix(self, prefix):
        if not base.wait_until(lambda: self.address.startswith(prefix), 30):
            raise TimeoutError(f"no address of {prefix}; {self.events()[-5:]}\n{pathlib.Path(self.log_path).read_text(encoding='utf-8')[-2000:]}")
        return self.address

    def log(self):
        return pathlib.Path(self.log_path).read_text(encoding="utf-8", errors="replace")


class Plant(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = pathlib.Path(self.stack.enter_context(capture.temporary_folder()))
        self.folder.chmod(0o755)
        self.cmts = self.stack.enter_context(cmts.Cmts(NETWORKS))
        self.write_files()
        self.agent = agents.Agent(str(self.folder / "agent"), 161, "rwcommunity private\n", address=cmts.Cmts.UPSTREAM, popen=self.cmts.router.popen)
        self.agent.objects.update(agents.modem_rows(MODEM, 7, "10.10.0.10") | agents.cpe_rows(SCANNER) | agents.cpe_rows(NEIGHBOUR))
        self.agent.publish()
        self.stack.callback(self.agent.stop)
        self.agent.start()
        self.running = server.Server(base.Settings.server, self.cmts.server, str(self.folder), self.dhcpd_conf(), ["up0"], ["-C", str(self.folder / "coaxd.toml"), *base.Settings.server_options])
        self.stack.callback(self.running.stop, kill=True)
        self.running.start()
        self.relay = self.stack.enter_context(self.cmts.relay())
        self.relay.modem_of.update({SCANNER: MODEM, NEIGHBOUR: MODEM})
        self.modem = self.cmts.plug(MODEM)
        self.file_of_modem = self.boot_modem()

    def dhcpd_conf(self):
        text = (EXAMPLE / "dhcpd.conf").read_text(encoding="ascii")
        for old, new in SHORT.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        return text

    def write_files(self):
        """The example as it stands, but for its paths."""
        shutil.copytree(ISP / "templates", self.folder / "templates")
        shutil.copy(EXAMPLE / "gold.quarantine.cfg", self.folder / "templates")
        (self.folder / "srv").mkdir()
        self.tokens, lines = {}, ""
        for role in ("sensor", "desk", "admin"):
            made = json.loads(self.ctl("token", "new", f"the-{role}", role, "--json"))
            self.tokens[role], lines = made["token"], lines + made["line"] + "\n"
        secrets = {"cmts.keys": (ISP / "cmts.keys").read_text(encoding="ascii"), "snmp.keys": (EXAMPLE / "snmp.keys").read_text(encoding="ascii"), "tokens": lines, "sensor.token": self.tokens["sensor"]}
        for name, text in secrets.items():
            (self.folder / name).write_text(text, encoding="ascii")
            (self.folder / name).chmod(0o600)
        for name, more in (("coaxd.toml", f'\n[store]\nsegment_mb = 1\n[control]\nsocket = "{self.folder}/control.sock"\n'), ("suricata.toml", "")):
            text = (EXAMPLE / name).read_text(encoding="utf-8") + more
            for old, new in (("/etc/coaxd", self.folder), ("/srv/tftp", self.folder / "srv"), ("/var/lib/coaxd-sensor", self.folder), ("/var/log/suricata", self.folder)):
                text = text.replace(old, str(new))
            (self.folder / name).write_text(text, encoding="utf-8")

    def ctl(self, *words):
        done = subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "--socket", f"{self.folder}/control.sock", *words], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(0, done.returncode, done)
        return done.stdout

    def ask(self, method, path, body=None, role="desk"):
        with self.cmts.server.entered():
            made = socket.create_connection(("127.0.0.1", API), 20)
        connection = http.client.HTTPConnection("127.0.0.1", API, timeout=20)
        connection.sock = made
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), {"Authorization": f"Bearer {self.tokens[role]}"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def order(self, **body):
        status, what = self.ask("POST", "/v1/quarantine", {"reason": "port scan", **body})
        self.assertEqual(201, status, what)
        return what["id"]

    def case(self, identity):
        return self.ask("GET", f"/v1/quarantine/{identity}")[1]

    def seen(self, identity, *effects):
        self.assertTrue(base.wait_until(lambda: set(effects) <= set(self.case(identity)["effects"]), 30), f"{effects}: {self.case(identity)}\n{base.log_text(self.running)[-4000:]}")

    def boot_modem(self):
        with self.modem.entered(), cable_modem.Modem("eth0") as device:
            file = device.boot()
            self.modem_lease = device.lease
            return file

    def machine(self, mac):
        folder = self.folder / mac.replace(":", "")
        folder.mkdir()
        machine = self.stack.enter_context(Machine(self.cmts.plug(mac), "eth0", str(folder)))
        machine.wait_for_prefix("203.0.113.")
        return machine

    def says_leasequery(self, address):
        """What the CMTS hears when it asks whose an address is (RFC 4388)."""
        done = self.cmts.router.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "leasequery", "--server", cmts.Cmts.SERVER, "--giaddr", "203.0.113.1", address], capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done)
        return done.stdout

    def set_at_cmts(self, mac):
        name = f"{agents.CDX}.8.{agents.arcs(mac)}"
        self.assertTrue(base.wait_until(lambda: any(each[1] == name for each in self.agent.sets())), f"{name}: {self.agent.sets()}\n{base.log_text(self.running)[-3000:]}")

    def resolver(self):
        configuration = self.ctl("quarantine", "dns-config", "--portal", cmts.Cmts.SERVER, "--upstream", "192.0.2.53", "dnsmasq")
        (self.folder / "garden.conf").write_text(configuration, encoding="ascii")
        process = self.cmts.server.popen(["dnsmasq", "--keep-in-foreground", "--user=root", f"--conf-file={self.folder}/garden.conf", f"--pid-file={self.folder}/dnsmasq.pid"],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.stack.callback(lambda: (process.kill(), process.wait()))

    def sensor(self):
        log = self.folder / "eve.json"
        log.touch()
        with open(self.folder / "sensor.log", "wb") as said:
            process = self.cmts.server.popen([sys.executable, "-B", str(ROOT / "examples/agents/coaxd-sensor"), str(self.folder / "suricata.toml")], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self.stack.callback(lambda: (process.kill(), process.wait()))
        self.assertTrue(base.wait_until(lambda: (self.folder / "suricata.json").exists() or process.poll() is not None), "the sensor's state")
        return log

    def alert(self, log, address, times=20):
        """What Suricata writes of a scan."""
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
        with open(log, "a", encoding="ascii") as file:
            for flow in range(times):
                file.write(json.dumps({"timestamp": stamp, "flow_id": 1000 + flow, "event_type": "alert", "src_ip": address, "src_port": 41000 + flow, "dest_ip": f"198.51.100.{flow}", "dest_port": 22,
                                       "proto": "TCP", "alert": {"action": "allowed", "gid": 1, "signature_id": 2001219, "rev": 20, "signature": "ET SCAN Potential SSH Scan",
                                                                 "category": "Attempted Information Leak", "severity": 2}}) + "\n")

    def browser(self, namespace, **settings):
        return self.stack.enter_context(chromium.Browser(namespace, self.folder / f"chromium-{len(os.listdir(self.folder))}", **settings))

    def picture(self, page, name):
        for suffix, size in (("wide", chromium.WIDE), ("phone", chromium.PHONE)):
            page.resize(size)
            page.picture(artefacts() / f"{name}-{suffix}.png")
        self.assertLessEqual(page.run("document.documentElement.scrollWidth"), chromium.PHONE[0], f"{name}: nothing is wider than a phone")
        page.resize(chromium.WIDE)


class FromAlertToRelease(Plant):
    def test_one_machine_is_off_the_net_and_its_owner_brings_it_back(self):
        self.resolver()
        scanner, neighbour, log = self.machine(SCANNER), self.machine(NEIGHBOUR), self.sensor()
        old, others = scanner.address, neighbour.address
        self.assertRegex(self.says_leasequery(old), "(?i)active")

        self.alert(log, old)
        self.assertTrue(base.wait_until(lambda: self.ask("GET", "/v1/quarantine?active=1")[1]["quarantines"], 30), (self.folder / "sensor.log").read_text(encoding="utf-8"))
        what = self.ask("GET", "/v1/quarantine?active=1")[1]["quarantines"][0]
        self.assertRegex(self.says_leasequery(old), "(?i)unassigned", "at once")
        self.assertRegex(self.says_leasequery(others), "(?i)active")
        self.assertEqual(("cpe", "suricata", SCANNER, MODEM), (what["scope"], what["source"], what["subject"]["mac"], what["subject"]["modem"]))
        self.assertEqual(20, what["evidence"]["count"])
        self.set_at_cmts(SCANNER)

        garden = scanner.wait_for_prefix("10.66.0.")
        self.assertIn("DHCPNAK", scanner.log())
        self.assertEqual(["10.99.0.1", "https://portal.cable.example/capport"], scanner.told()[2:], "the catch-all resolver, and option 114 (RFC 8910)")
        self.assertEqual(others, neighbour.address)
        self.assertNotIn("DHCPNAK", neighbour.log())
        self.seen(what["id"], "in_memory", "nak_sent", "discover", "garden_ack", "cmts_reset")

        page = self.browser(scanner.namespace, resolver="10.99.0.1").open("http://any.example/some/page?x=1")
        self.assertEqual(f"http://{PORTAL}/", page.run("location.href"))
        page.wait_text("Your computer looks for weak spots in many other computers.")
        page.wait_text("ET SCAN")
        page.wait_text("198.51.100.12, 198.51.100.13")
        page.wait_text(garden)
        self.picture(page, "portal")
        page.dark()
        page.picture(artefacts() / "portal-dark.png")
        page.dark(False)
        self.seen(what["id"], "page_seen")
        page.click("button")      # without the tick the browser does not send it
        self.assertEqual("active", self.case(what["id"])["state"])
        page.click("input[type=checkbox]")
        page.click("button")
        page.wait_text("Your connection is released")
        self.picture(page, "portal-released")
        self.assertEqual([], page.complaints())

        self.assertEqual(old, scanner.wait_for_prefix("203.0.113."), "the address that he had before")
        self.assertEqual(others, neighbour.address)
        self.assertEqual(("released", "portal"), tuple(self.case(what["id"])[key] for key in ("state", "ended_by")))
        self.assertTrue(base.wait_until(lambda: re.search("(?i)active", self.says_leasequery(old))), self.says_leasequery(old))
        steps = [step["kind"] for step in self.ask("GET", f"/v1/quarantine/{what['id']}/steps")[1]["steps"]]
        self.assertLessEqual({"quarantine", "effect", "reset", "release"}, set(steps), steps)


class WholeSubscriber(Plant):
    def test_every_machine_behind_the_modem_and_a_restart_in_the_middle(self):
        machines = [self.machine(SCANNER), self.machine(NEIGHBOUR)]
        old = [machine.address for machine in machines]
        identity = self.order(ip=old[0], scope="subscriber")
        for address in old:
            self.assertRegex(self.says_leasequery(address), "(?i)unassigned")
        self.assertEqual(0, self.running.stop())
        self.running.start()
        self.assertEqual("active", self.case(identity)["state"], "a restart keeps it")
        for machine in machines:
            machine.wait_for_prefix("10.66.0.")
        self.assertEqual(200, self.ask("DELETE", f"/v1/quarantine/{identity}?reason=talked+to+him")[0])
        self.assertEqual(old, [machine.wait_for_prefix("203.0.113.") for machine in machines])

    def test_the_modem_as_well(self):
        machine = self.machine(SCANNER)
        self.assertEqual(3, self.file_of_modem.max_cpe)
        identity = self.order(modem=MODEM, scope="modem")
        self.set_at_cmts(MODEM)
        self.seen(identity, "cmts_reset")
        self.assertEqual(1, self.boot_modem().max_cpe, "gold.quarantine.cfg")
        self.assertTrue(self.modem_lease.address.startswith("10.10."), "the modem itself is not in the garden")
        self.seen(identity, "modem_back")
        machine.wait_for_prefix("10.66.0.")
        before = len(self.agent.sets())
        self.assertEqual(200, self.ask("DELETE", f"/v1/quarantine/{identity}")[0])
        self.assertTrue(base.wait_until(lambda: len(self.agent.sets()) > before), "its own file again: it starts anew")
        self.assertEqual(3, self.boot_modem().max_cpe)
        machine.wait_for_prefix("203.0.113.")


class Desk(Plant):
    def sign_in(self, page, token):
        page.type(token, "#token")
        page.press("Enter")

    def test_the_desks_page(self):
        machine = self.machine(SCANNER)
        address = machine.address
        status, redirected = self.ask_plain("/console")
        self.assertEqual((307, "/console/"), (status, redirected["Location"]))
        policy = self.ask_plain("/console/")[1]["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual("text/javascript; charset=utf-8", self.ask_plain("/console/console.js")[1]["Content-Type"])
        for path in ("/console/nothing.js", "/console/%2e%2e/tokens", "/console/..%2ftokens"):
            self.assertIn(self.ask_plain(path)[0], (401, 404), path)

        page = self.browser(self.cmts.server).open(f"http://127.0.0.1:{API}/console/")
        page.wait_text("Sign in")
        self.sign_in(page, "guess")
        page.wait_text("The token is not known")
        self.picture(page, "console-sign-in")
        self.sign_in(page, self.tokens["desk"])
        page.wait_text("the-desk (desk)")
        page.wait("document.getElementById('stream').textContent === 'live'")

        page.type(address, "#search")
        page.wait_text(SCANNER)
        self.picture(page, "console-search")
        self.assertEqual("true", page.run("[...document.querySelectorAll('td button')].find((each) => each.innerText.startsWith('End')).getAttribute('aria-disabled')"), "for the role admin")
        page.click("td a", MODEM)
        page.wait_text(f"Modem {MODEM}")
        page.wait_text("1.4.7")             # its software, as it says itself
        page.wait_text("online")            # as the CMTS says
        page.wait_text("33.1 dB")
        page.wait_text(SCANNER)

        page.click("td button", "Quarantine")
        page.type("<img src=x onerror=alert(1)> sends spam", "dialog [name=reason]")
        page.picture(artefacts() / "console-dialog.png")
        page.click("dialog form button:not([type])")
        page.wait("document.querySelector('#events .badge.quarantine')")
        page.wait("document.querySelector('#view .case.active')")
        page.wait_text("<img src=x onerror=alert(1)> sends spam")
        what = self.ask("GET", "/v1/quarantine?active=1")[1]["quarantines"][0]
        self.assertEqual(("the-desk", SCANNER), (what["ordered_by"], what["subject"]["mac"]))
        machine.wait_for_prefix("10.66.0.")
        page.wait_text("He has an address of the garden")
        self.picture(page, "console-modem")

        page.click("nav a", "Quarantine")
        page.wait_text(what["id"])
        page.click("summary", "Record")
        page.wait("document.querySelectorAll('.steps li').length >= 3")
        self.picture(page, "console-quarantine")
        page.dark()
        page.picture(artefacts() / "console-dark.png")
        page.dark(False)
        page.click(".case button", "Release")
        page.type("he has called", "dialog [name=reason]")
        page.click("dialog form button:not([type])")
        page.wait("document.querySelector('#events .badge.release')")
        page.wait("!document.querySelector('#view .case')")
        self.assertEqual("released", self.case(what["id"])["state"])
        self.assertEqual(address, machine.wait_for_prefix("203.0.113."))

        page.click("nav a", "Pools")
        page.wait("document.querySelectorAll('#view meter').length === 3")
        self.picture(page, "console-pools")
        page.click("nav a", "History")
        page.type(address, "#history-who")
        page.press("Enter")
        page.wait(f"[...document.querySelectorAll('#view td')].some((each) => each.innerText === '{SCANNER}')")
        self.picture(page, "console-history")
        self.assertEqual([], [each for each in page.complaints() if "401" not in each], "no exception, nothing that the policy (CSP) refused")

        self.running.stop()
        page.wait("document.getElementById('stream').className === 'cut'")
        self.running.start()
        page.wait("document.getElementById('stream').className === 'live'", 30)
        page.click("button", "Sign out")
        page.wait_text("Sign in")
        self.assertEqual(None, page.run("sessionStorage.getItem('coaxd-token')"))
        self.sign_in(page, self.tokens["sensor"])
        page.wait_text("is for the role desk")

    def ask_plain(self, path):
        with self.cmts.server.entered():
            made = socket.create_connection(("127.0.0.1", API), 20)
        connection = http.client.HTTPConnection("127.0.0.1", API, timeout=20)
        connection.sock = made
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.headers


if __name__ == "__main__":
    base.main("dhclient", "snmpd", "dnsmasq", chromium.PROGRAM)
