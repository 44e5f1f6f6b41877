"""Leasequeries by address, at random, of a million active leases: beside an echo of datagrams as long; what a flood of them leaves of new clients' exchanges;
and all leases by bulk leasequery while clients come.

Nothing goes in trains where the echo is the measure, for it sends none. The flood comes from the core that new clients come from, so what it costs them there
is measured beside it: the same flood to an address of the server's machine where a socket takes it and nobody reads. Nobody reads the answers to it either."""
import re
import socket
import statistics
import struct
import subprocess
import threading
import time

import figures
import rig

NAME = "leasequery"
OF_ECHO = 0.7
WINDOWS = (32, 128, 512)
TIMES = 3       # of what it can answer
FALL = 0.20     # of DORA
DUMP_S = 5
P99_TIMES = 2
NEWCOMERS = 5_000  # new clients a second while all leases are told
BULKLEASEQUERY, QUERY = 14, 10
DONE = b"\x63\x82\x53\x63\x35\x01\x0f"  # the cookie, and option 53 of DHCPLEASEQUERYDONE (RFC 6926 §6.2.1)
SINK = 9  # hosts behind the server's own address


def query(kind, relay=None, address=None):
    head = bytearray(236)
    head[0] = 1
    head[4:8] = b"\0\0\0\1"
    if relay is not None:
        head[24:28] = relay.packed
    if address is not None:
        head[12:16] = address.packed
    return bytes(head) + b"\x63\x82\x53\x63" + bytes([53, 1, kind, 255])


def requesters(cable):
    return {"leasequery.requesters": [{"prefix": str(relay)} for relay in cable.relays]}


def answer_size(cable, network):
    with cable.load_side.entered():
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with asking:
        asking.bind((str(cable.relays[0]), 67))
        asking.settimeout(2)
        asking.sendto(query(QUERY, cable.relays[0], network.first), (str(network.server), 67))
        return len(asking.recv(2048))


def ask(cable, target, count, seconds, **options):
    """querystorm's figures."""
    words = [cable.binary("querystorm"), str(target), str(cable.relays[0]), str(cable.network.first), str(count), f"seconds={seconds:.0f}"]
    done = cable.load_side.run(["taskset", "-c", rig.GENERATOR_CORE, *words, *(f"{key}={value}" for key, value in options.items())], capture_output=True, text=True, timeout=seconds + 60)
    found = re.match(r"(\d+) queries sent, (\d+) answered: (\d+) a second; p50 ([\d.]+) us, p99 ([\d.]+) us.* (\d+) wrong", done.stdout)
    if found is None or found.group(6) != "0":
        raise RuntimeError(f"querystorm: {done.stdout}{done.stderr}")
    return {"sent_per_s": int(found.group(1)) / seconds, "answered_per_s": int(found.group(3)), "p99_us": float(found.group(5))}


class Flood:
    """Leasequeries at a fixed rate, whoever takes them."""

    def __init__(self, cable, target, rate, count, seconds):
        words = [cable.binary("querystorm"), str(target), str(cable.relays[1]), str(cable.network.first), str(count), f"rate={rate:.0f}", f"seconds={seconds:.0f}", "trains=1", "deaf=1"]
        self.seconds = seconds
        self.process = cable.load_side.popen(["taskset", "-c", rig.GENERATOR_CORE, *words], stdout=subprocess.PIPE, text=True)

    def sent_per_s(self):
        said = self.process.communicate(timeout=self.seconds + 60)[0]
        return int(said.split()[0]) / self.seconds


def echo_rate(bench, network, size, window, seconds):
    with rig.Rig(bench, network) as cable:
        process = cable.server_side.popen(["taskset", "-c", rig.SERVER_CORE, cable.binary("ceiling"), "echo", str(network.first), str(network.server)])
        try:
            time.sleep(0.3)
            done = cable.load_side.run(["taskset", "-c", rig.GENERATOR_CORE, cable.binary("ceiling"), "storm", str(network.server), str(cable.relays[0]), str(window), str(seconds), "sleep",
                                        f"{len(query(QUERY))}:{size}"], capture_output=True, text=True, timeout=seconds + 60)
            return float(re.search(r'"exchanges_per_s": ([\d.]+)', done.stdout).group(1))
        finally:
            process.kill()
            process.wait()


def beside_the_echo(bench, store):
    seconds = max(round(bench.args.seconds / 5), 1)
    rates, echoes, best = [], [], None
    settings = {"store.mirror": False, "server.reply_trains": "never"}
    with rig.Rig(bench, store.network) as cable, cable.serving(store.home, settings=settings | requesters(cable)) as server:
        size = answer_size(cable, store.network)
        for _ in range(bench.args.rounds):
            seen = {window: ask(cable, store.network.server, store.clients, seconds, window=window)["answered_per_s"] for window in WINDOWS}
            best = best or max(seen, key=seen.get)
            before = server.cpu_seconds()
            rate = ask(cable, store.network.server, store.clients, seconds, window=best)["answered_per_s"]
            rates.append((rate, (server.cpu_seconds() - before) * 1e6 / max(rate * seconds, 1)))
            echoes.append(max(echo_rate(bench, store.network, size, window, seconds) for window in (best, WINDOWS[1])))
            rig.say(f"  leasequeries {rate:,.0f}/s, echo {echoes[-1]:,.0f}/s")
    rate, echo = statistics.median(one for one, _ in rates), statistics.median(echoes)
    return figures.at_least(NAME, f"leasequeries/s by address, of an echo's of as long datagrams; {store.clients:,} active leases", rate / echo, OF_ECHO,
                            f"{rate:,.0f} of {echo:,.0f}; {statistics.median(cpu for _, cpu in rates):.2f} µs of server CPU each, answers of {size} octets, {best} at a time"), rate


class Crowd:
    """New clients, each asking once."""

    def __init__(self, bench, cable, server, store):
        self.bench, self.cable, self.server, self.next, self.room = bench, cable, server, store.clients, 200_000

    def dora(self, *options):
        first, self.next = self.next, self.next + self.room
        return ["dora", "--clients", self.room, "--first", first, "--duration", self.bench.args.seconds / 2, *options]


def under_a_flood(bench, cable, server, store, capacity):
    sink = store.network.server + SINK
    cable.server_side.ip(f"address add {sink}/32 dev lo")
    cable.load_side.ip(f"route add {sink}/32 via {store.network.server}")
    with cable.server_side.entered():
        nobody = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        nobody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        nobody.bind((str(sink), 67))
    crowd = Crowd(bench, cable, server, store)
    seconds = bench.args.seconds / 2
    seen = {"alone": [], "flooded": [], "beside": []}
    sent = []
    with nobody:
        window = 256
        for _ in range(bench.args.rounds):
            for kind, target in (("alone", None), ("beside", sink), ("flooded", store.network.server)):
                flood = Flood(cable, target, capacity * TIMES, store.clients, round(seconds) + 2) if target else None
                time.sleep(0.5)
                seen[kind].append(cable.storm(*crowd.dora("--window", window), relay=0, lasts=seconds)["exchanges_per_s"])
                if flood is not None:
                    sent.append(flood.sent_per_s())
                server.settle()
            rig.say(f"  DORA/s alone {seen['alone'][-1]:,.0f}, beside a flood to nobody {seen['beside'][-1]:,.0f}, under one {seen['flooded'][-1]:,.0f}")
    alone, beside, flooded = (statistics.median(seen[kind]) for kind in ("alone", "beside", "flooded"))
    return [figures.at_least(NAME, f"DORA/s under a flood of leasequeries of {TIMES} times what it can answer, of that beside the same flood to nobody", flooded / beside, 1 - FALL,
                             f"{flooded:,.0f} of {beside:,.0f}; {statistics.median(sent):,.0f} queries/s sent, {capacity:,.0f}/s can be answered"),
            figures.stated(NAME, "DORA/s without any flood on the generator's core", f"{alone:,.0f}")]


class Dumps(threading.Thread):
    """All leases over TCP, again and again."""

    def __init__(self, cable, network):
        super().__init__()
        self.cable, self.network, self.seconds, self.octets, self.ends = cable, network, [], 0, False

    def one(self):
        with self.cable.load_side.entered():
            asking = socket.socket()
        with asking:
            asking.bind((str(self.cable.relays[0]), 0))
            asking.settimeout(120)
            asking.connect((str(self.network.server), 67))
            message = query(BULKLEASEQUERY)
            start = time.monotonic()
            asking.sendall(struct.pack("!H", len(message)) + message)
            asking.shutdown(socket.SHUT_WR)
            room, self.octets, tail = bytearray(1 << 20), 0, b""
            while got := asking.recv_into(room):
                self.octets += got
                tail = (tail + bytes(room[max(got - 400, 0):got]))[-400:]
            self.seconds.append(time.monotonic() - start)
            if DONE not in tail:
                raise RuntimeError(f"the answer to a bulk leasequery ended after {self.octets} octets without DHCPLEASEQUERYDONE")

    def run(self):
        while not self.ends:
            self.one()


def all_at_once(bench, cable, server, store):
    seconds = bench.args.seconds / 2
    crowd, each = store.clients, int(NEWCOMERS * seconds)
    alone, with_dumps, dumps = [], [], Dumps(cable, store.network)

    def p99():
        nonlocal crowd
        crowd += each
        result = cable.storm("dora", "--clients", each, "--first", crowd - each, "--count", each, "--rate", NEWCOMERS, "--attempts", 1, lasts=seconds)
        server.settle()
        return result["latency_ms"]["exchange"]["p99"]

    dumps.one()
    by_itself = dumps.seconds.pop()
    for _ in range(bench.args.rounds):
        alone.append(p99())
        meanwhile = Dumps(cable, store.network)
        meanwhile.start()
        with_dumps.append(p99())
        meanwhile.ends = True
        meanwhile.join()
        dumps.seconds += meanwhile.seconds
        rig.say(f"  p99 {alone[-1]:.2f} ms alone, {with_dumps[-1]:.2f} ms with dumps of {statistics.median(meanwhile.seconds):.2f} s")
    before, after = statistics.median(alone), statistics.median(with_dumps)
    return [figures.at_most(NAME, f"seconds of a bulk leasequery of {store.clients:,} leases, beside {NEWCOMERS:,} new clients a second", statistics.median(dumps.seconds), DUMP_S,
                            f"{by_itself:.2f} s by itself, {dumps.octets / 1e6:,.0f} MB"),
            figures.at_most(NAME, "p99 of those clients' DORA with such dumps one after another, as a multiple of that without", after / before, P99_TIMES,
                            f"{after:.2f} ms of {before:.2f} ms")]


def measure(bench):
    # All addresses are told, free ones too, so the one store has room for few clients more; and the other for many.
    full = bench.store(bench.args.clients, 2 * int(NEWCOMERS * bench.args.seconds / 2) * bench.args.rounds + 1000)
    roomy = bench.store(bench.args.clients, 8 * max(bench.args.clients, 250_000))
    first, capacity = beside_the_echo(bench, roomy)
    with rig.Rig(bench, roomy.network) as cable, cable.serving(roomy.home, settings={"store.mirror": False} | requesters(cable)) as server:
        crowd = under_a_flood(bench, cable, server, roomy, capacity)
    with rig.Rig(bench, full.network) as cable, cable.serving(full.home, settings={"store.mirror": False, "leasequery.tcp": True} | requesters(cable)) as server:
        return [first, *crowd, *all_at_once(bench, cable, server, full)]
