"""A CMTS, as far as a modem's boot needs one: the cable that modems are plugged into, the relay, and the registration.

    server 10.99.0.1 up0 --- up0 10.99.0.2 [relay, router] cable0, a bridge --- eth0 of each modem, in a namespace of its own

ISC dhcrelay is one relay; but its option 82 has no remote-id, so `Relay` is the other one, with an option 82 as a CMTS has it.
"""
import select
import socket
import struct
import subprocess
import threading

import dhcp_packet
import frames
import modem_file
import netns

_ETH_P_IP = 0x0800
_PACKET_OUTGOING = 4
_BROADCAST_FLAG = 0x8000
_FROM_A_MODEM, _CIRCUIT_ID, _REMOTE_ID = 0x80000000, 1, 2
_SECONDS_TO_1970 = 2_208_988_800
_OLDEST_FILE_SECONDS = 30


def register(file, key, address, now, extended_key=None):
    """REG-REQ to REG-RSP (MULPI 10.2.6, D.2): the modem's state afterwards, in the words of CMTSs."""
    if not file.cmts_mic_right(key, extended_key):
        return "reject(m)"
    downloaded = file.number(modem_file.TIMESTAMP)
    if downloaded is not None and abs(downloaded - _SECONDS_TO_1970 - now) > _OLDEST_FILE_SECONDS:
        return "reject(ts)"
    if file.address not in (None, address):
        return "reject(ip)"
    return "online" if file.network_access else "online(d)"


class Cmts:
    """Router and cable; `networks` are its own addresses on the cable, the first one the relay's."""

    SERVER, UPSTREAM = "10.99.0.1", "10.99.0.2"

    def __init__(self, networks):
        self.server, self.router, self.modems = netns.Namespace(), netns.Namespace(), []
        netns.veth(self.server, "up0", "02:00:00:00:01:01", self.router, "up0", "02:00:00:00:01:02")
        self.server.ip(f"addr add {self.SERVER}/24 broadcast + dev up0", f"route add default via {self.UPSTREAM}")
        self.router.ip(f"addr add {self.UPSTREAM}/24 broadcast + dev up0", "link add cable0 address 02:00:00:00:02:01 type bridge",
                       *(f"addr add {network} broadcast + dev cable0" for network in networks), "link set cable0 up")
        self.router.sysctl("net.ipv4.ip_forward", 1)
        self.giaddr = networks[0].split("/")[0]

    def plug(self, mac):
        """A namespace whose eth0 is on the cable."""
        device = netns.Namespace()
        port = f"port{len(self.modems)}"
        self.modems.append(device)
        netns.veth(self.router, port, f"02:00:00:00:03:{len(self.modems):02x}", device, "eth0", mac)
        self.router.ip(f"link set {port} master cable0")
        return device

    def dhcrelay(self):
        """ISC's, which runs until the process is ended."""
        running = self.router.popen(["dhcrelay", "-4", "-d", "-a", "--no-pid", "-id", "cable0", "-iu", "up0", self.SERVER],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in running.stderr:
            if "Sending on" in line and "fallback" in line:
                return running
        raise RuntimeError("dhcrelay did not start")

    def relay(self):
        return Relay(self.router, "cable0", self.giaddr, self.SERVER)

    def close(self):
        for one in (*self.modems, self.router, self.server):
            one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Relay:
    """RFC 3046 with a CMTS's values: circuit-id is four octets, bit 31 set for a modem, the rest the interface's number; remote-id is the modem's MAC."""

    def __init__(self, namespace, cable, giaddr, server):
        self.modem_of = {}           # MAC of an MTA or a computer: the modem that it is behind
        self._giaddr, self._server = giaddr, server
        with namespace.entered():
            self._cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP))
            self._cable.bind((cable, 0))
            self._index = socket.if_nametoindex(cable)
            self._network = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._network.bind((giaddr, 67))
        self._mac = dhcp_packet.mac_text(self._cable.getsockname()[4])
        self._end, self._ended = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._end.close()
        self._thread.join(10)
        for one in (self._cable, self._network, self._ended):
            one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self):
        while True:
            ready, _, _ = select.select([self._cable, self._network, self._ended], [], [])
            if self._ended in ready:
                return
            if self._cable in ready:
                data, source = self._cable.recvfrom(65536)
                if source[2] != _PACKET_OUTGOING:
                    self._upward(frames.parse(data))
            if self._network in ready:
                self._downward(dhcp_packet.Message.decode(self._network.recv(65536)))

    def _upward(self, frame):
        if frame.kind != "udp" or frame.dport != 67 or frame.fault:
            return
        message = dhcp_packet.Message.decode(frame.payload)
        if message.op != 1 or message.giaddr != "0.0.0.0" or message.get(dhcp_packet.AGENT) is not None:
            return                                                            # RFC 3046 §2.1: nobody on the cable speaks for us
        mac = dhcp_packet.mac_text(message.chaddr[:6])
        modem = self.modem_of.get(mac, mac)
        message.giaddr, message.hops = self._giaddr, message.hops + 1
        circuit = struct.pack("!BBI", _CIRCUIT_ID, 4, self._index | (_FROM_A_MODEM if modem == mac else 0))
        message.add(dhcp_packet.AGENT, circuit + struct.pack("!BB", _REMOTE_ID, 6) + dhcp_packet.mac_bytes(modem))
        self._network.sendto(message.encode(), (self._server, 67))

    def _downward(self, message):
        message.options = [option for option in message.options if option.code != dhcp_packet.AGENT]          # §2.1
        mac = dhcp_packet.mac_text(message.chaddr[:6])
        to, address = (frames.BROADCAST_MAC, frames.BROADCAST_IP) if message.flags & _BROADCAST_FLAG else (mac, message.yiaddr)
        self._cable.send(frames.udp(to, self._mac, self._giaddr, 67, address, 68, message.encode()))
