"""Durable renewals of random clients for ten minutes: does what is put off meanwhile (folding, checkpoints, the mirror) come home?"""
import pathlib
import threading

import figures
import rig

NAME = "endurance"
SHARE_OF_SHORT_RUN = 0.85
# "Bounded": after the first half, in which journals and log reach their size, neither grows by more than this.
GROWTH = 1.25


class DiskUse(threading.Thread):
    """Octets on disk of journals and SQLite's log, looked at once a second until done."""

    def __init__(self, home):
        super().__init__(daemon=True)
        self.parts = {"journal": (pathlib.Path(home), "*-journal.d/*"), "SQLite's log": (pathlib.Path(home), "*.db-wal")}
        self.samples = {part: [] for part in self.parts}
        self.found = set()  # the parts of which there was a file
        self.done = threading.Event()

    def run(self):
        while True:
            for part, (folder, pattern) in self.parts.items():
                files = list(folder.glob(pattern))
                self.found |= {part} if files else set()
                self.samples[part].append(sum(self.octets(path) for path in files))
            if self.done.wait(1):
                return

    @staticmethod
    def octets(path):
        try:
            return path.stat().st_blocks * 512
        except FileNotFoundError:  # given up between the listing and the look
            return 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


def bounded(part, samples):
    half = max(len(samples) // 2, 1)
    before, after = max(samples[:half]), max(samples[half:], default=0)
    seen = f"first half at most {before / 2**20:.0f} MiB, second half {after / 2**20:.0f} MiB"
    return figures.at_most(NAME, f"{part} on disk: second half as a multiple of the first", after / max(before, 1), GROWTH, seen)


def measure(bench):
    store = bench.store(bench.args.clients)
    with rig.Rig(bench, store.network) as cable, cable.serving(store.home) as server:
        window = cable.best_window(server, store)
        server.settle()
        short = []
        for _ in range(bench.args.rounds):
            short.append(cable.renew(server, store, "--window", window))
            server.settle()
        with DiskUse(store.home) as disk:
            long = cable.renew(server, store, "--window", window, seconds=bench.args.endurance_seconds)
        bench.keep({"disk": disk.samples})
        if len(disk.found) != len(disk.parts):
            raise RuntimeError(f"only {', '.join(disk.found) or 'nothing'} was found on disk")
        lag = server.metrics()["coaxd_fold_lag_records"]
    rate, before = long["exchanges_per_s"], rig.median_of(short)
    latency = long["latency_ms"]["exchange"]
    return [
        figures.at_least(NAME, f"renewals/s over {bench.args.endurance_seconds:g} s, of a run of {bench.args.seconds:g} s before",
                         rate / before, SHARE_OF_SHORT_RUN, f"{rate:,.0f} of {before:,.0f}"),
        *(bounded(part, samples) for part, samples in disk.samples.items()),
        figures.stated(NAME, "latency over all of it",
                       f"p50 {latency['p50']:.2f} ms, p99 {latency['p99']:.2f} ms, p99.9 {latency['p999']:.2f} ms, "
                       f"max {latency['max']:.0f} ms"),
        figures.stated(NAME, "the slowest second", f"{min(long['each_second'][:int(bench.args.endurance_seconds)], default=0):,} renewals"),
        figures.stated(NAME, "records not yet in SQLite at the end", f"{lag:,.0f}"),
    ]
