"""What a lease costs in memory when all of ten million are active, each with a client-id of 19 octets, option 82 and a host name."""
import figures
import rig

NAME = "memory"
BEYOND = 50_000_000  # octets that are the server's own, whatever it serves
OCTETS_EACH = 200


def octets_each(octets, leases):
    return (octets - BEYOND) / leases


def measure(bench):
    store = bench.store(bench.args.many)
    with rig.Rig(bench, store.network) as cable, cable.serving(store.home, settings={"store.mirror": False}) as server:
        started = server.memory()
        # That they are what they should be, they show by being renewed; and what comes with work is counted as well.
        cable.renew(server, store, "--window", 512)
        server.settle()
        worked, own = server.memory(), server.metrics()["coaxd_lease_memory_bytes"]
    leases = store.clients
    return [
        figures.at_most(NAME, f"octets a lease beyond the first 50 MB, {leases:,} active, after a restart and "
                        f"{bench.args.seconds:g} s of renewals (Rss)", octets_each(worked["Rss"], leases), OCTETS_EACH,
                        f"{worked['Rss'] / 1e6:,.0f} MB; Pss {worked['Pss'] / 1e6:,.0f} MB"),
        figures.at_most(NAME, "the same in the life in which they were given (Rss)", octets_each(store.filled_rss, leases),
                        OCTETS_EACH, f"{store.filled_rss / 1e6:,.0f} MB"),
        figures.stated(NAME, "the same just after the restart (Rss)",
                       f"{octets_each(started['Rss'], leases):.2f} ({started['Rss'] / 1e6:,.0f} MB)"),
        figures.stated(NAME, "coaxd_lease_memory_bytes for each", f"{own / leases:.1f}"),
    ]
