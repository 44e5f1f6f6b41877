"""Faults for the self-test: what a wrong server would send. A suite that stays green on one of them is blind."""
import dataclasses
import re
import typing

import frames


@dataclasses.dataclass
class Fault:
    name: str
    mutate: typing.Callable | None = None        # changes a frame before it is recorded
    config: typing.Callable | None = None        # changes the configuration of the second server
    everywhere: bool = True                      # every scenario with a reply must notice


def _patched(frame, at, data):
    payload = frame.payload[:at] + data + frame.payload[at + len(data):]
    return dataclasses.replace(frame, payload=payload)


def _wrong_address(frame):
    """yiaddr plus one."""
    value = (int.from_bytes(frame.payload[16:20], "big") + 1) & 0xffffffff
    return _patched(frame, 16, value.to_bytes(4, "big"))


def _wrong_option(frame):
    """One bit of the last octet of the first option after the cookie."""
    length = frame.payload[241]
    at = 241 + length
    return _patched(frame, at, bytes([frame.payload[at] ^ 1]))


def _swapped_options(frame):
    """The first two options change places."""
    body = frame.payload[240:]
    first = 2 + body[1]
    second = first + 2 + body[first + 1]
    return _patched(frame, 240, body[first:second] + body[:first])


def _broadcast(frame):
    """Sent to everybody, or to nobody, at the Ethernet level."""
    turned = "02:00:00:00:99:99" if frame.eth_dst == frames.BROADCAST_MAC else frames.BROADCAST_MAC
    return dataclasses.replace(frame, eth_dst=turned)


def _wrong_port(frame):
    return dataclasses.replace(frame, dport=frame.dport ^ 1)


FAULTS = [
    Fault("wrong address on the wire", _wrong_address),
    Fault("wrong option value on the wire", _wrong_option),
    Fault("two options swapped on the wire", _swapped_options),
    Fault("wrong Ethernet destination", _broadcast),
    Fault("wrong UDP port", _wrong_port),
    Fault("wrong option in the configuration", everywhere=False,
          config=lambda text: re.sub(r'domain-name "', 'domain-name "planted-', text)),
    Fault("wrong range in the configuration", everywhere=False,
          config=lambda text: re.sub(r"range (\S+)\.(\d+) ", lambda m: f"range {m[1]}.{int(m[2]) + 1} ", text)),
    Fault("wrong lease time in the configuration", everywhere=False,
          config=lambda text: re.sub(r"default-lease-time (\d+)", lambda m: f"default-lease-time {int(m[1]) + 1}", text)),
]
