"""A server and, on the other end of its cable, a machine of many addresses that asks it who has which lease: what leasequery's tests begin with."""
import contextlib
import pathlib
import subprocess
import unittest

import base             # puts tests/lib on the path
import capture
import netns
import server

SERVER = "192.168.1.1"


class FarSide(unittest.TestCase):
    def lay(self, config, settings, *addresses):
        """far has 192.168.1.2 and `addresses`, with up0 on its end; the server, which is not started, has cmts0 and a coaxd.toml of `settings` ({folder})."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(stack.enter_context(capture.temporary_folder()))
        self.near, self.far = (stack.enter_context(netns.Namespace()) for _ in range(2))
        netns.veth(self.near, "cmts0", "02:00:00:00:01:01", self.far, "up0", "02:00:00:00:01:02")
        self.near.ip(f"addr add {SERVER}/24 broadcast + dev cmts0", "route add 10.0.0.0/8 via 192.168.1.2")
        self.far.ip("addr add 192.168.1.2/24 broadcast + dev up0", *(f"addr add {address} dev {'lo' if address.endswith('/32') else 'up0'}" for address in addresses))
        self.toml = self.folder / "coaxd.toml"
        self.toml.write_text(f'[control]\nsocket = "{self.folder}/control.sock"\n[store]\nsegment_mb = 1\n' + settings.replace("{folder}", str(self.folder)), encoding="ascii")
        self.running = server.Server(base.Settings.server, self.near, str(self.folder), config, ["cmts0"], ["-C", str(self.toml), *base.Settings.server_options])
        self.addCleanup(self.running.stop, kill=True)
        self.programs = pathlib.Path(base.Settings.server).parent

    def control(self, *words):
        """What coaxctl says, of the running server."""
        done = subprocess.run([f"{self.programs}/coaxctl", "--socket", f"{self.folder}/control.sock", *words], capture_output=True, text=True, timeout=30, check=True)
        return done.stdout

    def metrics(self):
        lines = (line.rsplit(" ", 1) for line in self.control("metrics").splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in lines}
