"""Plays one group of scenarios to one server and records what comes back."""
import dataclasses
import re
import tempfile
import threading
import time

import dhcp_packet
import frames
import leases_file
import script
import server
import testbed
from dhcp_packet import Message

SILENCE = 0.3          # seconds without an answer that count as silence; ten times what a slow answer takes
PATIENCE = 1.5         # seconds for an answer that the reference gives
PROBE = 2.5            # the same where a ping probe comes first

_PREFIXES = {"cm": "00:15:96:00:{:02x}:{:02x}", "pc": "00:1b:63:00:{:02x}:{:02x}"}


@dataclasses.dataclass
class Record:
    """What one server did in one scenario."""
    answers: list = dataclasses.field(default_factory=list)      # per step: list of replies
    log: list = dataclasses.field(default_factory=list)
    leases: dict | None = None
    error: str = ""


@dataclasses.dataclass
class Reply:
    """One reply, taken apart into fields that can be compared and shown."""
    type: str
    fields: dict
    message: Message | None = None


@dataclasses.dataclass
class Client:
    mac: str
    address: str = "0.0.0.0"
    server_id: str = "0.0.0.0"


def take_apart(side, frame):
    fields = {"on": side, "eth-dst": frame.eth_dst, "ip-src": frame.src, "ip-dst": frame.dst,
              "ports": f"{frame.sport}>{frame.dport}"}
    if frame.fault:
        fields["fault"] = frame.fault
    try:
        message = Message.decode(frame.payload)
    except dhcp_packet.Malformed as error:
        return Reply("MALFORMED", fields | {"malformed": str(error), "bytes": frame.payload.hex()})
    for name in ("op", "htype", "hlen", "hops", "secs"):
        fields[name] = str(getattr(message, name))
    fields["flags"] = f"0x{message.flags:04x}"
    for name in ("ciaddr", "yiaddr", "siaddr", "giaddr"):
        fields[name] = getattr(message, name)
    fields["chaddr"] = dhcp_packet.mac_text(message.chaddr[:message.hlen])
    overload = (message.get(dhcp_packet.OVERLOAD) or b"\0")[0]
    fields["file"] = "(options)" if overload & 1 else _text(message.file)
    fields["sname"] = "(options)" if overload & 2 else _text(message.sname)
    fields["size"] = str(message.size)
    fields["order"] = " ".join(str(o.code) if o.area == "options" else f"{o.area}:{o.code}" for o in message.options)
    if message.unterminated:
        fields["unterminated"] = " ".join(message.unterminated)
    for option in message.options:
        fields.setdefault(f"option {option.code}", "")
    for key in [key for key in fields if key.startswith("option ")]:
        code = int(key.split()[1])
        fields[key] = dhcp_packet.show(code, message.get(code))
    if not message.cookie:
        fields["vendor"] = "0x" + frame.payload[236:].rstrip(b"\0").hex()
    return Reply(message.type, fields, message)


def _text(data):
    end = data.find(b"\0")
    head, tail = (data, b"") if end < 0 else (data[:end], data[end:])
    if tail.strip(b"\0") or not all(32 <= octet < 127 for octet in head):
        return "0x" + data.rstrip(b"\0").hex()
    return head.decode("ascii")


class Pace:
    """Keeps two players in step, so that both servers see each packet in the same second of wall clock."""

    def __init__(self):
        self.begin = 0
        self._step = threading.Barrier(2, self._not_at_the_end_of_a_second, timeout=60)
        self._start = threading.Barrier(2, self._first_half_of_a_second, timeout=60)

    def _first_half_of_a_second(self):
        _leave_fraction_above(0.4)
        self.begin = int(time.time())

    @staticmethod
    def _not_at_the_end_of_a_second():
        _leave_fraction_above(0.85)

    def scenario(self):
        self._wait(self._start, self._first_half_of_a_second)

    def step(self):
        self._wait(self._step, self._not_at_the_end_of_a_second)

    @staticmethod
    def _wait(barrier, alone):
        try:
            barrier.wait()
        except threading.BrokenBarrierError:
            alone()               # the other player is gone

    def leave(self):
        self._start.abort()
        self._step.abort()


def _leave_fraction_above(limit):
    fraction = time.time() % 1
    if fraction > limit:
        time.sleep(1.01 - fraction)


class Player:
    """One server, one testbed, one thread. `mutate`, if given, changes each reply before it is recorded."""

    def __init__(self, binary, extra=(), mutate=None, config_filter=None, folder="/dev/shm"):
        self._binary, self._extra, self._mutate, self._folder = binary, extra, mutate, folder
        self._config_filter = config_filter or (lambda text: text)
        self._bed = self._server = self._pace = None
        self._clients, self._xid = {}, 0

    def play(self, group, pace):
        """Records, one per scenario; a server that ends early leaves an error in the rest."""
        records, played = [Record() for _ in group.scenarios], []
        with testbed.Testbed() as bed, tempfile.TemporaryDirectory(prefix="coaxd-diff-", dir=self._folder) as folder:
            self._bed, self._pace = bed, pace
            self._server = server.Server(self._binary, bed.server, folder, self._config_filter(group.config),
                                         testbed.SERVER_INTERFACES, self._extra,
                                         leases_file.dated(group.stored, time.time()))
            try:
                self._server.start()
                for scenario, record in zip(group.scenarios, records):
                    self._play_scenario(scenario, record)
                    played.append(record)
            except server.ServerFailed as failure:
                for record in records[len(played):]:
                    record.error = f"server failed: {failure}"
                    failure = "see above"
            finally:
                pace.leave()
                self._server.stop(kill=True)
        return records

    def _play_scenario(self, scenario, record):
        self._clients = {name: Client(mac) for name, mac in scenario.clients.items()}
        self._bed.alive.clear()
        self._bed.owners.clear()
        self._drain()
        self._pace.scenario()
        for number, step in enumerate(scenario.steps):
            self._xid = (number + 1) << 8
            replies = self._step(step)
            if record.answers:
                record.answers[-1] += replies.pop(0)
            else:
                replies.pop(0)
            record.answers.append(sum(replies, []))
        if not self._server.alive():
            raise server.ServerFailed("the server ended during " + scenario.name)
        if record.answers:
            record.answers[-1] += self._drain()
        record.log = self._server.log_lines()
        if scenario.compare_leases:
            self._server.stop()
            record.leases = leases_file.read(self._server.leases_path)
            self._server.start()

    def _drain(self):
        late = []
        while (got := self._bed.receive(0)) is not None:
            late.append(self._recorded(*got))
        return late

    def _step(self, step):
        """Lists of replies: those that came late for the step before, then this step's."""
        if step.verb == "wait":
            late = []
            until = self._pace.begin + float(step.args[0]) + 0.05
            while (left := until - time.time()) > 0:
                if (got := self._bed.receive(left)) is not None:
                    late.append(self._recorded(*got))
            return [late]
        if step.verb == "alive":
            self._bed.alive.add(step.args[0])
        elif step.verb == "dead":
            self._bed.alive.discard(step.args[0])
        elif step.verb == "restart":
            self._server.stop(kill=step.args[:1] == ["kill"])
            self._server.start()
        if not step.is_packet:
            return [self._drain()]
        late = self._drain()
        client = self._client(step.client)
        self._pace.step()
        try:
            self._transmit(step, client)
        except (ValueError, OSError) as error:
            raise script.ScriptError(f"line {step.line}: {step.text}: {error}") from error
        silent = step.answer == "silence"
        patience = SILENCE if silent else PROBE if self._bed.alive else PATIENCE
        replies = []
        got = self._bed.receive(patience)
        if got is not None:
            self._learn(client, take_apart(*got))
            replies.append(self._recorded(*got))
        return [late, replies]

    def _recorded(self, side, frame):
        if self._mutate:
            frame = self._mutate(frame)
        return take_apart(side, frame)

    def _client(self, name):
        if name not in self._clients:
            match = re.fullmatch(r"(cm|pc)(\d+)", name)
            if not match:
                raise script.ScriptError(f"client {name} is not declared")
            number = int(match[2])
            self._clients[name] = Client(_PREFIXES[match[1]].format(number >> 8, number & 255))
        return self._clients[name]

    def _learn(self, client, reply):
        if reply.message and reply.type in ("OFFER", "ACK", "BOOTREPLY"):
            if reply.message.yiaddr != "0.0.0.0":
                client.address = reply.message.yiaddr
                self._bed.owners[client.address] = client.mac
            client.server_id = reply.fields.get("option 54", client.server_id)

    def _transmit(self, step, client):
        message = Message(xid=self._xid, chaddr=dhcp_packet.mac_bytes(client.mac))
        args, agent, cut = _defaults(step), b"", None
        route = {"via": None, "from": None, "on": None, "port": 67}
        if step.verb != "BOOTP":
            kind = "REQUEST" if step.verb in ("SELECT", "REBOOT", "RENEW", "REBIND") else step.verb
            message.add(53, bytes([dhcp_packet.TYPE_CODES[kind]]))
        for key, value in args:
            if value.startswith("@"):
                holder = self._client(value[1:]) if value[1:] else client
                value = holder.server_id if key == "sid" else holder.address
            if key in route:
                route[key] = int(value) if key == "port" else value
            elif key == "cut":
                cut = int(value)
            elif key == "bcast":
                message.flags |= 0x8000
            elif key == "nocookie":
                message.cookie = False
            elif key in ("chaddr",):
                message.chaddr = dhcp_packet.mac_bytes(value) if value else b""
            elif key in ("sname", "file"):
                setattr(message, key, bytes.fromhex(value[2:]) if value.startswith("0x") else value.encode())
            elif key in script.HEADER:
                setattr(message, key, value if key.endswith("addr") else int(value, 0))
            elif key in script.AGENT or key.startswith("agent."):
                code = script.AGENT.get(key) or int(key[6:])
                data = dhcp_packet.ip_bytes(value) if key == "link" else dhcp_packet.read(0, value)
                agent += bytes([code, len(data)]) + data
            elif value != "none":
                code = script.option_code(key)
                message.add(code, dhcp_packet.read(code, value))
        if agent:
            message.add(dhcp_packet.AGENT, agent)          # RFC 3046 §2.1: the relay appends it last
        self._emit(message, client, route, cut)

    def _emit(self, message, client, route, cut):
        source, giaddr, port = route["from"], route["via"], route["port"]
        if giaddr:
            message.giaddr = giaddr
            message.hops = message.hops or 1
        side = route["on"] or (testbed.LAN if not giaddr and (source is None or source.startswith("192.168.0."))
                               else testbed.CMTS)
        payload = message.encode()
        payload = payload if cut is None else payload[:cut]
        mac = testbed.PEER_MAC[side] if side == testbed.CMTS else client.mac
        if giaddr:
            frame = frames.udp(testbed.SERVER_MAC[side], mac, source or giaddr, port, testbed.SERVER_IP[side], port, payload)
        elif source:
            self._bed.owners[source] = client.mac
            frame = frames.udp(testbed.SERVER_MAC[side], mac, source, 68, testbed.SERVER_IP[side], port, payload)
        else:
            frame = frames.udp(frames.BROADCAST_MAC, mac, message.ciaddr, 68, frames.BROADCAST_IP, port, payload)
        self._bed.send(side, frame)


def _defaults(step):
    """The fields that make a client's act what it is (RFC 2131 §4.3.2, table 4), unless the line says otherwise."""
    given = {key for key, _ in step.args}
    implied = {
        "SELECT": [("req", "@"), ("sid", "@")],
        "REBOOT": [("req", "@")],
        "RENEW": [("ciaddr", "@"), ("from", "@")],
        "REBIND": [("ciaddr", "@")],
        "RELEASE": [("ciaddr", "@"), ("from", "@"), ("sid", "@")],
        "DECLINE": [("req", "@"), ("sid", "@")],
        "INFORM": [("ciaddr", "@")],
    }.get(step.verb, [])
    routed = "via" in given
    return [(k, v) for k, v in implied if k not in given and not (routed and k == "from")] + step.args
