#!/usr/bin/env python3
"""DHCPv4 servers side by side on one machine: the server pinned to one core, the load generator to another, in network
namespaces joined by a veth pair. Every round runs every server once, so that what the machine does meanwhile hits all alike;
the figures are medians over the rounds, and stand beside two ceilings of the same run: `null`, a server that does nothing, and
`echo`, plain datagrams of the same sizes. perfdhcp, which shares no code with coaxstorm, judges the same servers from outside.

Writes results.json, results.md and results.svg into --out. bench/README.md says how to read them.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(pathlib.Path(__file__).resolve().parent)]
import bench  # noqa: E402
import chart  # noqa: E402
import contenders  # noqa: E402
import netns  # noqa: E402
import progress  # noqa: E402
import results  # noqa: E402
import servers  # noqa: E402
import table  # noqa: E402
from progress import say  # noqa: E402

FAILED, VIOLATED, INTERRUPTED, CANNOT_RUN = 1, 2, 130, 77  # exit statuses; ctest takes the last for "skipped"
QUICK = {"pool": 100_000, "seconds": 1, "rounds": 1, "windows": [128], "perfdhcp_rate": 0}
EXAMPLES = """examples:
  a first look at everything that is installed here, in about a minute:
    bench/compare/compare.py --quick --out /tmp/compare
  the real thing, somewhat more than half an hour:
    bench/compare/compare.py --out /tmp/compare
  two servers, leases on a disk of one's choice:
    bench/compare/compare.py --servers null,coaxd-durable,kea-memfile --state /srv/leases --out /tmp/compare
  what could be compared, and what is missing for it:
    bench/compare/compare.py --list

--trains always: queries leave coaxstorm as trains, and the servers compared are coaxd-MODE, which takes them and sends its replies
so, as it does by itself where they leave by a network card (coaxd.toml(5), reply_trains), and all others, for which the kernel cuts
them. --trains never: every datagram goes by itself, and coaxd-MODE-alone stands in coaxd's place.

Exit status: 0; 1 if it or a server could not run; 2 if a server broke a rule of the protocol; 77 where it cannot run at all."""


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


def file_system_of(path):
    """The type of the file system that the folder lies on: of the longest mount point above it."""
    path, found = os.path.realpath(path), ("", "unknown")
    for line in pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        point, kind = line.split()[1:3]
        if os.path.commonpath([path, point]) == point and len(point) >= len(found[0]):
            found = (point, kind)
    return found[1]


def machine(state):
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release(),
            "load_before": os.getloadavg()[0], "server_core": bench.SERVER_CORE, "generator_core": bench.GENERATOR_CORE, "state_file_system": file_system_of(state)}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=lambda text: text.split(","), metavar="NAME,...",
                        help="names, as --list tells; all that are installed")
    parser.add_argument("--list", action="store_true", help="tell what could be compared, and stop")
    parser.add_argument("--quick", action="store_true", help=f"about a minute: one short round, {QUICK['pool']:,} addresses, "
                        "no perfdhcp; whatever else is said still counts")
    parser.add_argument("--coaxd", help="this program", default=str(ROOT / "build/bin/coaxd"))
    parser.add_argument("--coaxstorm", help="this program", default=str(ROOT / "build/bin/coaxstorm"))
    parser.add_argument("--ceiling", help="this program", default=str(ROOT / "build/bin/ceiling"))
    parser.add_argument("--pool", type=int, default=1_000_000,
                        help="addresses; servers that would take too long with so many get fewer, and the table says so")
    parser.add_argument("--seconds", type=float, default=10, help="of each measured run")
    parser.add_argument("--rounds", type=int, default=5, help="medians are over these")
    parser.add_argument("--windows", type=lambda text: [int(w) for w in text.split(",")], default=[32, 128, 512, 2048],
                        metavar="N,...",
                        help="exchanges at a time; each server is measured at the one it does best with")
    parser.add_argument("--trains", choices=("always", "never"), default="always",
                        help="whether coaxstorm's queries leave as trains (UDP_SEGMENT), the same for every server; always")
    parser.add_argument("--spin", action="store_true", help="the generator never sleeps")
    parser.add_argument("--perfdhcp-rate", type=int, default=3000, help="0: without perfdhcp")
    parser.add_argument("--state", default="/var/tmp", help="where the servers keep their leases: a real disk, or durable means nothing")
    parser.add_argument("--out", default=".", help="folder for results.json, results.md and results.svg")
    if "--quick" in sys.argv:
        parser.set_defaults(**QUICK)
    args = parser.parse_args()
    if args.rounds < 1 or args.seconds <= 0 or not args.windows or min(args.windows) < 1:
        parser.error("--rounds, --seconds and --windows must be positive")
    if not 1_000 <= args.pool <= 10_000_000:
        parser.error("--pool goes from 1000 to 10000000")
    return args


def choose(args, known):
    """The servers to compare, and why the others of those that were asked for are absent."""
    names = args.servers or contenders.usual(known, args.trains)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"compare: no such server: {', '.join(unknown)}; there are {', '.join(known)}")
    absent = {name: why for name in names if (why := known[name].missing())}
    return [known[name] for name in names if name not in absent], absent


def why_not(args):
    """Why nothing can be compared here, or None."""
    if (os.cpu_count() or 1) < 2:
        return "needs two cores, one for the server and one for the load"
    return netns.missing("taskset")


def row_for(server, args):
    return {"name": server.name, "version": server.version(), "promise": server.promise, "durability": server.durability,
            "trains": server.trains(args.trains), "pool": min(args.pool, server.pool_limit or args.pool), "rounds": []}


def run_rounds(args, chosen, report):
    """Fills the report's rows round by round; a server that fails is left out from then on."""
    desk = bench.Bench(args)
    if any(server.generator == "echo" for server in chosen):
        desk.learn_sizes(servers.Coaxd(args.coaxd, "memory"), servers.Network(1000))
    round_s = 2 + 2 * args.seconds + 7 * bool(args.perfdhcp_rate)
    search_s = len(args.windows) * (1.5 + max(args.seconds / 4, 1)) if len(args.windows) > 1 else 0
    guesses = [round_s + search_s * (number == 0) for number in range(args.rounds) for _ in chosen]
    ahead = progress.Progress(guesses)
    say(f"{len(chosen)} servers, {args.rounds} rounds: about {progress.duration(ahead.time_left())}")
    for number in range(args.rounds):
        # Whom each comes after is not always the same: what that one left to the machine is not always the same server's burden.
        order = list(zip(chosen, report["servers"]))
        for server, row in order[number % len(order):] + order[:number % len(order)]:
            where = f"round {number + 1}: {server.name}"
            if "errors" in row:
                ahead.done(f"{where}: left out, it failed before")
                continue
            try:
                ahead.done(f"{where}: {run_once(desk, server, row)}")
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                row["errors"] = [str(error)]
                ahead.done(f"{where}: failed: {error}")


def run_once(desk, server, row):
    network = servers.Network(row["pool"])
    if "window" not in row:
        windows = desk.args.windows
        row["by_window"] = desk.rates_by_window(server, network) if len(windows) > 1 else {windows[0]: None}
        row["window"] = max(windows, key=lambda window: row["by_window"][window] or 0)
    result = desk.measure(server, network, row["window"])
    row["rounds"].append(result)
    judged = result["perfdhcp"]
    return (f"{result['dora']['exchanges_per_s']:,.0f} DORA/s, {result['renew']['exchanges_per_s']:,.0f} renewals/s, "
            f"{row['window']} at a time" + (f"; perfdhcp {judged['rate']:,.0f} of {judged['wanted']:,}/s" if judged else ""))


def write_results(report, out):
    results.add_medians(report)
    servers.write(f"{out}/results.json", json.dumps(report, indent=1) + "\n")
    servers.write(f"{out}/results.md", table.table(report))
    servers.write(f"{out}/results.svg", chart.chart(report))
    print(table.table(report), end="")


def main():
    args = parse_arguments()
    known = contenders.contenders(args.coaxd, args.ceiling)
    if args.list:
        for name, server in known.items():
            print(f"{name:<24}{server.missing() or server.version() + ': ' + server.durability}")
        return 0
    why = why_not(args)
    if why:
        say(f"compare: {why}")
        return CANNOT_RUN
    chosen, absent = choose(args, known)
    for program in (args.coaxstorm, *([args.coaxd] if any(s.generator == "echo" for s in chosen) else [])):
        if not os.access(program, os.X_OK):
            say(f"compare: {program} is not there; build first: cmake --build build")
            return FAILED
    for name, reason in absent.items():
        say(f"{name}: left out: {reason}")
    if not chosen:
        return FAILED
    os.makedirs(args.out, exist_ok=True)
    report = {"machine": machine(args.state), "sync_ms": sync_ms(args.state), "settings": vars(args), "absent": absent,
              "servers": [row_for(server, args) for server in chosen]}
    if report["machine"]["state_file_system"] in ("tmpfs", "ramfs"):
        say(f"compare: {args.state} is in memory: what is synced there survives nothing, and costs nothing")
    interrupted = False
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # also where a shell had it started with SIGINT ignored
    try:
        run_rounds(args, chosen, report)
    except KeyboardInterrupt:
        interrupted = report["interrupted"] = True
        say("interrupted: the results are of what was done until now")
    except RuntimeError as error:
        say(f"compare: {error}")
        return FAILED
    write_results(report, args.out)
    if interrupted:
        return INTERRUPTED
    if any("errors" in row for row in report["servers"]):
        return FAILED
    return VIOLATED if any(results.violations(row) for row in report["servers"]) else 0


if __name__ == "__main__":
    sys.exit(main())
