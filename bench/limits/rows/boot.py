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
PLAIN, STRICT = {}, {"docsis.generated_names": True, "docsis.only_told": True}
# Seconds within which they boot, and what [docsis] says besides.
CASES = ((60, PLAIN), (60, STRICT), (10, PLAIN), (0, PLAIN))
FILE_OCTETS = 2048
PATIENCE_S = 180  # until the last is up, beyond the time within which they boot
TOLD = "next-server {server};\noption time-servers {server};\nfilename \"gold.cm\";\n"


def settings(home, more):
    return more | modem_files.write_templates(f"{home}/templates", {"gold": FILE_OCTETS}) | {
        "docsis.timestamp": True, "docsis.modem_address": True, "tftp.enabled": True, "tftp.root": "", "time.enabled": True}


def behind_the_relay(cable):
    """The modems' addresses are the generator's, and reached by the relay, as behind a CMTS: they are no neighbours of the server."""
    for prefix in ipaddress.summarize_address_range(cable.network.first, cable.network.last):
        cable.load_side.ip(f"route add local {prefix} dev lo")
        cable.server_side.ip(f"route add {prefix} via {cable.relays[0]} dev srv0")


def came_back(bench, modems, spread, more):
    """One plant, on an empty store, and what the server says of it."""
    home = tempfile.mkdtemp(prefix="limits-boot-", dir=bench.args.state)
    bench.homes.append(home)
    with rig.Rig(bench, rig.servers.Network(modems + 1000)) as cable:
        behind_the_relay(cable)
        with cable.serving(home, conf=TOLD.format(server=cable.network.server), settings=settings(home, more)) as server:
            result = cable.measure(server, "avalanche", "--clients", modems, "--spread", spread, "--time", "--tftp", "--tftp-check", "--tftp-option",
                                   "blksize=1448", "--duration", spread + PATIENCE_S, lasts=spread + PATIENCE_S)
            result["lost_in_socket"] = server.lost_in_socket()
    rig.say(f"  within {spread:g} s: {result['up']['clients']:,} of {modems:,} up after {result['up']['100_percent_s'] or -1:.2f} s, p99 "
            f"{result['latency_ms']['up']['p99']:.1f} ms after each began")
    return result


def measure(bench):
    modems, seen = min(MODEMS, bench.args.clients), []
    for spread, more in ((min(spread, 6 * bench.args.seconds), more) for spread, more in CASES):
        rounds = [came_back(bench, modems, spread, more) for _ in range(bench.args.rounds)]
        when = (f"within {spread:g} s" if spread else "at once") + (", files by names of one time's use" if more else "")
        up = min(result["up"]["clients"] for result in rounds)
        middle = lambda key, rounds=rounds: statistics.median(key(result) for result in rounds)
        latency = lambda quantile, middle=middle: middle(lambda result: result["latency_ms"]["up"][quantile])
        told = (f"{up:,} of {modems:,} in each of {len(rounds)} rounds; files of {middle(octets_a_file):,.0f} octets, each held against its modem's MAC and its "
                f"MIC; the last one up after {middle(until_all_up):.2f} s; each by its own clock after p50 {latency('p50'):.2f} ms, p99 {latency('p99'):.2f} ms; "
                f"{middle(lambda result: result['sent_again'] + result['files']['sent_again']):,.0f} messages sent again; server "
                f"{middle(lambda result: result['server_cpu_us']):.1f} µs a modem")
        seen.append(figures.at_least(NAME, f"{modems:,} modems boot {when}: share that is up in the end, with its own file", up / modems, 1.0, told))
    return seen


def octets_a_file(result):
    return result["files"]["octets"] / max(result["files"]["count"], 1)


def until_all_up(result):
    return result["up"]["100_percent_s"] or float("inf")
