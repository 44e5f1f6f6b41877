#!/usr/bin/python3
"""The control API of a running coaxd, as curl and careless clients use it: roles, wrong tokens, what is malformed, TLS, events, long lists, backups.
Exit 77: cannot run here."""
import http.client
import json
import os
import pathlib
import re
import select
import socket
import sqlite3
import ssl
import subprocess
import time
import unittest

import base
import capture
import coaxd_toml
import netns
import server

PORT, LEASES = 8067, int(os.environ.get("COAXD_API_LEASES", "60000"))
CONFIG = """
ping-check off;
authoritative;
default-lease-time 36000;
subnet 192.168.0.0 netmask 255.255.255.0 { }
class "quarantine" { }
subnet 10.0.0.0 netmask 255.0.0.0 {
  pool { deny members of "quarantine"; range 10.1.0.0 10.%d.255.255; }
  pool { allow members of "quarantine"; range 10.200.0.0 10.200.0.255; }
}
"""


def leases_text(count, begin):
    stamp, end = (time.strftime("%w %Y/%m/%d %H:%M:%S", time.gmtime(at)) for at in (begin, begin + 360000))
    return "".join(f"lease 10.{1 + (i >> 16)}.{i >> 8 & 255}.{i & 255} {{\n  starts {stamp};\n  ends {end};\n  cltt {stamp};\n  binding state active;\n  next binding state free;\n"
                   f"  hardware ethernet 00:15:96:{i >> 16:02x}:{i >> 8 & 255:02x}:{i & 255:02x};\n  client-hostname \"pc{i}\";\n}}\n" for i in range(count))


class Api(unittest.TestCase):
    LEASES, SETTINGS, SECTIONS, HOST = 4, {}, {}, "127.0.0.1"

    def setUp(self):
        temporary = capture.temporary_folder()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.namespace = netns.Namespace()
        self.addCleanup(self.namespace.close)
        self.namespace.ip("link add lan0 type veth peer name far0", "addr add 192.168.0.1/24 broadcast + dev lan0", "link set far0 up", "link set lan0 up")
        self.tokens = {}
        lines = ""
        for role in ("sensor", "desk", "admin"):
            made = json.loads(self.ctl("token", "new", role, role, "--json"))
            self.tokens[role] = made["token"]
            lines += made["line"] + "\n"
        (self.folder / "tokens").write_text(lines, encoding="ascii")
        (self.folder / "tokens").chmod(0o600)
        (self.folder / "backups").mkdir()
        self.begin = int(time.time()) - 3600
        sections = {"api": {"listen": f"{self.HOST}:{PORT}", "tokens": f"{self.folder}/tokens", "backups": f"{self.folder}/backups"} | self.SETTINGS,
                    "quarantine": {"enabled": True}} | self.SECTIONS
        self.running = server.Server(base.Settings.server, self.namespace, temporary.name, CONFIG % (1 + (self.LEASES - 1 >> 16)), ["lan0"],
                                     ["-C", coaxd_toml.write(self.folder, sections), *base.Settings.server_options], leases_text(self.LEASES, self.begin))
        self.start()

    def start(self):
        self.running.start(300)
        self.addCleanup(self.running.stop, kill=True)

    def ctl(self, *words, status=0):
        done = subprocess.run([f"{pathlib.Path(base.Settings.server).parent}/coaxctl", "--socket", f"{self.folder}/control.sock", *words],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(status, done.returncode, done)
        return done.stdout if status == 0 else done.stderr

    def connect(self, port=PORT):
        with self.namespace.entered():
            made = socket.create_connection((self.HOST, port), 30)
        self.addCleanup(made.close)
        return made

    def http(self):
        connection = http.client.HTTPConnection(self.HOST, PORT, timeout=60)
        connection.sock = self.connect()
        return connection

    def ask(self, method, path, role="admin", body=None, connection=None, **fields):
        """(status, parsed body, response); a connection of its own unless one is given."""
        own = None if connection else self.http()
        connection = connection or own
        if role:
            fields["Authorization"] = "Bearer " + self.tokens.get(role, role)
        connection.request(method, path, None if body is None else body if isinstance(body, (str, bytes)) else json.dumps(body), fields)
        response = connection.getresponse()
        text = response.read()
        if own:
            own.close()
        return response.status, json.loads(text) if "json" in response.headers["Content-Type"] and "ndjson" not in response.headers["Content-Type"] else text.decode(), response

    def raw(self, octets, finish=False):
        """All that comes for these octets, until the server ends it."""
        made = self.connect()
        made.sendall(octets)
        if finish:
            made.shutdown(socket.SHUT_WR)
        received = b""
        while piece := made.recv(65536):
            received += piece
        return received.decode()

    def follow(self, **fields):
        connection = self.http()
        connection.request("GET", "/v1/events", headers={"Authorization": "Bearer " + self.tokens["sensor"]} | fields)
        response = connection.getresponse()
        self.assertEqual((200, "text/event-stream"), (response.status, response.headers["Content-Type"]))
        self.followed = connection
        return response

    @staticmethod
    def read_event(response):
        event = {}
        while line := response.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            event[name] = value
        return event

    def next_event(self, response):
        while "data" not in (event := self.read_event(response)):
            pass
        return event


class Portal(Api):
    SECTIONS = {"portal": {"listen": "127.0.0.1:8068", "name": "portal.example.net"}}

    def test_an_infected_machine_leaves_the_page_to_others(self):
        # What it sends to anybody's port 80 comes to the portal: it may neither take all places nor keep the few that it has.
        held = [self.visit() for _ in range(8)]
        refused = self.connect(8068)
        refused.settimeout(3)
        self.assertEqual(b"", refused.recv(1), "one too many of one address")
        for each in held:
            each.settimeout(15)
            self.assertEqual(b"", each.recv(1), "nothing was asked for a while")
        self.visit()

    def visit(self):
        made = self.connect(8068)
        made.sendall(b"HEAD / HTTP/1.1\r\nHost: portal.example.net\r\n\r\n")
        self.assertIn(b" 200 ", made.recv(4096))
        return made


class Requests(Api):
    def test_curl_finds_its_way(self):
        def curl(*words):
            done = self.namespace.run(["curl", "-sS", "-w", "\n%{http_code}", *words], capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done)
            return done.stdout.rsplit("\n", 1)
        token = ["-H", "Authorization: Bearer " + self.tokens["desk"]]
        body, status = curl(*token, f"http://127.0.0.1:{PORT}/v1/leases?ip=10.1.0.1")
        self.assertEqual(("200", "00:15:96:00:00:01"), (status, json.loads(body)["leases"][0]["mac"]))
        body, status = curl("-X", "DELETE", *token, f"http://127.0.0.1:{PORT}/v1/leases/10.1.0.1")
        self.assertEqual("403", status)
        self.assertIn("is for the role admin", json.loads(body)["detail"])
        self.assertEqual("200", curl("-I", f"http://127.0.0.1:{PORT}/healthz")[1])
        self.assertIn("coaxd_build", curl(f"http://127.0.0.1:{PORT}/metrics")[0])
        body, status = curl("--unix-socket", f"{self.folder}/control.sock", "http://coaxd/v1/pools")
        self.assertEqual(("200", 4), (status, json.loads(body)["pools"][0]["active"]))

    def test_roles_and_limits(self):
        self.assertEqual(401, self.ask("GET", "/v1/leases", None)[0])
        self.assertEqual(403, self.ask("GET", "/v1/leases", "sensor")[0])
        status, told, response = self.ask("POST", "/v1/leases", "desk")
        self.assertEqual((405, "GET"), (status, response.headers["Allow"]))
        self.assertEqual("application/problem+json", response.headers["Content-Type"])
        self.assertEqual(404, self.ask("GET", "/v1/nothing", "desk")[0])
        self.assertIn("is free", self.ask("DELETE", "/v1/leases/10.1.0.1")[1]["text"])
        self.assertEqual("free", self.ask("GET", "/v1/leases?ip=10.1.0.1")[1]["leases"][0]["state"])
        document = self.ask("GET", "/openapi.json", "sensor")[1]
        self.assertIn("/v1/quarantine", document["paths"])

    def test_a_wrong_token_waits_and_nobody_else(self):
        for _ in range(5):
            self.assertEqual(401, self.ask("GET", "/v1/pools", "0" * 64)[0])
        guess = self.connect()
        guess.sendall(b"GET /v1/pools HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer guess\r\n\r\n")   # 3.2 seconds
        self.assertEqual(200, self.ask("GET", "/v1/pools")[0])
        self.assertEqual([], select.select([guess], [], [], 0)[0], "its answer waits still")
        self.assertIn("401", guess.recv(4096).decode())
        self.assertRegex(base.log_text(self.running), r"API: The token is not known\. from 127\.0\.0\.1")
        self.assertIn("coaxd_api_unauthorized_total 6\n", self.ask("GET", "/metrics")[1])

    def test_tokens_are_read_again_at_a_reload(self):
        made = json.loads(self.ctl("token", "new", "new-desk", "desk", "--json"))
        self.assertEqual(401, self.ask("GET", "/v1/pools", made["token"])[0])
        old = (self.folder / "tokens").read_text(encoding="ascii")
        (self.folder / "tokens").write_text(old + made["line"] + "\n", encoding="ascii")
        self.assertEqual(200, self.ask("POST", "/v1/config/reload")[0])
        self.assertEqual(200, self.ask("GET", "/v1/pools", made["token"])[0])
        (self.folder / "tokens").write_text(old + "broken\n", encoding="ascii")
        self.assertIn("a line is NAME ROLE HASH", self.ask("POST", "/v1/config/reload")[1]["text"])
        self.assertEqual(200, self.ask("GET", "/v1/pools", made["token"])[0], "the former ones go on")

    def test_what_is_malformed_is_told_with_its_place(self):
        mac = "/v1/modems/00:10:95:01:02:03"
        status, told, _ = self.ask("PUT", mac, body='{\n "profile": "gold",\n}')
        self.assertEqual((400, 3, 1), (status, told["line"], told["column"]), told)
        told = self.ask("PUT", mac, body={"profil": "gold"})[1]
        self.assertIn("did you mean 'profile'?", told["detail"])
        self.assertIn("must be a text", self.ask("PUT", mac, body={"profile": 7})[1]["detail"])
        self.assertEqual(201, self.ask("PUT", mac, body={"profile": "gold", "variables": {"note": "2nd floor"}})[0])
        self.assertEqual("gold", json.loads(self.ctl("modem", "show", "00:10:95:01:02:03", "--json"))["profile"])
        for octets, status in ((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
                               (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 100000, 413), (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400)):
            self.assertTrue(self.raw(octets).startswith(f"HTTP/1.1 {status} "), octets[:40])

    def test_half_slow_and_pipelined_requests(self):
        self.assertEqual("", self.raw(b"GET /heal", finish=True), "half a request has no answer")
        three = self.raw(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 2 + b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertEqual(3, three.count("HTTP/1.1 200 OK"))
        slow = self.connect()
        for octet in b"GET /healthz HTT":
            slow.sendall(bytes([octet]))
        slow.settimeout(30)
        self.assertEqual(b"", slow.recv(1), "ten seconds after its first octet")
        self.assertEqual(200, self.ask("GET", "/healthz", None)[0])

    def test_one_peer_has_its_share_of_connections(self):
        idle = [self.connect() for _ in range(64)]
        self.assertTrue(base.wait_until(lambda: "coaxd_api_connections 64\n" in self.ctl("metrics")), self.ctl("metrics"))
        self.assertEqual(b"", self.connect().recv(1), "closed at once")
        self.assertIn("coaxd_api_connections_total{result=\"too-many\"} 1\n", self.ctl("metrics"))
        for each in idle:
            each.close()
        self.assertTrue(base.wait_until(lambda: "coaxd_api_connections 0\n" in self.ctl("metrics")))

    def test_history_and_backup(self):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.begin + 60))
        period = self.ask("GET", f"/v1/history?ip=10.1.0.2&at={at}", "desk")[1]["periods"]
        self.assertEqual(["00:15:96:00:00:02"], [each["mac"] for each in period])
        self.assertIn("00:15:96:00:00:02", self.ctl("history", "10.1.0.2", "--at", at))
        status, told, _ = self.ask("GET", f"/v1/history?ip=10.1.0.2&at={self.begin - 60}")
        self.assertEqual(404, status, told)
        status, made, _ = self.ask("POST", "/v1/backup")
        self.assertEqual(201, status, made)
        with sqlite3.connect(f"file:{made['file']}?mode=ro", uri=True) as copy:
            self.assertEqual([(4,)], copy.execute("SELECT count(*) FROM leases").fetchall())
        self.assertEqual("ok", subprocess.run(["sqlite3", made["file"], "PRAGMA integrity_check"], capture_output=True, text=True, check=True).stdout.strip())

    def test_coaxctl_asks_the_same(self):
        self.assertIn("00:15:96:00:00:01", self.ctl("leases", "list", "--ip", "10.1.0.1"))
        self.assertEqual(4, len(self.ctl("leases", "list", "--json").splitlines()))
        self.assertIn("10.1.0.0-10.1.255.255", self.ctl("pools"))
        self.assertIn("is not an IPv4 address", self.ctl("leases", "list", "--ip", "10.1", status=1))
        self.assertIn("there is no command 'shwo'", self.ctl("quarantine", "shwo", status=2))
        self.assertIn("is no role", self.ctl("token", "new", "a", "sensr", status=1))


class Events(Api):
    def test_who_comes_back_hears_what_he_has_missed(self):
        following = self.follow()
        self.ask("POST", "/v1/config/reload")
        first = self.next_event(following)
        self.assertEqual("reload", first["event"])
        self.followed.close()
        following.close()
        for _ in range(3):
            self.ask("POST", "/v1/config/reload")
        again = self.follow(**{"Last-Event-ID": first["id"]})
        self.assertEqual([int(first["id"]) + n for n in (1, 2, 3)], [int(self.next_event(again)["id"]) for _ in range(3)])
        self.assertTrue(base.wait_until(lambda: "coaxd_api_event_followers 1\n" in self.ctl("metrics")), "the first one has gone")
        self.running.stop()
        self.running.start()
        later = self.follow()
        self.ask("POST", "/v1/config/reload")
        self.assertGreater(int(self.next_event(later)["id"]), int(first["id"]) + 3, "after a restart as well")


class ManyLeases(Api):
    LEASES = LEASES

    def rss_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.running.pid}/status").read_text(encoding="ascii"))[1])

    def test_a_list_of_all_streams_in_constant_memory(self):
        for _ in range(2):      # what is touched first is touched now
            self.ask("GET", "/v1/leases?limit=20000", "desk")
        before, began = self.rss_kib(), time.monotonic()
        connection = self.http()
        connection.request("GET", "/v1/leases", headers={"Authorization": "Bearer " + self.tokens["desk"], "Accept": "application/x-ndjson"})
        response, count, octets, most = connection.getresponse(), 0, 0, 0
        while piece := response.read(1 << 20):
            count, octets, most = count + piece.count(b"\n"), octets + len(piece), max(most, self.rss_kib())
        took = time.monotonic() - began
        print(f"{count} leases, {octets / 1e6:.1f} MB in {took:.2f} s; memory {before} KiB before, at most {most} KiB", flush=True)
        self.assertEqual(LEASES, count)
        self.assertLess(most - before, 2048, "KiB more")
        whole = self.ask("GET", "/v1/leases?limit=50000", "desk")[1]
        rest = self.ask("GET", f"/v1/leases?limit=20000&cursor={whole['next']}", "desk")[1]
        self.assertEqual((50000, min(LEASES - 50000, 20000)), (len(whole["leases"]), len(rest["leases"])))

    def test_packets_and_others_are_served_while_a_client_does_not_read(self):
        for _ in range(50):     # what is touched first is touched now
            self.ask("GET", "/v1/pools", "desk")
        slow = self.connect()
        slow.sendall(f"GET /v1/leases HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.tokens['desk']}\r\n\r\n".encode())
        before = self.rss_kib()
        for _ in range(50):
            self.assertEqual(200, self.ask("GET", "/v1/pools", "desk")[0])
        self.assertLess(self.rss_kib() - before, 2048)


class Tls(Api):
    @property
    def SETTINGS(self):
        self.certificate("first")
        return {"tls_certificate": f"{self.folder}/api.pem", "tls_key": f"{self.folder}/api.key"}

    def certificate(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{self.folder}/api.key", "-out", f"{self.folder}/api.pem",
                        "-days", "30", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"], capture_output=True, check=True)
        (self.folder / "api.key").chmod(0o600)

    def subject(self):
        context = ssl.create_default_context(cafile=f"{self.folder}/api.pem")
        with context.wrap_socket(self.connect(), server_hostname="127.0.0.1") as secure:
            secure.sendall(f"GET /v1/pools HTTP/1.0\r\nAuthorization: Bearer {self.tokens['desk']}\r\n\r\n".encode())
            received = b""
            while piece := secure.recv(4096):
                received += piece
            self.assertIn(b"200 OK", received)
            return dict(pair for relative in secure.getpeercert()["subject"] for pair in relative)["commonName"]

    def test_https_and_a_new_certificate(self):
        self.assertEqual("first", self.subject())
        self.assertNotIn("200 OK", self.raw(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"), "plain HTTP is not spoken here")
        self.certificate("second")
        self.ctl("reload")
        self.assertEqual("second", self.subject())
        (self.folder / "api.key").chmod(0o644)
        self.assertIn("chmod 600", self.ctl("reload"))
        self.assertEqual("second", self.subject())
        done = self.namespace.run(["curl", "-sS", "--cacert", f"{self.folder}/api.pem", f"https://127.0.0.1:{PORT}/healthz"], capture_output=True, text=True)
        self.assertEqual("ok\n", done.stdout, done)


class PlainBeyond(Api):
    HOST = "192.168.0.1"

    def start(self):
        pass

    def test_it_is_refused_with_the_mend(self):
        with self.assertRaises(server.ServerFailed) as refused:
            self.running.start()
        self.assertIn("allow_plain = true", str(refused.exception))


class Quarantine(Api):
    def test_from_order_to_release(self):
        following = self.follow()
        order = {"ip": "10.1.0.1", "reason": "port scan", "ttl": 3600, "event_id": "1", "evidence": {"ports": [22]}}
        status, case, _ = self.ask("POST", "/v1/quarantine", "desk", order)
        self.assertEqual((201, "active", "10.1.0.1", "cpe"), (status, case["state"], case["ip"], case["scope"]), case)
        self.assertEqual((200, case["id"]), (lambda again: (again[0], again[1]["id"]))(self.ask("POST", "/v1/quarantine", "desk", order)))
        event = self.next_event(following)
        self.assertEqual(("quarantine", case["id"]), (event["event"], json.loads(event["data"])["id"]))
        self.assertEqual([case["id"]], [each["id"] for each in self.ask("GET", "/v1/quarantine?active=1", "sensor")[1]["quarantines"]])
        self.assertIn("port scan", self.ctl("quarantine", "list", "--active"))
        self.assertEqual(403, self.ask("DELETE", f"/v1/quarantine/{case['id']}", "sensor")[0])
        self.ctl("quarantine", "release", case["id"], "--reason", "cleaned")
        self.assertEqual("released", self.ask("GET", f"/v1/quarantine/{case['id']}", "desk")[1]["state"])
        self.assertIn("coaxctl", self.ctl("quarantine", "steps", case["id"]))
        status, told, _ = self.ask("POST", "/v1/quarantine", "desk", {"ip": "10.1.7.7", "reason": "x"})
        self.assertEqual(404, status, told)
        self.assertIn("did you mean 'scope'?", self.ask("POST", "/v1/quarantine", "sensor", {"ip": "10.1.0.1", "scop": "cpe"})[1]["detail"])
        self.assertIn("Say who is meant", self.ask("POST", "/v1/quarantine", "sensor", {"reason": "x"})[1]["detail"])

    def test_a_thousand_a_second_are_taken(self):
        """Each has an answer that a sensor understands; how fast is printed."""
        statuses, clients, each = {}, [self.http() for _ in range(60)], 50
        began = time.monotonic()
        for i in range(each):
            for n, client in enumerate(clients):
                body = {"ip": f"10.1.0.{n % 3}", "reason": "port scan", "source": f"e2e-{n % 5}", "event_id": f"{n}-{i}", "signature": "2001219", "evidence": {"n": i}}
                client.request("POST", "/v1/quarantine", json.dumps(body), {"Authorization": "Bearer " + self.tokens[("sensor", "desk", "admin")[n % 3]]})
            for client in clients:
                response = client.getresponse()
                response.read()
                statuses[response.status] = statuses.get(response.status, 0) + 1
        took = time.monotonic() - began
        print(f"{sum(statuses.values())} orders in {took:.2f} s, by status: {statuses}", flush=True)
        self.assertEqual(len(clients) * each, sum(statuses.values()))
        self.assertLessEqual(set(statuses), {200, 201, 202})


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    base.main("curl", "openssl", "sqlite3")
