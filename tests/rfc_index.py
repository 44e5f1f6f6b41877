#!/usr/bin/env python3
"""docs/rfc.md from the names of the tests: TEST(Rfc3046_2_2_Echo, Name) proves RFC 3046 §2.2, and so does TEST_F(Suite, Rfc3046_2_2_Name).

  tests/rfc_index.py           writes docs/rfc.md
  tests/rfc_index.py --check   exit 1 if docs/rfc.md is not what it would write
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "docs" / "rfc.md"
FOLDERS = ("server", "tests", "docsis", "leasequery", "snmp")
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)
CLAUSE = re.compile(r"Rfc(\d+)((?:_(?:\d+[A-Za-z]?|[A-Z](?![A-Za-z])))*)_?(\w*)")  # an annex is a letter

TITLES = {
    768: "User Datagram Protocol", 791: "Internet Protocol", 868: "Time protocol", 894: "IP over Ethernet", 951: "BOOTP", 1035: "Domain names",
    1071: "Internet checksum", 1122: "Requirements for hosts", 1123: "Requirements for hosts: applications", 1350: "TFTP", 1542: "BOOTP clarifications", 2131: "DHCP", 2132: "DHCP options",
    2347: "TFTP options", 2348: "TFTP block size", 2349: "TFTP timeout and transfer size", 2578: "SMIv2",
    3011: "Subnet selection option", 3046: "Relay agent information option", 3164: "BSD syslog", 3396: "Long options", 3397: "Domain search", 3416: "SNMPv2 operations",
    3442: "Classless routes", 3527: "Link selection", 3720: "iSCSI (CRC-32C)", 3925: "Vendor-identifying options", 4343: "DNS case",
    4361: "Node-specific client identifiers", 4388: "Leasequery", 4702: "Client FQDN option",
    5107: "Server identifier override", 6842: "Client identifier in replies", 6926: "Bulk leasequery", 7440: "TFTP window size", 7724: "Active leasequery", 8357: "Relay port",
}


def spaced(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower().replace("_", " ")


def collect():
    found = collections.defaultdict(list)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*_test.cc")):
            for match in TEST.finditer(path.read_text(encoding="utf-8")):
                suite, name = match.groups()
                if of_suite := CLAUSE.match(suite):
                    rfc, clause, topic = of_suite.groups()
                elif of_test := CLAUSE.match(name):
                    rfc, clause, name = of_test.groups()
                    topic = suite.removesuffix("Test")
                else:
                    continue
                section = tuple(part for part in clause.split("_") if part)
                found[int(rfc)].append((section, topic, name or of_test[0], path.relative_to(ROOT).as_posix()))
    return found


def section_key(section):
    return [(int(re.match(r"\d*", part)[0] or 0), part) for part in section]


def render(found):
    lines = [
        "# RFC clauses and the tests that prove them",
        "",
        "Made by `tests/rfc_index.py` from the names of the tests; do not edit. ctest checks that it is current.",
    ]
    for rfc in sorted(found):
        title = f": {TITLES[rfc]}" if rfc in TITLES else ""
        lines += ["", f"## RFC {rfc}{title}", "", "| clause | what | test | file |", "|---|---|---|---|"]
        for section, topic, name, path in sorted(found[rfc], key=lambda row: (section_key(row[0]), row[1:])):
            clause = "§" + ".".join(section) if section else ""
            lines.append(f"| {clause} | {spaced(topic)} | {name} | `{path}` |")
    return "\n".join(lines) + "\n"


def main():
    text = render(collect())
    if "--check" in sys.argv[1:]:
        if not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != text:
            sys.exit("docs/rfc.md is not current: run tests/rfc_index.py")
        return
    OUTPUT.write_text(text, encoding="utf-8")


main()
