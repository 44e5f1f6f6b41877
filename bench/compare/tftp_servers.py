"""The TFTP servers that are compared: how each is started to serve one folder, without a log line a file, on port 69 of the site's server side."""
import json
import os
import pathlib

import modem_files
import servers


class TftpServer:
    """`prepare` writes what it needs into `site.home` and returns the command that runs it in the foreground; `folder` has the static files."""
    name = program = package = ""
    how = ""  # it serves several at a time
    compiles = False  # the files are those of templates, each modem's its own
    echoes = False    # no server: its load is `ceiling storm`

    def find(self, folder):
        """Its program among packages that were only unpacked; if it is not there, where it would be installed."""
        unpacked = f"{folder}/{self.package}{self.program}"
        if os.access(unpacked, os.X_OK):
            self.program = unpacked
        return self

    def missing(self):
        if not os.access(self.program, os.X_OK):
            return f"{self.program} is not there" + (f" (package {self.package})" if self.package else "")
        return None

    def version(self):
        return servers.version_of([self.program, "--version"])

    def prepare(self, site, folder, hosts):
        raise NotImplementedError


class TftpdHpa(TftpServer):
    name, program, package, how = "tftpd-hpa", "/usr/sbin/in.tftpd", "tftpd-hpa", "a process for each transfer"

    def version(self):
        return servers.version_of([self.program, "-V"])

    def prepare(self, site, folder, hosts):
        return [self.program, "-L", "--address", f"{site.network.server}:69", "--user", "root", "--secure", folder]


class Atftpd(TftpServer):
    name, program, package, how = "atftpd", "/usr/sbin/atftpd", "atftpd", "a thread for each transfer"

    def version(self):
        return servers.version_of([self.program, "--version"])

    def prepare(self, site, folder, hosts):
        return [self.program, "--daemon", "--no-fork", "--user", "root", "--group", "root", "--maxthread", "4096", "--verbose=0",
                "--logfile", "/dev/null", "--bind-address", str(site.network.server), folder]


class Dnsmasq(TftpServer):
    name, program, package, how = "dnsmasq", "/usr/sbin/dnsmasq", "dnsmasq-base", "one process, a socket for each transfer"

    def prepare(self, site, folder, hosts):
        return [self.program, "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--enable-tftp", f"--tftp-root={folder}", "--tftp-max=4096",
                "--quiet-tftp", f"--interface={site.interface}", "--user=root", "--log-facility=/dev/null", "--pid-file"]


class Coaxd(TftpServer):
    how = "one thread, four sockets"

    def __init__(self, program, compiles):
        self.program, self.compiles = program, compiles
        self.name = "coaxd, template" if compiles else "coaxd, static file"

    def prepare(self, site, folder, hosts):
        home, network = site.home, site.network
        # Whose file it is, is known from dhcpd.conf: nobody else gets one, and a template says which modem it is for.
        known = "".join(f"host h{n} {{ hardware ethernet {mac}; fixed-address {address}; }}\n" for n, (mac, address) in enumerate(hosts))
        servers.write(f"{home}/dhcpd.conf", f"subnet {network.subnet.network_address} netmask {network.subnet.netmask} {{ }}\n" + known)
        servers.write(f"{home}/dhcpd.leases", "")
        settings = {"server.workers": 1, "server.link_clients": False, "log.packets": False, "control.socket": f"{home}/control.sock", "tftp.enabled": True, "tftp.root": folder}
        if self.compiles:
            names = {path.name: path.stat().st_size for path in pathlib.Path(folder).iterdir()}
            settings |= modem_files.write_templates(f"{home}/templates", names)
        servers.write(f"{home}/coaxd.toml", "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))
        return [self.program, "-4", "-f", "-q", "-cf", f"{home}/dhcpd.conf", "-lf", f"{home}/dhcpd.leases", "--no-pid", "-C", f"{home}/coaxd.toml",
                site.interface]


class Echo(TftpServer):
    """What the kernel allows one that has nothing to do. Of a file's datagrams it lacks the last ACK, to which nothing comes back."""
    name, how, echoes = "echo", "no files: datagrams of the same sizes come back", True

    def __init__(self, program):
        self.program = program

    def version(self):
        return "(ceiling)"

    def prepare(self, site, folder, hosts):
        return [self.program, "echo", str(site.network.first), str(site.network.server)]


def everyone(coaxd, unpacked, ceiling):
    return [Coaxd(coaxd, False), Coaxd(coaxd, True), *(server.find(unpacked) for server in (TftpdHpa(), Atftpd(), Dnsmasq())), Echo(ceiling)]
