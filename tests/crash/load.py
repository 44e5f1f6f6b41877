"""Load from one relay: clients that get, renew and release leases as fast as a window allows, and a ledger of what the server
acknowledged. Plain UDP between two namespaces; one thread."""
import random
import select
import socket
import struct
import time

DISCOVER, OFFER, REQUEST, ACK, NAK, RELEASE = 1, 2, 3, 5, 6, 7
SERVER, RELAY = "10.0.0.1", "10.0.0.2"
_COOKIE = b"\x63\x82\x53\x63"


class Client:
    """One modem: what it was promised, what it waits for."""

    def __init__(self, number):
        self.mac = b"\x02\xc0" + struct.pack(">I", number)
        self.address = None        # acknowledged and not given back
        self.uncertain = set()     # addresses whose fate a crash may decide either way: a RELEASE that was sent
        self.offered = None
        self.sent_at = 0.0
        self.xid = 0


class Load:
    """`step()` for a while, then read `clients`: every address there was acknowledged by the server."""

    def __init__(self, relay_namespace, seed, count):
        self.random = random.Random(seed)
        self.clients = [Client(number) for number in range(count)]
        self._by_mac = {client.mac: client for client in self.clients}
        with relay_namespace.entered():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self._socket.bind((RELAY, 67))
            self._socket.setblocking(False)
        self._waiting = {}
        self._next_xid = 1
        self.acknowledged = 0
        self.conflicts = []

    def close(self):
        self._socket.close()

    def _send(self, client, kind, requested=None, ciaddr="0.0.0.0", server=False):
        client.xid = self._next_xid
        self._next_xid += 1
        options = bytes((53, 1, kind))
        if requested is not None:
            options += b"\x32\x04" + socket.inet_aton(requested)
        if server:
            options += b"\x36\x04" + socket.inet_aton(SERVER)
        options += b"\x52\x08\x02\x06" + client.mac + b"\xff"
        packet = (struct.pack(">BBBBIHH", 1, 1, 6, 1, client.xid, 0, 0) + socket.inet_aton(ciaddr) + bytes(8) + socket.inet_aton(RELAY)
                  + client.mac + bytes(10 + 64 + 128) + _COOKIE + options)
        client.sent_at = time.monotonic()
        try:
            self._socket.sendto(packet, (SERVER, 67))
        except OSError:
            pass                   # the server is gone for a moment: the client will ask again

    def begin(self, client):
        """Starts whatever this client does next."""
        if client.address is None or self.random.random() < 0.2:
            client.offered = None
            self._send(client, DISCOVER)
        elif self.random.random() < 0.15:
            self._send(client, RELEASE, ciaddr=client.address, server=True)
            client.uncertain.add(client.address)
            client.address = None
            return
        else:
            self._send(client, REQUEST, requested=client.address)
        self._waiting[client.mac] = client

    def _receive(self):
        while True:
            try:
                data = self._socket.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            client = self._by_mac.get(data[28:34])
            if client is None or struct.unpack(">I", data[4:8])[0] != client.xid:
                continue
            kind = data[data.index(b"\x35\x01", 240) + 2]
            address = socket.inet_ntoa(data[16:20])
            if kind == OFFER:
                client.offered = address
                self._send(client, REQUEST, requested=address, server=True)
                continue
            self._waiting.pop(client.mac, None)
            if kind == ACK:
                self.acknowledged += 1
                if client.address is not None and client.address != address:
                    client.uncertain.add(client.address)
                client.address = address
                client.uncertain.discard(address)
            elif kind == NAK:
                client.address = None

    def run(self, seconds, window=48, stop_after=None):
        """Until the time or the count of acknowledgements has come."""
        end = time.monotonic() + seconds
        goal = None if stop_after is None else self.acknowledged + stop_after
        while time.monotonic() < end and (goal is None or self.acknowledged < goal):
            now = time.monotonic()
            for client in [c for c in self._waiting.values() if now - c.sent_at > 0.5]:
                del self._waiting[client.mac]
            while len(self._waiting) < window:
                client = self.random.choice(self.clients)
                if client.mac not in self._waiting:
                    self.begin(client)
            select.select([self._socket], [], [], 0.02)
            self._receive()

    def drain(self):
        """Answers that are under way when the server has stopped count: they left it."""
        time.sleep(0.02)
        # A frozen server gets no REQUEST after an OFFER any more; what arrives now are acknowledgements.
        self._receive()
        for client in self._waiting.values():
            # Asked but not answered: whether it was committed is the server's secret.
            client.uncertain.update(a for a in (client.offered, client.address) if a is not None)
        self._waiting.clear()


def compare(load, leases):
    """What is wrong after a crash. `leases`: address -> (state, mac) as the restarted server tells it."""
    wrong = []
    owner = {}
    for client in load.clients:
        if client.address is None:
            continue
        if client.address in owner:
            wrong.append(f"{client.address} acknowledged to {owner[client.address].hex()} and {client.mac.hex()}")
        owner[client.address] = client.mac
        state, mac = leases.get(client.address, (None, None))
        if state != "active" or mac != client.mac:
            wrong.append(f"{client.address} was acknowledged to {client.mac.hex()}, now it is {state} of {mac.hex() if mac else None}")
    for client in load.clients:
        mine = [a for a, (state, mac) in leases.items() if state == "active" and mac == client.mac]
        extra = set(mine) - {client.address} - client.uncertain
        if extra:
            wrong.append(f"{client.mac.hex()} holds {sorted(extra)}, which nobody acknowledged to it")
    return wrong
