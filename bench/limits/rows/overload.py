"""Three times as much as the server can do. Does it go on doing what it can, does it do the right part of it, and does it leave alone
what nobody waits for any more?

Classes are added to the configuration until one generator is enough to ask for three times what the server does. Every exchange is
tried once, so that what is offered is what is said. It waits PATIENCE for each answer; a renewal, for which a real client has a
minute, as long as one that boots really does.
"""
import signal
import statistics
import time

import figures
import rig

NAME = "overload"
TIMES = 3
TIMES_REACHED = 2.7  # less than that was no such overload
WITHIN = 0.10
PATIENCE = 1.0
RENEWALS_SERVED = 0.90  # of renewals that alone would be half of what the server can do
# RFC 2131 §4.1: a client that has just booted asks again after four seconds, give or take one. (One that renews waits a minute.)
BOOT_PATIENCE = 4.0
HALT = 1.5 * BOOT_PATIENCE
TOO_LATE = 0.01
ROOM = 4  # free addresses for each client that has one; and at least
LEAST_ROOM = 1_000_000
CLASSES = 300
WARM_UP = 0.2  # of a run: until the queues are full


def classes():
    """Conditions that are true of nobody, and that each packet is held against."""
    return "".join(f'class "c{n}" {{ match if binary-to-ascii (16, 8, ":", hardware) = "1:2:0:0:0:0:{n:x}"; }}\n'
                   for n in range(CLASSES))


class Drops:
    """What was dropped, by whom and why, since it was made."""

    def __init__(self, server):
        self.server, self.counters, self.lost = server, server.metrics(), server.lost_in_socket()

    def since(self):
        dropped = {name.split('"')[1]: value - self.counters.get(name, 0) for name, value in self.server.metrics().items()
                   if name.startswith("coaxd_packets_dropped_total")}
        return {reason: count for reason, count in dropped.items() if count} | {
            "by the full socket": self.server.lost_in_socket() - self.lost}


class Scene:
    """One server, those who renew, and an endless row of new clients."""

    def __init__(self, bench, cable, server, store, room):
        self.bench, self.cable, self.server, self.store, self.room = bench, cable, server, store, room
        self.next_client = store.clients
        self.seconds = bench.args.seconds

    def newcomers(self, wanted):
        first = self.next_client
        self.next_client += wanted
        return ["--clients", wanted, "--first", first]

    def begin(self, mode, *options, **how):
        return self.cable.begin(mode, *options, lasts=self.seconds + HALT, **how)

    def open_loop(self, rate, seconds, patience=PATIENCE):
        return ["--rate", f"{rate:.0f}", "--duration", seconds, "--warm-up", WARM_UP * self.seconds, "--attempts", 1,
                "--timeout", patience]

    def dora(self, rate, **how):
        return self.begin("dora", *self.newcomers(int(rate * self.seconds * 1.1) + 1000), *self.open_loop(rate, self.seconds),
                          **how)

    def renewals(self, rate, seconds=None):
        return self.begin("renew", "--clients", self.store.clients, "--from-log", self.store.acks,
                          *self.open_loop(rate, seconds or self.seconds, BOOT_PATIENCE))

    def reboots(self, rate, seconds):
        return self.begin("init-reboot", "--clients", self.store.clients, "--from-log", self.store.acks,
                          *self.open_loop(rate, seconds, BOOT_PATIENCE))

    def asked(self, result):
        """Exchanges a second that were begun."""
        return result["begun"] / self.seconds

    def done(self, samples):
        """So many in the measured time, a second. Its end is that of the run: a server that falls silent is not the faster for it."""
        return samples / (self.seconds * (1 - WARM_UP))

    def finish(self, storm):
        result = storm.result()
        self.bench.keep(result)
        self.server.settle()
        return result


def by_reason(dropped):
    return ", ".join(f"{reason} {count:,.0f}" for reason, count in sorted(dropped.items(), key=lambda item: -item[1])) or "nothing"


def flooded(scene, begin, peak):
    """Three times the peak of one kind of exchange."""
    before = Drops(scene.server)
    result = scene.finish(begin(peak * TIMES))
    asked, done = scene.asked(result), scene.done(result["measured"])
    return {"peak": peak, "asked": asked, "done": done, "times": asked / peak, "share": done / peak, "dropped": before.since()}


def mixed(scene, renewals_peak, new_peak):
    """Half of what it can do in renewals, and new clients for the rest of the three times."""
    before = Drops(scene.server)
    known, new = scene.renewals(renewals_peak / 2), scene.dora(new_peak * (TIMES - 0.5), relay=1)
    known, new = scene.finish(known), scene.finish(new)
    offers = scene.done(new["latency_ms"]["offer"]["count"])
    return {"times": scene.asked(known) / renewals_peak + scene.asked(new) / new_peak,
            "renewals": scene.done(known["measured"]) / max(scene.asked(known), 1),
            "discovers": offers / max(scene.asked(new), 1),
            "requests": scene.done(new["measured"]) / max(offers, 1),
            "dropped": before.since()}


def halted(scene, renewals_peak):
    """It stands still for longer than the patience of clients that boot; then most of what waits in its socket waits in vain."""
    before = Drops(scene.server)
    load = scene.reboots(renewals_peak / 2, seconds=HALT + 2)
    time.sleep(1)
    scene.server.process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(HALT)
    finally:
        scene.server.process.send_signal(signal.SIGCONT)
    result = scene.finish(load)
    return {"strays": result["strays"], "gave_up": result["gave_up"], "share": result["strays"] / max(result["gave_up"], 1),
            "dropped": before.since()}


def one_round(bench, scene, window):
    def renewals_peak():
        return scene.cable.renew(scene.server, scene.store, "--window", window)["exchanges_per_s"]

    def new_peak():
        return scene.cable.measure(scene.server, "dora", *scene.newcomers(scene.room // ROOM), "--window", window, "--duration",
                                   bench.args.seconds)["exchanges_per_s"]

    parts = {}
    for kind, begin, peak_of in (("renewals", scene.renewals, renewals_peak), ("new clients", scene.dora, new_peak)):
        peak = peak_of()
        scene.server.settle()
        flood = flooded(scene, begin, peak)
        # On both sides of it: a virtual machine's pace changes within a minute by more than what is asked here.
        peak = (peak + peak_of()) / 2
        scene.server.settle()
        parts[kind] = flood | {"peak": peak, "times": flood["asked"] / peak, "share": flood["done"] / peak}
    peaks = [parts[kind]["peak"] for kind in ("renewals", "new clients")]
    return parts | {"mixed": mixed(scene, *peaks), "halted": halted(scene, peaks[0])}


def middle(rounds, part):
    """The medians of a part of all rounds; of what was dropped, the last round's."""
    parts = [one[part] for one in rounds]
    return {key: statistics.median(each[key] for each in parts) for key in parts[0] if key != "dropped"} | {
        "dropped": "dropped: " + by_reason(parts[-1]["dropped"])}


def no_collapse(kind, flood):
    what = f"{kind}/s completed at {TIMES} times the peak, of the peak"
    if flood["times"] < TIMES_REACHED:
        return figures.not_measured(NAME, what, f"at least {1 - WITHIN:g}", f"the generator asked for {flood['times']:.1f} times only")
    return figures.at_least(NAME, what, flood["share"], 1 - WITHIN, f"{flood['done']:,.0f} of {flood['peak']:,.0f}, "
                            f"{flood['asked']:,.0f} asked for; {flood['dropped']}")


def right_part(mix):
    seen = (f"renewals {mix['renewals']:.0%}, DISCOVERs {mix['discovers']:.0%}, REQUESTs of those who have an offer "
            f"{mix['requests']:.0%}; {mix['dropped']}")
    what = f"share of renewals answered that are half of what the server can do, while DISCOVERs make it {TIMES} times"
    if mix["times"] < TIMES_REACHED:
        return [figures.not_measured(NAME, what, f"at least {RENEWALS_SERVED:g}",
                                     f"the generator made {mix['times']:.1f} times of it only ({seen})")]
    return [figures.at_least(NAME, what, mix["renewals"], RENEWALS_SERVED, seen),
            figures.at_least(NAME, "REQUESTs answered, as a multiple of DISCOVERs answered",
                             mix["requests"] / max(mix["discovers"], 1e-9), 1.0, "as above")]


def measure(bench):
    room = max(ROOM * bench.args.clients, LEAST_ROOM)
    store = bench.store(bench.args.clients, room)
    with rig.Rig(bench, store.network) as cable, cable.serving(store.home, conf=classes()) as server:
        scene = Scene(bench, cable, server, store, room)
        window = cable.best_window(server, store)
        rounds = []
        for number in range(bench.args.rounds):
            rounds.append(one_round(bench, scene, window))
            rig.say(f"  round {number + 1} of {bench.args.rounds}: of the peak, renewals {rounds[-1]['renewals']['share']:.2f}, new "
                    f"clients {rounds[-1]['new clients']['share']:.2f}")
    halt = middle(rounds, "halted")
    if halt["gave_up"] == 0:
        raise RuntimeError("nobody gave up during the halt: it was no such load")
    return [*(no_collapse(kind, middle(rounds, kind)) for kind in ("renewals", "new clients")),
            *right_part(middle(rounds, "mixed")),
            figures.at_most(NAME, f"after a halt of {HALT:g} s: answers that nobody waits for any more, of exchanges given up",
                            halt["share"], TOO_LATE, f"{halt['strays']:,.0f} of {halt['gave_up']:,.0f}; {halt['dropped']}")]
