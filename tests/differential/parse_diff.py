#!/usr/bin/env python3
"""Gives the same configuration texts to `dhcpd -t` and to another server's `-t`: same verdict, same first message, same line?

    parse_diff.py --server build/bin/coaxd                         the texts of parse_cases.txt
    parse_diff.py --server build/bin/coaxd --mutate 400 --seed 7   ... with tokens dropped, doubled, swapped for others
    parse_diff.py --server build/bin/coaxd FOLDER...               and every *.conf of some folders besides

Needs no root and no network. Exit 0: no difference; 77: dhcpd is not installed.
"""
import argparse
import collections
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).with_name("parse_cases.txt")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z0-9_-]+|\s+|.', re.S)

# Statements that would act on this machine, or end dhcpd before it has told what it thinks of the text.
ACTS = re.compile(r"execute\s*\(|lease-file-name|pid-file-name|log-facility|include")
# What dhcpd only says with the whole topology at hand: not the parser's business.
TOPOLOGY = re.compile(r"is declared twice|address range not on network|bad range|has no referring pools|sanity check")


def answer(command, text):
    """(verdict, first message) of `command -t` about a text; None when it crashed or did not come back."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "t.conf"
        path.write_text(text, encoding="latin-1")
        try:
            run = subprocess.run([*command, "-4", "-t", "-cf", str(path), "-lf", "/dev/null"], cwd=folder, timeout=30,
                                 capture_output=True, encoding="latin-1", check=False)
        except subprocess.TimeoutExpired:
            return None
        if run.returncode not in (0, 1):
            print(f"{command[0]}: exit {run.returncode}\n{run.stderr[-600:]}", file=sys.stderr)
            return None
        said = (run.stdout + run.stderr).replace(str(path), "t.conf")
        if "UNSAFE TO IGNORE" in said:
            return 1, "unsafe"         # read, and refused on purpose (docs/dhcpd-compat.md)
        message = re.search(r"^t\.conf line (\d+): (.*)$", said, re.M)
        if message is None and run.returncode == 1:
            return 1, "fatal" if TOPOLOGY.search(said) is None else "topology"
        # A file whose first token is wrong is at dhcpd's line 0.
        return run.returncode, None if message is None else (max(1, int(message[1])), message[2])


def mutate(tokens, pool, rng):
    tokens = list(tokens)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        places = [i for i, token in enumerate(tokens) if not token.isspace()]
        if not places:
            break
        i = rng.choice(places)
        tokens[i] = rng.choice([" ", f"{tokens[i]} {tokens[i]}", rng.choice(pool), f"{tokens[i]} {rng.choice(pool)} "])
    return "".join(tokens)


def texts(arguments):
    cases = CASES.read_text(encoding="latin-1").split("\n====\n")
    for folder in arguments.folders:
        cases += [path.read_text(encoding="latin-1") for path in sorted(pathlib.Path(folder).glob("*.conf"))]
    if not arguments.mutate:
        return cases
    rng = random.Random(arguments.seed)
    lexed = [TOKEN.findall(case) for case in cases]
    pool = [token for tokens in lexed for token in tokens if not token.isspace()]
    return [mutate(rng.choice(lexed), pool, rng) for _ in range(arguments.mutate)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--server", nargs="+", required=True)
    parser.add_argument("--mutate", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    dhcpd = shutil.which("dhcpd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if dhcpd is None:
        print("dhcpd is not installed")
        return 77
    if arguments.mutate:
        print(f"seed {arguments.seed}")
    tally = collections.Counter()
    for text in texts(arguments):
        text = ACTS.sub("ping-check", text) if arguments.mutate else text
        theirs, ours = answer([dhcpd], text), answer(arguments.server, text)
        if ours is None:
            kind = "CRASH"
        elif theirs is None:
            kind = "dhcpd crashed"
        elif theirs[1] in ("fatal", "topology") or (theirs[1] and TOPOLOGY.search(theirs[1][1])):
            kind = "not the parser's"
        elif ours[1] == "unsafe":
            kind = "refused on purpose"
        elif theirs[0] != ours[0]:
            kind = "VERDICT"
        else:
            kind = "same" if theirs[1] == ours[1] else "other message"
        tally[kind] += 1
        if kind in ("CRASH", "VERDICT", "other message"):
            print(f"--- {kind}\n{text[:600]}\n    dhcpd: {theirs}\n    ours:  {ours}")
    print(", ".join(f"{kind} {count}" for kind, count in sorted(tally.items())))
    return 1 if tally["CRASH"] or tally["VERDICT"] else 0


if __name__ == "__main__":
    sys.exit(main())
