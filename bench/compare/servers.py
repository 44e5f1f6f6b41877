"""The servers that are compared: for each a configuration that says the same, how to start it, and what its figure promises.

All serve one subnet in which both the server and the relay stand, with one range, the same options and a lease time of
a day. None logs single messages, none pings, and each writes every renewal (dhcpd would answer early ones from its cache).
"""
import dataclasses
import ipaddress
import json
import os
import re
import subprocess


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
    """One contender. `prepare` writes its files into `home` and returns the command that runs it in the foreground."""
    name = program = durability = ""
    pool_limit = None  # for those that cannot serve a large pool in any time worth waiting for
    environment = {}

    def version(self):
        raise NotImplementedError

    def prepare(self, home, network, interface):
        raise NotImplementedError


class Kea(Server):
    name, program = "kea-memfile", "/usr/sbin/kea-dhcp4"
    durability = "written to a file, not synced"

    def version(self):
        return "Kea " + version_of([self.program, "-v"])

    def prepare(self, home, network, interface):
        self.environment = {"KEA_PIDFILE_DIR": home, "KEA_LOCKFILE_DIR": home}
        option = lambda name, value: {"name": name, "data": str(value)}
        config = {"Dhcp4": {
            "interfaces-config": {"interfaces": [interface], "dhcp-socket-type": "udp"},
            "lease-database": {"type": "memfile", "persist": True, "name": f"{home}/leases.csv"},
            "valid-lifetime": 86400,
            "authoritative": True,
            "multi-threading": {"enable-multi-threading": False},  # one core each
            "subnet4": [{
                "id": 1,
                "subnet": str(network.subnet),
                "pools": [{"pool": f"{network.first} - {network.last}"}],
                "option-data": [option("routers", network.relay), option("domain-name-servers", network.server),
                                option("domain-name", "example.net")],
            }],
            "loggers": [{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{"output": "stderr"}]}],
        }}
        write(f"{home}/kea.json", json.dumps(config, indent=1))
        return [self.program, "-c", f"{home}/kea.json"]


class Dhcpd(Server):
    name, program = "dhcpd", "/usr/sbin/dhcpd"
    durability = "fsync before each ACK"
    pool_limit = 4_000

    def version(self):
        return "dhcpd " + version_of([self.program, "--version"])

    def prepare(self, home, network, interface):
        write(f"{home}/dhcpd.conf", dhcpd_conf(network))
        write(f"{home}/dhcpd.leases", "")
        return [self.program, "-4", "-f", "-q", "-cf", f"{home}/dhcpd.conf", "-lf", f"{home}/dhcpd.leases",
                "--no-pid", "-user", "root", "-group", "root", interface]


class Coaxd(Server):
    PROMISE = {"durable": "fdatasync before each ACK", "crash-safe": "written to a file, not synced",
               "memory": "kept in memory"}

    def __init__(self, program, mode, trains="always"):
        """The cable between the namespaces is virtual: `always` is what coaxd does by itself on a network card."""
        self.program, self.mode, self.trains = program, mode, trains
        self.name, self.durability = f"coaxd-{mode}" + ("" if trains == "always" else "-alone"), self.PROMISE[mode]

    def version(self):
        return "coaxd " + version_of([self.program, "--version"])

    def prepare(self, home, network, interface):
        write(f"{home}/dhcpd.conf", dhcpd_conf(network))
        write(f"{home}/coaxd.toml", f"""[server]
workers = 1
reply_trains = "{self.trains}"
[log]
packets = false
[store]
durability = "{self.mode}"
[control]
socket = "{home}/control.sock"
""")
        return [self.program, "-4", "-f", "-q", "-cf", f"{home}/dhcpd.conf", "-lf", f"{home}/dhcpd.leases", "--no-pid",
                "-C", f"{home}/coaxd.toml", interface]


class NullResponder(Server):
    """No server, but the ceiling: what kernel and generator allow one that has nothing to do."""
    name, durability = "null", "an array, no options logic, no store"

    def __init__(self, program):
        self.program = program

    def version(self):
        return "null responder"

    def prepare(self, home, network, interface):
        return [self.program, "null", str(network.first), str(network.server)]


def contenders(names, coaxd, ceiling):
    """The servers of these names that are installed; those that are not are named on stderr by the caller."""
    known = {"kea-memfile": Kea(), "dhcpd": Dhcpd()}
    known["null"] = NullResponder(ceiling)
    known |= {server.name: server for mode in Coaxd.PROMISE for trains in ("always", "never")
              for server in [Coaxd(coaxd, mode, trains)]}
    unknown = set(names) - set(known)
    if unknown:
        raise SystemExit(f"no such server: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    chosen = [known[name] for name in names]
    return ([s for s in chosen if os.access(s.program, os.X_OK)],
            [s.name for s in chosen if not os.access(s.program, os.X_OK)])
