"""Two workers on two cores against one on one. With no third core the generator shares both with them, so only the server's own CPU
time is counted. Some clients come with one client-id in common: they meet in one entry of the index from both workers."""
import statistics

import figures
import rig

NAME = "workers"
WITHIN = 0.15
BUSY = 0.40
COMMON_RATE = 200  # exchanges a second
COMMON = ["--client-id", "none", "--option", "61=00636f6d6d6f6e", "--mac", "02:c0:a1:00:00:00"]
ACKS = 'coaxd_packets_sent_total{type="ack"}'


def one_run(bench, cable, server, store, window, cores):
    """CPU microseconds for each ACK, and how busy each worker was."""
    seconds = bench.args.seconds
    acks, cpu, workers = server.metrics().get(ACKS, 0), server.cpu_seconds(), server.worker_seconds()
    common = cable.begin("dora", "--clients", int(COMMON_RATE * seconds) + 1, "--rate", COMMON_RATE, "--duration", seconds,
                         clients=COMMON, relay=1, cores=cores)
    load = cable.renew(server, store, "--window", window, cores=cores)
    # Whoever shares a client-id shares a lease: an address that two hold is what is to be expected of them, and of nobody else.
    load["common"] = common.result(may_violate=True)["completed"]
    load["cpu_us"] = (server.cpu_seconds() - cpu) * 1e6 / max(server.metrics()[ACKS] - acks, 1)
    load["busy"] = {name: (used - workers[name]) / load["measured_s"] for name, used in server.worker_seconds().items()}
    server.settle()
    return load


def measure(bench):
    store = bench.store(bench.args.clients)
    alone, two = [], []
    with rig.Rig(bench, store.network) as cable:
        off = {"store.mirror": False}
        pinned = off | {"server.workers": 2, "server.cpu_affinity": True}
        window = None
        for _ in range(bench.args.rounds):
            with cable.serving(store.home, settings=off) as server:
                window = window or cable.best_window(server, store)
                alone.append(one_run(bench, cable, server, store, window, rig.GENERATOR_CORE))
            with cable.serving(store.home, settings=pinned, cores=rig.BOTH_CORES) as server:
                two.append(one_run(bench, cable, server, store, 2 * window, rig.BOTH_CORES))  # as many for each
    one_us, two_us = rig.median_of(alone, "cpu_us"), rig.median_of(two, "cpu_us")
    busy = {name: statistics.median(run["busy"][name] for run in two) for name in two[0]["busy"]}
    if min(run["common"] for run in alone + two) == 0:
        raise RuntimeError("no client with the common client-id got an answer")
    return [
        figures.at_most(NAME, "server CPU an exchange with two workers, as a multiple of that with one", two_us / one_us,
                        1 + WITHIN, f"{two_us:.2f} µs of {one_us:.2f} µs; {rig.median_of(two):,.0f} and "
                        f"{rig.median_of(alone):,.0f} renewals/s"),
        figures.at_least(NAME, "the less busy worker with the kernel threads that sync for it, share of a core",
                         min(busy.values()), BUSY, ", ".join(f"{name} {share:.0%}" for name, share in sorted(busy.items()))),
    ]
