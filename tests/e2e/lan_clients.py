#!/usr/bin/python3
"""dhclient, udhcpc and dhcpcd on the server's own LAN: address, renewal, release. Exit 77: cannot run here."""
import base
import capture
import netns
import server

CONFIG = base.ClientLife.CONFIG + """
option domain-name "lan.example";
option domain-name-servers 192.168.0.2, 192.168.0.3;
subnet 192.168.0.0 netmask 255.255.255.0 {
  range 192.168.0.100 192.168.0.120;
  option routers 192.168.0.1;
  option broadcast-address 192.168.0.255;
}
"""


class LanClients(base.ClientLife):
    def play(self, kind):
        with (capture.temporary_folder() as folder, netns.Namespace() as near, netns.Namespace() as far):
            netns.veth(near, "lan0", "02:00:00:00:00:01", far, "eth0", "02:00:00:00:00:02")
            near.ip("addr add 192.168.0.1/24 broadcast + dev lan0")
            running = server.Server(base.Settings.server, near, folder, CONFIG, ["lan0"], base.Settings.server_options)
            with running, capture.Capture(near, "lan0", folder) as captured:
                self.live(lambda: kind(far, "eth0", folder), running, [captured],
                          "192.168.0.1", "192.168.0.1", "lan.example")


if __name__ == "__main__":
    base.main(*base.ClientLife.TOOLS)
