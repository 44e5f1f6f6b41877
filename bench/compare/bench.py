"""The bench: two network namespaces joined by a cable, the server in the one and on one core, the load in the other and on another.
One site stands at a time."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import generators
import netns

SERVER_CORE, GENERATOR_CORE = "0", "1"
START_S, STOP_S = 60, 60  # patience
PERFDHCP_S = 5


class Site:
    """A server's place for one run: namespaces, a home of its own and what was started there. Gone on exit."""
    interface, load_interface = "srv0", "load0"

    def __init__(self, network, state):
        self.network = network
        self.home = tempfile.mkdtemp(prefix="compare-", dir=state)
        self.server_side, self.load_side = netns.Namespace(), netns.Namespace()
        self.started = []
        prefix = network.subnet.prefixlen
        self.server_side.ip(f"link add {self.interface} type veth peer name {self.load_interface} netns {self.load_side.path}",
                            f"address add {network.server}/{prefix} dev {self.interface}", f"link set {self.interface} up")
        self.load_side.ip(f"address add {network.relay}/{prefix} dev {self.load_interface}", f"link set {self.load_interface} up")

    def start(self, argv, stop=signal.SIGTERM, **options):
        """A process of the server, on the server's core, that ends by the signal `stop`; what it prints goes to the site's log."""
        with open(f"{self.home}/log", "ab") as log:
            process = self.server_side.popen(["taskset", "-c", SERVER_CORE, *argv], stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log, **options)
        self.started.append((process, stop))
        return process

    def run_load(self, argv, limit):
        return self.load_side.run(["taskset", "-c", GENERATOR_CORE, *argv], capture_output=True, text=True, timeout=limit)

    def log_tail(self):
        return pathlib.Path(f"{self.home}/log").read_text(encoding="utf-8", errors="replace")[-2000:]

    def cpu_seconds(self):
        """What the server's processes and threads have used, and what the kernel did on their account."""
        parents, used = {}, {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):  # it may have ended meanwhile
                    fields = pathlib.Path(f"/proc/{entry}/stat").read_text(encoding="latin-1").rsplit(")", 1)[1].split()
                    # Fields 14 to 17 of proc(5): its own time, and that of children that are gone.
                    parents[int(entry)], used[int(entry)] = int(fields[1]), sum(map(int, fields[11:15]))
        family = {process.pid for process, _ in self.started}
        while grown := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= grown
        return sum(used.get(pid, 0) for pid in family) / os.sysconf("SC_CLK_TCK")

    def close(self):
        for process, stop in reversed(self.started):
            process.send_signal(stop)
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.server_side.close()
        self.load_side.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Bench:
    """Measures servers, one after the other."""

    def __init__(self, args):
        self.args = args
        self.echo_sizes = None  # what an EchoStorm sends, once it is known

    @contextlib.contextmanager
    def running(self, server, network):
        """The server, up and answering on a new site: gives the site and the server's load."""
        os.sync()  # or this server's disk is busy with what the one before it left to be written
        site = Site(network, self.args.state)
        try:
            load = generators.Coaxstorm(site, self.args.coaxstorm, self.args.spin, "never" if server.reads_packets else self.args.trains)
            if server.generator == "echo":
                load = generators.EchoStorm(site, self.args.ceiling, self.args.spin, self.echo_sizes)
            process = site.start(server.prepare(site))
            start = time.monotonic()
            while not load.answers():
                if process.poll() is not None or time.monotonic() - start > START_S:
                    tail = site.log_tail()
                    last = tail.splitlines()[-1] if tail else "it says nothing"
                    raise RuntimeError(f"does not answer (exit status {process.poll()}): {last}\n{tail}")
            load.settle()
            yield site, load
        finally:
            site.close()

    def learn_sizes(self, server, network):
        """Takes the sizes of the echo's datagrams from this server's."""
        with self.running(server, network) as (site, load):
            self.echo_sizes = generators.datagram_sizes(site, load)

    def rates_by_window(self, server, network):
        """DORA/s of new clients by number of exchanges at a time: a server with a small socket buffer loses packets where one that
        syncs once a batch gains by them."""
        windows = self.args.windows
        rates = {}
        for window in windows:  # each on an empty store, for servers slow down with the leases they have
            with self.running(server, network) as (_, load):
                rates[window] = load.dora(window, max(self.args.seconds / 4, 1), 0, network.pool - 100)["exchanges_per_s"]
        return rates

    def measure(self, server, network, window):
        """One round, on an empty store: new clients, their renewals, and perfdhcp's word."""
        clients, seconds = network.pool - 100, self.args.seconds
        with self.running(server, network) as (site, load), tempfile.TemporaryDirectory() as scratch:
            log = f"{scratch}/acks"
            dora = with_cpu(site, lambda: load.dora(window, seconds, 0, clients, log))
            some(dora, "DORA")
            load.settle()
            # Only of those who came: nobody is to be looked for among many who have no lease.
            renew = with_cpu(site, lambda: load.renew(window, seconds, dora.get("begun", clients), log))
            some(renew, "renewal")
        judged = {}
        rate = self.args.perfdhcp_rate
        if rate and server.generator == "coaxstorm" and network.pool > 2 * rate * PERFDHCP_S and os.access(generators.PERFDHCP, os.X_OK):
            with self.running(server, network) as (site, _):
                judged = generators.perfdhcp(site, rate, PERFDHCP_S)
        return {"dora": dora, "renew": renew, "perfdhcp": judged}


def some(result, exchange):
    """A server that does nothing at all under load has failed, and is not merely slow."""
    if result["completed"] == 0:
        raise RuntimeError(f"not one {exchange} under load, though it answers a client that is alone")


def with_cpu(site, run):
    """One measured run, and the server's CPU time for each of its exchanges."""
    before = site.cpu_seconds()
    result = run()
    result["server_cpu_us"] = (site.cpu_seconds() - before) * 1e6 / max(result["completed"], 1)
    return result
