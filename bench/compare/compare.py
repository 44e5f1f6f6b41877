#!/usr/bin/env python3
"""DHCPv4 servers side by side on one machine: the server pinned to one core, the load generator to another, in network
namespaces joined by a veth pair. Every round runs every server once, so that what the machine does meanwhile hits all alike;
the figures are medians over the rounds. perfdhcp, which shares no code with coaxstorm, judges the same servers from outside.

    bench/compare/compare.py --rounds 5 --seconds 10 --out /tmp/compare

writes results.json and results.md there. coaxd-MODE sends replies to one relay as trains, as it does by itself where they leave by
a network card (coaxd.toml, reply_trains); coaxd-MODE-alone sends each by itself, as it does on a virtual cable like this one. Needs root. Lease files lie in --state, which must be on a real disk for the durable
modes to mean anything.
"""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(pathlib.Path(__file__).resolve().parent)]
import netns  # noqa: E402
import servers  # noqa: E402

SERVER_CORE, GENERATOR_CORE = "0", "1"
CANNOT_RUN = 77  # which ctest takes for "skipped"
PERFDHCP = "/usr/sbin/perfdhcp"
PROBE_CLIENT = 50_000_000  # --first of the clients that only ask whether the server is up


def say(text):
    print(text, file=sys.stderr, flush=True)


def cpu_seconds(pid):
    """What the process and its threads have used, and what the kernel did on its account."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def sync_ms(directory, times=200):
    """Median milliseconds of one fdatasync of 4 KiB: the price of a durable promise on this disk."""
    with tempfile.TemporaryFile(dir=directory) as file:
        taken = []
        for _ in range(times):
            os.write(file.fileno(), bytes(4096))
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken)


class Bench:
    """Two namespaces and a cable; runs one server at a time in the one and the load in the other."""

    def __init__(self, args, network):
        self.args, self.network = args, network
        self.server_side, self.load_side = netns.Namespace(), netns.Namespace()
        prefix = network.subnet.prefixlen
        self.server_side.ip(f"link add srv0 type veth peer name load0 netns {self.load_side.path}",
                            f"address add {network.server}/{prefix} dev srv0", "link set srv0 up")
        self.load_side.ip(f"address add {network.relay}/{prefix} dev load0", "link set load0 up")

    def close(self):
        self.server_side.close()
        self.load_side.close()

    @contextlib.contextmanager
    def running(self, server):
        """The server, up and answering, with a home of its own; gives its pid."""
        home = tempfile.mkdtemp(prefix="compare-", dir=self.args.state)
        argv = server.prepare(home, self.network, "srv0")
        with open(f"{home}/stderr", "wb") as log:
            process = self.server_side.popen(["taskset", "-c", SERVER_CORE, *argv], stdout=log, stderr=log,
                                             env=os.environ | server.environment)
            try:
                start = time.monotonic()
                while not self.answers():
                    if process.poll() is not None or time.monotonic() - start > 60:
                        tail = pathlib.Path(f"{home}/stderr").read_text(encoding="utf-8", errors="replace")[-2000:]
                        raise RuntimeError(f"{server.name} does not answer (status {process.poll()}):\n{tail}")
                yield process.pid
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                shutil.rmtree(home, ignore_errors=True)

    def answers(self):
        done = self.coaxstorm("dora", "--clients", "1", "--first", str(PROBE_CLIENT), "--timeout", "0.1",
                              "--attempts", "2", check=False)
        return done["completed"] == 1

    def coaxstorm(self, mode, *options, check=True, limit=600):
        with tempfile.NamedTemporaryFile(suffix=".json") as result:
            done = self.load_side.run(
                ["taskset", "-c", GENERATOR_CORE, self.args.coaxstorm, mode, "--server", str(self.network.server),
                 "--relay", str(self.network.relay), "--quiet", "--json", result.name, *options],
                capture_output=True, text=True, timeout=limit)
            if done.returncode == 1 or (check and done.returncode == 2):
                raise RuntimeError(f"coaxstorm {mode}: {done.stderr}{done.stdout}")
            return json.load(open(result.name, encoding="utf-8"))

    def perfdhcp(self, rate, seconds):
        """Exchanges a second that perfdhcp counted at this rate, and the share it lost."""
        done = self.load_side.run(
            ["taskset", "-c", GENERATOR_CORE, PERFDHCP, "-4", "-r", str(rate), "-p", str(seconds), "-R", "1000000",
             "-b", "mac=02:ff:00:00:00:00", "-W", "200000", "-g", "single", "-l", str(self.network.relay), "-s", "1", str(self.network.server)],
            capture_output=True, text=True, timeout=seconds + 60)
        achieved = re.search(r"Rate: ([\d.]+) 4-way", done.stdout)
        sent = [int(n) for n in re.findall(r"sent packets: (\d+)", done.stdout)]
        drops = [int(n) for n in re.findall(r"drops: (\d+)", done.stdout)]
        if not achieved or not sent:
            raise RuntimeError(f"perfdhcp: {done.stdout}{done.stderr}")
        return {"wanted": rate, "rate": float(achieved.group(1)), "dropped_share": sum(drops) / max(sum(sent), 1)}

    def best_window(self, server):
        """Which number of exchanges at a time this server likes best: one with a small socket buffer loses packets where one
        that syncs once a batch gains by them. New clients, on a store of its own."""
        rates = {}
        with self.running(server):
            for number, window in enumerate(self.args.windows):
                # Each window its own clients, all together no more than the pool.
                clients = (self.network.pool - 100) // len(self.args.windows)
                result = self.coaxstorm("dora", "--clients", str(clients), "--first", str(number * clients), "--window",
                                        str(window), "--duration", str(max(self.args.seconds / 4, 1)))
                rates[window] = result["exchanges_per_s"]
        say(f"{server.name}: DORA/s by window: " + ", ".join(f"{w}: {r:,.0f}" for w, r in rates.items()))
        return max(rates, key=rates.get)

    def load(self, pid, window, mode, *options):
        """One measured run: exchanges a second, latency, and the server's CPU time for each."""
        before = cpu_seconds(pid)
        options = [*options, "--window", str(window), "--duration", str(self.args.seconds)]
        result = self.coaxstorm(mode, *options, *(["--spin"] if self.args.spin else []))
        result["server_cpu_us"] = (cpu_seconds(pid) - before) * 1e6 / max(result["completed"], 1)
        return result

    def measure(self, server, window):
        """One round of one server, on an empty store: new clients, their renewals, and perfdhcp's word."""
        with self.running(server) as pid, tempfile.TemporaryDirectory() as scratch:
            log = f"{scratch}/acks"
            clients = str(self.network.pool - 100)
            dora = self.load(pid, window, "dora", "--clients", clients, "--ack-log", log)
            renew = self.load(pid, window, "renew", "--clients", clients, "--from-log", log)
        judged = {}
        if self.args.perfdhcp_rate and os.access(PERFDHCP, os.X_OK) and self.network.pool > 100_000:
            with self.running(server):
                judged = self.perfdhcp(self.args.perfdhcp_rate, 5)
        return {"dora": dora, "renew": renew, "perfdhcp": judged}


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release()}


def median(rounds, mode, *path):
    def pick(result):
        for key in path:
            result = result[key]
        return result
    return statistics.median(pick(r[mode]) for r in rounds)


def table(report):
    """Medians as Markdown; each rate also as a multiple of Kea's and as a share of the null responder's in the same run."""
    rounds_of = {s["name"]: s["rounds"] for s in report["servers"] if s["rounds"]}

    def relative(rate, mode, name):
        return f"{rate / median(rounds_of[name], mode, 'exchanges_per_s'):.2f}" if name in rounds_of else ""

    m = report["machine"]
    lines = [f"{m['cpu']}, {m['cores']} cores, Linux {m['kernel']}; server on core {SERVER_CORE}, generator on core "
             f"{GENERATOR_CORE}. Medians of {report['settings']['rounds']} rounds of {report['settings']['seconds']} s; closed loop, "
             f"as many exchanges at a time as suit the server best. One fdatasync: {report['sync_ms']:.3f} ms (median).", ""]
    head = ["server", "an ACK is", "pool", "at a time"]
    for mode in ("DORA", "renew"):
        head += [f"{mode}/s", "p50 ms", "p99 ms", "server CPU µs", "× Kea", "of ceiling"]
    head += ["perfdhcp: wanted, got /s, lost"]
    lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for server in report["servers"]:
        rounds = server["rounds"]
        if not rounds:
            continue
        row = [server["version"], server["durability"], f"{server['pool']:,}", str(server["window"])]
        for mode in ("dora", "renew"):
            rate = median(rounds, mode, "exchanges_per_s")
            row += [f"{rate:,.0f}", f"{median(rounds, mode, 'latency_ms', 'exchange', 'p50'):.2f}",
                    f"{median(rounds, mode, 'latency_ms', 'exchange', 'p99'):.2f}",
                    f"{median(rounds, mode, 'server_cpu_us'):.1f}",
                    relative(rate, mode, "kea-memfile"), relative(rate, mode, "null")]
        judged = [r["perfdhcp"] for r in rounds if r["perfdhcp"]]
        row.append(f"{judged[0]['wanted']:,}, {statistics.median(j['rate'] for j in judged):,.0f}, "
                   f"{statistics.median(j['dropped_share'] for j in judged):.2%}" if judged else "")
        lines.append("| " + " | ".join(row) + " |")
    saturated = sorted({s["name"] for s in report["servers"] for r in s["rounds"] for mode in ("dora", "renew")
                        if not report["settings"]["spin"] and r[mode]["generator_saturated"]})
    if saturated:
        lines += ["", f"The generator's core was full against {', '.join(saturated)}: those figures are lower bounds."]
    return "\n".join(lines) + "\n"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="null,coaxd-durable,coaxd-crash-safe,coaxd-memory,kea-memfile,dhcpd")
    parser.add_argument("--coaxd", default=str(ROOT / "build/bin/coaxd"))
    parser.add_argument("--coaxstorm", default=str(ROOT / "build/bin/coaxstorm"))
    parser.add_argument("--ceiling", default=str(ROOT / "build/bin/ceiling"))
    parser.add_argument("--pool", type=int, default=1_000_000, help="addresses (dhcpd: at most %d)" % servers.Dhcpd.pool_limit)
    parser.add_argument("--seconds", type=float, default=10, help="of each measured run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--windows", type=lambda text: [int(w) for w in text.split(",")], default=[32, 128, 512, 2048],
                        help="exchanges at a time; each server is measured at the one it does best with")
    parser.add_argument("--spin", action="store_true", help="the generator never sleeps")
    parser.add_argument("--perfdhcp-rate", type=int, default=3000, help="0: without perfdhcp")
    parser.add_argument("--state", default="/var/tmp", help="where the servers keep their leases")
    parser.add_argument("--out", default=".", help="folder for results.json and results.md")
    return parser.parse_args()


def main():
    args = parse_arguments()
    why = netns.missing("taskset")
    if why:
        say(f"compare: {why}")
        return CANNOT_RUN
    chosen, absent = servers.contenders(args.servers.split(","), args.coaxd, args.ceiling)
    for name in absent:
        say(f"{name}: not installed, left out")
    os.makedirs(args.out, exist_ok=True)
    report = {"machine": machine(), "sync_ms": sync_ms(args.state), "settings": vars(args), "servers": []}
    for server in chosen:
        report["servers"].append({"name": server.name, "version": f"{server.version()} ({server.name})",
                                  "durability": server.durability,
                                  "pool": min(args.pool, server.pool_limit or args.pool), "rounds": []})
    for number in range(args.rounds):
        for server, row in zip(chosen, report["servers"]):
            bench = Bench(args, servers.Network(row["pool"]))
            try:
                if "window" not in row:
                    row["window"] = bench.best_window(server)
                result = bench.measure(server, row["window"])
                row["rounds"].append(result)
                say(f"round {number + 1}: {server.name}: {result['dora']['exchanges_per_s']:,.0f} DORA/s, "
                    f"{result['renew']['exchanges_per_s']:,.0f} renewals/s {result['perfdhcp'] or ''}")
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                say(f"round {number + 1}: {server.name}: {error}")
                row.setdefault("errors", []).append(str(error))
            finally:
                bench.close()
    with open(f"{args.out}/results.json", "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
    with open(f"{args.out}/results.md", "w", encoding="utf-8") as file:
        file.write(table(report))
    print(table(report), end="")
    return 1 if any("errors" in row for row in report["servers"]) else 0


if __name__ == "__main__":
    sys.exit(main())
