"""What the crash tests share: their command line, a coaxd whose files lie in one folder, and its leases read back through coaxctl."""
import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import load  # noqa: E402
import netns  # noqa: E402
import server  # noqa: E402

CONFIG = """
authoritative;
ddns-update-style none;
ping-check off;
default-lease-time 3600;
max-lease-time 7200;
dhcp-cache-threshold 0;
one-lease-per-client on;
subnet 10.0.0.0 netmask 255.255.0.0 {
  range 10.0.16.0 10.0.31.255;
}
"""


def options(description, *tools, workers=None):
    """The command line; that of a test which goes many times through a crash when the number of workers is given. Ends with 77 where a tool
    is missing."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--server", required=True)
    parser.add_argument("--ctl", required=True)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    if workers is not None:
        parser.add_argument("--times", type=int, default=20)
        parser.add_argument("--workers", type=int, default=workers)
        parser.add_argument("--durability", default="durable")
        parser.add_argument("--expect-loss", action="store_true", help="succeed only if an acknowledged lease was lost")
    given = parser.parse_args()
    if why := netns.missing(*tools):
        print(f"SKIP: {why}")
        sys.exit(77)
    print(f"seed {given.seed}", flush=True)
    return given


class Bench:
    """Two namespaces, server 10.0.0.1 and relay 10.0.0.2."""

    def __init__(self):
        self.server = netns.Namespace()
        self.relay = netns.Namespace()
        netns.veth(self.server, "up0", "02:00:00:00:00:01", self.relay, "up1", "02:00:00:00:00:02")
        self.server.ip(f"addr add {load.SERVER}/16 dev up0")
        self.relay.ip(f"addr add {load.RELAY}/16 dev up1")

    def close(self):
        self.server.close()
        self.relay.close()

    def start(self, binary, folder, durability="durable", workers=1, config=CONFIG, more_settings=""):
        settings = os.path.join(folder, "coaxd.toml")
        with open(settings, "w", encoding="ascii") as file:
            file.write(f'[server]\nworkers = {workers}\n[store]\ndurability = "{durability}"\nsegment_mb = 4\n'
                       f'[log]\npackets = false\n[control]\nsocket = "{folder}/control.sock"\n{more_settings}')
        # What dhcpd.leases holds is the mirror's: a crash test begins each life with what the store has, not with an empty file.
        leases_path = os.path.join(folder, "dhcpd.leases")
        kept = open(leases_path, encoding="latin-1").read() if os.path.exists(leases_path) else ""
        one = server.Server(binary, self.server, folder, config, ["up0"], ("-C", settings), kept)
        return one.start(20)


def leases(ctl, folder):
    """address -> (state, mac), from the running server."""
    text = subprocess.run([ctl, "--socket", f"{folder}/control.sock", "leases", "export", "--json"], check=True, capture_output=True,
                          text=True, timeout=20).stdout
    result = {}
    for line in text.splitlines():
        one = json.loads(line)
        if one["ip"] in result:
            raise AssertionError(f"{one['ip']} is told twice")
        result[one["ip"]] = (one["state"], bytes.fromhex(one.get("mac", "").replace(":", "")))
    return result
