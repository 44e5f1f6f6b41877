"""What a comparison has found, as results.json has it, and the medians over its rounds that table and chart are made of."""
import statistics

EXCHANGES = ("dora", "renew")
CEILINGS = ("null", "null-trains", "echo")
YARDSTICK = "kea-memfile"  # which others are told as multiples of


def add_medians(report):
    """To each server that was measured `medians`: for each exchange its figures, and the shares of the ceilings of the same run; and
    `unlike`: those of the ceilings whose datagrams do not travel as its own do, so that the share is of the trains, too."""
    measured = [server for server in report["servers"] if server["rounds"]]
    for server in measured:
        server["medians"] = {exchange: medians_of([r[exchange] for r in server["rounds"]]) for exchange in EXCHANGES}
    rates = {server["name"]: {exchange: server["medians"][exchange]["rate"] for exchange in EXCHANGES} for server in measured}
    trains = {server["name"]: server["trains"] for server in measured}
    for server in measured:
        server["unlike"] = [name for name in (*CEILINGS, YARDSTICK) if name in trains and trains[name] != server["trains"]]
        for exchange, figures in server["medians"].items():
            figures["of"] = {name: figures["rate"] / rates[name][exchange] for name in (*CEILINGS, YARDSTICK)
                             if name in rates and rates[name][exchange] > 0}


def medians_of(runs):
    latency = lambda run, quantile: run["latency_ms"]["exchange"][quantile]
    return {
        "rate": statistics.median(run["exchanges_per_s"] for run in runs),
        "rate_min": min(run["exchanges_per_s"] for run in runs),
        "rate_max": max(run["exchanges_per_s"] for run in runs),
        "p50_ms": statistics.median(latency(run, "p50") for run in runs),
        "p99_ms": statistics.median(latency(run, "p99") for run in runs),
        "server_cpu_us": statistics.median(run["server_cpu_us"] for run in runs),
        "saturated": any(run["generator_saturated"] for run in runs),
        "violations": sum(sum(run["violations"].values()) for run in runs),  # all of them: one is one too many
        "refused": sum(run.get("refused", 0) for run in runs),
        # Of a run that the clock ended, those that two seconds of patience did not help.
        "unanswered": sum(run.get("gave_up", 0) + run.get("unfinished", 0) for run in runs),
        # Replies that the generator lost, and queries it could not send: its fault, and the server's figure.
        "lost_by_us": sum(run.get("receive_drops", 0) + run.get("send_errors", 0) for run in runs),
    }


def violations(server):
    """Every broken rule by its name, over all rounds."""
    total = {}
    for result in server["rounds"]:
        for exchange in EXCHANGES:
            for rule, times in result[exchange]["violations"].items():
                total[rule] = total.get(rule, 0) + times
    return total


def measured(report):
    return [server for server in report["servers"] if "medians" in server]


def circumstances(report):
    """In words: the machine and how it was measured."""
    machine, settings = report["machine"], report["settings"]
    rounds = f"medians of {settings['rounds']} rounds" if settings["rounds"] > 1 else "one round"
    queries = "in trains (UDP_SEGMENT)" if settings["trains"] == "always" else "each by itself"
    return [
        f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; server on core {machine['server_core']}, generator on "
        f"core {machine['generator_core']}.",
        f"{rounds[0].upper()}{rounds[1:]} of {settings['seconds']:g} s; closed loop, as many exchanges at a time as suit the server best.",
        f"Queries leave coaxstorm {queries}, for every server alike" +
        (" but those that read a packet socket (dhcpd)." if settings["trains"] == "always" else "."),
        f"Leases on {machine['state_file_system']}; one fdatasync of 4 KiB appended there: {report['sync_ms']:.3f} ms (median).",
    ]
