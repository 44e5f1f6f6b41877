#!/usr/bin/env python3
"""What an exchange may cost, stage by stage (budget.tsv), beside what it costs on this machine: runs the benches and prints for each stage
the median of its repetitions, its budget, and its share of the whole, which is the DORA of a new client with the configuration `isp`
(bench/isp.h) in a worker, all but transport and disk. The column `times` says how often a DORA needs the stage; `-` stands where it is no
part of one.

Exit status: 0; 1 if a benchmark of the table is not there or did not run; with --check also 1 if one is over its budget, which is for
people at a quiet machine, not for a build."""
import argparse
import csv
import dataclasses
import fractions
import json
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
WHOLE = "worker_dora_ns_per_exchange/isp"
NS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


@dataclasses.dataclass
class Row:
    stage: str
    program: str
    benchmark: str
    times: fractions.Fraction  # 0: no part of the whole
    budget_ns: int
    why: str
    measured_ns: float = None
    allocations: float = None

    @property
    def over(self):
        return self.measured_ns > self.budget_ns

    def share(self, whole_ns):
        return float(self.times) * self.measured_ns / whole_ns if self.times else None


def read_table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [Row(line["stage"], line["program"], line["benchmark"],
                    fractions.Fraction(0 if line["times"] == "-" else line["times"]), int(line["budget_ns"]), line["why"])
                for line in csv.DictReader(file, delimiter="\t")]


def faults(rows):
    """What is wrong with the table itself: the budgets of the stages must fit into that of the whole."""
    whole = next((row.budget_ns for row in rows if row.benchmark == WHOLE), 0)
    parts = sum(row.times * row.budget_ns for row in rows)
    if parts > whole:
        yield f"the stages of {WHOLE} have {float(parts):,.0f} ns in all, the whole {whole:,} ns"
    for name in {row.benchmark for row in rows if sum(row.benchmark == other.benchmark for other in rows) > 1}:
        yield f"{name} stands there twice"


def run(program, rows, args):
    """Fills in the rows of one program and returns what it says about the build."""
    names = "|".join(re.escape(row.benchmark) for row in rows)
    done = subprocess.run([f"{args.bin}/{program}", f"--benchmark_filter=^({names})(/.*)?$", "--benchmark_format=json",
                           f"--benchmark_repetitions={args.repetitions}", f"--benchmark_min_time={args.min_time}"],
                          stdout=subprocess.PIPE, text=True, timeout=args.patience, check=True)
    said = json.loads(done.stdout)
    for row in rows:
        runs = [one for one in said["benchmarks"] if one.get("run_type", "iteration") == "iteration" and not one.get("error_occurred")
                and (one["name"] + "/").startswith(row.benchmark + "/")]
        if runs:
            row.measured_ns = statistics.median(one["real_time"] * NS[one["time_unit"]] for one in runs)
            row.allocations = max(one.get("allocs", 0) for one in runs)
    return said["context"]


def as_text(rows, context, whole):
    yield f"{context['cpu']}; {context['compiler']}, {context['build']}"
    if context["build"] in ("", "Debug"):
        yield "NOT OPTIMISED: these figures say nothing about coaxd."
    form = "{:<24}{:>12}{:>12}{:>8}{:>8}  {}"
    yield form.format("stage", "measured µs", "budget µs", "times", "share", "")
    accounted = 0
    for row in rows:
        share = row.share(whole)
        accounted += share or 0
        remarks = ["OVER BUDGET"] * row.over + [f"{row.allocations:g} allocations"] * bool(row.allocations)
        yield form.format(row.stage, f"{row.measured_ns / 1e3:.3f}", f"{row.budget_ns / 1e3:.3f}", str(row.times) if row.times else "-",
                          f"{share:.1%}" if share is not None else "", ", ".join(remarks)).rstrip()
    yield form.format("what no stage tells", "", "", "", f"{1 - accounted:.1%}", "").rstrip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(HERE.parent / "build/bin"), help="where the benches are")
    parser.add_argument("--repetitions", type=int, default=5, help="medians are over these")
    parser.add_argument("--min-time", type=float, default=0.2, help="seconds of each repetition")
    parser.add_argument("--patience", type=float, default=600, help="seconds for each program")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--check", action="store_true", help="status 1 if a stage is over its budget")
    args = parser.parse_args()
    rows = read_table(HERE / "budget.tsv")
    wrong = list(faults(rows))
    for program in dict.fromkeys(row.program for row in rows):
        context = run(program, [row for row in rows if row.program == program], args)
    wrong += [f"{row.stage}: {row.program} has no {row.benchmark}, or it failed" for row in rows if row.measured_ns is None]
    for sentence in wrong:
        print(f"budget: {sentence}", file=sys.stderr)
    if wrong:
        return 1
    whole = next(row.measured_ns for row in rows if row.benchmark == WHOLE)
    if args.json:
        print(json.dumps({"context": context, "stages": [
            {"stage": row.stage, "benchmark": row.benchmark, "measured_ns": row.measured_ns, "budget_ns": row.budget_ns,
             "times": float(row.times), "share": row.share(whole), "allocations": row.allocations, "over": row.over} for row in rows]},
            indent=1))
    else:
        print("\n".join(as_text(rows, context, whole)))
    return 1 if args.check and any(row.over for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
