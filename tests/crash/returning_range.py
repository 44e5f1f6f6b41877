#!/usr/bin/python3
"""A range that the configuration loses and gets back: its leases stay in the store, and in what is exported, and return with it, after a
restart and with a reload, also inside a /24 that other ranges keep in use; and no address of it goes to somebody else meanwhile."""
import os
import shutil
import subprocess
import sys
import tempfile

import crash_bench
import load

WIDE, NARROW = "range 10.0.16.0 10.0.16.255;", "range 10.0.16.0 10.0.16.50;"


def configuration(ranges):
    return crash_bench.CONFIG.replace("range 10.0.16.0 10.0.31.255;", ranges)


def main():
    options = crash_bench.options(__doc__, "ip")
    folder = tempfile.mkdtemp(prefix="coaxd-range-")
    bench = crash_bench.Bench()
    clients = load.Load(bench.relay, options.seed, 120)
    running = None
    try:
        running = bench.start(options.server, folder, config=configuration(WIDE))
        while any(client.address is None for client in clients.clients):
            for client in clients.clients:
                if client.address is None:
                    clients.begin(client)
                    clients.run(seconds=2, window=0, stop_after=1)
        held = {client.address: client.mac for client in clients.clients}
        # A clean stop leaves a mirror that knows everything; the store alone must do.
        running.stop()
        os.remove(f"{folder}/dhcpd.leases")
        running = bench.start(options.server, folder, config=configuration(NARROW))
        before = crash_bench.leases(options.ctl, folder)
        outside = [address for address in held if int(address.rsplit(".", 1)[1]) > 50]
        missing = [address for address in outside if before.get(address) != ("active", held[address])]
        print(f"{len(held)} leases, {len(outside)} of them outside the narrow range, {len(missing)} of those not exported")
        if len(outside) < 30 or missing:
            return 1
        with open(f"{folder}/dhcpd.conf", "w", encoding="ascii") as file:
            file.write(configuration(WIDE))
        told = subprocess.run([options.ctl, "--socket", f"{folder}/control.sock", "reload"], capture_output=True, text=True, timeout=20, check=False)
        print((told.stdout + told.stderr).strip())
        after = crash_bench.leases(options.ctl, folder)
        lost = [address for address, mac in held.items() if after.get(address) != ("active", mac)]
        print(f"{len(lost)} leases did not return with their range: {lost[:5]}")
        return 1 if lost or told.returncode else 0
    finally:
        if running is not None:
            running.stop(kill=True)
        clients.close()
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
