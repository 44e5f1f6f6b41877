"""results.md: the medians as a Markdown table, and what must be known to read it."""
import statistics

import results

IDLE = 0.5  # the machine's load, beforehand
NOISY = 0.15  # rounds that differ by more than this share of their median are told
HEADS = {"dora": "DORA", "renew": "renew"}
UNLIKE = "†"


def table(report):
    head = ["server", "an ACK is", "trains", "pool", "at a time"]
    for exchange in results.EXCHANGES:
        head += [f"{HEADS[exchange]}/s", "p50 ms", "p99 ms", "server CPU µs", *(f"of {name}" for name in results.CEILINGS), "× Kea"]
    head += ["violations", "perfdhcp: wanted, got /s, lost"]
    lines = [*results.circumstances(report), "", row_of(head), "|" + "---|" * len(head)]
    lines += [row_of(cells(server)) for server in results.measured(report)]
    return "\n".join([*lines, *notes(report)]) + "\n"


def row_of(texts):
    return "| " + " | ".join(texts) + " |"


def cells(server):
    row = [f"{server['version']} ({server['name']})", server["durability"], server["trains"], f"{server['pool']:,}", str(server["window"])]
    for exchange in results.EXCHANGES:
        figures = server["medians"][exchange]
        mark = lambda name: UNLIKE if name in server["unlike"] else ""
        share = lambda name, figures=figures: f"{figures['of'][name]:.2f}{mark(name)}" if name in figures["of"] else ""
        row += [f"{figures['rate']:,.0f}", f"{figures['p50_ms']:.2f}", f"{figures['p99_ms']:.2f}", f"{figures['server_cpu_us']:.1f}",
                *map(share, results.CEILINGS), share(results.YARDSTICK)]
    broken = sum(figures["violations"] for figures in server["medians"].values())
    judged = [r["perfdhcp"] for r in server["rounds"] if r["perfdhcp"]]
    return [*row, str(broken),
            f"{judged[0]['wanted']:,}, {statistics.median(j['rate'] for j in judged):,.0f}, "
            f"{statistics.median(j['dropped_share'] for j in judged):.2%}" if judged else ""]


def notes(report):
    servers = results.measured(report)
    texts = ["Interrupted: there are fewer rounds than were asked for."] if report.get("interrupted") else []
    load = report["machine"].get("load_before", 0)
    if load > IDLE:
        texts.append(f"The machine had other work: its load was {load:.1f} beforehand.")
    if any(s["unlike"] for s in servers):
        texts.append(f"{UNLIKE} The two do not travel alike (column trains): one sends or takes trains where the other has single "
                     "datagrams, which cost the kernel more. The share is of that, too, and may pass 1.")
    full = [s["name"] for s in servers if any(f["saturated"] for f in s["medians"].values())]
    if full and not report["settings"]["spin"]:
        texts.append(f"The generator's core was full against {', '.join(full)}: those figures are lower bounds.")
    noisy = [s["name"] for s in servers for f in s["medians"].values() if f["rate_max"] - f["rate_min"] > NOISY * f["rate"]]
    if noisy:
        texts.append(f"The rounds differ by more than {NOISY:.0%} with {', '.join(dict.fromkeys(noisy))}: the machine had other work, or "
                     "its disk.")
    for server in servers:
        broken = ", ".join(f"{rule} {times} times" for rule, times in results.violations(server).items())
        if broken:
            texts.append(f"{server['name']} broke rules: {broken}.")
        refused = sum(f["refused"] for f in server["medians"].values())
        if refused:
            texts.append(f"{server['name']} refused {refused} times (DHCPNAK) what it had offered or leased, and the client began anew.")
        unanswered = sum(f["unanswered"] for f in server["medians"].values())
        if unanswered:
            texts.append(f"{server['name']} left {unanswered} exchanges unanswered, their retransmissions too.")
        lost = sum(f["lost_by_us"] for f in server["medians"].values())
        if lost:
            texts.append(f"coaxstorm itself lost {lost} datagrams against {server['name']}: that figure is too low.")
    texts += [f"{s['name']} failed: {s['errors'][0].splitlines()[0]}" for s in report["servers"] if s.get("errors")]
    texts += [f"{name} was left out: {why}." for name, why in report["absent"].items()]
    return [line for text in texts for line in ("", text)]
