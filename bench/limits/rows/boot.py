"""A plant comes back: 20,000 modems boot within a minute, and then within ten seconds, and all at once. Each gets a lease (durable before its ACK), the time of
day, and by TFTP a file that is compiled for it while it asks, with its own MAC, its address, the time and both MICs. Who gets no answer asks again as modems do.
coaxstorm looks into each file: one that is not sound, or not the modem's own, is a broken rule and fails the row.
"""
import ipaddress
import statistics
import tempfile

import figures
import rig

import modem_files  # of bench/compare, which rig has put on the path

NAME = "boot"
MODEMS = 20_000
WITHIN = 60  # seconds; and faster:
FASTER = (10, 0)
FILE_OCTETS = 2048
PATIENCE_S = 180  # until the last is up, beyond the time within which they boot
TOLD = "next-server {server};\noption time-servers {server};\nfilename \"gold.cm\";\n"


def settings(home):
    return modem_files.write_templates(f"{home}/templates", {"gold": FILE_OCTETS}) | {
        "docsis.timestamp": True, "docsis.modem_address": True, "tftp.enabled": True, "tftp.root": "", "time.enabled": True}


def behind_the_relay(cable):
    """The modems' addresses are the generator's, and reached by the relay, as behind a CMTS: they are no neighbours of the server."""
    for prefix in ipaddress.summarize_address_range(cable.network.first, cable.network.last):
        cable.load_side.ip(f"route add local {prefix} dev lo")
        cable.server_side.ip(f"route add {prefix} via {cable.relays[0]} dev srv0")


def came_back(bench, modems, spread):
    """One plant, on an empty store, and what the server says of it."""
    home = tempfile.mkdtemp(prefix="limits-boot-", dir=bench.args.state)
    bench.homes.append(home)
    with rig.Rig(bench, rig.servers.Network(modems + 1000)) as cable:
        behind_the_relay(cable)
        with cable.serving(home, conf=TOLD.format(server=cable.network.server), settings=settings(home)) as server:
            result = cable.measure(server, "avalanche", "--clients", modems, "--spread", spread, "--time", "--tftp", "--tftp-check", "--tftp-option",
                                   "blksize=1448", "--duration", spread + PATIENCE_S, lasts=spread + PATIENCE_S)
            result["lost_in_socket"] = server.lost_in_socket()
    rig.say(f"  within {spread:g} s: {result['up']['clients']:,} of {modems:,} up after {result['up']['100_percent_s'] or -1:.2f} s, p99 "
            f"{result['latency_ms']['up']['p99']:.1f} ms after each began")
    return result


def measure(bench):
    modems, within = min(MODEMS, bench.args.clients), min(WITHIN, 6 * bench.args.seconds)
    spreads = sorted({within, *(min(faster, within) for faster in FASTER)}, reverse=True)
    runs = {spread: [came_back(bench, modems, spread) for _ in range(bench.args.rounds)] for spread in spreads}
    seen = []
    for spread, rounds in runs.items():
        when = f"{modems:,} modems boot within {spread:g} s" if spread else f"{modems:,} modems boot at once"
        up = min(result["up"]["clients"] for result in rounds)
        middle = lambda key, rounds=rounds: statistics.median(key(result) for result in rounds)
        files = middle(lambda result: result["files"]["octets"] / max(result["files"]["count"], 1))
        told = (f"{up:,} of {modems:,} in each of {len(rounds)} rounds; files of {files:,.0f} octets, each held against its modem's MAC and its MIC; last one up after "
                f"{middle(lambda result: result['up']['100_percent_s'] or float('inf')):.2f} s; by its own clock each after p50 "
                f"{middle(lambda result: result['latency_ms']['up']['p50']):.2f} ms, p99 {middle(lambda result: result['latency_ms']['up']['p99']):.2f} ms; sent again "
                f"{middle(lambda result: result['sent_again'] + result['files']['sent_again']):,.0f} times; server {middle(lambda result: result['server_cpu_us']):.1f} µs a modem")
        seen.append(figures.at_least(NAME, f"{when}: share that is up in the end, with its own file", up / modems, 1.0, told))
    return seen
