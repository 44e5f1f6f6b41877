#!/usr/bin/env python3
"""Plays eval_cases.txt to `dhcpd -t`, and to another server's `-t`, and compares what they log.

    eval_diff.py                       check the table against dhcpd
    eval_diff.py --server build/bin/coaxd   ... and against coaxd
    eval_diff.py --update              write dhcpd's answers into the table

Exit 0: no difference; 77: dhcpd is not installed.

Both servers run the global statements once when they test a configuration; log() is therefore a window into the evaluator.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

TABLE = pathlib.Path(__file__).with_name("eval_cases.txt")

# dhcpd remarks on nulls as they arise; a server that answers many thousands of packets a second had better not.
REMARKS = ("data: ", "binary-to-ascii: ", "binary_to_ascii: ", "reverse: ", "binding type ", "data_string_new: ", "execute_statement argv[",
           "Bogus opcode ")


class Case:
    def __init__(self, name):
        self.name, self.text, self.expected = name, [], []


def read(path):
    head, cases = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            cases.append(Case(line.strip("[]")))
        elif not cases:
            head.append(line)
        elif line.startswith("# ") and not cases[-1].text and not cases[-1].expected:
            cases[-1].text.append(line)
        elif line.startswith("=>"):
            cases[-1].expected.append(line[3:])
        else:
            cases[-1].text.append(line)
    return head, cases


def write(path, head, cases):
    out = list(head)
    for case in cases:
        text = list(case.text)
        blank = 0
        while text and not text[-1]:
            text.pop()
            blank = 1
        out.append(f"[{case.name}]")
        out += text + [f"=> {line}" for line in case.expected] + [""] * blank
    path.write_text("\n".join(out) + "\n", encoding="utf-8")


def logged(server, case):
    """What `server -t` logs for the case, without its banner and its closing lines."""
    with tempfile.TemporaryDirectory(prefix="coaxd-eval-") as folder:
        conf = pathlib.Path(folder, "dhcpd.conf")
        conf.write_text("\n".join(case.text) + "\n", encoding="utf-8")
        (pathlib.Path(folder) / "leases").touch()
        run = subprocess.run([server, "-4", "-t", "-cf", str(conf), "-lf", f"{folder}/leases"],
                             capture_output=True, text=True, timeout=20, check=False)
    lines = run.stderr.splitlines()
    banner = [number for number, line in enumerate(lines) if line.startswith("For info")]      # dhcpd's only
    lines = lines[banner[0] + 1:] if banner else lines
    lines = [line for line in lines if not line.startswith(("Config file:", "Database file:", "PID file:"))]
    lines = [line for line in lines if not line.startswith(REMARKS)]
    return lines if run.returncode == 0 else [f"exit {run.returncode}"] + lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dhcpd", default="/usr/sbin/dhcpd")
    parser.add_argument("--server", help="another server that understands -t")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    if not pathlib.Path(arguments.dhcpd).exists():
        print(f"needs {arguments.dhcpd} (package isc-dhcp-server)")
        return 77
    head, cases = read(TABLE)
    wrong = 0
    for case in cases:
        real = logged(arguments.dhcpd, case)
        if arguments.update:
            case.expected = real
        elif real != case.expected:
            wrong += 1
            print(f"[{case.name}] dhcpd says {real}, the table {case.expected}")
        if arguments.server and (ours := logged(arguments.server, case)) != real:
            wrong += 1
            print(f"[{case.name}] {arguments.server} says {ours}, dhcpd {real}")
    if arguments.update:
        write(TABLE, head, cases)
    print(f"{len(cases)} cases, {wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
