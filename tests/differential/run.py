#!/usr/bin/python3
"""Plays the same packets to ISC dhcpd and to another server, and compares every reply field by field.

    run.py --server build/bin/coaxd              all scenarios; exit 0 when nothing differs but what is deliberate
    run.py --server build/bin/coaxd renew        only files or scenarios whose name contains `renew`
    run.py                                       dhcpd against itself: proves the harness and the scripts
    run.py --self-test                           plants faults and demands that the suite turns red

Each server gets namespaces of its own (tests/lib/testbed.py); scenarios are read from scenarios/*.scn
(script.py says how to write one); what may differ stands in deliberate.toml. Exit 77: cannot run here.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

import compare      # noqa: E402
import netns        # noqa: E402
import player       # noqa: E402
import plant        # noqa: E402
import script       # noqa: E402
import server       # noqa: E402

SKIP = 77


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=server.DHCPD, help="the server to compare (default: dhcpd itself)")
    parser.add_argument("--server-option", action="append", default=[], help="one more argument for it; repeat")
    parser.add_argument("--reference", default=server.DHCPD)
    parser.add_argument("--scenarios", type=pathlib.Path, default=HERE / "scenarios")
    parser.add_argument("--deliberate", type=pathlib.Path, default=HERE / "deliberate.toml")
    parser.add_argument("--jobs", type=int, default=6, help="groups played at a time")
    parser.add_argument("--folder", default="/dev/shm" if os.access("/dev/shm", os.W_OK) else None,
                        help="where the servers keep their files")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the reference's replies and log")
    parser.add_argument("only", nargs="*", help="names or parts of names")
    return parser.parse_args()


def load(folder, only):
    groups = []
    for path in sorted(folder.glob("*.scn")):
        for group in script.parse(path):
            wanted = [s for s in group.scenarios if not only or any(part in s.name for part in only)]
            if wanted:
                # Earlier scenarios leave leases behind, so a chosen one is played after all before it.
                last = group.scenarios.index(wanted[-1])
                group.scenarios = group.scenarios[:last + 1]
                groups.append(group)
    return groups


def play_both(pool, group, make_reference, make_candidate):
    """Both servers at the same time, so that both count the same seconds.

    Where the reference does not do what its script says, the machine may have been too busy: once more. That can
    hide nothing in the candidate, whose own deviations are never played again.
    """
    for _ in range(2):
        pace = player.Pace()
        first = pool.submit(make_reference().play, group, pace)
        second = pool.submit(make_candidate().play, group, pace)
        records = first.result(), second.result()
        if not any(compare.unexpected(s, r) for s, r in zip(group.scenarios, records[0])):
            break
    return records


def play_all(groups, make_reference, make_candidate, jobs):
    with concurrent.futures.ThreadPoolExecutor(jobs) as outer, concurrent.futures.ThreadPoolExecutor(2 * jobs) as inner:
        futures = [outer.submit(play_both, inner, g, make_reference, make_candidate) for g in groups]
        for group, future in zip(groups, futures):
            yield group, *future.result()


_DULL = {"op": "2", "htype": "1", "hlen": "6", "hops": "1", "secs": "0", "flags": "0x0000", "ciaddr": "0.0.0.0",
         "siaddr": "0.0.0.0", "size": "300", "ip-src": "192.168.1.1", "ports": "67>67", "eth-dst": "02:00:00:00:01:02",
         "on": "cmts", "chaddr": None, "giaddr": None, "option 53": None, "option 54": "192.168.1.1", "fault": ""}


def show_record(scenario, record):
    for step, replies in zip(scenario.steps, record.answers):
        if step.is_packet:
            print(f"#   {step.text}")
            for reply in replies:
                print(f"#     {reply.type} " + " ".join(
                    f"{k.removeprefix('option ')}={v}" for k, v in reply.fields.items()
                    if v and _DULL.get(k, "") not in (v, None)))
    for line in record.log:
        print(f"#   log {line}")
    for address, lines in (record.leases or {}).items():
        print(f"#   lease {address}: " + " | ".join(lines))


def compare_all(args, make_candidate, deliberate, report=print):
    """Plays everything; returns (scenarios, failed scenarios, scenarios with replies, names of failed ones)."""
    groups = load(args.scenarios, args.only)
    make_reference = lambda: player.Player(args.reference, folder=args.folder)
    count, failed, answered = 0, [], []
    for group, ours, theirs in play_all(groups, make_reference, make_candidate, args.jobs):
        for scenario, reference, candidate in zip(group.scenarios, ours, theirs):
            count += 1
            wrong = compare.unexpected(scenario, reference)
            found = compare.differences(scenario, reference, candidate)
            left = compare.excuse(found, deliberate)
            if any(reference.answers):
                answered.append(scenario.name)
            if wrong or left:
                failed.append(scenario.name)
            report(f"{'not ok' if wrong or left else 'ok'} {count} {scenario.name}  {scenario.about}"
                   + (f"  ({len(found) - len(left)} deliberate)" if len(found) > len(left) else ""))
            for text in wrong:
                report(f"    script is wrong: {text}")
            step = None
            for difference in left:
                if difference.step != step:
                    step = difference.step
                    report(f"    {step or 'after the last step'}")
                report(f"      {difference.field}\n        - {difference.reference}\n        + {difference.candidate}")
            if args.verbose and (not args.only or any(part in scenario.name for part in args.only)):
                show_record(scenario, reference)
    return count, failed, answered


def self_test(args):
    """Plants one fault at a time; each has to be found in every scenario that it can reach."""
    quiet = lambda *_: None
    args.only = args.only or ["precedence/", "reply/"]
    blind = 0
    for fault in plant.FAULTS:
        count, failed, answered = compare_all(
            args, lambda: player.Player(args.server, args.server_option, fault.mutate, fault.config, args.folder),
            [], quiet)
        missed = [name for name in answered if name not in failed] if fault.everywhere else []
        good = bool(failed) and not missed
        blind += not good
        print(f"{'ok' if good else 'not ok'} planted: {fault.name}: {len(failed)} of {count} scenarios turned red"
              + (f"; missed by {', '.join(missed)}" if missed else ""))
    return 1 if blind else 0


def leave_at_once(folder):
    """On an interrupt or SIGTERM: servers and namespaces go with this process, the files have to be removed."""
    def end(*_):
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(130)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def main():
    args = arguments()
    reason = netns.missing()
    if not os.access(args.reference, os.X_OK):
        reason = f"needs {args.reference} (package isc-dhcp-server)"
    if not os.access(args.server, os.X_OK):
        sys.exit(f"no server at {args.server}")
    if reason:
        print(f"1..0 # SKIP differential tests: {reason}")
        return SKIP
    with tempfile.TemporaryDirectory(prefix="coaxd-diff-", dir=args.folder) as args.folder:
        leave_at_once(args.folder)
        return self_test(args) if args.self_test else compare_servers(args)


def compare_servers(args):
    begin = time.monotonic()
    same = os.path.realpath(args.server) == os.path.realpath(args.reference)
    deliberate = [] if same else compare.read_deliberate(args.deliberate)
    count, failed, _ = compare_all(
        args, lambda: player.Player(args.server, args.server_option, folder=args.folder), deliberate)
    unused = [] if same or args.only else [entry for entry in deliberate if not entry.used]
    for entry in unused:
        print(f"not ok deliberate difference never seen: {entry.scenario}: {entry.field} ({entry.clause})")
    print(f"1..{count}\n# {count - len(failed)} of {count} scenarios agree, "
          f"{sum(bool(entry.used) for entry in deliberate)} deliberate differences, {time.monotonic() - begin:.1f} s")
    return 1 if failed or unused or not count else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except script.ScriptError as problem:
        sys.exit(f"not ok {problem}")
