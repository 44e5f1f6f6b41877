#!/usr/bin/python3
"""The judge judged: capture.complaints() must find what is wrong with a reply, and nothing in a right one."""
import os
import unittest

import base
import capture
import frames
from dhcp_packet import Message, mac_bytes

SERVER, CLIENT = "02:00:00:00:00:01", "02:00:00:00:00:02"


def reply(**fields):
    message = Message(op=2, xid=7, yiaddr="192.168.0.10", chaddr=mac_bytes(CLIENT), **fields)
    return message.add(53, b"\x02").add(54, bytes([192, 168, 0, 1])).add(51, b"\0\0\x0e\x10").add(1, b"\xff\xff\xff\0")


def framed(payload):
    return frames.udp(CLIENT, SERVER, "192.168.0.1", 67, "192.168.0.10", 68, payload)


class Judge(unittest.TestCase):
    def complaints(self, *framed_replies):
        with capture.temporary_folder() as folder:
            path = os.path.join(folder, "made.pcap")
            capture.write_pcap(path, framed_replies)
            return capture.complaints(path)

    def test_a_right_reply_passes(self):
        self.assertEqual([], self.complaints(framed(reply().encode())))

    def test_an_option_past_the_end(self):
        self.assertTrue(self.complaints(framed(reply().encode(minimum=0)[:-1] + b"\x0f\x40abc")))

    def test_an_option_of_the_wrong_length(self):
        self.assertTrue(self.complaints(framed(reply().add(3, b"\x0a\0\0").encode())))

    def test_no_end_option(self):
        self.assertTrue(self.complaints(framed(reply().encode(minimum=0)[:-1])))

    def test_a_wrong_udp_checksum(self):
        frame = bytearray(framed(reply().encode()))
        frame[40] ^= 1
        self.assertTrue(self.complaints(bytes(frame)))

    def test_one_bad_among_good(self):
        bad = framed(reply().add(3, b"\x0a\0\0").encode())
        self.assertEqual(1, len(self.complaints(framed(reply().encode()), bad, framed(reply().encode()))))


if __name__ == "__main__":
    base.main("tshark")
