#!/usr/bin/python3
"""RFC 2131 §3.1 step 4, under a power cut: the store lies on a file system whose backing image is copied while the server is frozen in the middle
of its load: what the copy does not hold was not on the disk. Every acknowledged lease must be in the copy. With --expect-loss the
same must be seen to fail (crash-safe mode does not sync), or the test could not see a loss at all."""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import crash_bench
import load

IMAGE_MB = 96


def command(*argv):
    subprocess.run(argv, check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Disk:
    """A file system in a file. Left mounted by nobody: unmount() is called whatever happens, and means it."""

    def __init__(self, image, folder):
        self.image, self.folder = image, folder
        os.makedirs(folder, exist_ok=True)
        command("mount", "-o", "loop", image, folder)

    def unmount(self):
        # A server that was killed still has its files open while the kernel takes its io_uring apart.
        for _ in range(100):
            if subprocess.run(["umount", self.folder], timeout=60, check=False, stderr=subprocess.DEVNULL).returncode == 0:
                return
            time.sleep(0.1)
        command("umount", "--lazy", self.folder)


def one_cut(options, chance, root, turn):
    """Returns (acknowledged, what is wrong)."""
    image, cut = f"{root}/disk-{turn}", f"{root}/cut-{turn}"
    with open(image, "wb") as file:
        file.truncate(IMAGE_MB << 20)
    command("mkfs.ext4", "-q", image)
    bench = crash_bench.Bench()
    clients = load.Load(bench.relay, chance.randrange(1 << 30), 1500)
    before = after = running = None
    try:
        before = Disk(image, f"{root}/before-{turn}")
        running = bench.start(options.server, before.folder, options.durability, options.workers)
        clients.run(seconds=20, stop_after=chance.randrange(100, 600))
        os.kill(running.pid, signal.SIGSTOP)
        # Both sides stand still now: what is in the sockets was sent, what is in the image was on the disk.
        clients.drain()
        shutil.copyfile(image, cut)
        running.stop(kill=True)
        before.unmount()
        before = None
        after = Disk(cut, f"{root}/after-{turn}")
        running = bench.start(options.server, after.folder, options.durability, options.workers)
        found = crash_bench.leases(options.ctl, after.folder)
        return clients.acknowledged, load.compare(clients, found)
    finally:
        if running is not None:
            running.stop(kill=True)
        clients.close()
        bench.close()
        for disk in (before, after):
            if disk is not None:
                disk.unmount()
        for path in (image, cut):
            if os.path.exists(path):
                os.remove(path)


def main():
    options = crash_bench.options(__doc__, "mkfs.ext4", "mount", workers=1)
    chance = random.Random(options.seed)
    root = tempfile.mkdtemp(prefix="coaxd-power-cut-")
    lost = 0
    try:
        for turn in range(options.times):
            began = time.monotonic()
            acknowledged, wrong = one_cut(options, chance, root, turn)
            print(f"cut {turn + 1}: {acknowledged} acknowledged, {len(wrong)} wrong after it ({time.monotonic() - began:.1f} s)", flush=True)
            lost += len(wrong)
            for line in wrong[:5] if not options.expect_loss else []:
                print("  " + line)
            if acknowledged < 50:
                print("this was no load")
                return 1
            if options.expect_loss and lost:
                break
    finally:
        shutil.rmtree(root, ignore_errors=True)
    if options.expect_loss:
        print("a loss was seen, as it must be" if lost else "no loss was seen: this test cannot see one")
        return 0 if lost else 1
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
