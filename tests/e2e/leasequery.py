#!/usr/bin/python3
"""A CMTS asks which address is whose (RFC 4388 and its drafts): every answer passes tshark and says what the CMTS has seen of DHCP. Exit 77: cannot run here.

    CMTS 192.168.1.2, 10.1.0.1, 10.2.0.1, 10.3.0.1, 10.9.0.1 up0 --- cmts0 192.168.1.1 server
"""
import re
import socket

import base             # puts tests/lib on the path
import capture
import dhcp_packet
from far_side import SERVER, FarSide

SO_RCVBUFFORCE = 33         # socket(7); Python has no name for it
CONFIG = """
ping-check off;
authoritative;
default-lease-time 3600;
subnet 192.168.1.0 netmask 255.255.255.0 { }
subnet 10.1.0.0 netmask 255.255.0.0 { range 10.1.0.10 10.1.20.250; %s }
subnet 10.2.0.0 netmask 255.255.255.0 { range 10.2.0.10 10.2.0.29; }
host static { hardware ethernet 02:00:5e:00:53:80; fixed-address 10.1.30.200; }
"""
REQUESTERS = """
[leasequery]
requesters = [
  { prefix = "10.1.0.0/16" },
  { prefix = "10.2.0.1", dialect = "draft2" },
  { prefix = "10.3.0.1", lists = "strict", rate = 1 },
]
"""
ACK, NAK, UNASSIGNED, UNKNOWN, ACTIVE = 5, 6, 11, 12, 13
AGENT = bytes.fromhex("0104 80000003 0206 02005e005301")


def mac(number):
    return f"02:00:5e:00:{number >> 8:02x}:{number & 255:02x}"


class Leasequery(FarSide):
    def serve(self, statement="", settings=""):
        self.lay(CONFIG % statement, settings, *(f"10.{n}.0.1/32" for n in (1, 2, 3, 9)))
        self.running.start()
        self.sockets = {}
        self.capture = self.enterContext(capture.Capture(self.near, "cmts0", str(self.folder)))
        self.xid = 0

    def judge(self):
        self.capture.stop()
        self.assertEqual([], capture.complaints(self.capture.path))
        return capture.message_types(self.capture.path)

    def socket_of(self, address):
        if address not in self.sockets:
            with self.far.entered():
                self.sockets[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(self.sockets[address].close)
            self.sockets[address].setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            self.sockets[address].bind((address, 67))
        return self.sockets[address]

    def message(self, kind, giaddr, options, ciaddr="0.0.0.0", chaddr=None):
        self.xid += 1
        message = dhcp_packet.Message(xid=self.xid, giaddr=giaddr, ciaddr=ciaddr, hops=1)
        if chaddr:
            message.chaddr = dhcp_packet.mac_bytes(chaddr)
        else:
            message.htype = message.hlen = 0
        message.add(dhcp_packet.MESSAGE_TYPE, bytes([kind]))
        for code, value in options:
            message.add(code, value)
        return message

    def answer(self, listener, xid):
        """What comes to that relay for that question; None: nothing."""
        try:
            while True:
                octets, sender = listener.recvfrom(2048)
                answer = dhcp_packet.Message.decode(octets)
                if answer.xid == xid:
                    self.assertEqual((SERVER, 67), sender)
                    return answer
        except TimeoutError:
            return None

    def ask(self, kind=10, giaddr="10.1.0.1", source=None, options=(), silence=False, **key):
        message = self.message(kind, giaddr, options, **key)
        listener = self.socket_of(giaddr)
        listener.settimeout(0.5 if silence else 5)
        self.socket_of(source or giaddr).sendto(message.encode(), (SERVER, 67))
        answer = self.answer(listener, message.xid)
        self.assertEqual(silence, answer is None, (message, answer))
        return answer

    def kind(self, *args, **kwargs):
        return self.ask(*args, **kwargs).get(dhcp_packet.MESSAGE_TYPE)[0]

    def bind(self, number, giaddr="10.1.0.1", address=None):
        """A modem takes its address, or this one; the CMTS listens."""
        options = [(82, AGENT), (61, b"\1" + dhcp_packet.mac_bytes(mac(number))), (60, b"docsis3.0:")]
        if address is None:
            offer = self.ask(1, giaddr, options=options, chaddr=mac(number))
            address = offer.yiaddr
        options.insert(0, (50, dhcp_packet.ip_bytes(address)))
        ack = self.ask(3, giaddr, options=options, chaddr=mac(number))
        self.assertEqual((ACK, address), (ack.get(53)[0], ack.yiaddr))
        return ack.yiaddr

    def test_with_the_flag_alone_giaddr_decides(self):
        self.serve("allow leasequery;")
        address = self.bind(1)
        told = self.ask(ciaddr=address)
        self.assertEqual(ACTIVE, told.get(53)[0])
        self.assertEqual((address, "0.0.0.0", mac(1)), (told.ciaddr, told.yiaddr, dhcp_packet.mac_text(told.chaddr[:6])))
        self.assertEqual(AGENT, told.get(82))
        self.assertEqual(b"\1" + dhcp_packet.mac_bytes(mac(1)), told.get(61))
        self.assertEqual(b"docsis3.0:", told.get(60))
        left, t1, t2, ago = (int.from_bytes(told.get(code), "big") for code in (51, 58, 59, 91))
        self.assertTrue(3580 <= left <= 3600 and left - t1 == 1800 and left - t2 == 450 and ago == 3600 - left, (left, t1, t2, ago))
        self.assertEqual(AGENT, told.options[-1].data)

        self.assertEqual(address, self.ask(chaddr=mac(1)).ciaddr)
        self.assertEqual(address, self.ask(options=[(61, b"\1" + dhcp_packet.mac_bytes(mac(1)))]).ciaddr)
        self.assertEqual(UNASSIGNED, self.kind(ciaddr="10.1.20.250"))
        self.assertEqual(UNKNOWN, self.kind(ciaddr="10.1.200.1"))
        self.assertEqual(UNKNOWN, self.kind(chaddr=mac(99)))
        static = self.ask(ciaddr="10.1.30.200")
        self.assertEqual((ACTIVE, "02:00:5e:00:53:80"), (static.get(53)[0], dhcp_packet.mac_text(static.chaddr[:6])))
        self.assertIsNone(static.get(82), "nobody has heard of him yet")
        self.bind(0x5380, address="10.1.30.200")
        self.assertEqual(AGENT, self.ask(ciaddr="10.1.30.200").get(82))
        # As a uBR7200 asks, which takes an ACK and a NAK for answers.
        ack = self.ask(13, ciaddr=address)
        self.assertEqual((ACK, address, address), (ack.get(53)[0], ack.ciaddr, ack.yiaddr))
        self.assertEqual(NAK, self.kind(13, ciaddr="10.1.20.250"))
        self.ask(giaddr="10.2.0.1", ciaddr=address, silence=True)
        self.ask(giaddr="10.9.0.1", ciaddr=address, silence=True)
        self.assertEqual([2, 5, 13, 13, 13, 11, 12, 12, 13, 5, 13, 5, 6], self.judge())
        log = base.log_text(self.running)
        self.assertIn(f"DHCPLEASEQUERY from 10.1.0.1 for IP {address}\nDHCPLEASEACTIVE to 10.1.0.1 for IP {address} (0 associated IPs)", log)
        self.assertIn("DHCPLEASEQUERY from 10.2.0.1: LEASEQUERY not allowed, query ignored", log)
        self.assertEqual(1, len(re.findall("10.1.0.1 asks by message type 13, which is taken for dialect draft0", log)))
        counted = self.metrics()
        self.assertEqual(3, counted['coaxd_leasequery_answers_total{requester="allow leasequery",dialect="rfc4388",key="address",result="active"}'])
        self.assertEqual(1, counted['coaxd_leasequery_answers_total{requester="allow leasequery",dialect="draft0",key="address",result="unassigned"}'])
        self.assertEqual(2, counted['coaxd_leasequery_refused_total{requester="none",reason="not-allowed"}'])

    def test_a_list_names_source_and_giaddr_and_says_the_dialect(self):
        self.serve("allow leasequery;", REQUESTERS)
        address = self.bind(1)
        other = self.bind(1, "10.2.0.1", "10.2.0.10")
        both = self.ask(chaddr=mac(1))
        self.assertEqual({address, other}, {both.ciaddr, dhcp_packet.show(92, both.get(92))})
        self.ask(giaddr="10.9.0.1", ciaddr=address, silence=True)
        self.ask(giaddr="10.1.0.1", source="10.9.0.1", ciaddr=address, silence=True)
        self.assertEqual(ACTIVE, self.kind(giaddr="10.1.0.1", source="10.2.0.1", ciaddr=address))
        self.assertEqual([16, 14, 15], [self.kind(13, "10.2.0.1", ciaddr=asked) for asked in (address, "10.1.20.250", "10.1.200.1")])
        strict = self.ask(giaddr="10.3.0.1", ciaddr=address, options=[(55, b"\x33\x52")])
        self.assertEqual([53, 54, 51, 82], [option.code for option in strict.options])
        for _ in range(9):
            self.ask(giaddr="10.3.0.1", ciaddr=address)
        self.ask(giaddr="10.3.0.1", ciaddr=address, silence=True)     # beyond its rate
        self.judge()
        counted = self.metrics()
        self.assertEqual(1, counted['coaxd_leasequery_refused_total{requester="none",reason="source-not-allowed"}'])
        self.assertEqual(1, counted['coaxd_leasequery_refused_total{requester="10.3.0.1/32",reason="too-many"}'])
        self.assertEqual(1, counted['coaxd_leasequery_answers_total{requester="10.2.0.1/32",dialect="draft2",key="address",result="active"}'])

    def test_a_reloaded_cmts_hears_about_all_its_clients(self):
        """Four thousand questions at once, as fast as a socket takes them; nobody is cut off, and the log does not burst."""
        self.serve("allow leasequery;")
        self.capture.stop()
        bound = {self.bind(number) for number in range(60)}
        listener = self.socket_of("10.1.0.1")
        listener.settimeout(5)
        asked = {}
        for number in range(4000):
            address = f"10.1.{number // 200}.{10 + number % 200}"
            message = self.message(10, "10.1.0.1", (), ciaddr=address)
            asked[message.xid] = address
            listener.sendto(message.encode(), (SERVER, 67))
        active = set()
        while asked:
            octets, _ = listener.recvfrom(2048)
            answer = dhcp_packet.Message.decode(octets)
            address = asked.pop(answer.xid)
            self.assertEqual(address, answer.ciaddr)
            self.assertEqual(ACTIVE if address in bound else UNASSIGNED, answer.get(53)[0], address)
            active |= {address} if answer.get(53)[0] == ACTIVE else set()
        self.assertEqual(bound, active)
        self.assertLess(base.log_text(self.running).count("DHCPLEASEQUERY"), 2000)


if __name__ == "__main__":
    base.main("tcpdump", "tshark")
