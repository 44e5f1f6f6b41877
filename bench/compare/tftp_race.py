#!/usr/bin/env python3
"""TFTP servers side by side: how many configuration files a second each serves, of one, two and four KiB. As in compare.py the server has
one core and the generator (coaxstorm tftp, which never sleeps) another, in namespaces joined by a virtual cable; every round runs every server once with every
size, and the figures are medians over the rounds. The last row is no server but what the machine allows: an echo of as many datagrams, and as long ones. All get the same requests, with the same options, from the same hosts, at the number of transfers at a
time that suits each best. Before anything is timed a file of each size is compared with what it should be.

Writes tftp.json and tftp.md into --out. Exit status: 0; 1 if a server failed, or --check found coaxd below what it must reach; 2 if one broke a rule
of the protocol; 77 where nothing can be compared; 130 when interrupted.
"""
import argparse
import ipaddress
import json
import os
import pathlib
import random
import signal
import socket
import statistics
import struct
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(pathlib.Path(__file__).resolve().parent)]
import bench  # noqa: E402
import compare  # noqa: E402
import netns  # noqa: E402
import servers  # noqa: E402
import tftp_servers  # noqa: E402
from progress import say  # noqa: E402

FAILED, VIOLATED, NOTHING_CAN_RUN, INTERRUPTED = 1, 2, 77, 130
SIZES = (1024, 2048, 4096)
HOSTS = 256
FIRST_MAC = 0x02C0A0000000  # coaxstorm's
SPARE = 0.1  # of a core
TIMES = 5  # what coaxd must serve of what another does
RIVALS = ("tftpd-hpa", "atftpd")
QUICK = {"seconds": 0.2, "rounds": 1, "windows": [32]}
RRQ, DATA, ACK = 1, 3, 4
LEAST_ECHO = 12  # octets of a datagram of `ceiling` (echo_packet.h)


def name_of(size):
    return f"modem{size}"


def datagrams_of(size, options):
    """(query, reply) octets of the UDP payloads of a file of that size, none of them below what an echo needs."""
    asked = dict(option.split("=", 1) for option in options.split(",") if option)
    block = int(asked.get("blksize", 512))
    said = sum(len(f"{key}={value}") + 1 for key, value in asked.items())  # each with two zeros
    replies = [2 + said] * bool(asked) + [4 + min(block, size - at) for at in range(0, size + 1, block)]
    queries = [len(f"??{name_of(size)}?octet?") + said] + [4] * (len(replies) - 1)
    return [(max(query, LEAST_ECHO), max(reply, LEAST_ECHO)) for query, reply in zip(queries, replies)]


def idle_seconds(core):
    """How long that core has had nothing to do since the machine started (proc(5), /proc/stat: idle and iowait)."""
    fields = next(line.split() for line in open("/proc/stat", encoding="ascii") if line.startswith(f"cpu{core} "))
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


class Track:
    """One server on a site of its own, and the hosts that fetch from it."""

    def __init__(self, args, server, folder):
        self.args, self.server = args, server
        network = servers.Network(HOSTS)
        self.site = bench.Site(network, args.state)
        self.first, last = network.first, network.first + (HOSTS - 1)
        # A local route of ours would make the kernel look up the source of whatever this side receives (fib_validate_source), an address does not. The last
        # of a prefix is a host's as well.
        for prefix in ipaddress.summarize_address_range(self.first, last):
            self.site.load_side.ip(f"address add {prefix} dev lo", f"route del broadcast {prefix.broadcast_address} dev lo table local")
        hosts = [(":".join(f"{FIRST_MAC + n:012x}"[at:at + 2] for at in range(0, 12, 2)), self.first + n) for n in range(HOSTS)]
        self.process = self.site.start(server.prepare(self.site, folder, hosts))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.site.close()

    def fetch(self, name, patience=0.5):
        """One file, block by block, by the shortest of clients."""
        with self.site.load_side.entered():
            asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with asking:
            asking.bind((str(self.first), 0))
            asking.settimeout(patience)
            asking.sendto(struct.pack("!H", RRQ) + name.encode("ascii") + b"\0octet\0", (str(self.site.network.server), 69))
            octets = b""
            while True:
                answer, peer = asking.recvfrom(2048)
                opcode, block = struct.unpack("!HH", answer[:4])
                if opcode != DATA:
                    raise RuntimeError(f"{name}: {answer[2:]!r}")
                octets += answer[4:]
                asking.sendto(struct.pack("!HH", ACK, block), peer)
                if len(answer) < 516:
                    return octets

    def wait_until_it_serves(self, limit=20):
        deadline = time.monotonic() + limit
        while self.server.echoes:
            if self.echo(SIZES[0], 1, 0.05)["completed"] > 0 or time.monotonic() > deadline:
                return
        while True:
            try:
                return self.fetch(name_of(SIZES[0]))
            except (OSError, RuntimeError) as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"does not serve (exit status {self.process.poll()}): {error}\n{self.site.log_tail()}") from error
                time.sleep(0.02)

    def storm(self, size, window, seconds, *options):
        if self.server.echoes:
            return self.echo(size, window, seconds)
        with tempfile.NamedTemporaryFile(suffix=".json") as result:
            done = self.site.run_load([self.args.coaxstorm, "tftp", "--server", str(self.site.network.server), "--host", str(self.first), "--clients",
                                       str(HOSTS), "--file", name_of(size), "--window", str(window), "--duration", str(seconds), "--quiet", "--spin", "--json",
                                       result.name, *(["--tftp-option", self.args.tftp_option] if self.args.tftp_option else []), *options], seconds + 60)
            if not os.path.getsize(result.name):
                raise RuntimeError(f"coaxstorm: {done.stderr}{done.stdout}")
            return json.load(open(result.name, encoding="utf-8"))

    def echo(self, size, window, seconds):
        """As many datagrams as a file takes, and as long ones, but for the last ACK, to which nothing comes back."""
        network = self.site.network
        done = self.site.run_load([self.args.ceiling, "storm", str(network.server), str(network.relay), str(window), str(seconds), "spin",
                                   *(f"{query}:{reply}" for query, reply in datagrams_of(size, self.args.tftp_option))], seconds + 30)
        if done.returncode != 0:
            raise RuntimeError(f"ceiling storm: {done.stderr}")
        return json.loads(done.stdout) | {"gave_up": 0, "files": {"count": 0, "octets": 0, "sent_again": 0}}

    def measure(self, size, window, seconds):
        cpu_before, idle_before, start = self.site.cpu_seconds(), idle_seconds(bench.SERVER_CORE), time.monotonic()
        result = self.storm(size, window, seconds)
        result["server_core_idle"] = (idle_seconds(bench.SERVER_CORE) - idle_before) / (time.monotonic() - start)
        result["server_cpu_us"] = (self.site.cpu_seconds() - cpu_before) * 1e6 / max(result["completed"], 1)
        if result["completed"] == 0:
            raise RuntimeError("not one file under load, though it serves a client that is alone")
        return result

    def check(self, folder):
        """Every size as it should be: the file of the folder, or the host's own of a template, which coaxstorm knows by its MAC and MIC."""
        self.wait_until_it_serves()
        for size in () if self.server.echoes else SIZES:
            if self.server.compiles:
                result = self.storm(size, 32, 30, "--count", str(HOSTS), "--tftp-check")
                if result["violations"] or result["completed"] != HOSTS:
                    raise RuntimeError(f"{name_of(size)}: {result['completed']} of {HOSTS} files, {result['violations']}")
            elif self.fetch(name_of(size)) != pathlib.Path(folder, name_of(size)).read_bytes():
                raise RuntimeError(f"{name_of(size)}: other octets than those of the file")


def best_window(args, server, folder):
    if len(args.windows) == 1:
        return args.windows[0]
    with Track(args, server, folder) as track:
        track.wait_until_it_serves()
        rates = {window: track.measure(SIZES[0], window, max(args.seconds / 4, 0.5))["exchanges_per_s"] for window in args.windows}
    return max(rates, key=rates.get)


def run_once(args, server, row, folder):
    if "window" not in row:
        with Track(args, server, folder) as track:
            track.check(folder)
        row["window"] = best_window(args, server, folder)
    with Track(args, server, folder) as track:
        track.wait_until_it_serves()
        row["rounds"].append({str(size): track.measure(size, row["window"], args.seconds) for size in SIZES})
    return ", ".join(f"{size}: {row['rounds'][-1][str(size)]['exchanges_per_s']:,.0f}/s" for size in SIZES) + f", {row['window']} at a time"


def race(args, chosen, rows, folder):
    """Fills the rows round by round; a server that fails is left out from then on."""
    for number in range(args.rounds):
        order = list(zip(chosen, rows))
        for server, row in order[number % len(order):] + order[:number % len(order)]:
            if "error" in row:
                continue
            try:
                say(f"round {number + 1} of {args.rounds}: {server.name}: {run_once(args, server, row, folder)}")
            except (RuntimeError, OSError) as error:
                row["error"] = str(error)
                say(f"round {number + 1}: {server.name} failed: {error}")


def medians(row):
    """By size: files a second, octets a file, and what else there is to say."""
    result = {}
    for size in map(str, SIZES):
        runs = [one[size] for one in row["rounds"]]
        middle = lambda key, runs=runs: statistics.median(key(run) for run in runs)
        result[size] = {"rate": middle(lambda run: run["exchanges_per_s"]), "p99_ms": middle(lambda run: run["latency_ms"]["exchange"]["p99"]),
                        "server_cpu_us": middle(lambda run: run["server_cpu_us"]),
                        "octets": middle(lambda run: run["files"]["octets"] / max(run["files"]["count"], 1)),
                        "sent_again": sum(run["files"]["sent_again"] for run in runs), "failed": sum(run["gave_up"] for run in runs),
                        "idle": middle(lambda run: run["server_core_idle"]),
                        "violations": sum(sum(run["violations"].values()) for run in runs)}
    return result


def verdicts(rows):
    """(what, times as many, whether that is enough) for coaxd beside each rival that was measured, at its worst size."""
    by_name = {row["name"]: row["medians"] for row in rows if "medians" in row}
    result = []
    for name, own in by_name.items():
        for rival in RIVALS:
            if name.startswith("coaxd") and rival in by_name:
                size, times = min(((size, own[size]["rate"] / max(by_name[rival][size]["rate"], 1e-9)) for size in own), key=lambda item: item[1])
                result.append((f"{name}, of {rival} ({size} octets, where it is least)", times, times >= TIMES))
    return result


def table(report):
    machine, settings = report["machine"], report["settings"]
    options = settings["tftp_option"] or "no options"
    lines = [f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; server on core {machine['server_core']}, generator on core "
             f"{machine['generator_core']}. {'Medians of ' + str(settings['rounds']) + ' rounds' if settings['rounds'] > 1 else 'One round'} of {settings['seconds']:g} s; requests with {options}.", "",
             "| server | at a time | " + " | ".join(f"{size} octets: files/s | p99 ms | server CPU µs" for size in SIZES) + " |",
             "|" + "---|" * (2 + 3 * len(SIZES))]
    rows = [row for row in report["servers"] if "medians" in row]
    for row in rows:
        cells = [f"{row['name']} {row['version']}: {row['how']}", str(row["window"])]
        for one in row["medians"].values():
            cells += [f"{one['rate']:,.0f}{'*' if one['idle'] > SPARE else ''}", f"{one['p99_ms']:.2f}", f"{one['server_cpu_us']:.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    if any(one["idle"] > SPARE for row in rows for one in row["medians"].values()):
        lines += ["", f"* The server's core had nothing to do for more than {SPARE:.0%} of the time: more was not to be had from the generator's, or of the server's own making."]
    if compiled := [row for row in rows if "template" in row["name"]]:
        lines += ["", "The template's files have " + ", ".join(f"{one['octets']:,.0f}" for one in compiled[0]["medians"].values()) + " octets, each host's its own."]
    lines += ["", *(f"- {what}: {times:.1f} times as many (at least {TIMES}: {'yes' if enough else '**no**'})" for what, times, enough in report["verdicts"])]
    for row in rows:
        told = {key: sum(one[key] for one in row["medians"].values()) for key in ("sent_again", "failed", "violations")}
        if any(told.values()):
            lines.append(f"- {row['name']}: requests and ACKs sent again {told['sent_again']} times, {told['failed']} files given up, {told['violations']} rules broken.")
    lines += [f"- {row['name']} failed: {row['error'].splitlines()[0]}" for row in report["servers"] if "error" in row]
    lines += [f"- {name} was left out: {why}." for name, why in report["absent"].items()]
    return "\n".join(lines) + "\n"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=lambda text: text.split(","), metavar="NAME,...", help="only these; coaxd is both of its ways")
    parser.add_argument("--quick", action="store_true", help="one short round: shows that it works, measures nothing")
    parser.add_argument("--check", action="store_true", help=f"exit status 1 unless coaxd serves {TIMES} times as many as each of {' and '.join(RIVALS)}")
    parser.add_argument("--coaxd", default=str(ROOT / "build/bin/coaxd"))
    parser.add_argument("--coaxstorm", default=str(ROOT / "build/bin/coaxstorm"))
    parser.add_argument("--ceiling", help="with its echo, beside which the servers stand", default=str(ROOT / "build/bin/ceiling"))
    parser.add_argument("--unpacked", default=str(ROOT / "build/unpacked"), help="where tests/packages.sh has unpacked those that Debian does not install "
                        "together")
    parser.add_argument("--seconds", type=float, default=5, help="of each measured run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--windows", type=lambda text: [int(w) for w in text.split(",")], default=[8, 16, 32, 64], metavar="N,...",
                        help="transfers at a time; each server is measured with the one it does best with")
    parser.add_argument("--tftp-option", default="blksize=1448", metavar="NAME=VALUE,...", help="what requests ask for, as modems do; empty: nothing")
    parser.add_argument("--state", default="/var/tmp", help="where the files lie")
    parser.add_argument("--out", default=".", help="folder for tftp.json and tftp.md")
    parser.set_defaults(**(QUICK if "--quick" in sys.argv[1:] else {}))
    args = parser.parse_args()
    if args.rounds < 1 or args.seconds <= 0 or not args.windows or not 1 <= min(args.windows) <= max(args.windows) <= HOSTS:
        parser.error(f"--rounds, --seconds and --windows must be positive, and no window above {HOSTS}")
    return args


def main():
    args = parse_arguments()
    why = netns.missing("taskset") or ("needs two cores" if (os.cpu_count() or 1) < 2 else None)
    if why:
        say(f"tftp_race: {why}")
        return NOTHING_CAN_RUN
    wanted = [server for server in tftp_servers.everyone(args.coaxd, args.unpacked, args.ceiling) if not args.servers or server.name.split(",")[0] in args.servers]
    absent = {server.name: reason for server in wanted if (reason := server.missing())}
    chosen = [server for server in wanted if server.name not in absent]
    for name, reason in absent.items():
        say(f"{name}: left out: {reason}")
    if len({server.name.split(",")[0] for server in chosen if not server.echoes}) < 2:
        say("tftp_race: there is nobody to compare with: . tests/packages.sh && unpack_beside build/unpacked tftpd-hpa atftpd")
        return NOTHING_CAN_RUN
    os.makedirs(args.out, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tftp-race-", dir=args.state) as folder:
        os.chmod(folder, 0o755)
        for size in SIZES:
            pathlib.Path(folder, name_of(size)).write_bytes(random.Random(size).randbytes(size))
            os.chmod(f"{folder}/{name_of(size)}", 0o644)
        report = {"machine": compare.machine(args.state), "settings": vars(args), "absent": absent,
                  "servers": [{"name": server.name, "version": server.version(), "how": server.how, "rounds": []} for server in chosen]}
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        interrupted = False
        try:
            race(args, chosen, report["servers"], folder)
        except KeyboardInterrupt:
            interrupted = True
            say("interrupted: the results are of what was done until now")
    for row in report["servers"]:
        if row["rounds"]:
            row["medians"] = medians(row)
    report["verdicts"] = verdicts(report["servers"])
    servers.write(f"{args.out}/tftp.json", json.dumps(report, indent=1) + "\n")
    servers.write(f"{args.out}/tftp.md", table(report))
    print(table(report), end="")
    if interrupted:
        return INTERRUPTED
    if any("error" in row for row in report["servers"]) or (args.check and not all(enough for *_, enough in report["verdicts"])):
        return FAILED
    return VIOLATED if any(one["violations"] for row in report["servers"] if "medians" in row for one in row["medians"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
