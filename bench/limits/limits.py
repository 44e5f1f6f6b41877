#!/usr/bin/env python3
"""How far coaxd goes, against what it must reach: endurance, size, memory, latency, restart, workers, leasequery, quarantine, overload, boot. Each row is a
file in rows/ that says what it measures; comparisons with other servers are made by bench/compare.

    bench/limits/limits.py --out /tmp/limits                    all rows, full size: some 50 minutes, 10 GB of disk
    bench/limits/limits.py --quick --row restart --row latency  a look at two of them

coaxd is pinned to one core and coaxstorm to another, in network namespaces of their own; figures are medians of rounds, and what
is compared is measured in the same run. Writes results.json (with every single run) and results.md, anew after each row: what was
measured before something failed, or was interrupted, stays. Needs root and two cores. Leases lie in --state, which must be on the disk
whose syncs are to count.

Exit status: 0 when it ran, whatever the figures say; 1 when a row could not be measured, and with --check when one was not reached
or not measured; 77 when nothing can run here; 130 when interrupted.
"""
import argparse
import importlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import figures  # noqa: E402
import rig  # noqa: E402

# In this order, the rows of one store together, and how many minutes each takes at full size.
ROWS = {"latency": 2, "restart": 2, "workers": 3, "leasequery": 8, "quarantine": 2, "endurance": 12, "overload": 7, "size": 8, "memory": 1, "boot": 13}
NOTHING_CAN_RUN, INTERRUPTED = 77, 130  # ctest takes the first for "skipped"
IDLE = 0.5  # a machine with a higher load had other work
QUICK = {"clients": 10_000, "few": 2_000, "many": 20_000, "seconds": 2.0, "endurance_seconds": 5.0, "rounds": 1}


class Bench:
    """What the rows share: the settings, the stores (filled once, used by all rows that want that many leases) and the record of
    every run."""

    def __init__(self, args):
        self.args, self.row = args, ""
        self.homes, self.runs, self._stores = [], [], {}

    def store(self, clients, room=1000):
        if (clients, room) not in self._stores:
            self._stores[clients, room] = rig.fill(self, clients, room)
        return self._stores[clients, room]

    def keep(self, run):
        self.runs.append({"row": self.row, **run})

    def close(self):
        for home in self.homes:
            shutil.rmtree(home, ignore_errors=True)


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release(),
            "load_before": os.getloadavg()[0]}


def report(on, args, seen, failed):
    trains = "in trains both ways" if args.trains == "always" else "alone"
    text = (f"{on['cpu']}, {on['cores']} cores, Linux {on['kernel']}; coaxd on core {rig.SERVER_CORE}, generator on core "
            f"{rig.GENERATOR_CORE}. Medians of {args.rounds} rounds of {args.seconds:g} s; {args.clients:,} clients unless said "
            f"otherwise; datagrams go {trains}. \"?\": not measured.\n\n" + figures.table(seen))
    if on["load_before"] > IDLE:
        text += f"\nThe machine had other work: its load was {on['load_before']:.1f} beforehand.\n"
    return text + "".join(f"\n{one['row']} failed: {one['error'].splitlines()[0]}\n" for one in failed)


def write_results(on, args, bench, seen, failed):
    text = report(on, args, seen, failed)
    with open(args.json or f"{args.out}/results.json", "w", encoding="utf-8") as file:
        json.dump({"machine": on, "settings": vars(args), "figures": [vars(figure) for figure in seen],
                   "failed": failed, "runs": bench.runs}, file, indent=1)
    with open(f"{args.out}/results.md", "w", encoding="utf-8") as file:
        file.write(text)
    return text


class TimeLimit:
    """What is done within it ends after so many seconds, by a TimeoutError if need be."""

    def __init__(self, seconds):
        self.seconds = seconds

    def over(self, *_):
        raise TimeoutError(f"not through after {self.seconds / 60:.0f} minutes")

    def __enter__(self):
        signal.signal(signal.SIGALRM, self.over)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", action="append", choices=[*ROWS, "all"], help="only this one; may be given several times")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that it works, measures nothing")
    parser.add_argument("--check", action="store_true", help="exit status 1 unless every figure was reached")
    parser.add_argument("--out", default=".", help="folder for results.json and results.md")
    parser.add_argument("--json", help="write results.json there instead")
    parser.add_argument("--trains", choices=("always", "never"), default="always",
                        help="whether queries and replies go in trains (UDP_SEGMENT), as in bench/compare; always")
    parser.add_argument("--row-minutes", type=float, default=25, help="a row that takes longer has failed")
    parser.add_argument("--bin", default=str(rig.ROOT / "build/bin"), help="where coaxd, coaxctl and coaxstorm are")
    parser.add_argument("--state", default="/var/tmp", help="where the server keeps its leases")
    parser.add_argument("--clients", type=int, default=1_000_000, help="active leases, but for size and memory")
    parser.add_argument("--few", type=int, default=10_000, help="size: the small one")
    parser.add_argument("--many", type=int, default=10_000_000, help="size: the large one; memory")
    parser.add_argument("--seconds", type=float, default=10, help="of each measured run")
    parser.add_argument("--endurance-seconds", type=float, default=600, help="of the long one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.set_defaults(**(QUICK if "--quick" in sys.argv[1:] else {}))  # what is given by name still counts
    return parser.parse_args()


def why_not(args):
    missing = [name for name in ("coaxd", "coaxctl", "coaxstorm", "ceiling", "querystorm") if not os.access(os.path.join(args.bin, name), os.X_OK)]
    if missing:
        return f"needs {', '.join(missing)} in {args.bin}"
    if not {int(rig.SERVER_CORE), int(rig.GENERATOR_CORE)} <= os.sched_getaffinity(0):
        return f"needs cores {rig.SERVER_CORE} and {rig.GENERATOR_CORE}"
    return rig.netns.missing("taskset")


def measured(row, bench, args):
    """The figures of a row, or its failure, whatever that is: the others are to be measured none the less."""
    start = time.monotonic()
    try:
        with TimeLimit(args.row_minutes * 60):
            seen = importlib.import_module(f"rows.{row}").measure(bench)
    except Exception as error:  # pylint: disable=broad-exception-caught
        traceback.print_exc()
        return [], [{"row": row, "error": f"{type(error).__name__}: {error}"}]
    rig.say(figures.table(seen) + f"{row} took {time.monotonic() - start:.0f} s\n")
    return seen, []


def stop(*_):
    raise KeyboardInterrupt


def main():
    args = parse_arguments()
    why = why_not(args)
    if why:
        rig.say(f"limits: {why}")
        return NOTHING_CAN_RUN
    for folder in (args.out, os.path.dirname(os.path.abspath(args.json or args.out))):
        os.makedirs(folder, exist_ok=True)
    rows = list(ROWS) if not args.row or "all" in args.row else [row for row in ROWS if row in args.row]
    bench, on, seen, failed = Bench(args), machine(), [], []
    signal.signal(signal.SIGTERM, stop)
    try:
        for number, row in enumerate(rows):
            left = "" if args.quick else f", about {sum(ROWS[other] for other in rows[number:])} minutes left"
            rig.say(f"[{number + 1}/{len(rows)}{left}] {row}")
            bench.row = row
            figures_of_row, failure = measured(row, bench, args)
            seen, failed = seen + figures_of_row, failed + failure
            write_results(on, args, bench, seen, failed)
    except KeyboardInterrupt:
        write_results(on, args, bench, seen, failed + [{"row": bench.row, "error": "interrupted"}])
        rig.say(f"interrupted: {args.out}/results.md is of the rows until then")
        return INTERRUPTED
    finally:
        bench.close()
    print(write_results(on, args, bench, seen, failed), end="")
    missed = [figure for figure in seen if figure.must and not figure.met]
    return 1 if failed or (args.check and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
