#!/usr/bin/python3
"""A cable modem, and the telephone adapter (MTA) in it: DHCP, time of day, file, as CM-SP-MULPIv3.0 10.2 and PKT-SP-PROV1.5 7.1 have it.

What a modem cannot know, the CMTS's part, is in cmts.py. Everything happens in the network namespace of the calling thread; the MAC is the interface's.

  cable_modem.py [--version 3.0] [--mta] [--key-file FILE] INTERFACE      boots one and tells each step; root

With --key-file the CMTS's part is played as well: its shared secret is in FILE.
"""
import argparse
import dataclasses
import datetime
import ipaddress
import random
import select
import socket
import struct
import subprocess
import sys
import time

import cmts
import dhcp_packet
import frames
import modem_file
import tftp_client

_SECONDS_TO_1970 = 2_208_988_800                      # RFC 868 counts from 1900
_CABLELABS = 4491
_WAITS = (1, 2, 4, 8)                                 # RFC 2131 §4.1's, begun sooner
_ETH_P_IP = 0x0800
_PACKET_OUTGOING = 4
# Option 43's sub-options (CL-SP-CANN-DHCP-Reg 4.1).
_DEVICE, _EMBEDDED, _SERIAL, _HARDWARE, _SOFTWARE, _BOOT_ROM, _OUI, _MODEL, _VENDOR, _MTA_MAC = 2, 3, 4, 5, 6, 7, 8, 9, 10, 31
# TLV 5.2, DOCSIS version, in option 60.
_VERSIONS = {"1.0": 0, "1.1": 1, "2.0": 2, "3.0": 3, "3.1": 4}


class Stuck(RuntimeError):
    """The boot ended at `state`, in the CMTS's words: init(d) no answer to DHCP, init(t) no time, init(o) no file ..."""

    def __init__(self, state, why):
        super().__init__(f"{state}: {why}")
        self.state = state


@dataclasses.dataclass
class Lease:
    """What DHCP has said, from the ACK."""
    address: str
    mask: str
    router: str
    seconds: int
    server: str
    file_server: str
    file: str
    time_offset: int | None
    time_server: str | None
    log_server: str | None
    ack: dhcp_packet.Message


def tlv(code, value):
    return bytes([code, len(value)]) + value


def capabilities(version):
    """TLV 5 (MULPI C.1.3.1): what a modem of this version is able to do."""
    inner = b"".join(tlv(code, bytes([1])) for code in (1, 3, 4, 5, 6))
    inner = inner[:3] + tlv(2, bytes([_VERSIONS[version]])) + inner[3:]
    inner += tlv(7, b"\x0f") + tlv(8, b"\x10") + tlv(9, b"\0") + tlv(10, b"\x01") + tlv(11, b"\x18") + tlv(12, b"\x01")
    if version >= "3.0":
        inner += tlv(24, b"\x04") + tlv(29, b"\x08") + tlv(30, b"\x10")
    if version >= "3.1":
        inner += tlv(49, b"\x02") + tlv(50, b"\x02")
    return tlv(5, inner)


class Device:
    """What modem and MTA have in common: to get an address, and a file."""

    wanted = (1, 3)          # option 55

    def __init__(self, interface, tell=lambda state, what: None):
        self.interface, self._tell = interface, tell
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP))
        self._socket.bind((interface, 0))
        self.mac = dhcp_packet.mac_text(self._socket.getsockname()[4])
        self.lease = None

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # What the device says of itself; subclasses.

    def vendor_class(self):
        raise NotImplementedError

    def vendor_options(self):
        raise NotImplementedError

    def client_id(self):
        return b"\x01" + dhcp_packet.mac_bytes(self.mac)

    def further_options(self):
        return []

    # DHCP (RFC 2131 §4.4.1).

    def get_address(self):
        xid = random.getrandbits(32)
        said = self.vendor_class()
        self._tell("init(d)", f'DHCPDISCOVER from {self.mac}, option 60 "{said[:40]}{"..." if len(said) > 40 else ""}"')
        offer = self._exchange("DISCOVER", xid, [], "OFFER")
        chosen = [(50, dhcp_packet.ip_bytes(offer.yiaddr)), (54, offer.get(54))]
        ack = self._exchange("REQUEST", xid, chosen, "ACK")
        if ack.yiaddr != offer.yiaddr:
            raise Stuck("init(d)", f"{offer.yiaddr} was offered, {ack.yiaddr} acknowledged")
        self.lease = self._lease(ack)
        self._take_address()
        return self.lease

    def _exchange(self, kind, xid, options, answer_kind):
        message = dhcp_packet.Message(xid=xid, chaddr=dhcp_packet.mac_bytes(self.mac), flags=0)
        message.add(53, bytes([dhcp_packet.TYPE_CODES[kind]]))
        for code, value in [*options, (43, self.vendor_options()), (55, bytes(self.wanted)), (60, self.vendor_class().encode()), (61, self.client_id()),
                            *self.further_options()]:
            message.add(code, value)
        frame = frames.udp(frames.BROADCAST_MAC, self.mac, "0.0.0.0", 68, frames.BROADCAST_IP, 67, message.encode())
        for wait in _WAITS:
            self._socket.send(frame)
            answer = self._answer(xid, time.monotonic() + wait)
            if answer is not None and answer.type == "NAK":
                raise Stuck("init(d)", "DHCPNAK")
            if answer is not None and answer.type == answer_kind:
                return answer
        raise Stuck("init(d)", f"no DHCP{answer_kind}")

    def _answer(self, xid, deadline):
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                return None
            data, source = self._socket.recvfrom(65536)
            if source[2] == _PACKET_OUTGOING:
                continue
            frame = frames.parse(data)
            if frame.kind != "udp" or frame.dport != 68 or frame.fault or frame.eth_dst not in (self.mac, frames.BROADCAST_MAC):
                continue
            message = dhcp_packet.Message.decode(frame.payload)
            if message.op == 2 and message.xid == xid and message.chaddr[:6] == dhcp_packet.mac_bytes(self.mac):
                return message
        return None

    def _lease(self, ack):
        def addresses(code):
            data = ack.get(code) or b""
            return [socket.inet_ntoa(data[i:i + 4]) for i in range(0, len(data) - 3, 4)]

        def first(code):
            return next(iter(addresses(code)), None)
        file = ack.file.split(b"\0")[0].decode("latin-1")
        for code, name in ((1, "subnet mask"), (3, "router"), (51, "lease time"), (54, "server identifier")):
            if not ack.get(code):
                raise Stuck("init(d)", f"the DHCPACK has no {name} (option {code})")
        if not file or ack.siaddr == "0.0.0.0":
            raise Stuck("init(d)", "the DHCPACK names no file and server (`file`, `siaddr`)")          # MULPI D.1.2
        offset = ack.get(2)
        return Lease(ack.yiaddr, first(1), first(3), int.from_bytes(ack.get(51), "big"), first(54), self._file_server(ack), file,
                     None if offset is None else struct.unpack("!i", offset)[0], first(4), first(7), ack)

    def _file_server(self, ack):
        return ack.siaddr

    def _take_address(self):
        lease = self.lease
        length = ipaddress.ip_network(f"0.0.0.0/{lease.mask}").prefixlen
        for words in (["addr", "replace", f"{lease.address}/{length}", "dev", self.interface], ["route", "replace", "default", "via", lease.router]):
            subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)
        offset = "" if lease.time_offset is None else f", local time UTC{lease.time_offset / 3600:+g} h"
        self._tell("init(i)", f"{lease.address}/{length} for {lease.seconds} s from {lease.server}, router {lease.router}, "
                              f'file "{lease.file}" of {lease.file_server}{offset}')

    # Time of day and file.

    def time_of_day(self):
        """RFC 868 over UDP from option 4's server: seconds since 1970."""
        if self.lease.time_server is None:
            raise Stuck("init(t)", "no time server (option 4)")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
            opened.connect((self.lease.time_server, 37))
            opened.settimeout(1)
            for _ in range(3):
                opened.send(b"")
                try:
                    answer = opened.recv(64)
                except (TimeoutError, ConnectionRefusedError):
                    continue
                if len(answer) != 4:
                    raise Stuck("init(t)", f"{len(answer)} octets of time")
                seconds = int.from_bytes(answer, "big") - _SECONDS_TO_1970
                self._tell("init(t)", f"it is {datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc):%Y-%m-%d %H:%M:%S} UTC, says {self.lease.time_server}")
                return seconds
        raise Stuck("init(t)", f"{self.lease.time_server} does not tell the time")

    def download(self, blksize=None):
        try:
            return tftp_client.fetch(self.lease.file_server, self.lease.file, blksize)
        except (tftp_client.Refused, tftp_client.Broken) as error:
            raise Stuck("init(o)", f'"{self.lease.file}": {error}') from error


class Modem(Device):
    """`version` is 1.0 to 3.1; with `has_mta` it asks for the MTA's DHCP servers, too."""

    def __init__(self, interface, version="3.0", has_mta=False, **device):
        super().__init__(interface, **device)
        self.version, self.has_mta = version, has_mta
        self.wanted = (1, 2, 3, 4, 7) + ((125,) if version >= "3.0" else ()) + ((122,) if has_mta else ())
        self.time = None

    def vendor_class(self):
        return f"docsis{self.version}" + ("" if self.version == "1.0" else f":{capabilities(self.version).hex()}")

    def vendor_options(self):
        said = {_DEVICE: b"ECM", _EMBEDDED: b"ECM:EMTA" if self.has_mta else b"ECM", _SERIAL: b"SN-" + self.mac.replace(":", "").encode(), _HARDWARE: b"2",
                _SOFTWARE: b"1.4.7", _BOOT_ROM: b"1.0", _OUI: dhcp_packet.mac_bytes(self.mac)[:3], _MODEL: b"CM" + self.version.encode(), _VENDOR: b"Example"}
        return b"".join(tlv(code, value) for code, value in said.items())

    def client_id(self):
        """RFC 4361 from 3.0 on: IAID and a DUID made of the MAC."""
        mac = dhcp_packet.mac_bytes(self.mac)
        return b"\xff" + mac[2:] + b"\0\x03\0\x01" + mac if self.version >= "3.0" else super().client_id()

    def further_options(self):
        """Option 125 of CableLabs from 3.0 on: what it wants of it, and its capabilities."""
        if self.version < "3.0":
            return []
        data = tlv(1, b"\x02") + capabilities(self.version)
        return [(125, struct.pack("!IB", _CABLELABS, len(data)) + data)]

    def _file_server(self, ack):
        """MULPI D.1.2: the first TFTP server of option 125 goes before siaddr."""
        data = ack.get(125) or b""
        while len(data) >= 5:
            enterprise, size = struct.unpack("!IB", data[:5])
            for code, value in dhcp_packet.suboptions(data[5:5 + size]):
                if (enterprise, code) == (_CABLELABS, 2) and len(value) >= 4:
                    return socket.inet_ntoa(value[:4])
            data = data[5 + size:]
        return ack.siaddr

    def mta_servers(self):
        """Option 122.1 and .2 (RFC 3495 §5.1): whom the MTA behind it may ask."""
        found = dict(dhcp_packet.suboptions(self.lease.ack.get(122) or b""))
        return [socket.inet_ntoa(found[code]) for code in (1, 2) if code in found]

    def boot(self):
        """Up to the registration: the file, whose CM MIC is right."""
        self.get_address()
        self.time = self.time_of_day()
        fetched = self.download(1448 if self.version >= "3.0" else None)
        try:
            file = modem_file.ModemFile(fetched.octets)
        except modem_file.Malformed as error:
            raise Stuck("init(o)", str(error)) from error
        if not file.cm_mic_right:
            raise Stuck("init(o)", "the CM MIC is wrong")
        self._tell("init(o)", f"{len(fetched.octets)} octets in {fetched.blocks} block{'s' if fetched.blocks > 1 else ''}, CM MIC right: {file.summary()}")
        return file


class Mta(Device):
    """In realm BASIC.1: neither SNMP nor Kerberos, the file comes from where DHCP says."""

    wanted = (1, 3, 6, 7, 12, 15, 66, 67, 122)

    def vendor_class(self):
        return "pktc1.5:" + tlv(5, tlv(1, b"\x01") + tlv(2, b"\x02") + tlv(3, b"\0") + tlv(11, b"\x06\x09\x0f")).hex()

    def vendor_options(self):
        said = {_DEVICE: b"EMTA", _SERIAL: b"SN-" + self.mac.replace(":", "").encode(), _HARDWARE: b"2", _SOFTWARE: b"1.4.7", _MODEL: b"MTA", _VENDOR: b"Example"}
        return b"".join(tlv(code, value) for code, value in said.items())

    def boot(self):
        """Its file, whose hash is right where it has one."""
        lease = self.get_address()
        told = dict(dhcp_packet.suboptions(lease.ack.get(122) or b""))
        if 3 not in told or 6 not in told:
            raise Stuck("init(i)", "the DHCPACK names no provisioning server and realm (options 122.3, 122.6)")
        if told[6] != b"\x05BASIC\x011\0":
            raise Stuck("init(i)", f"realm {told[6]}")
        try:
            file = modem_file.MtaFile(self.download().octets)
        except modem_file.Malformed as error:
            raise Stuck("init(o)", str(error)) from error
        if file.hash_right is False:
            raise Stuck("init(o)", "the hash is wrong")
        self._tell("init(o)", f"{len(file.objects)} SNMP objects, hash {'right' if file.hash_right else 'absent'}")
        return file


def main():
    parser = argparse.ArgumentParser(description="boots a cable modem on INTERFACE")
    parser.add_argument("interface")
    parser.add_argument("--version", choices=_VERSIONS, default="3.0", help="of DOCSIS")
    parser.add_argument("--mta", action="store_true", help="the telephone adapter instead of the modem")
    parser.add_argument("--key-file", help="the CMTS's shared secret; then its part is played as well")
    args = parser.parse_args()
    begin = time.monotonic()

    def tell(state, what):
        print(f"   {state:<10} {what}", flush=True)
    try:
        if args.mta:
            with Mta(args.interface, tell=tell) as mta:
                mta.boot()
                state = "ready"
        else:
            with Modem(args.interface, args.version, tell=tell) as modem:
                file = modem.boot()
                state = "file read"
                if args.key_file:
                    with open(args.key_file, "rb") as key:
                        state = cmts.register(file, key.read().rstrip(b"\r\n"), modem.lease.address, time.time())
        tell(state, f"after {time.monotonic() - begin:.1f} s" + (", CMTS MIC right" if state.startswith("online") else ""))
        sys.exit(0 if state in ("ready", "file read") or state.startswith("online") else 1)
    except Stuck as error:
        sys.exit(f"   {error}")


if __name__ == "__main__":
    main()
