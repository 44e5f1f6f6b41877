"""The same renewals among ten million addresses as among ten thousand. Both servers live at once and are loaded in turn, so that
what the machine does meanwhile hits both alike. Neither keeps a mirror: writing one takes as long as it has leases."""
import contextlib

import figures
import rig

NAME = "size"
WITHIN = 0.10


def measure(bench):
    sizes = (bench.args.few, bench.args.many)
    stores = {size: bench.store(size) for size in sizes}
    runs = {size: [] for size in sizes}
    with contextlib.ExitStack() as stack:
        cables, up = {}, {}
        for size, store in stores.items():
            cables[size] = stack.enter_context(rig.Rig(bench, store.network))
            up[size] = stack.enter_context(cables[size].serving(store.home, settings={"store.mirror": False}))
        window = cables[bench.args.few].best_window(up[bench.args.few], stores[bench.args.few])
        for size in sizes:  # what is touched for the first time costs more, once
            cables[size].renew(up[size], stores[size], "--window", window)
            up[size].settle()
        for _ in range(bench.args.rounds):
            for size in sizes:
                before = up[size].cpu_seconds()
                result = cables[size].renew(up[size], stores[size], "--window", window)
                up[size].settle()  # also so that it does not fold while the other one is measured
                result["with_fold_us"] = (up[size].cpu_seconds() - before) * 1e6 / max(result["completed"], 1)
                runs[size].append(result)
    few, many = (({key: rig.median_of(runs[size], key)
                   for key in ("exchanges_per_s", "server_cpu_us", "with_fold_us", "generator_load")}) for size in sizes)
    of = f"at {bench.args.many:,} addresses, as a multiple of that at {bench.args.few:,}"
    return [
        figures.at_least(NAME, f"renewals/s {of}", many["exchanges_per_s"] / few["exchanges_per_s"], 1 - WITHIN,
                         f"{many['exchanges_per_s']:,.0f} of {few['exchanges_per_s']:,.0f}; generator "
                         f"{many['generator_load']:.0%} and {few['generator_load']:.0%} busy"),
        figures.at_most(NAME, f"server CPU for each {of}", many["server_cpu_us"] / few["server_cpu_us"], 1 + WITHIN,
                        f"{many['server_cpu_us']:.2f} µs of {few['server_cpu_us']:.2f} µs"),
        figures.stated(NAME, "the same until all is in SQLite, random pages of a large file among it",
                       f"{many['with_fold_us']:.2f} µs of {few['with_fold_us']:.2f} µs"),
    ]
