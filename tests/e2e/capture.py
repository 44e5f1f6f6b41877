"""Records what a server sends and lets tshark judge it: no reply may be malformed or earn an expert warning."""
import json
import os
import struct
import subprocess
import tempfile
import time

# tshark's own judgement; the checks that are off by default are asked for.
_OPTIONS = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
_REPLIES = "dhcp.type == 2"
_BAD = f"{_REPLIES} && (_ws.malformed || _ws.expert.severity >= 0x600000)"


class Capture:
    """tcpdump on one interface of a namespace, from start() to stop()."""

    def __init__(self, namespace, interface, folder):
        self.path = os.path.join(folder, f"{interface}.pcap")
        self._namespace, self._interface, self._process = namespace, interface, None

    def start(self):
        self._process = self._namespace.popen(
            ["tcpdump", "-i", self._interface, "-U", "--immediate-mode", "-s", "0", "-w", self.path, "udp port 67 or udp port 68"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self._process.stderr:
            if "listening on" in line:
                return self
        raise RuntimeError("tcpdump did not start")

    def stop(self):
        if self._process:
            time.sleep(0.1)           # what has just been sent is still on its way to the file
            self._process.terminate()
            self._process.wait(10)
            self._process.stderr.close()
            self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def _tshark(path, *arguments):
    done = subprocess.run(["tshark", "-n", "-r", path, *_OPTIONS, *arguments], capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"tshark: {done.stderr}")
    return done.stdout


def message_types(path):
    """The DHCP message types of all replies, in order; BOOTP replies count as 0."""
    out = _tshark(path, "-Y", _REPLIES, "-T", "fields", "-e", "dhcp.option.dhcp")
    return [int(line or 0) for line in out.splitlines()]


def complaints(path):
    """tshark's malformed and expert notes of warning or worse about the server's replies."""
    out = _tshark(path, "-Y", _BAD, "-T", "json", "-e", "frame.number", "-e", "_ws.expert.message", "-e", "_ws.malformed",
                  "-e", "dhcp.option.dhcp")
    return [json.dumps(frame["_source"]["layers"]) for frame in json.loads(out or "[]")]


def write_pcap(path, frames):
    """A capture file of Ethernet frames: used to prove that complaints() is able to complain."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(frames):
            file.write(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)


def temporary_folder():
    return tempfile.TemporaryDirectory(prefix="coaxd-e2e-")
