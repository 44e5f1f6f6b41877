"""Real DHCP clients behind one interface: start, wait for an address, renew, release.

Each runs in a namespace of its own, never touches the machine's resolv.conf, routes or lease files, and reports
what it was told by a script of ours: lines `EVENT ADDRESS ROUTER DOMAIN` in a file.
"""
import os
import signal
import stat
import subprocess
import time

_DHCLIENT_SCRIPT = """#!/bin/sh
case "$reason" in
  BOUND|REBOOT|RENEW|REBIND)
    ip -4 addr replace "$new_ip_address/$new_subnet_mask" dev "$interface"
    [ -n "$new_routers" ] && ip route replace default via "${{new_routers%% *}}"
    echo "$reason $new_ip_address $new_routers $new_domain_name" >> {events} ;;
  RELEASE|EXPIRE|FAIL|STOP|TIMEOUT)
    ip -4 addr flush dev "$interface"
    echo "$reason - - -" >> {events} ;;
  PREINIT) ip link set "$interface" up ;;
esac
"""

_UDHCPC_SCRIPT = """#!/bin/sh
case "$1" in
  bound|renew)
    ip -4 addr replace "$ip/$subnet" dev "$interface"
    [ -n "$router" ] && ip route replace default via "${{router%% *}}"
    echo "$1 $ip $router $domain" >> {events} ;;
  deconfig|leasefail|nak)
    ip -4 addr flush dev "$interface"
    echo "$1 - - -" >> {events} ;;
esac
"""

_DHCPCD_SCRIPT = """#!/bin/sh
case "$reason" in
  BOUND|REBOOT|RENEW|REBIND) echo "$reason $new_ip_address $new_routers $new_domain_name" >> {events} ;;
  RELEASE|EXPIRE|FAIL|STOP|TIMEOUT|NAK) echo "$reason - - -" >> {events} ;;
esac
"""

_DHCLIENT_CONF = """initial-interval 1;
backoff-cutoff 2;
timeout 20;
retry 1;
request subnet-mask, broadcast-address, routers, domain-name, domain-name-servers, host-name, dhcp-renewal-time;
send host-name "e2e-client";
"""


class Client:
    """What all clients share; a subclass says how it is started and told to renew and release."""
    name = ""
    program = ""
    script = ""

    def __init__(self, namespace, interface, folder):
        self.namespace, self.interface, self.folder = namespace, interface, folder
        self.events_path = os.path.join(folder, f"{self.name}.events")
        self.log_path = os.path.join(folder, f"{self.name}.log")
        self.script_path = os.path.join(folder, f"{self.name}.script")
        self.process = None
        open(self.events_path, "w", encoding="ascii").close()
        with open(self.script_path, "w", encoding="ascii") as file:
            file.write(self.script.format(events=self.events_path))
        os.chmod(self.script_path, stat.S_IRWXU | stat.S_IXGRP | stat.S_IRGRP | stat.S_IXOTH | stat.S_IROTH)

    def command(self):
        raise NotImplementedError

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = self.namespace.popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def events(self):
        with open(self.events_path, encoding="utf-8") as file:
            return [(line.split() + ["", "", "", ""])[:4] for line in file.read().splitlines()]

    def wait_for(self, *names, count=1, seconds=20):
        """The event called one of `names` for the count-th time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [event for event in self.events() if event[0].lower() in names]
            if len(found) >= count:
                return found[count - 1]
            time.sleep(0.05)
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            raise TimeoutError(f"{self.name}: no {'/'.join(names)} number {count}; it said\n{log.read()[-3000:]}")

    def wait_bound(self):
        return self.wait_for("bound", "reboot")

    def wait_renewed(self, count=1):
        return self.wait_for("renew", count=count)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Dhclient(Client):
    name, program, script = "dhclient", "dhclient", _DHCLIENT_SCRIPT

    def _files(self):
        conf = os.path.join(self.folder, "dhclient.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write(_DHCLIENT_CONF)
        return ["-4", "-d", "-cf", conf, "-sf", self.script_path, "-lf", os.path.join(self.folder, "dhclient.leases"),
                "-pf", os.path.join(self.folder, "dhclient.pid")]

    def command(self):
        return ["dhclient", *self._files(), self.interface]

    def renew(self):
        """By itself, at T1."""

    def release(self):
        self.stop()
        self.namespace.run(["dhclient", "-r", *self._files(), self.interface], capture_output=True)


class Udhcpc(Client):
    name, program, script = "udhcpc", "udhcpc", _UDHCPC_SCRIPT

    def command(self):
        return ["udhcpc", "-f", "-i", self.interface, "-s", self.script_path, "-t", "10", "-T", "1", "-A", "1",
                "-O", "domain", "-x", "hostname:e2e-client"]

    def renew(self):
        self.signal(signal.SIGUSR1)

    def release(self):
        self.signal(signal.SIGUSR2)


class Dhcpcd(Client):
    name, program, script = "dhcpcd", "dhcpcd", _DHCPCD_SCRIPT

    def command(self):
        conf = os.path.join(self.folder, "dhcpcd.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write("hostname e2e-client\nipv4only\nnoarp\nnoipv4ll\noption domain_name, routers, domain_name_servers\n")
        # It insists on fixed places for its pid, socket and lease; it gets private ones (mount namespace).
        inside = "; ".join(f"mkdir -p {place}; mount -t tmpfs none {place}" for place in ("/run/dhcpcd", "/var/lib/dhcpcd"))
        # Its helper processes would outlive it, but not their process namespace.
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                f"{inside}; exec dhcpcd -B -d -4 -f {conf} -c {self.script_path} {self.interface}"]

    def renew(self):
        """By itself, at T1."""

    def release(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            os.kill(int(children.read().split()[0]), signal.SIGALRM)


ALL = [Dhclient, Udhcpc, Dhcpcd]
