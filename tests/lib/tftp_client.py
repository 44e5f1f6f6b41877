"""A TFTP client as modems have it: reads, octet mode, a block at a time (RFC 1350), with the options of RFC 2347 to 2349.

Works in the network namespace of the calling thread.
"""
import dataclasses
import socket
import struct

_RRQ, _DATA, _ACK, _ERROR, _OACK = 1, 3, 4, 5, 6
_REQUESTS, _UNKNOWN_TRANSFER = 69, 5
_TRIES, _LONGEST_WAIT = 6, 8.0


class Refused(RuntimeError):
    """The server's ERROR packet."""

    def __init__(self, code, text):
        super().__init__(f"TFTP error {code}: {text}")
        self.code = code


class Broken(RuntimeError):
    """No answer, or one that is against the protocol."""


@dataclasses.dataclass
class Fetched:
    octets: bytes
    blocks: int
    accepted: dict[str, int]     # options that the server took (RFC 2347)


def fetch(server, name, blksize=None, first_wait=1.0):
    """The file `name` of `server`. `blksize` None sends no option at all, as older modems do."""
    options = {} if blksize is None else {"blksize": blksize, "tsize": 0}
    words = [name, "octet", *(str(word) for option in options.items() for word in option)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("", 0))
        return _Transfer(opened, server, options, first_wait).run(struct.pack("!H", _RRQ) + b"".join(word.encode() + b"\0" for word in words))


class _Transfer:
    def __init__(self, opened, server, options, first_wait):
        self._socket, self._server, self._options, self._first_wait = opened, server, options, first_wait
        self._port = None            # the server's TID, known with its first answer (RFC 1350 §4)

    def run(self, request):
        accepted, octets, blocks = {}, b"", 0
        answer = self._ask(request, lambda opcode, number: opcode == _OACK or (opcode, number) == (_DATA, 1))
        if answer[:2] == struct.pack("!H", _OACK):
            accepted = self._accepted(answer[2:])
            answer = self._acknowledge(0)
        size = accepted.get("blksize", 512)
        while True:
            blocks += 1
            data = answer[4:]
            if len(data) > size:
                raise Broken(f"block {blocks} has {len(data)} octets, more than {size}")
            octets += data
            if len(data) < size:                                             # RFC 1350 §6: the last one is short, or empty
                self._send(struct.pack("!HH", _ACK, blocks & 0xffff))
                break
            answer = self._acknowledge(blocks)
        if accepted.get("tsize", len(octets)) != len(octets):
            raise Broken(f"tsize {accepted['tsize']}, but {len(octets)} octets came")
        return Fetched(octets, blocks, accepted)

    def _accepted(self, data):
        words = data.decode("latin-1").split("\0")
        accepted = {words[i].lower(): int(words[i + 1]) for i in range(0, len(words) - 1, 2)}
        for option, value in accepted.items():
            if option not in self._options:
                raise Broken(f"option {option} was not asked for")           # RFC 2347
            if option == "blksize" and not 8 <= value <= self._options[option]:
                raise Broken(f"blksize {value}")                             # RFC 2348: less, never more
        return accepted

    def _acknowledge(self, block):
        following = (block + 1) & 0xffff
        return self._ask(struct.pack("!HH", _ACK, block & 0xffff), lambda opcode, number: (opcode, number) == (_DATA, following))

    def _send(self, packet):
        self._socket.sendto(packet, (self._server, self._port or _REQUESTS))

    def _ask(self, packet, wanted):
        """The wanted answer to a packet, which is sent again at growing intervals; never because of an old answer that comes twice (RFC 1123 §4.2.3.1)."""
        wait = self._first_wait
        for _ in range(_TRIES):
            self._send(packet)
            self._socket.settimeout(wait)
            try:
                while True:
                    answer, (host, port) = self._socket.recvfrom(65536)
                    if host != self._server or port != (self._port or port):
                        self._socket.sendto(struct.pack("!HH", _ERROR, _UNKNOWN_TRANSFER) + b"not yours\0", (host, port))
                        continue
                    if len(answer) < 4:
                        raise Broken(f"a packet of {len(answer)} octets")
                    opcode, number = struct.unpack("!HH", answer[:4])
                    if opcode == _ERROR:
                        raise Refused(number, answer[4:].split(b"\0")[0].decode("latin-1"))
                    if wanted(opcode, number):
                        self._port = port
                        return answer
            except TimeoutError:
                wait = min(2 * wait, _LONGEST_WAIT)
        raise Broken(f"{self._server} does not answer")
