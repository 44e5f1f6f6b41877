"""What every row stands on: two network namespaces joined by a cable, coaxd in the one and coaxstorm in the other, and what the
kernel and coaxd itself tell about the server while it works.

The server is pinned to core 0 and the generator to core 1 unless a row says otherwise. All clients are of one kind: a client-id
of 19 octets, a host name, and option 82 from their relay.
"""
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "bench" / "compare")]
import netns  # noqa: E402
import servers  # noqa: E402

SERVER_CORE, GENERATOR_CORE, BOTH_CORES = "0", "1", "0,1"
CLIENTS = ["--client-id", "duid", "--host-name"]
SLOWEST_FILL = 10_000  # leases a second; a server that gives fewer has failed
WINDOWS = (128, 512, 2048)  # exchanges at a time; a row takes the one that the server likes best
VIOLATED, UNANSWERED = 2, 3  # exit statuses of coaxstorm
PATIENCE_S = 300  # for a load, beyond the time that it is to last
NEWS_S = 30  # a load that takes longer says how it goes, as often as that
TICKS = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, file=sys.stderr, flush=True)


def median_of(results, key="exchanges_per_s"):
    return statistics.median(result[key] for result in results)


def fsyncs_ms(directory, times=200):
    """Milliseconds of single fdatasyncs of 4 KiB into a file that has its size already, as a journal segment has: the price of a
    durable promise on this disk, and the lowest there is."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        os.write(file.fileno(), bytes(4096 * times))
        os.fsync(file.fileno())
        for block in range(times):
            os.pwrite(file.fileno(), b"\1" * 4096, 4096 * block)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - start) * 1e3)
    return taken


def forget_cached(folder):
    """What lies in the folder is on the disk only, as after a power cut."""
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def toml_value(value):
    """As JSON, but for tables."""
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


@dataclasses.dataclass
class Store:
    """A folder with a lease store in which clients 0 to `clients` - 1 have a lease each, and the log of their ACKs."""
    home: str
    network: servers.Network
    clients: int
    filled_rss: int = 0  # of the server that gave them their leases, just before it was stopped

    @property
    def acks(self):
        return f"{self.home}/acks"


class Coaxd:
    """One life of the server. Everything is said by a file in its home; `settings` are keys of coaxd.toml."""

    def __init__(self, rig, home, conf="", cores=SERVER_CORE, settings=None):
        self.rig, self.home, self.cores = rig, home, cores
        self.settings = {"server.workers": 1, "server.reply_trains": rig.bench.args.trains, "log.packets": False,
                         "control.socket": f"{home}/control.sock"} | (settings or {})
        self.conf = servers.dhcpd_conf(rig.network) + conf
        self.process = None

    def launch(self):
        """Starts it, without waiting until it serves."""
        pathlib.Path(f"{self.home}/dhcpd.conf").write_text(self.conf, encoding="ascii")
        # A dotted key is TOML as well, so that no tables need be made.
        toml = "".join(f"{key} = {toml_value(value)}\n" for key, value in self.settings.items())
        pathlib.Path(f"{self.home}/coaxd.toml").write_text(toml, encoding="ascii")
        pathlib.Path(f"{self.home}/dhcpd.leases").touch()
        with open(f"{self.home}/log", "wb") as log:
            self.process = self.rig.server_side.popen(
                ["taskset", "-c", self.cores, self.rig.binary("coaxd"), "-4", "-f", "-cf", f"{self.home}/dhcpd.conf",
                 "-lf", f"{self.home}/dhcpd.leases", "--no-pid", "-C", f"{self.home}/coaxd.toml", "srv0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def wait_until_it_serves(self, limit=600):
        deadline = time.monotonic() + limit
        while "Server starting service." not in self.log():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"coaxd does not serve (status {self.process.poll()}):\n{self.log()[-2000:]}")
            time.sleep(0.005)
        return self

    def log(self):
        return pathlib.Path(f"{self.home}/log").read_text(encoding="utf-8", errors="replace")

    def stop(self, limit=600):
        """A clean stop: everything is folded and, unless it is off, the mirror written."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        if self.process.returncode != 0:
            raise RuntimeError(f"coaxd ended with {self.process.returncode}:\n{self.log()[-2000:]}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    # --- what the kernel knows ---

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="ascii")

    def cpu_seconds(self):
        """What the process and all its threads have used, and what the kernel did on their account."""
        fields = self._proc("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def worker_seconds(self):
        """CPU seconds of each worker, by its name: its thread's, and those of the kernel threads that do its blocking work (writes
        and syncs of its io_uring), which carry its thread's number in their names."""
        tasks = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the kernel's come and go
                tasks[int(task.name)] = ((task / "comm").read_text(encoding="ascii").strip(),
                                         int((task / "schedstat").read_text(encoding="ascii").split()[0]) * 1e-9)
        return {name: seconds + sum(more for helper, more in tasks.values() if helper == f"iou-wrk-{number}")
                for number, (name, seconds) in tasks.items() if name.startswith("worker-")}

    def memory(self):
        """Octets in memory: all of it (`Rss`), and with pages that others share counted in part (`Pss`). Huge pages that were set
        aside at boot are not in Rss and are added."""
        rollup = dict(re.findall(r"^(\w+):\s+(\d+) kB", self._proc("smaps_rollup"), re.M))
        huge = int(rollup["Shared_Hugetlb"]) + int(rollup["Private_Hugetlb"])
        return {name: (int(rollup[name]) + huge) * 1024 for name in ("Rss", "Pss")}

    def lost_in_socket(self):
        """Datagrams that the kernel threw away because the server's socket was full."""
        names, values = [line.split()[1:] for line in self._proc("net/snmp").splitlines() if line.startswith("Udp:")]
        return int(dict(zip(names, values))["RcvbufErrors"])

    def drain(self):
        """Returns when it is through with what an earlier load left in its sockets: late answers would be strangers to the next load."""
        empty = 0
        for _ in range(600):
            waiting = sum(int(line.split()[4].split(":")[1], 16) for line in self._proc("net/udp").splitlines()[1:]
                          if line.split()[1].endswith(":0043"))
            empty = empty + 1 if waiting == 0 else 0
            if empty == 3:
                return
            time.sleep(0.05)
        raise RuntimeError("the server does not come to an end with what was sent to it")

    # --- what it says itself ---

    def metrics(self):
        """Every counter, by its name and labels as they stand in the Prometheus text."""
        done = subprocess.run([self.rig.binary("coaxctl"), "--socket", f"{self.home}/control.sock", "metrics"],
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"coaxctl metrics: {done.stderr}")
        return {name: float(value) for name, value in re.findall(r"^(coaxd_\w+(?:{.*})?) (\S+)$", done.stdout, re.M)}

    def settle(self, limit=600):
        """Waits until everything durable is in SQLite: what a load leaves behind for later is no longer to come."""
        deadline = time.monotonic() + limit
        time.sleep(1.5)  # the server looks once a second what there is to fold
        while self.metrics()["coaxd_fold_lag_records"] > 0:
            if time.monotonic() > deadline:
                raise RuntimeError("coaxd does not come to rest: coaxd_fold_lag_records stays above 0")
            time.sleep(0.2)


class Storm:
    """A coaxstorm that runs."""

    def __init__(self, process, folder, mode, limit):
        self.process, self.folder, self.mode = process, folder, mode
        self.deadline = time.monotonic() + limit

    def result(self):
        """Its figures, once it is through. Unanswered exchanges are a figure, a broken rule is an error."""
        status = self._wait()
        said = self._said()
        if status not in (0, UNANSWERED):
            raise RuntimeError(f"coaxstorm {self.mode} (status {status}): {said[-2000:]}")
        with open(f"{self.folder.name}/result", encoding="utf-8") as file:
            result = json.load(file)
        self.folder.cleanup()
        result["each_second"] = [int(n) for n in re.findall(r"(\d+) this second", said)]
        return result

    def kill(self):
        """It is wanted no more, or was none the less running."""
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def _wait(self):
        while True:
            try:
                return self.process.wait(NEWS_S)
            except subprocess.TimeoutExpired:
                if time.monotonic() > self.deadline:
                    raise
                say(f"  {self.mode}: {(self._said().splitlines() or ['nothing yet'])[-1].strip()}")

    def _said(self):
        return pathlib.Path(f"{self.folder.name}/said").read_text(encoding="utf-8", errors="replace")


class Rig:
    """Two namespaces and a cable for one network; servers live in the one, loads in the other."""

    def __init__(self, bench, network):
        self.bench, self.network, self.storms = bench, network, []
        self.server_side, self.load_side = netns.Namespace(), netns.Namespace()
        self.relays = [network.relay, network.relay + 1]
        prefix = network.subnet.prefixlen
        self.server_side.ip(f"link add srv0 type veth peer name load0 netns {self.load_side.path}",
                            f"address add {network.server}/{prefix} dev srv0", "link set srv0 up")
        self.load_side.ip(*(f"address add {relay}/{prefix} dev load0" for relay in self.relays), "link set load0 up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for storm in self.storms:
            storm.kill()  # unless it is through
        self.server_side.close()
        self.load_side.close()

    def binary(self, name):
        return os.path.join(self.bench.args.bin, name)

    @contextlib.contextmanager
    def serving(self, home, **options):
        """A server that is up, and that is stopped in the end: cleanly if all went well."""
        server = Coaxd(self, home, **options).launch()
        try:
            yield server.wait_until_it_serves()
            server.stop()
        finally:
            if server.process.poll() is None:
                server.kill()

    @contextlib.contextmanager
    def doing_nothing(self, limit=10):
        """A null responder in the server's place: what the machine itself, kernel and generator, makes clients wait."""
        responder = servers.NullTrains if self.bench.args.trains == "always" else servers.NullResponder
        process = self.server_side.popen(["taskset", "-c", SERVER_CORE, *responder(self.binary("ceiling")).prepare(self)],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + limit
            while ":0043 " not in pathlib.Path(f"/proc/{process.pid}/net/udp").read_text(encoding="ascii"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the null responder does not serve")
                time.sleep(0.01)
            yield
        finally:
            process.kill()
            process.wait()

    def begin(self, mode, *options, clients=CLIENTS, relay=0, cores=GENERATOR_CORE, lasts=0):
        folder = tempfile.TemporaryDirectory(prefix="limits-storm-")  # pylint: disable=consider-using-with
        with open(f"{folder.name}/said", "wb") as said:
            process = self.load_side.popen(
                ["taskset", "-c", cores, self.binary("coaxstorm"), mode, "--server", str(self.network.server), "--relay",
                 str(self.relays[relay]), "--trains", self.bench.args.trains, "--json", f"{folder.name}/result", *clients, *map(str, options)],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self.storms.append(Storm(process, folder, mode, PATIENCE_S + lasts))
        return self.storms[-1]

    def storm(self, mode, *options, **how):
        return self.begin(mode, *options, **how).result()

    def measure(self, server, mode, *options, **how):
        """One measured load: what coaxstorm says, and the server's CPU time for each exchange while it lasted."""
        server.drain()
        before = server.cpu_seconds()
        result = self.storm(mode, *options, **how)
        result["server_cpu_us"] = (server.cpu_seconds() - before) * 1e6 / max(result["completed"], 1)
        self.bench.keep(result)
        say(f"  {mode}: {result['exchanges_per_s']:,.0f}/s, p99 {result['latency_ms']['exchange']['p99']:.2f} ms, server "
            f"{result['server_cpu_us']:.2f} µs each, generator {result['generator_load']:.0%} busy")
        return result

    def renew(self, server, store, *options, seconds=None, **how):
        """Random clients of the store renew their leases."""
        seconds = seconds or self.bench.args.seconds
        return self.measure(server, "renew", "--clients", store.clients, "--from-log", store.acks, "--duration", seconds,
                            *options, lasts=seconds, **how)

    def best_window(self, server, store):
        """How many renewals at a time this server likes best."""
        seconds = max(self.bench.args.seconds / 4, 0.5)
        self.renew(server, store, "--window", WINDOWS[0], seconds=seconds)  # what a new life does once is no window's fault
        rates = {window: self.renew(server, store, "--window", window, seconds=seconds)["exchanges_per_s"]
                 for window in WINDOWS}
        return max(rates, key=rates.get)


def fill(bench, clients, room):
    """A store with `clients` active leases and `room` free addresses besides, made as leases are made: the clients come and ask.
    Nothing need be durable meanwhile; the clean stop at the end makes it so."""
    store = Store(tempfile.mkdtemp(prefix="limits-store-", dir=bench.args.state), servers.Network(clients + room), clients)
    bench.homes.append(store.home)
    start = time.monotonic()
    say(f"  a store of {clients:,} leases ...")
    with Rig(bench, store.network) as rig:
        with rig.serving(store.home, settings={"store.durability": "memory", "store.mirror": False}) as server:
            rig.storm("dora", "--clients", clients, "--window", 512, "--ack-log", store.acks, lasts=clients / SLOWEST_FILL)
            active = sum(value for name, value in server.metrics().items()
                         if name.startswith("coaxd_pool_addresses") and 'state="active"' in name)
            if active != clients:
                raise RuntimeError(f"{active:.0f} active leases, not {clients}")
            store.filled_rss = server.memory()["Rss"]
    os.sync()  # or the disk is busy with it while others are measured
    say(f"  ... took {time.monotonic() - start:.0f} s")
    return store
