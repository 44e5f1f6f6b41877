"""DHCPv4 messages as values: encode and decode, bytes exactly as they stand (RFC 2131 §2, RFC 2132, RFC 3396).

Written independently of the server under test, so that a mistake there is not repeated here. Nothing is
hidden: options keep their order, their instances and the area (options, file, sname) in which they were found.
"""
import dataclasses
import socket
import struct

COOKIE = b"\x63\x82\x53\x63"
PAD, OVERLOAD, MESSAGE_TYPE, AGENT, END = 0, 52, 53, 82, 255

TYPE_NAMES = {
    1: "DISCOVER", 2: "OFFER", 3: "REQUEST", 4: "DECLINE", 5: "ACK", 6: "NAK", 7: "RELEASE", 8: "INFORM",
    10: "LEASEQUERY", 11: "LEASEUNASSIGNED", 12: "LEASEUNKNOWN", 13: "LEASEACTIVE",
}
TYPE_CODES = {name: code for code, name in TYPE_NAMES.items()}

# code: (dhcpd's name, kind); kinds: ip (one or more), u8s (list of octets), int (big endian), text, hex.
OPTIONS = {
    1: ("subnet-mask", "ip"), 2: ("time-offset", "int"), 3: ("routers", "ip"), 4: ("time-servers", "ip"),
    6: ("domain-name-servers", "ip"), 7: ("log-servers", "ip"), 12: ("host-name", "text"),
    13: ("boot-size", "int"), 14: ("merit-dump", "text"), 15: ("domain-name", "text"), 17: ("root-path", "text"),
    18: ("extensions-path", "text"), 23: ("default-ip-ttl", "int"),
    26: ("interface-mtu", "int"), 28: ("broadcast-address", "ip"), 33: ("static-routes", "ip"),
    40: ("nis-domain", "text"), 42: ("ntp-servers", "ip"), 43: ("vendor-encapsulated-options", "hex"),
    44: ("netbios-name-servers", "ip"), 47: ("netbios-scope", "text"), 50: ("dhcp-requested-address", "ip"),
    51: ("dhcp-lease-time", "int"), 52: ("dhcp-option-overload", "int"), 53: ("dhcp-message-type", "int"),
    54: ("dhcp-server-identifier", "ip"), 55: ("dhcp-parameter-request-list", "u8s"), 56: ("dhcp-message", "text"),
    57: ("dhcp-max-message-size", "int"), 58: ("dhcp-renewal-time", "int"), 59: ("dhcp-rebinding-time", "int"),
    60: ("vendor-class-identifier", "text"), 61: ("dhcp-client-identifier", "hex"), 66: ("tftp-server-name", "text"),
    67: ("bootfile-name", "text"), 77: ("user-class", "text"), 81: ("fqdn", "hex"),
    82: ("relay-agent-information", "hex"), 91: ("client-last-transaction-time", "int"),
    92: ("associated-ip", "ip"), 93: ("pxe-system-type", "hex"), 118: ("subnet-selection", "ip"),
    119: ("domain-search", "hex"), 122: ("ccc", "hex"), 125: ("vivso", "hex"), 150: ("tftp-server-address", "ip"),
}
OPTION_CODES = {name: code for code, (name, _) in OPTIONS.items()}


class Malformed(ValueError):
    """The bytes are no DHCP or BOOTP message."""


def ip_bytes(text):
    return socket.inet_aton(text)


def mac_bytes(text):
    return bytes(int(part, 16) for part in text.split(":"))


def mac_text(data):
    return ":".join(f"{octet:02x}" for octet in data)


def show(code, data):
    """An option's value for people: exact, because whatever does not fit its kind is shown in hex."""
    kind = OPTIONS.get(code, ("", "hex"))[1]
    if kind == "ip" and data and len(data) % 4 == 0:
        return ",".join(socket.inet_ntoa(data[i:i + 4]) for i in range(0, len(data), 4))
    if kind == "int" and len(data) in (1, 2, 4):
        return str(int.from_bytes(data, "big"))
    if kind == "u8s" and data:
        return ",".join(str(octet) for octet in data)
    if kind == "text" and data and all(32 <= octet < 127 for octet in data):
        return data.decode("ascii")
    return "0x" + data.hex()


_INT_WIDTH = {2: 4, 13: 2, 23: 1, 26: 2, 51: 4, 52: 1, 53: 1, 57: 2, 58: 4, 59: 4, 91: 4}


def read(code, text):
    """The inverse of show(); hex (0x...) is taken for any option."""
    if not text:
        return b""
    if text.startswith("0x"):
        return bytes.fromhex(text[2:])
    kind = OPTIONS.get(code, ("", "hex"))[1]
    if kind == "ip":
        return b"".join(ip_bytes(part) for part in text.split(","))
    if kind == "int":
        return (int(text) & 0xffffffff).to_bytes(_INT_WIDTH[code], "big")
    if kind == "u8s":
        return bytes(int(part) for part in text.split(","))
    if kind == "hex" and text and all(1 <= len(p) <= 2 for p in text.split(":")) and ":" in text:
        return mac_bytes(text)
    return text.encode("latin-1")


@dataclasses.dataclass
class Option:
    code: int
    data: bytes
    area: str = "options"


@dataclasses.dataclass
class Message:
    op: int = 1
    htype: int = 1
    hlen: int = 6
    hops: int = 0
    xid: int = 0
    secs: int = 0
    flags: int = 0
    ciaddr: str = "0.0.0.0"
    yiaddr: str = "0.0.0.0"
    siaddr: str = "0.0.0.0"
    giaddr: str = "0.0.0.0"
    chaddr: bytes = bytes(16)
    sname: bytes = b""
    file: bytes = b""
    options: list[Option] = dataclasses.field(default_factory=list)
    cookie: bool = True
    size: int = 0          # of the decoded message, padding included
    unterminated: list[str] = dataclasses.field(default_factory=list)      # areas without an end option

    def add(self, code, data):
        """Appends an option, in several instances when it is long (RFC 3396 §5)."""
        for start in range(0, max(len(data), 1), 255):
            self.options.append(Option(code, data[start:start + 255]))
        return self

    def get(self, code):
        """The option's value, instances joined (RFC 3396 §7); None when absent."""
        parts = [option.data for option in self.options if option.code == code]
        return b"".join(parts) if parts else None

    @property
    def type(self):
        value = self.get(MESSAGE_TYPE)
        if value is None:
            return "BOOTREPLY" if self.op == 2 else "BOOTREQUEST"
        return TYPE_NAMES.get(value[0], f"TYPE-{value[0]}") if value else "TYPE-EMPTY"

    def encode(self, minimum=300):
        head = struct.pack("!BBBBIHH4s4s4s4s16s64s128s", self.op, self.htype, self.hlen, self.hops, self.xid,
                           self.secs, self.flags, ip_bytes(self.ciaddr), ip_bytes(self.yiaddr),
                           ip_bytes(self.siaddr), ip_bytes(self.giaddr), self.chaddr.ljust(16, b"\0"),
                           self.sname, self.file)
        body = COOKIE if self.cookie else b""
        for option in self.options:
            if option.area == "options":
                body += bytes([option.code, len(option.data)]) + option.data
        if self.cookie:
            body += bytes([END])
        return (head + body).ljust(minimum, b"\0")

    @classmethod
    def decode(cls, data):
        if len(data) < 236:
            raise Malformed(f"{len(data)} bytes")
        (op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname,
         file) = struct.unpack("!BBBBIHH4s4s4s4s16s64s128s", data[:236])
        message = cls(op, htype, hlen, hops, xid, secs, flags, *map(socket.inet_ntoa, (ciaddr, yiaddr, siaddr, giaddr)),
                      chaddr, sname, file, [], data[236:240] == COOKIE, len(data))
        if not message.cookie:
            return message
        message._read_options(data[240:], "options")
        overload = (message.get(OVERLOAD) or b"\0")[0]
        if overload & 1:
            message._read_options(file, "file")
        if overload & 2:
            message._read_options(sname, "sname")
        return message

    def _read_options(self, data, area):
        found, terminated = _options(data, area)
        self.options += found
        if not terminated:
            self.unterminated.append(area)


def _options(data, area):
    found, at = [], 0
    while at < len(data) and data[at] != END:
        if data[at] == PAD:
            at += 1
            continue
        if at + 1 >= len(data) or at + 2 + data[at + 1] > len(data):
            raise Malformed(f"option {data[at]} runs past the end of {area}")
        found.append(Option(data[at], data[at + 2:at + 2 + data[at + 1]], area))
        at += 2 + data[at + 1]
    return found, at < len(data)


def suboptions(data):
    """Code and value pairs of an encapsulated space (RFC 3046 §2.0)."""
    found, at = [], 0
    while at + 1 < len(data) and at + 2 + data[at + 1] <= len(data):
        found.append((data[at], data[at + 2:at + 2 + data[at + 1]]))
        at += 2 + data[at + 1]
    return found
