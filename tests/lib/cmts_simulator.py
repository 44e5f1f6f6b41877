#!/usr/bin/python3
"""A CMTS with `cable source-verify dhcp`: nothing passes whose address was not learned from DHCP, by listening to it or by asking the server (RFC 4388 and its drafts).

  cmts_simulator.py --server 10.0.0.1 --giaddr 10.1.0.1 --dialect draft0 02:00:5e:00:53:01=10.1.0.10 02:00:5e:00:53:02=10.1.0.11
  coaxctl leases export | cmts_simulator.py --server 10.0.0.1 --giaddr 10.1.0.1 --leases -

plays a CMTS just after its reload, behind which these devices send packets, and tells which pass. Here: --giaddr is an address of this machine, port 67 is free, root.
The server must answer it: [leasequery] requesters, or `allow leasequery`.
"""
import argparse
import collections
import contextlib
import dataclasses
import ipaddress
import pathlib
import random
import re
import select
import socket
import struct
import sys
import time

import dhcp_packet

_SO_RCVBUFFORCE = 33         # socket(7); Python has no name for it
_CIRCUIT_ID, _REMOTE_ID = 1, 2
_INFINITE = 0xffffffff
# Message types: of the query, and what answers mean. ACK and NAK of draft0 are those of DHCP, so that only the xid tells whom they are for.
DIALECTS = {
    "rfc4388": (10, {13: "active", 11: "unassigned", 12: "unknown"}),
    "draft0": (13, {5: "active", 6: "not leased"}),
    "draft2": (13, {16: "active", 14: "unassigned", 15: "unknown"}),
}


@dataclasses.dataclass(frozen=True)
class Cpe:
    """What sends a packet: a MAC, behind a modem that the CMTS knows by where the packet comes from. None: not known."""
    mac: str
    modem: str | None = None


@dataclasses.dataclass(frozen=True)
class Host:
    """A row of the CMTS's table. A modem of None: nobody has told."""
    mac: str
    modem: str | None
    until: float

    def is_of(self, cpe):
        return self.mac == cpe.mac and (None in (self.modem, cpe.modem) or self.modem == cpe.modem)


@dataclasses.dataclass
class _Question:
    xid: int
    asked: float


class Cmts:
    """One thread. Times are those of `clock`; only hear() waits, by the true one.

    `patience`: seconds after which a question without an answer is asked again, by the next packet. `memory`: for which an answer that lets
    nothing pass is remembered, so that who scans does not cost a question a packet."""

    def __init__(self, namespace, giaddr, server, dialect="rfc4388", patience=1.0, memory=30.0, clock=time.monotonic):
        self.table = {}                          # address: Host
        self.counted = collections.Counter()
        self.verdicts = {}                       # address: what was last answered about it
        self._giaddr, self._server, self._patience, self._memory, self._clock = giaddr, server, patience, memory, clock
        self._type, self._meanings = DIALECTS[dialect]
        self._questions, self._addresses = {}, {}        # under way: by address, and the address by xid
        self._answered = {}                      # address: not to be asked about until then
        self._xid = random.getrandbits(32)
        with namespace.entered() if namespace else contextlib.nullcontext():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        self._socket.bind((giaddr, 67))
        self._socket.setblocking(False)

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def reload(self):
        """All that it knew is gone; so are answers on their way."""
        for known in (self.table, self.verdicts, self._questions, self._addresses, self._answered):
            known.clear()

    # Packets of the cable.

    def upstream(self, cpe, source):
        """Whether a packet from there, with that source address, passes."""
        return self._verify(source, lambda host: host.is_of(cpe))

    def downstream(self, destination):
        """Whether a packet to that address goes down the cable (`no cable arp`)."""
        return self._verify(destination, lambda host: True)

    def _verify(self, address, fits):
        host = self._known(address)
        passes = host is not None and fits(host)
        self.counted["passed" if passes else "dropped"] += 1
        if not passes:
            self._ask(address)
        return passes

    def _known(self, address):
        host = self.table.get(address)
        if host is not None and host.until <= self._clock():
            del self.table[address]
            self._answered.pop(address, None)            # it may have been renewed past us
            host = None
        return host

    # DHCP of the cable: relayed, and listened to.

    def relay(self, cpe, message):
        message.giaddr, message.hops = self._giaddr, message.hops + 1
        circuit = struct.pack("!BBI", _CIRCUIT_ID, 4, 3)
        message.add(dhcp_packet.AGENT, circuit + struct.pack("!BB", _REMOTE_ID, 6) + dhcp_packet.mac_bytes(cpe.modem or cpe.mac))
        self._socket.sendto(message.encode(), (self._server, 67))

    def release(self, cpe, address):
        """A RELEASE goes by, to the server itself (RFC 2131 §4.4.6)."""
        if address in self.table and self.table[address].is_of(cpe):
            del self.table[address]

    def hear(self, seconds=0.0):
        """Takes what the server has sent; waits as long for the first of it. Gives what is for devices, option 82 still in it."""
        replies = []
        if seconds > 0:
            select.select([self._socket], [], [], seconds)
        while True:
            try:
                octets, sender = self._socket.recvfrom(2048)
            except BlockingIOError:
                return replies
            try:
                message = dhcp_packet.Message.decode(octets)
            except dhcp_packet.Malformed:
                message = None
            if message is None or sender != (self._server, 67) or message.giaddr != self._giaddr or message.op != 2:
                self.counted["strays"] += 1
            elif message.xid in self._addresses:
                self._take_answer(message, self._addresses[message.xid])
            elif message.type in ("OFFER", "ACK", "NAK"):
                self._snoop(message)
                replies.append(message)
            else:
                self.counted["strays"] += 1

    def _snoop(self, message):
        if message.type == "ACK" and message.yiaddr != "0.0.0.0":
            self.counted["snooped"] += 1
            self._learn(message.yiaddr, message)

    def _learn(self, address, message):
        seconds = int.from_bytes(message.get(51) or b"\xff\xff\xff\xff", "big")
        until = float("inf") if seconds == _INFINITE else self._clock() + seconds
        remote = [value for code, value in dhcp_packet.suboptions(message.get(dhcp_packet.AGENT) or b"") if code == _REMOTE_ID and len(value) == 6]
        self.table[address] = Host(dhcp_packet.mac_text(message.chaddr[:6]), dhcp_packet.mac_text(remote[0]) if remote else None, until)

    # Leasequery.

    def _ask(self, address):
        now = self._clock()
        question = self._questions.get(address)
        if question is not None and now < question.asked + self._patience or now < self._answered.get(address, now):
            return
        if question is None:
            self._xid = self._xid + 1 & 0xffffffff
            question = self._questions[address] = _Question(self._xid, now)
            self._addresses[self._xid] = address
            self.counted["queries"] += 1
        else:
            question.asked = now
            self.counted["asked again"] += 1
        message = dhcp_packet.Message(htype=0, hlen=0, xid=question.xid, ciaddr=address, giaddr=self._giaddr)
        message.add(dhcp_packet.MESSAGE_TYPE, bytes([self._type]))
        self._socket.sendto(message.encode(), (self._server, 67))

    def _take_answer(self, message, address):
        meaning = self._meanings.get((message.get(dhcp_packet.MESSAGE_TYPE) or b"\0")[0])
        if meaning is None or meaning == "active" and message.ciaddr != address:
            self.counted["strays"] += 1
            return
        del self._addresses[message.xid], self._questions[address]
        self.counted[meaning] += 1
        self.verdicts[address] = meaning
        self._answered[address] = self._clock() + self._memory
        if meaning == "active":
            self._learn(address, message)


def turns(cmts, seconds):
    """For so long: whoever takes a turn sends, then the CMTS hears. One counts for a second at most: it may be this program that stood still."""
    spent = 0.0
    while spent < seconds:
        begun = time.monotonic()
        yield
        cmts.hear(0.05)
        spent += min(1.0, time.monotonic() - begun)


def play(cmts, packets, seconds):
    """All send at once, and again until they pass or the time is over; the packets that did not pass."""
    for _ in turns(cmts, seconds):
        blocked = []
        for number, (cpe, address) in enumerate(packets):
            if not cmts.upstream(cpe, address):
                blocked.append((cpe, address))
            if number % 256 == 255:
                cmts.hear()
        packets = blocked
        if not packets:
            break
    return packets


# --- by hand ---

_LEASE = re.compile(r"^lease ([0-9.]+) \{(.*?)^\}", re.M | re.S)
_MAC = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_ETHERNET = re.compile(r"^\s*hardware ethernet ([0-9a-f:]+);", re.M)


def read_leases(text):
    """The devices that have a lease by a file in dhcpd's format, where the last word on an address counts."""
    found = {}
    for address, body in _LEASE.findall(text):
        mac = _ETHERNET.search(body)
        found.pop(address, None)
        if mac and re.search(r"^\s*binding state active;", body, re.M):
            found[address] = Cpe(mac[1])
    return [(cpe, address) for address, cpe in found.items()]


def ipv4(text):
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no IPv4 address, such as 10.0.0.1') from None


def sender(text):
    mac, _, rest = text.lower().partition("=")
    address, _, modem = rest.partition("=")
    if not _MAC.fullmatch(mac) or modem and not _MAC.fullmatch(modem):
        raise argparse.ArgumentTypeError(f'"{text}": write MAC=ADDRESS, or MAC=ADDRESS=MODEM, such as 02:00:5e:00:53:01=10.1.0.10')
    return Cpe(mac, modem or None), ipv4(address)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, type=ipv4, help="the DHCP server's address")
    parser.add_argument("--giaddr", required=True, type=ipv4, help="the CMTS's address")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="rfc4388", help="draft0: old uBR7200; draft2: ARRIS C4, BSR")
    parser.add_argument("--leases", metavar="FILE", help="whoever has a lease by this file in dhcpd's format sends, too; - is standard input")
    parser.add_argument("--seconds", type=float, default=5, help="for so long whoever is blocked tries again (default 5)")
    parser.add_argument("senders", nargs="*", metavar="MAC=ADDRESS[=MODEM]", type=sender, help="a packet from this address; MODEM is what it is behind")
    args = parser.parse_args()
    packets = list(args.senders)
    try:
        if args.leases:
            packets += read_leases(sys.stdin.read() if args.leases == "-" else pathlib.Path(args.leases).read_text(encoding="latin-1"))
        if not packets:
            parser.error("nobody sends: name MAC=ADDRESS, or a --leases FILE in which somebody has a lease")
        cmts = Cmts(None, args.giaddr, args.server, args.dialect)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}" if error.filename else
                 f"{args.giaddr}, port 67: {error.strerror}. --giaddr must be an address of this machine, no other relay or server may have the port, and it takes root.")
    with cmts:
        begun = time.monotonic()
        blocked = play(cmts, packets, args.seconds)
        took = time.monotonic() - begun
    for cpe, address in args.senders:
        host = cmts.table.get(address)
        why = cmts.verdicts.get(address, "no answer")
        if host:
            why += f", {host.mac}" + (f" behind {host.modem}" if host.modem else "")
        print(f"{address} from {cpe.mac}: {'DROPPED' if (cpe, address) in blocked else 'passes'} ({why})")
    print(f"{len(packets) - len(blocked)} of {len(packets)} pass after {took:.2f} s;", ", ".join(f"{name}: {count}" for name, count in sorted(cmts.counted.items())))
    if len(cmts.verdicts) == 0:
        print(f"{args.server} has answered nothing: is {args.giaddr} among its [leasequery] requesters, with dialect {args.dialect}?", file=sys.stderr)
    return 1 if blocked else 0


if __name__ == "__main__":
    sys.exit(main())
