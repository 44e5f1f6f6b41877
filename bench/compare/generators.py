"""What loads a server, from the namespace and the core of the load: coaxstorm for servers, `ceiling storm` for the echo, and perfdhcp,
which shares no code with either, as a judge from outside. Each gives a dict as coaxstorm's --json has it."""
import json
import os
import re
import socket
import struct
import tempfile

PROBE_CLIENT = 50_000_000  # --first of the clients that only ask whether the server is up
CANNOT_RUN, VIOLATED = 1, 2  # exit statuses of coaxstorm
PERFDHCP = "/usr/sbin/perfdhcp"


class Coaxstorm:
    def __init__(self, site, program, spin, trains):
        self.site, self.program, self.spin, self.trains = site, program, ["--spin"] * spin, trains

    def run(self, mode, *options, limit=600):
        network = self.site.network
        with tempfile.NamedTemporaryFile(suffix=".json") as result:
            done = self.site.run_load([self.program, mode, "--server", str(network.server), "--relay", str(network.relay),
                                       "--trains", self.trains, "--quiet", "--json", result.name, *map(str, options)], limit)
            if done.returncode == CANNOT_RUN or not os.path.getsize(result.name):
                raise RuntimeError(f"coaxstorm {mode}: {done.stderr}{done.stdout}")
            return json.load(open(result.name, encoding="utf-8"))

    def answers(self):
        return self.run("dora", "--clients", 1, "--first", PROBE_CLIENT, "--timeout", 0.1, "--attempts", 2)["completed"] == 1

    def settle(self):
        """Waits until the server is through with what an earlier run left to it, for its late answers would be strangers to the next."""
        for _ in range(3):
            if self.run("dora", "--clients", 1, "--first", PROBE_CLIENT, "--timeout", 20, "--attempts", 1)["completed"] == 1:
                return
        raise RuntimeError("the server does not answer any more")

    def dora(self, window, seconds, first, clients, log=None):
        """New clients, from the first on; none comes twice. Over by then if there are no more of them."""
        return self.run("dora", "--clients", clients, "--first", first, "--window", window, "--duration", seconds,
                        *(["--ack-log", log] if log else []), *self.spin)

    def renew(self, window, seconds, clients, log):
        """Clients of the log, in random order."""
        return self.run("renew", "--clients", clients, "--from-log", log, "--window", window, "--duration", seconds, *self.spin)


class EchoStorm:
    """`sizes`: of the datagrams of an exchange, as datagram_sizes() tells."""

    def __init__(self, site, program, spin, sizes):
        self.site, self.program, self.spin, self.sizes = site, program, "spin" if spin else "sleep", sizes

    def run(self, exchange, window, seconds):
        network = self.site.network
        done = self.site.run_load([self.program, "storm", str(network.server), str(network.relay), str(window), str(seconds),
                                   self.spin, *(f"{query}:{reply}" for query, reply in self.sizes[exchange])], seconds + 30)
        if done.returncode != 0:
            raise RuntimeError(f"ceiling storm: {done.stderr}")
        return json.loads(done.stdout)

    def answers(self):
        return self.run("renew", 1, 0.05)["completed"] > 0

    def settle(self):
        pass

    def dora(self, window, seconds, first, clients, log=None):
        return self.run("dora", window, seconds)

    def renew(self, window, seconds, clients, log):
        return self.run("renew", window, seconds)


def datagram_sizes(site, coaxstorm):
    """The UDP payloads of one client's DORA and of its renewal, as the server of this site answers them:
    {"dora": [(query, reply), (query, reply)], "renew": [(query, reply)]}."""
    with tempfile.TemporaryDirectory() as scratch, site.load_side.entered(), \
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as tap:  # ETH_P_ALL
        tap.bind((site.load_interface, 3))
        tap.setblocking(False)
        log = f"{scratch}/acks"
        sizes = {}
        for exchange, run in (("dora", lambda: coaxstorm.run("dora", "--clients", 1, "--ack-log", log)),
                              ("renew", lambda: coaxstorm.run("renew", "--clients", 1, "--count", 1, "--from-log", log))):
            run()
            payloads = list(udp_payloads(tap, site.network.relay.packed))
            queries = [size for from_relay, size in payloads if from_relay]
            replies = [size for from_relay, size in payloads if not from_relay]
            if len(queries) != len(replies) or not queries:
                raise RuntimeError(f"the datagrams of one {exchange} do not pair: {payloads}")
            sizes[exchange] = list(zip(queries, replies))
        return sizes


def udp_payloads(tap, relay):
    """(whether the relay sent it, octets of payload) of what the tap has seen."""
    while True:
        try:
            packet = tap.recv(2048)
        except BlockingIOError:
            return
        if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_UDP:
            continue
        length, = struct.unpack_from("!H", packet, (packet[0] & 15) * 4 + 4)
        yield packet[12:16] == relay, length - 8


def perfdhcp(site, rate, seconds):
    """Exchanges a second that perfdhcp counted at this rate, and the share it lost."""
    network = site.network
    done = site.run_load([PERFDHCP, "-4", "-r", str(rate), "-p", str(seconds), "-R", "1000000", "-b", "mac=02:ff:00:00:00:00",
                          "-W", "200000", "-g", "single", "-l", str(network.relay), "-s", "1", str(network.server)], seconds + 60)
    sent = [int(n) for n in re.findall(r"sent packets: (\d+)", done.stdout)]
    received = [int(n) for n in re.findall(r"received packets: (\d+)", done.stdout)]
    drops = [int(n) for n in re.findall(r"drops: (\d+)", done.stdout)]
    if len(sent) != 2 or len(received) != 2:  # DISCOVER and OFFER, REQUEST and ACK
        raise RuntimeError(f"perfdhcp: {done.stdout}{done.stderr}")
    return {"wanted": rate, "rate": received[1] / seconds, "dropped_share": sum(drops) / max(sum(sent), 1)}
