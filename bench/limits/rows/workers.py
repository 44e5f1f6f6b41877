"""Two workers on two cores against one on one. With no third core the generator shares both with them, so only the server's own CPU
time is counted. All addresses are of one pool. One exchange in twenty is of clients that share a client-id with three others: by
their hardware addresses they come to either worker, and meet there in one lease."""
import statistics

import figures
import rig

NAME = "workers"
WITHIN = 0.15
BUSY = 0.40
SHARERS = 4
COMMON_SHARE = 0.05
COMMON_ANSWERED = 0.9
COMMON = ["--client-id", f"shared:{SHARERS}", "--mac", "02:c0:a1:00:00:00"]
COMMON_CLIENTS = 800 * SHARERS  # their leases fit into the addresses that the store has left
ACKS = 'coaxd_packets_sent_total{type="ack"}'


def one_run(bench, cable, server, store, common_log, rate, window, cores):
    """CPU microseconds for each ACK, and how busy each worker was."""
    seconds = bench.args.seconds
    acked, cpu, workers = server.metrics().get(ACKS, 0), server.cpu_seconds(), server.worker_seconds()
    common = cable.begin("renew", "--clients", COMMON_CLIENTS, "--from-log", common_log, "--rate", f"{rate:.0f}", "--duration", seconds,
                         clients=COMMON, relay=1, cores=cores, lasts=seconds)
    load = cable.renew(server, store, "--window", window, cores=cores)
    load["common"] = common.result()
    used = {name: until_now - workers[name] for name, until_now in server.worker_seconds().items()}
    acks = max(server.metrics()[ACKS] - acked, 1)
    load["busy"] = {name: cpu_s / load["measured_s"] for name, cpu_s in used.items()}
    load["workers_us"] = sum(used.values()) * 1e6 / acks
    if load["common"]["completed"] < COMMON_ANSWERED * load["common"]["begun"]:
        raise RuntimeError(f"of {load['common']['begun']:,} exchanges of clients that share a client-id "
                           f"{load['common']['completed']:,} were answered")
    server.settle()  # with more cores more of the fold is done while the load lasts; all of it counts
    load["cpu_us"] = (server.cpu_seconds() - cpu) * 1e6 / acks
    return load


def measure(bench):
    store = bench.store(bench.args.clients)
    common_log = f"{store.home}/common-acks"
    alone, two, window = [], [], None
    with rig.Rig(bench, store.network) as cable:
        off = {"store.mirror": False}
        pinned = off | {"server.workers": 2, "server.cpu_affinity": True}
        for _ in range(bench.args.rounds):
            with cable.serving(store.home, settings=off) as server:
                if window is None:
                    cable.storm("dora", "--clients", COMMON_CLIENTS, "--window", 64, "--ack-log", common_log, clients=COMMON)
                    window = cable.best_window(server, store)
                    rate = COMMON_SHARE * bench.runs[-1]["exchanges_per_s"]
                    server.settle()  # what these have left to fold is not the next one's
                alone.append(one_run(bench, cable, server, store, common_log, rate, window, rig.GENERATOR_CORE))
            with cable.serving(store.home, settings=pinned, cores=rig.BOTH_CORES) as server:
                two.append(one_run(bench, cable, server, store, common_log, rate, 2 * window, rig.BOTH_CORES))  # as many for each
    one_us, two_us = rig.median_of(alone, "cpu_us"), rig.median_of(two, "cpu_us")
    busy = {name: statistics.median(run["busy"][name] for run in two) for name in two[0]["busy"]}
    shared = [run["common"]["completed"] / (run["common"]["completed"] + run["completed"]) for run in two]
    return [
        figures.at_most(NAME, "server CPU an exchange with two workers, as a multiple of that with one", two_us / one_us,
                        1 + WITHIN, f"{two_us:.2f} µs of {one_us:.2f} µs; {rig.median_of(two):,.0f} and "
                        f"{rig.median_of(alone):,.0f} renewals/s; until all is in SQLite"),
        figures.stated(NAME, "the same of the workers alone, with the kernel threads that sync for them",
                       f"{rig.median_of(two, 'workers_us') / rig.median_of(alone, 'workers_us'):.2f} "
                       f"({rig.median_of(two, 'workers_us'):.2f} µs of {rig.median_of(alone, 'workers_us'):.2f} µs)"),
        figures.at_least(NAME, "the less busy worker with the kernel threads that sync for it, share of a core",
                         min(busy.values()), BUSY, ", ".join(f"{name} {share:.0%}" for name, share in sorted(busy.items()))),
        figures.stated(NAME, f"exchanges of clients that share a client-id with {SHARERS - 1} others",
                       f"{statistics.median(shared):.1%}; none broke a rule"),
    ]
