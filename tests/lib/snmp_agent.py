#!/usr/bin/python3
"""Debian's snmpd playing a CMTS: Agent starts it; run as a program, this file is its pass_persist player.

The player keeps a table of objects in a JSON file, which the test may rewrite at any time, and writes what is set to a log with the time of its arrival:

    {"objects": {"1.3.6....": ["integer", 6], ...}, "writable": ["1.3.6..."], "refuse": {"1.3.6...": "not-writable"}, "delay": 0.0}

`writable` are prefixes; an instance is written only if it is there, as snmpd asks for it first. `delay` holds each answer back.
"""
import json
import os
import signal
import subprocess
import sys
import time

UBR7246VXR, UBR7223, CASA, C4, BSR = ("1.3.6.1.4.1.9.1.271", "1.3.6.1.4.1.9.1.210", "1.3.6.1.4.1.20858.2.20", "1.3.6.1.4.1.4998.2.1", "1.3.6.1.4.1.4981.4.1.1")
IOS = ("Cisco Internetwork Operating System Software IOS (tm) 7200 Software (UBR7200-IK8SU2-M), Version 12.3(17b)BC8, RELEASE SOFTWARE (fc1)")
CDX = "1.3.6.1.4.1.9.9.116.1.3.1.1"                     # cdxCmCpeEntry
CDX_STATUS = "1.3.6.1.4.1.9.9.116.1.3.2.1.1"            # cdxCmtsCmStatusValue
CM_PTR = "1.3.6.1.2.1.10.127.1.3.7.1.2"                 # docsIfCmtsCmPtr
CM_STATUS = "1.3.6.1.2.1.10.127.1.3.3.1"                # docsIfCmtsCmStatusEntry
CM_CTRL = "1.3.6.1.4.1.4491.2.1.20.1.27"                # docsIf3CmtsCmCtrl
RESET_NOW = "1.3.6.1.2.1.69.1.1.3.0"                    # docsDevResetNow
# What the player answers for: snmpd itself has the rest.
_ROOTS = ("1.3.6.1.2.1.10.127", "1.3.6.1.2.1.69", "1.3.6.1.4.1.9.9.116", "1.3.6.1.4.1.4491", "1.3.6.1.4.1.4981.2", "1.3.6.1.4.1.4998.1", "1.3.6.1.4.1.20858.10")


def arcs(mac):
    return ".".join(str(int(octet, 16)) for octet in mac.split(":"))


def octets(mac):
    return mac.replace(":", " ")


def modem_rows(mac, index, address, value=6, cdx=12):
    """What a uBR has of a modem."""
    return {f"{CDX}.2.{arcs(mac)}": ["integer", 1], f"{CDX}.8.{arcs(mac)}": ["integer", 2], f"{CM_PTR}.{arcs(mac)}": ["integer", index],
            f"{CM_STATUS}.2.{index}": ["octet", octets(mac)], f"{CM_STATUS}.3.{index}": ["ipaddress", address], f"{CM_STATUS}.6.{index}": ["integer", -15],
            f"{CM_STATUS}.9.{index}": ["integer", value], f"{CM_STATUS}.13.{index}": ["integer", 331], f"{CDX_STATUS}.{index}": ["integer", cdx]}


def cpe_rows(mac):
    return {f"{CDX}.2.{arcs(mac)}": ["integer", 2], f"{CDX}.8.{arcs(mac)}": ["integer", 2]}


class Agent:
    """snmpd on `address`:`port` with the player behind it; `access` are lines of its configuration that let somebody in. Files lie in `folder`."""

    def __init__(self, folder, port, access, system=UBR7246VXR, description=IOS, address="127.0.0.1", popen=subprocess.Popen):
        os.makedirs(folder)
        self._popen, self._process = popen, None
        self.address, self.folder = f"{address}:{port}", folder
        self.objects, self.writable, self.refuse, self.delay = {}, [CDX + ".8"], {}, 0.0
        self._state, self._log, self._conf = (os.path.join(folder, name) for name in ("objects.json", "sets", "snmpd.conf"))
        open(self._log, "w", encoding="ascii").close()
        player = f"/usr/bin/python3 -B {os.path.abspath(__file__)} {self._state} {self._log}"
        with open(self._conf, "w", encoding="ascii") as file:
            file.write(f"agentaddress udp:{address}:{port}\nsysObjectID .{system}\nsysDescr {description}\n{access}\n")
            file.writelines(f"pass_persist .{root} {player}\n" for root in _ROOTS)
        self.publish()

    def publish(self):
        """What was changed here is what the player answers from now on."""
        with open(self._state + ".new", "w", encoding="ascii") as file:
            json.dump({"objects": self.objects, "writable": self.writable, "refuse": self.refuse, "delay": self.delay}, file)
        os.replace(self._state + ".new", self._state)

    def start(self):
        persistent = os.path.join(self.folder, "persistent")
        os.makedirs(persistent, exist_ok=True)
        environment = dict(os.environ, SNMP_PERSISTENT_DIR=persistent, SNMPCONFPATH=self.folder, MIBS="")
        path = os.path.join(self.folder, "log")
        with open(path, "ab") as log:
            begin = log.tell()
            self._process = self._popen(["/usr/sbin/snmpd", "-f", "-Lo", "-C", "-c", self._conf, "-p", os.path.join(self.folder, "pid"), "-I", "-smux"], env=environment,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:      # else the first request of a test is lost, and waited for
            with open(path, "rb") as log:
                log.seek(begin)
                if b"NET-SNMP version" in log.read():
                    return self
            time.sleep(0.01)
        raise RuntimeError(f"snmpd does not start; see {path}")

    def stop(self):
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self, paused):
        self._process.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    def sets(self):
        """(monotonic nanoseconds, OID, value as snmpd wrote it) of each set, in order."""
        with open(self._log, encoding="ascii") as file:
            return [(int(at), name, value) for at, name, value in (line.rstrip("\n").split(" ", 2) for line in file)]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def _key(name):
    return tuple(int(arc) for arc in name.split("."))


class _Player:
    """Answers one request a turn: snmpd writes lines and reads lines."""

    def __init__(self, state, log):
        self._state, self._log = state, log

    def run(self):
        while line := self._line():
            if line == "PING":
                self._say("PONG")
                continue
            with open(self._state, encoding="ascii") as file:
                state = json.load(file)
            if line in ("get", "getnext"):
                name = self._line().lstrip(".")
                time.sleep(state["delay"])
                self._get(state, name if line == "get" else self._next(state, name))
            elif line == "set":
                self._set(state, self._line().lstrip("."), self._line())
                sys.stdin.readline()        # an empty one follows

    @staticmethod
    def _line():
        return sys.stdin.readline().rstrip("\n")

    @staticmethod
    def _say(*lines):
        sys.stdout.write("".join(line + "\n" for line in lines))
        sys.stdout.flush()

    def _get(self, state, name):
        if name is None or name not in state["objects"]:
            return self._say("NONE")
        kind, value = state["objects"][name]
        self._say("." + name, kind, str(value))

    @staticmethod
    def _next(state, name):
        after = [each for each in state["objects"] if _key(each) > _key(name)]
        return min(after, key=_key, default=None)

    def _set(self, state, name, value):
        time.sleep(state["delay"])
        if name in state["refuse"]:
            return self._say(state["refuse"][name])
        if not any(name.startswith(prefix) for prefix in state["writable"]):
            return self._say("not-writable")
        kind = state["objects"][name][0]
        if value.split(" ")[0] != kind and not (kind == "octet" and value.startswith("string")):
            return self._say("wrong-type")
        with open(self._log, "a", encoding="ascii") as file:
            file.write(f"{time.monotonic_ns()} {name} {value}\n")
        self._say("DONE")


if __name__ == "__main__":
    _Player(*sys.argv[1:]).run()
