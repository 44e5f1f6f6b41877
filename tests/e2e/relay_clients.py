#!/usr/bin/python3
"""The same clients behind ISC dhcrelay, which stands for the CMTS and adds option 82. Exit 77: cannot run here.

    client eth0 --- cable0 10.1.0.1 [relay, router] up0 192.168.1.2 --- cmts0 192.168.1.1 server
"""
import contextlib
import subprocess

import base
import capture
import netns
import server

CONFIG = base.ClientLife.CONFIG + """
option domain-name "no-agent-option.example";
class "behind-the-relay" {
  match if option agent.circuit-id = "cable0";
  option domain-name "cable.example";
}
subnet 192.168.1.0 netmask 255.255.255.0 { }
subnet 10.1.0.0 netmask 255.255.255.0 {
  option routers 10.1.0.1;
  pool { range 10.1.0.100 10.1.0.120; allow members of "behind-the-relay"; }
}
"""


class RelayClients(base.ClientLife):
    def play(self, kind):
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(capture.temporary_folder())
            near, relay, far = (stack.enter_context(netns.Namespace()) for _ in range(3))
            netns.veth(near, "cmts0", "02:00:00:00:01:01", relay, "up0", "02:00:00:00:01:02")
            netns.veth(relay, "cable0", "02:00:00:00:02:01", far, "eth0", "02:00:00:00:02:02")
            near.ip("addr add 192.168.1.1/24 broadcast + dev cmts0", "route add 10.0.0.0/8 via 192.168.1.2")
            relay.ip("addr add 192.168.1.2/24 broadcast + dev up0", "addr add 10.1.0.1/24 broadcast + dev cable0")
            relay.sysctl("net.ipv4.ip_forward", 1)
            running = stack.enter_context(
                server.Server(base.Settings.server, near, folder, CONFIG, ["cmts0"], base.Settings.server_options))
            upstream = stack.enter_context(capture.Capture(near, "cmts0", folder))
            downstream = stack.enter_context(capture.Capture(far, "eth0", folder))
            agent = relay.popen(["dhcrelay", "-4", "-d", "-a", "--no-pid", "-id", "cable0", "-iu", "up0", "192.168.1.1"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            stack.callback(self.end, agent)
            for line in agent.stderr:
                if "Sending on" in line and "fallback" in line:
                    break
            self.live(lambda: kind(far, "eth0", folder), running, [upstream, downstream],
                      "10.1.0.1", "10.1.0.1", "cable.example")

    @staticmethod
    def end(process):
        process.kill()
        process.wait(10)
        process.stderr.close()


if __name__ == "__main__":
    base.main("dhcrelay", *base.ClientLife.TOOLS)
