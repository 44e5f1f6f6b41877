#!/usr/bin/env python3
"""Plants one bug at a time into a copy of the sources, and shows that its fuzz target finds it.

  fuzz/planted.py [--work DIR] [--runs N] [--keep] [NAME...]

Without NAME all are planted, in turn. Each target first reads its seeds without the bug, which must pass; then
libFuzzer may execute N inputs (2,000,000 by default; seed 1, as run.sh calls it otherwise). Prints a row for each
bug: executions until the finding, and whether a seed alone gave it away. Exits 1 if one was not found.
The copy and its build lie in DIR (build-planted/ by default); --keep takes a copy that is there as it is.
"""
import argparse
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Bug:
    name: str
    target: str
    file: str
    right: str   # stands in the file exactly once
    wrong: str
    meaning: str


BUGS = [
    Bug("option-length", "fuzz_options", "server/wire/message.cc",
        "if (field.size() - at - 2 < length) return false;",
        "if (field.size() - at - 1 < length) return false;",
        "an option may pass the end of its field by an octet (RFC 2132 §2)"),
    Bug("joined-options", "fuzz_options", "server/wire/message.cc",
        "if (kJoinRoom - used < option_size_[code]) return false;",
        "if (kJoinRoom < option_size_[code]) return false;",
        "options that are joined together overrun the room for them (RFC 3396 §7)"),
    Bug("sub-option-length", "fuzz_relay_agent_info", "server/wire/message.cc",
        "if (raw.size() - at < size || !each",
        "if (raw.size() - at + 1 < size || !each",
        "a sub-option may pass the end of option 82 by an octet (RFC 3046 §2.0)"),
    Bug("include-loop", "fuzz_dhcpd_conf", "server/config/parse_declaration.cc",
        "  if (std::ranges::find(open_files_, path) != open_files_.end())\n"
        '    return give_up(fmt::format("{}: includes itself", path));\n'
        "  if (static_cast<int>(open_files_.size()) >= kMaxIncludes)\n"
        '    return give_up(fmt::format("{}: includes too deep", path));\n', "",
        "nothing stops a file that includes itself"),
    Bug("leases-quote", "fuzz_leases_file", "server/store/leases_lexer.cc",
        "      if (text_[at_] == '\\\\') ++at_;\n", "",
        "dhcpd.leases: an escaped quote ends its string"),
    Bug("bound-twice", "fuzz_decide", "server/engine/find_lease.cc",
        "word.expiry() <= lease::to_stored(now);",
        "word.expiry() <= lease::to_stored(now + 300);",
        "a lease is given to somebody else in its last five minutes"),
    Bug("ack-before-commit", "fuzz_decide", "server/engine/grant.cc",
        "  if (!lease.is_static() && !reuse) {",
        "  if (!lease.is_static() && !reuse && !lease.running) {",
        "a renewal is acknowledged without being stored (RFC 2131 §3.1 step 4)"),
    Bug("tftp-block-size", "fuzz_tftp", "server/tftp/transfer.h",
        "std::min<std::uint64_t>(asked.get(Option::blksize), limits.largest_block)",
        "std::max<std::uint64_t>(asked.get(Option::blksize), limits.largest_block)",
        "TFTP: DATA larger than was asked for (RFC 2348)"),
]


def run(command, **more):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True, **more)


def copy_tree(destination):
    """Tracked and new files, written only where they differ: the build sees what has changed."""
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = TOP / name, destination / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        content = source.read_bytes()
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)
            target.chmod(source.stat().st_mode)


def build(work, target):
    environment = {**os.environ, "CCACHE_BASEDIR": str(work), "CCACHE_NOHASHDIR": "1"}
    if not (work / "build" / "build.ninja").exists():
        done = run(["cmake", "-S", work / "src", "--preset", "fuzz", "-B", work / "build"], cwd=work / "src", env=environment)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
    done = run(["cmake", "--build", work / "build", "--target", target, "fuzz_dictionaries"], env=environment)
    if done.returncode != 0:
        sys.exit(done.stdout[-4000:] + done.stderr)


def options_of(work, target):
    """What run.sh knows of a target: its seeds and how to call it, from the list that the build wrote."""
    for line in (work / "build" / "fuzz" / "targets.tsv").read_text().splitlines():
        name, max_len, seeds, dictionaries, _ = line.split("\t")
        if name != target:
            continue
        options = [f"-max_len={max_len}", "-timeout=60", "-report_slow_units=60", "-rss_limit_mb=4096", "-print_final_stats=1"]
        if dictionaries != "-":
            joined = work / f"{target}.dict"
            joined.write_text("".join(pathlib.Path(each).read_text() for each in dictionaries.split()))
            options.append(f"-dict={joined}")
        return options, seeds.split()
    sys.exit(f"no target {target}")


def empty(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    return folder


def fuzz(work, target, runs):
    options, seeds = options_of(work, target)
    folder = empty(work / "findings")
    grown = empty(work / "grown")  # libFuzzer writes into the first folder it is given: not into the seeds
    environment = {**os.environ, "LLVM_PROFILE_FILE": "/dev/null",
                   "ASAN_OPTIONS": "abort_on_error=0:detect_stack_use_after_return=1:quarantine_size_mb=16"}
    started = time.monotonic()
    done = run([work / "build" / "bin" / target, *options, f"-artifact_prefix={folder}/", f"-runs={runs}", "-seed=1",
                grown, *seeds],
               cwd=folder, env=environment)
    log = done.stderr
    (work / f"{target}.log").write_text(log)
    found = any(folder.iterdir())
    if done.returncode != 0 and not found:
        sys.exit(log[-4000:])
    counted = re.search(r"number_of_executed_units: *(\d+)", log)
    return found, int(counted[1]) if counted else 0, "INITED" not in log, time.monotonic() - started, log


def symptom(log):
    for line in log.splitlines():
        found = re.search(r"(does not hold: .*|runtime error: .*|Assertion '.*|AddressSanitizer: [\w-]+)", line)
        if found:
            return found[1][:70]
    return "?"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, default=TOP / "build-planted")
    parser.add_argument("--runs", type=int, default=2_000_000)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(bug.name for bug in BUGS))
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {bug.name for bug in BUGS}
    if unknown:
        parser.error(f"no bug {', '.join(sorted(unknown))}")
    bugs = [bug for bug in BUGS if not arguments.names or bug.name in arguments.names]
    work = arguments.work.resolve()
    source = work / "src"
    if not arguments.keep:
        copy_tree(source)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the copy is put right again
    missed = 0
    sound = set()
    print(f"{'bug':18} {'target':22} {'executions':>10} {'seconds':>8}  found by", flush=True)
    for bug in bugs:
        if bug.target not in sound:
            build(work, bug.target)
            if fuzz(work, bug.target, 0)[0]:
                sys.exit(f"{bug.target} fails without a planted bug: see {work}/{bug.target}.log")
            sound.add(bug.target)
        file = source / bug.file
        right = file.read_text()
        if right.count(bug.right) != 1:
            sys.exit(f"{bug.name}: its place is not (once) in {bug.file} any more")
        file.write_text(right.replace(bug.right, bug.wrong))
        try:
            build(work, bug.target)
            found, executions, by_seed, seconds, log = fuzz(work, bug.target, arguments.runs)
        finally:
            file.write_text(right)
        missed += not found
        how = ("a seed, " if by_seed else "") + symptom(log) if found else "NOT FOUND"
        print(f"{bug.name:18} {bug.target:22} {executions:10} {seconds:8.1f}  {how}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
