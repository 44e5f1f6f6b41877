"""The servers that are compared: for each a configuration that says the same, how to start it, and what its figure promises.
Those that stand on a database are in kea.py and freeradius.py; contenders.py has the list.

All serve one subnet in which both the server and the relay stand, with one range, the same options and a lease time of
a day. None logs single messages, none pings, and each writes every renewal (dhcpd would answer early ones from its cache).
"""
import dataclasses
import ipaddress
import os
import re
import subprocess

# What an ACK promises: survives a power cut; survives a crash of the server, not of the machine; survives nothing.
SYNCED, WRITTEN, MEMORY = "synced", "written", "memory"
CEILING = "ceiling"  # no server at all


@dataclasses.dataclass(frozen=True)
class Network:
    pool: int  # addresses

    @property
    def subnet(self):
        # Room for the pool and 256 addresses before it.
        return ipaddress.ip_network(f"10.0.0.0/{32 - (self.pool + 512).bit_length()}")

    @property
    def server(self):
        return self.subnet[1]

    @property
    def relay(self):
        return self.subnet[2]

    @property
    def first(self):
        return self.subnet[256]

    @property
    def last(self):
        return self.subnet[255 + self.pool]


def version_of(argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    text = done.stdout + done.stderr
    found = re.search(r"\d+\.\d+(\.\d+)?[\w.-]*", text)
    return found.group(0) if found else "unknown"


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def dhcpd_conf(network):
    """For dhcpd, and, being what it reads, for coaxd."""
    subnet = network.subnet
    return f"""authoritative;
default-lease-time 86400;
max-lease-time 86400;
ddns-update-style none;
ping-check false;
dhcp-cache-threshold 0;
log-facility local7;
subnet {subnet.network_address} netmask {subnet.netmask} {{
  option routers {network.relay};
  option domain-name-servers {network.server};
  option domain-name "example.net";
  range {network.first} {network.last};
}}
"""


class Server:
    """One contender. `prepare` writes its files into `site.home`, starts what it stands on (`site.start`) and returns the command
    that runs it in the foreground."""
    name = program = promise = durability = ""
    package = ""  # Debian's, that it comes in
    needs = ()  # files it needs besides its program
    pool_limit = None  # for those that cannot serve a large pool in any time worth waiting for
    generator = "coaxstorm"  # or "echo": what loads it
    takes_trains = sends_trains = False  # UDP_GRO, UDP_SEGMENT
    # It reads a packet socket, and a virtual cable shows it a train as one long datagram, which it drops: its queries go alone.
    reads_packets = False

    def trains(self, queries):
        """What of its traffic goes in trains where its queries leave the generator so (`always`) or each by itself (`never`). Only
        figures with the same word say something about the servers alone."""
        takes = self.takes_trains and queries == "always"
        return {(True, True): "both ways", (True, False): "queries", (False, True): "replies", (False, False): "none"}[
            takes, self.sends_trains]

    def missing(self):
        """Why it cannot run here, or None."""
        for path in (self.program, *self.needs):
            if not os.access(path, os.X_OK if path == self.program else os.R_OK):
                return f"{path or 'its program'} is not there" + (f" (package {self.package})" if self.package else "")
        return None

    def version(self):
        raise NotImplementedError

    def prepare(self, site):
        raise NotImplementedError


class Dhcpd(Server):
    name, program, package = "dhcpd", "/usr/sbin/dhcpd", "isc-dhcp-server"
    promise, durability = SYNCED, "fsync before each ACK"
    reads_packets = True
    pool_limit = 100_000  # some 3000 DORA/s with 4000 addresses, 1000 with 100,000, 5 with a million
    statements = ""

    def version(self):
        return "dhcpd " + version_of([self.program, "--version"])

    def prepare(self, site):
        write(f"{site.home}/dhcpd.conf", self.statements + dhcpd_conf(site.network))
        write(f"{site.home}/dhcpd.leases", "")
        return [self.program, "-4", "-f", "-q", "-cf", f"{site.home}/dhcpd.conf", "-lf", f"{site.home}/dhcpd.leases",
                "--no-pid", "-user", "root", "-group", "root", site.interface]


class DhcpdDelayedAck(Dhcpd):
    """With the number of replies to an fsync that dhcpd.conf(5) suggests, and its default patience of 250 ms."""
    name, statements = "dhcpd-delayed-ack", "delayed-ack 28;\n"
    durability = "one fsync for up to 28 ACKs"


class Dnsmasq(Server):
    name, program, package = "dnsmasq", "/usr/sbin/dnsmasq", "dnsmasq-base"
    # lease_update_file() of its lease.c, which dhcp_packet() calls before it sends.
    promise, durability = SYNCED, "whole lease file and fsync before each ACK"

    def version(self):
        return "dnsmasq " + version_of([self.program, "--version"])

    def prepare(self, site):
        network = site.network
        write(f"{site.home}/dnsmasq.conf", f"""port=0
no-resolv
no-hosts
interface={site.interface}
except-interface=lo
dhcp-authoritative
no-ping
quiet-dhcp
dhcp-lease-max={network.pool}
dhcp-leasefile={site.home}/leases
dhcp-range={network.first},{network.last},{network.subnet.netmask},86400
dhcp-option=option:router,{network.relay}
dhcp-option=option:dns-server,{network.server}
domain=example.net
user=root
log-facility=-
""")
        return [self.program, "--keep-in-foreground", f"--conf-file={site.home}/dnsmasq.conf", "--pid-file"]


class Coaxd(Server):
    PROMISES = {"durable": (SYNCED, "fdatasync before each ACK"), "crash-safe": (WRITTEN, "written to a file, not synced"),
                "memory": (MEMORY, "kept in memory")}

    def __init__(self, program, mode, trains="always", io="uring"):
        """The cable between the namespaces is virtual: `always` is what coaxd does by itself on a network card. With `asio` packets go
        through recvmmsg and sendmmsg, and never in trains."""
        self.program, self.mode, self.reply_trains, self.io = program, mode, trains, io
        self.takes_trains, self.sends_trains = io == "uring", io == "uring" and trains == "always"
        self.name = f"coaxd-{mode}" + ("-asio" if io == "asio" else "" if self.sends_trains else "-alone")
        self.promise, self.durability = self.PROMISES[mode]

    def version(self):
        return "coaxd " + version_of([self.program, "--version"])

    def prepare(self, site):
        home = site.home
        write(f"{home}/dhcpd.conf", dhcpd_conf(site.network))
        write(f"{home}/dhcpd.leases", "")
        write(f"{home}/coaxd.toml", f"""[server]
workers = 1
reply_trains = "{self.reply_trains}"
io = "{self.io}"
[log]
packets = false
[store]
durability = "{self.mode}"
[control]
socket = "{home}/control.sock"
""")
        return [self.program, "-4", "-f", "-q", "-cf", f"{home}/dhcpd.conf", "-lf", f"{home}/dhcpd.leases", "--no-pid",
                "-C", f"{home}/coaxd.toml", site.interface]


class NullResponder(Server):
    """No server, but a ceiling: what kernel and generator allow one that has nothing to do."""
    name, promise, durability = "null", CEILING, "an array, no options logic, no store"

    def __init__(self, program):
        self.program = program

    def version(self):
        return "null responder"

    def prepare(self, site):
        return [self.program, self.name, str(site.network.first), str(site.network.server)]


class NullTrains(NullResponder):
    """The ceiling of a server that takes its queries and sends its replies in trains, as coaxd does: beside it the plain one is low."""
    name, durability = "null-trains", "an array, no options logic, no store; trains"
    takes_trains = sends_trains = True

    def version(self):
        return "null responder with trains"

    def prepare(self, site):
        return [self.program, "null", "--trains", str(site.network.first), str(site.network.server)]


class Echo(NullResponder):
    """What the kernel alone allows: as many datagrams an exchange, and as long ones, as coaxd's, with nothing in them."""
    name, durability, generator = "echo", "nothing: datagrams of the same sizes come back", "echo"

    def version(self):
        return "echo"
