"""Ethernet, ARP, IPv4, UDP and ICMP echo frames, enough to be every DHCP client and every relay of a test."""
import dataclasses
import socket
import struct

from dhcp_packet import ip_bytes, mac_bytes, mac_text

BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
BROADCAST_IP = "255.255.255.255"
_IPV4, _ARP = 0x0800, 0x0806


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _ethernet(dst, src, kind):
    return mac_bytes(dst) + mac_bytes(src) + struct.pack("!H", kind)


def _ipv4(src, dst, protocol, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, ip_bytes(src), ip_bytes(dst))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def _pseudo(src, dst, length):
    return ip_bytes(src) + ip_bytes(dst) + struct.pack("!BBH", 0, 17, length)


def udp(eth_dst, eth_src, src, sport, dst, dport, payload):
    length = 8 + len(payload)
    head = struct.pack("!HHHH", sport, dport, length, 0)
    total = checksum(_pseudo(src, dst, length) + head + payload) or 0xffff
    datagram = head[:6] + struct.pack("!H", total) + payload
    return _ethernet(eth_dst, eth_src, _IPV4) + _ipv4(src, dst, 17, datagram)


def arp_reply(mac, ip, to_mac, to_ip):
    return _ethernet(to_mac, mac, _ARP) + struct.pack("!HHBBH6s4s6s4s", 1, _IPV4, 6, 4, 2, mac_bytes(mac), ip_bytes(ip),
                                                      mac_bytes(to_mac), ip_bytes(to_ip))


def echo_reply(frame, mac):
    """The answer to an ICMP echo request, as from the host it was sent to."""
    body = b"\0" + frame.payload[1:2] + b"\0\0" + frame.payload[4:]
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    return _ethernet(frame.eth_src, mac, _IPV4) + _ipv4(frame.dst, frame.src, 1, body)


@dataclasses.dataclass
class Frame:
    """What was received; `kind` is udp, arp-request, echo-request or other."""
    kind: str
    eth_dst: str
    eth_src: str
    src: str = ""
    dst: str = ""
    sport: int = 0
    dport: int = 0
    payload: bytes = b""
    fault: str = ""          # a checksum or length that is wrong


def parse(data):
    frame = Frame("other", mac_text(data[0:6]), mac_text(data[6:12]))
    kind = struct.unpack("!H", data[12:14])[0]
    if kind == _ARP and len(data) >= 42:
        if struct.unpack("!H", data[20:22])[0] == 1:
            frame.kind, frame.src, frame.dst = "arp-request", socket.inet_ntoa(data[28:32]), socket.inet_ntoa(data[38:42])
    elif kind == _IPV4 and len(data) >= 34:
        _parse_ipv4(frame, data[14:])
    return frame


def _parse_ipv4(frame, packet):
    head = (packet[0] & 15) * 4
    total = struct.unpack("!H", packet[2:4])[0]
    frame.src, frame.dst = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    if total > len(packet) or total < head:
        frame.fault = "IP length"
        return
    if checksum(packet[:head]):
        frame.fault = "IP checksum"
    body = packet[head:total]
    if packet[9] == 1 and body[:1] == b"\x08":
        frame.kind, frame.payload = "echo-request", body
    elif packet[9] == 17 and len(body) >= 8:
        frame.kind = "udp"
        frame.sport, frame.dport, length, given = struct.unpack("!HHHH", body[:8])
        frame.payload = body[8:]
        if length != len(body):
            frame.fault = "UDP length"
        elif given and checksum(_pseudo(frame.src, frame.dst, length) + body):
            frame.fault = "UDP checksum"
