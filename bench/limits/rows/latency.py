"""How long a durable renewal takes at half of the maximal rate, against what this disk takes for one sync."""
import statistics

import figures
import rig

NAME = "latency"
SYNCS = 3
AS_ASKED = 0.98  # less than that of half of the maximal rate was not half of it


def measure(bench):
    store = bench.store(bench.args.clients)
    syncs, runs, idle = [], [], []
    with rig.Rig(bench, store.network) as cable:
        with cable.serving(store.home) as server:
            window = cable.best_window(server, store)
            maximum = cable.renew(server, store, "--window", window)["exchanges_per_s"]
            load = ("--rate", f"{maximum / 2:.0f}", "--spin")  # the generator's own sleep is not the server's
            for _ in range(bench.args.rounds):
                server.settle()
                syncs += rig.fsyncs_ms(bench.args.state)
                runs.append(cable.renew(server, store, *load))
            server.settle()
            syncs += rig.fsyncs_ms(bench.args.state)
        with cable.doing_nothing():
            acks = f"{store.home}/acks-of-nothing"
            cable.storm("dora", "--clients", store.clients, "--window", 512, "--ack-log", acks, lasts=store.clients / rig.SLOWEST_FILL)
            for _ in range(bench.args.rounds):
                idle.append(cable.storm("renew", "--clients", store.clients, "--from-log", acks, "--duration", bench.args.seconds, *load,
                                        lasts=bench.args.seconds))
                bench.keep(idle[-1])
    sync = statistics.median(syncs)
    floor = statistics.median(run["latency_ms"]["exchange"]["p99"] for run in idle)
    p99 = statistics.median(run["latency_ms"]["exchange"]["p99"] for run in runs)
    p50 = statistics.median(run["latency_ms"]["exchange"]["p50"] for run in runs)
    rate = rig.median_of(runs)
    what = "p99 at half of the maximal rate, in syncs of this disk (median)"
    seen = f"{p99:.3f} ms; one sync {sync:.3f} ms; {rate:,.0f} of {maximum:,.0f} renewals/s"
    return [
        figures.at_most(NAME, what, p99 / sync, SYNCS, seen) if rate >= AS_ASKED * maximum / 2
        else figures.not_measured(NAME, what, f"at most {SYNCS}", f"half of the rate did not come about ({seen})"),
        figures.stated(NAME, "p50 there, in syncs", f"{p50 / sync:.2f} ({p50:.3f} ms)"),
        figures.stated(NAME, "p99 of a null responder at that rate, in syncs: what kernel and machine make clients wait without a disk",
                       f"{floor / sync:.2f} ({floor:.3f} ms; {rig.median_of(idle):,.0f} renewals/s)"),
        figures.stated(NAME, "p99 of the disk's own syncs, nothing else going on",
                       f"{statistics.quantiles(syncs, n=100)[98]:.3f} ms"),
    ]
