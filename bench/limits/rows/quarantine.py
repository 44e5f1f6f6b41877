"""A thousand orders a second to the quarantine switch while new clients come: is every one taken, how long until packets follow it, and does it cost a client his exchange?
And what the desk asks of a million leases: who had an address, and all of them.

The orders come over HTTP from the generator's core, each for another of the leases. An order's time is that of the switch itself: from the batch that it came with, before its
commit, until what it decided was published to the workers; so a sync is in it."""
import datetime
import http.client
import json
import random
import subprocess
import threading
import time

import figures
import rig
import servers

NAME = "quarantine"
ORDERS = 1_000      # a second
NEWCOMERS = 5_000   # new clients a second meanwhile
EFFECT_MS = 10      # beyond the commit
HISTORY_MS = 10
ASKED = 1_000       # addresses
GROWTH_MB = 16
CLIENTS = 4         # of HTTP
API = ("127.0.0.1", 8067)
CLASS = 'class "quarantine" { }\n'


def conf(network):
    """The same as everybody's, with a walled garden beside it."""
    plain = servers.dhcpd_conf(network)
    head, subnet = plain[:plain.index("subnet ")], plain[plain.index("subnet "):]
    garden = 'subnet 192.0.2.0 netmask 255.255.255.0 { pool { allow members of "quarantine"; range 192.0.2.10 192.0.2.200; } }\n'
    return CLASS + head + "shared-network plant {\n" + subnet + garden + "}\n"


def token(binary, role):
    said = subprocess.run([binary, "token", "new", role, role], capture_output=True, text=True, check=True).stdout.splitlines()
    return said[0].split()[-1], said[1].split(":", 1)[1].strip()


class Sensor(threading.Thread):
    """Orders at its part of the rate, over one connection."""

    def __init__(self, cable, secret, addresses, seconds):
        super().__init__()
        self.cable, self.secret, self.addresses, self.rate, self.seconds = cable, secret, addresses, ORDERS / CLIENTS, seconds
        self.codes, self.latency = {}, []

    def run(self):
        with self.cable.server_side.entered():
            connection = http.client.HTTPConnection(*API, timeout=30)
            connection.connect()
        start = time.monotonic()
        for number, address in enumerate(self.addresses):
            due = start + number / self.rate
            if due > start + self.seconds:
                break
            time.sleep(max(due - time.monotonic(), 0))
            body = json.dumps({"ip": str(address), "scope": "cpe", "reason": "port scan", "source": "bench", "signature": "1:1", "event_id": str(address), "evidence": {"ports": 300}})
            sent = time.monotonic()
            connection.request("POST", "/v1/quarantine", body, {"Authorization": f"Bearer {self.secret}"})
            answer = connection.getresponse()
            answer.read()
            self.latency.append(time.monotonic() - sent)
            self.codes[answer.status] = self.codes.get(answer.status, 0) + 1


def ask(cable, secret, path, connection=None):
    if connection is None:
        with cable.server_side.entered():
            connection = http.client.HTTPConnection(*API, timeout=120)
            connection.connect()
    connection.request("GET", path, headers={"Authorization": f"Bearer {secret}"})
    return connection.getresponse(), connection


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1e3


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def orders(bench, cable, server, store, secrets):
    seconds = bench.args.seconds
    addresses = [store.network.first + n for n in random.Random(1).sample(range(store.clients), int(ORDERS * seconds * 1.1))]
    sensors = [Sensor(cable, secrets["sensor"], addresses[n::CLIENTS], seconds) for n in range(CLIENTS)]
    each = int(NEWCOMERS * seconds)
    crowd = cable.begin("dora", "--clients", each, "--first", store.clients, "--count", each, "--rate", NEWCOMERS, "--attempts", 1, "--timeout", 1, lasts=seconds)
    for one in sensors:
        one.start()
    for one in sensors:
        one.join()
    result = crowd.result()
    bench.keep(result)
    codes = {}
    for one in sensors:
        for code, count in one.codes.items():
            codes[code] = codes.get(code, 0) + count
    cases, cursor, connection = [], "", None
    while cursor is not None:
        answer, connection = ask(cable, secrets["admin"], f"/v1/quarantine?limit=1000{f'&cursor={cursor}' if cursor else ''}", connection)
        page = json.loads(answer.read())
        cases += page["quarantines"]
        cursor = page["next"]
    effects = [milliseconds(case["effects"]["in_memory"]) - milliseconds(case["since"]) for case in cases]
    latency = [one for sensor in sensors for one in sensor.latency]
    rate = codes.get(201, 0) / seconds
    return [figures.at_least(NAME, "orders a second that became quarantines", rate / ORDERS, 0.99, f"{rate:,.0f} of {ORDERS:,}; {codes}; {len(cases):,} cases on record; answers p99 {percentile(latency, 0.99) * 1e3:.1f} ms"),
            figures.at_most(NAME, f"exchanges of new clients lost meanwhile, of {each:,}", result["gave_up"] + result["unfinished"], 0, f"p99 {result['latency_ms']['exchange']['p99']:.2f} ms"),
            figures.at_most(NAME, "milliseconds from an order until packets follow it, its commit among them, p99", percentile(effects, 0.99), EFFECT_MS, f"p50 {percentile(effects, 0.5):.1f} ms")]


def questions(cable, server, store, secrets):
    random_ones, taken, connection = random.Random(2), [], None
    for _ in range(ASKED):
        address = store.network.first + random_ones.randrange(store.clients)
        start = time.monotonic()
        answer, connection = ask(cable, secrets["admin"], f"/v1/history?ip={address}", connection)
        periods = json.loads(answer.read())
        taken.append((time.monotonic() - start) * 1e3)
        if answer.status != 200 or str(address) not in json.dumps(periods):
            raise RuntimeError(f"history of {address}: {answer.status} {periods}")
    before = server.memory()["Rss"]
    start = time.monotonic()
    answer, _ = ask(cable, secrets["admin"], "/v1/leases")
    octets, most = 0, before
    while piece := answer.read(1 << 22):
        octets += len(piece)
        most = max(most, server.memory()["Rss"])
    return [figures.at_most(NAME, f"milliseconds of GET /v1/history of one address, of {store.clients:,} periods and more, p99", percentile(taken, 0.99), HISTORY_MS, f"p50 {percentile(taken, 0.5):.2f} ms"),
            figures.at_most(NAME, f"MB that the server grows by while GET /v1/leases lists {store.clients:,}", (most - before) / 1e6, GROWTH_MB, f"{octets / 1e6:,.0f} MB in {time.monotonic() - start:.1f} s")]


def measure(bench):
    store = bench.store(bench.args.clients, int(NEWCOMERS * bench.args.seconds) + 1000)
    with rig.Rig(bench, store.network) as cable:
        secrets, lines = {}, []
        for role in ("sensor", "admin"):
            secrets[role], line = token(cable.binary("coaxctl"), role)
            lines.append(line)
        with open(f"{store.home}/tokens", "w", encoding="ascii", opener=lambda path, flags: rig.os.open(path, flags, 0o600)) as file:
            file.write("\n".join(lines) + "\n")
        cable.server_side.ip("link set lo up")
        most = {"quarantine.enabled": True, "quarantine.always_allowed": 1_000_000, "quarantine.per_minute": 1_000_000, "api.listen": "%s:%d" % API, "api.tokens": f"{store.home}/tokens",
                "api.requests_per_second": 0, "store.mirror": False}
        server = rig.Coaxd(cable, store.home, settings=most)
        server.conf = conf(store.network)
        server.launch()
        try:
            server.wait_until_it_serves()
            seen = orders(bench, cable, server, store, secrets) + questions(cable, server, store, secrets)
            server.stop()
            return seen
        finally:
            if server.process.poll() is None:
                server.kill()
