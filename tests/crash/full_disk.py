#!/usr/bin/python3
"""A full disk: no acknowledgement leaves without its record, the pool is not drained by clients that ask again and again, the operator reads why,
/healthz says so, and service resumes by itself when there is room. Afterwards a kill -9 shows that everything acknowledged was true."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import crash_bench
import load

DISK_MB = 32
METRICS = '[metrics]\nlisten = "127.0.0.1:9767"\n'


def fill(path):
    """Takes every last octet."""
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def free_addresses(ctl, folder):
    text = subprocess.run([ctl, "--socket", f"{folder}/control.sock", "metrics"], check=True, capture_output=True, text=True, timeout=20).stdout
    return int(re.search(r'coaxd_pool_addresses\{[^}]*state="free"\} (\d+)', text).group(1))


def health(bench):
    """Status and body of GET /healthz."""
    with bench.server.entered(), socket.create_connection(("127.0.0.1", 9767), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        head, body = b"".join(iter(lambda: connection.recv(4096), b"")).decode("ascii").split("\r\n\r\n", 1)
    return int(head.split()[1]), body


def main():
    options = crash_bench.options(__doc__, "mount")
    folder = tempfile.mkdtemp(prefix="coaxd-full-disk-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", folder], check=True, timeout=20)
    bench = crash_bench.Bench()
    clients = load.Load(bench.relay, options.seed, 2500)
    running = None
    try:
        running = bench.start(options.server, folder, more_settings=METRICS)
        clients.run(seconds=10, stop_after=300)
        if health(bench) != (200, "ok\n"):
            print(f"while all is well /healthz says {health(bench)}")
            return 1
        fill(f"{folder}/filler")
        # What was preallocated may still be used up; then nobody is acknowledged any more.
        quiet_since, last = time.monotonic(), clients.acknowledged
        deadline = time.monotonic() + 120
        while time.monotonic() - quiet_since < 3 and time.monotonic() < deadline:
            clients.run(seconds=0.5)
            if clients.acknowledged != last:
                quiet_since, last = time.monotonic(), clients.acknowledged
        if time.monotonic() >= deadline:
            print(f"the disk never became full: {clients.acknowledged} acknowledged")
            return 1
        print(f"full after {clients.acknowledged} acknowledgements", flush=True)
        # Offers that nobody could take up run out in two minutes; leases that were never written must not count.
        free_at_full = free_addresses(options.ctl, folder)
        clients.run(seconds=3)
        drained = free_at_full - free_addresses(options.ctl, folder)
        if drained > len(clients.clients):
            print(f"an avalanche on a full disk drained the pool by {drained} addresses")
            return 1
        with open(f"{folder}/log", encoding="latin-1") as log:
            if "cannot be written" not in log.read():
                print("the log does not say that the store cannot be written")
                return 1
        status, why = health(bench)
        if status != 503 or "cannot be written: No space left on device" not in why:
            print(f"on a full disk /healthz says {status} {why}")
            return 1

        os.remove(f"{folder}/filler")
        before = clients.acknowledged
        clients.run(seconds=20, stop_after=300)
        if clients.acknowledged < before + 300:
            print("service did not resume when there was room again")
            return 1
        if health(bench) != (200, "ok\n"):
            print(f"when service has resumed /healthz says {health(bench)}")
            return 1
        print(f"resumed: {clients.acknowledged} acknowledged", flush=True)
        running.stop(kill=True)
        clients.drain()
        running = bench.start(options.server, folder)
        wrong = load.compare(clients, crash_bench.leases(options.ctl, folder))
        for line in wrong[:10]:
            print("  " + line)
        print(f"{len(wrong)} wrong after the restart")
        return 1 if wrong else 0
    finally:
        if running is not None:
            running.stop(kill=True)
        clients.close()
        bench.close()
        subprocess.run(["umount", "-l", folder], check=False, timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
