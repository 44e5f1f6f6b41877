"""A DHCP server process with dhcpd's command line: ISC dhcpd itself, or coaxd."""
import os
import re
import subprocess
import time

DHCPD = "/usr/sbin/dhcpd"

# The lines that log parsers rely on; banners, hints and debug lines are not compared.
_LOGGED = re.compile(
    r"(DHCP[A-Z]+ |BOOTREQUEST |BOOTREPLY |Abandoning IP |Reclaiming |uid lease |client .* has duplicate leases|"
    r"Dynamic and static leases present|Pool threshold |too many classes match|ICMP Echo reply while)")


_BOILERPLATE = re.compile(r"Internet Systems Consortium DHCP Server.*?\n(?=\S+ line |\S*: |$)|^If you think you have received.*",
                          re.S | re.M)


def _essence(text):
    """Why it did not start, without banner and advice."""
    return _BOILERPLATE.sub("", text).strip() or text


class ServerFailed(RuntimeError):
    """The server ended, or did not come up in time; the text is what it printed."""


class Server:
    """Runs `binary` on the given interfaces of a namespace; files lie in `folder`, which the configuration may name
    as {folder}. Stops with its thread."""

    def __init__(self, binary, namespace, folder, config, interfaces, extra=(), leases=""):
        self._binary, self._namespace, self._interfaces, self._extra = binary, namespace, interfaces, extra
        self.config_path = os.path.join(folder, "dhcpd.conf")
        config = config.replace("{folder}", folder)
        stated = re.search(r'^\s*lease-file-name "(.*?)";', config, re.M)   # goes before -lf
        self._lf = os.path.join(folder, "dhcpd.leases")
        self.leases_path = stated[1] if stated else self._lf
        self.log_path = os.path.join(folder, "log")
        self._pid_path = os.path.join(folder, "pid")
        self._process = None
        self._read = 0
        with open(self.config_path, "w", encoding="latin-1") as file:
            file.write(config)
        with open(self.leases_path, "w", encoding="latin-1") as file:
            file.write(leases)
        open(self.log_path, "w", encoding="latin-1").close()

    @property
    def pid(self):
        return self._process.pid

    def start(self, seconds=10):
        argv = [self._binary, "-4", "-f", "-d", "-cf", self.config_path, "-lf", self._lf,
                "-pf", self._pid_path, "--no-pid", *self._extra, *self._interfaces]
        with open(self.log_path, "ab") as log:
            begin = log.tell()
            self._process = self._namespace.popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + seconds
        while True:
            with open(self.log_path, encoding="latin-1") as log:
                log.seek(begin)
                text = log.read()
            if "Server starting service." in text:
                self._read = os.path.getsize(self.log_path)
                return self
            if self._process.poll() is not None:
                raise ServerFailed(_essence(text))
            if time.monotonic() > deadline:
                self.stop(kill=True)
                raise ServerFailed("did not start in time\n" + text)
            time.sleep(0.005)

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def stop(self, kill=False, seconds=10):
        """SIGTERM, or SIGKILL at once; returns the exit status."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.kill() if kill else self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(seconds)
        status, self._process = self._process.returncode, None
        return status

    def log_lines(self, settle=0.03):
        """The §15.5 lines written since the last call, once the log has been quiet for `settle` seconds."""
        size = -1
        while size != os.path.getsize(self.log_path):
            size = os.path.getsize(self.log_path)
            time.sleep(settle)
        with open(self.log_path, encoding="latin-1") as log:
            log.seek(self._read)
            text = log.read()
        self._read += len(text.encode("latin-1"))
        return [line.rstrip() for line in text.splitlines() if _LOGGED.match(line)]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop(kill=True)
