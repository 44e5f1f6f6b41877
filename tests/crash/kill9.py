#!/usr/bin/python3
"""RFC 2131 §3.1 step 4: kill -9 under load, again and again: every lease that was acknowledged is there after the restart, and no
address is held by two clients. With --expect-loss the same must be seen to fail: the end of every journal is taken away before the restart,
as if the last writes had never been made."""
import glob
import os
import random
import shutil
import sys
import tempfile

import crash_bench
import load


FORGOTTEN = 2048


def forget_last_writes(store):
    """Zeroes the last octets that were written to each journal."""
    for path in glob.glob(os.path.join(store, "**", "*.segment"), recursive=True):
        with open(path, "r+b") as file:
            written = len(file.read().rstrip(b"\0"))
            # A segment's head stays: a store without it is refused as damaged, which is another test's matter.
            start = max(4096, written - FORGOTTEN)
            file.seek(start)
            file.write(bytes(max(0, written - start)))


def main():
    options = crash_bench.options(__doc__, "ip", workers=2)
    chance = random.Random(options.seed)
    folder = tempfile.mkdtemp(prefix="coaxd-kill9-")
    bench = crash_bench.Bench()
    clients = load.Load(bench.relay, options.seed, 3000)
    try:
        for turn in range(options.times):
            running = bench.start(options.server, folder, options.durability, options.workers)
            clients.run(seconds=20, stop_after=chance.randrange(200, 900))
            running.stop(kill=True)
            clients.drain()
            if options.expect_loss:
                forget_last_writes(folder)
            running = bench.start(options.server, folder, options.durability, options.workers)
            found = crash_bench.leases(options.ctl, folder)
            wrong = load.compare(clients, found)
            held = sum(client.address is not None for client in clients.clients)
            print(f"kill {turn + 1}: {clients.acknowledged} acknowledged so far, {held} held, {len(found)} known after restart, "
                  f"{len(wrong)} wrong", flush=True)
            if wrong and options.expect_loss:
                print("a loss was seen, as it must be")
                return 0
            for line in wrong[:10]:
                print("  " + line)
            # A crash right after a restart, before anything was folded, must lose nothing either.
            running.stop(kill=chance.random() < 0.7)
            if wrong:
                return 1
        if clients.acknowledged < options.times * 100:
            print(f"only {clients.acknowledged} acknowledgements: this was no load")
            return 1
        if options.expect_loss:
            print("no loss was seen: this test cannot see one")
        return int(options.expect_loss)
    finally:
        clients.close()
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
