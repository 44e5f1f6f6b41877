"""The network of a server under test: a LAN and a cable side, with the test itself on the far end of both.

        server namespace                              wire namespace: no IP stack in use, packet sockets only
        lan0   192.168.0.1/24  ---------------------  lan    clients on the server's own segment
        cmts0  192.168.1.1/24  ---------------------  cmts   192.168.1.2, the relay; 10.0.0.0/8 lies behind it

Everything that the server sends is seen as frames, so a test knows to which MAC, address and port it went.
One thread per Testbed.
"""
import select
import socket
import time

import frames
import netns

LAN, CMTS = "lan", "cmts"
SERVER_IP = {LAN: "192.168.0.1", CMTS: "192.168.1.1"}
SERVER_MAC = {LAN: "02:00:00:00:00:01", CMTS: "02:00:00:00:01:01"}
PEER_MAC = {LAN: "02:00:00:00:00:02", CMTS: "02:00:00:00:01:02"}
SERVER_INTERFACES = ("lan0", "cmts0")
RELAY_IP = "192.168.1.2"

_ETH_P_ALL = 3
_PACKET_OUTGOING = 4


class Testbed:
    """Server namespace, wire namespace, and the packet sockets on the wire."""

    def __init__(self):
        self.server = netns.Namespace()
        self.wire = netns.Namespace()
        self.owners = {}          # IP on the LAN -> MAC that answers ARP for it
        self.alive = set()        # addresses that answer a ping probe
        self._sockets = {}
        for side, name in ((LAN, "lan0"), (CMTS, "cmts0")):
            netns.veth(self.server, name, SERVER_MAC[side], self.wire, side, PEER_MAC[side])
            self.server.ip(f"addr add {SERVER_IP[side]}/24 broadcast + dev {name}")
        self.server.ip(f"neigh replace {RELAY_IP} lladdr {PEER_MAC[CMTS]} dev cmts0 nud permanent",
                       f"route add 10.0.0.0/8 via {RELAY_IP}")
        with self.wire.entered():
            for side in (LAN, CMTS):
                opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
                opened.bind((side, 0))
                opened.setblocking(False)
                self._sockets[side] = opened

    def send(self, side, frame):
        self._sockets[side].send(frame)

    def receive(self, seconds):
        """The next UDP frame from the server as (side, Frame), or None; ARP and pings are answered on the way."""
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select(list(self._sockets.values()), [], [], left)
            if not ready:
                return None
            for side, opened in self._sockets.items():
                if opened in ready:
                    data, address = opened.recvfrom(65536)
                    if address[2] == _PACKET_OUTGOING:
                        continue
                    frame = frames.parse(data)
                    if frame.kind == "udp":
                        return side, frame
                    self._answer(side, frame)

    def _answer(self, side, frame):
        owner = PEER_MAC[CMTS] if side == CMTS else self.owners.get(frame.dst)
        if frame.dst in self.alive:
            owner = owner or PEER_MAC[side]
        if frame.kind == "arp-request" and owner:
            self.send(side, frames.arp_reply(owner, frame.dst, frame.eth_src, frame.src))
        elif frame.kind == "echo-request" and frame.dst in self.alive:
            self.send(side, frames.echo_reply(frame, owner))

    def close(self):
        for opened in self._sockets.values():
            opened.close()
        self.wire.close()
        self.server.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
