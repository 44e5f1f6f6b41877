"""Reads scenario files (*.scn): a dhcpd.conf, then packet scripts played to the server that runs with it.

    config                                     # one server start; the text up to `end` is the dhcpd.conf
      subnet 10.1.0.0 netmask 255.255.0.0 { ... }
    end

    stored                                     # optional: the dhcpd.leases that the server finds at its start
      lease 10.1.0.9 { starts {now-60}; ends {now+3600}; ... }
    end

    scenario host-over-class  §6               # name, then what it proves
      cm1 DISCOVER via=10.1.0.1 prl=1,15       -> OFFER domain-name=host
      cm1 SELECT   via=10.1.0.1                -> ACK
      wait 2                                   # until two whole seconds of wall clock after the scenario's start
      cm1 RENEW                                -> silence

`->` says what the *reference* does, so that a scenario cannot pass because both servers were silent by mistake.
Client cm7 has MAC 00:15:96:00:00:07, pc7 00:1b:63:00:00:07, `client NAME MAC` declares any other.

Verbs: a message type, BOOTP (no option 53), or what a client does: SELECT, REBOOT, RENEW, REBIND.
Keys:  via=GIADDR (relayed; else broadcast on the LAN)  from=IP (unicast from there)  on=lan|cmts  bcast (flag)
       port=N (the server's, and the relay's own; 67 otherwise)
       ciaddr= secs= flags= htype= hlen= hops= op= chaddr= sname= file= yiaddr= siaddr=   header fields
       req=50 sid=54 lease=51 prl=55 cid=61 host=12 vendor=60 max=57, or an option's name or code   options, in the order given
       circuit= remote= link= agent.N=   sub-options of 82, in the order given
       KEY=none  leaves out what the verb implies;  nocookie;  cut=N  truncated to N bytes
       `@` as a value: the address (or server identifier) that this client was last offered; `@cm8`: that of cm8
Values: as dhcp_packet.show() prints them; 0x... or aa:bb for bytes.
Other lines: `alive IP` answers pings, `dead IP` stops that; `restart [kill]` stops and starts the server;
`leases` compares the leases files at the scenario's end; `nolog` leaves the log lines uncompared.
"""
import dataclasses
import re
import shlex

import dhcp_packet

VERBS = set(dhcp_packet.TYPE_CODES) | {"BOOTP", "SELECT", "REBOOT", "RENEW", "REBIND"}
ANSWERS = set(dhcp_packet.TYPE_CODES) | {"BOOTREPLY", "silence"}
ALIASES = {"req": 50, "lease": 51, "sid": 54, "prl": 55, "max": 57, "vendor": 60, "cid": 61, "host": 12}
HEADER = {"ciaddr", "yiaddr", "siaddr", "secs", "flags", "htype", "hlen", "hops", "op", "chaddr", "sname", "file"}
AGENT = {"circuit": 1, "remote": 2, "link": 5}
SEEN = HEADER | {"on", "eth-dst", "ip-src", "ip-dst", "ports", "size", "order", "giaddr", "vendor", "unterminated"}
ROUTING = {"via", "from", "on", "port", "cut"}
WORDS = {"bcast", "nocookie"}


class ScriptError(ValueError):
    """The scenario file is wrong; says where."""


@dataclasses.dataclass
class Step:
    line: int
    text: str
    verb: str                                            # a client's message, or wait, alive, dead, restart
    client: str = ""
    args: list = dataclasses.field(default_factory=list)       # (key, value) in the order given
    answer: str = ""
    expected: list = dataclasses.field(default_factory=list)   # (field, value); value None: must be absent

    @property
    def is_packet(self):
        return bool(self.client)


@dataclasses.dataclass
class Scenario:
    name: str
    about: str
    steps: list = dataclasses.field(default_factory=list)
    compare_log: bool = True
    compare_leases: bool = False
    clients: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Group:
    """One server start: a configuration and the scenarios played to it, one after the other."""
    name: str
    config: str
    stored: str = ""
    scenarios: list = dataclasses.field(default_factory=list)


def option_code(key):
    if key in ALIASES:
        return ALIASES[key]
    if key in dhcp_packet.OPTION_CODES:
        return dhcp_packet.OPTION_CODES[key]
    return int(key) if key.isdigit() and int(key) < 255 else None


def field_name(key):
    """The recorded field that a script means: `15`, `domain-name` and `option 15` are one."""
    if key in SEEN:
        return key
    code = option_code(key)
    if code is None:
        raise ValueError(f"unknown field `{key}`")
    return f"option {code}"


def _pair(token, known):
    key, equals, value = token.partition("=")
    if not equals:
        if key in WORDS:
            return key, ""
        raise ValueError(f"`{token}` is no key=value")
    if key in known or option_code(key) is not None or re.fullmatch(r"(agent|file|sname)\.\d+", key):
        return key, value
    raise ValueError(f"unknown key `{key}`")


def _packet(line, text, words):
    client, verb = words[0], words[1]
    if verb not in VERBS:
        raise ValueError(f"unknown verb `{verb}`")
    if "->" not in words:
        raise ValueError("no `->`: say what the reference answers")
    arrow = words.index("->")
    step = Step(line, text, verb, client)
    step.args = [_pair(word, HEADER | set(AGENT) | ROUTING) for word in words[2:arrow]]
    step.answer = words[arrow + 1]
    if step.answer not in ANSWERS:
        raise ValueError(f"unknown answer `{step.answer}`")
    for word in words[arrow + 2:]:
        key, equals, value = word.removeprefix("!").partition("=")
        if bool(equals) == word.startswith("!"):
            raise ValueError(f"`{word}` is neither field=value nor !field")
        step.expected.append((field_name(key), value if equals else None))
    return step


def parse(path):
    """The groups of a file; scenario names are FILE/NAME."""
    stem = path.stem
    groups, block, kind, scenario = [], None, None, None
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = raw.strip()
        try:
            if block is not None:
                if text != "end":
                    block.append(raw)
                    continue
                if kind == "config":
                    groups.append(Group(f"{stem}.{len(groups) + 1}", "\n".join(block) + "\n"))
                    scenario = None
                else:
                    groups[-1].stored = "\n".join(block) + "\n"
                block = None
                continue
            if not text or text.startswith("#"):
                continue
            if text.startswith("scenario "):
                _, name, *about = text.split(None, 2)
                scenario = Scenario(f"{stem}/{name}", " ".join(about))
                groups[-1].scenarios.append(scenario)
                continue
            words = shlex.split(text, comments=True)
            if words[0] in ("config", "stored"):
                block, kind = [], words[0]
            elif words[0] == "client":
                scenario.clients[words[1]] = words[2]
            elif words[0] == "nolog":
                scenario.compare_log = False
            elif words[0] == "leases":
                scenario.compare_leases = True
            elif words[0] in ("wait", "alive", "dead", "restart"):
                scenario.steps.append(Step(number, text, words[0], "", words[1:]))
            else:
                scenario.steps.append(_packet(number, text.split(" #")[0], words))
        except (ValueError, IndexError, AttributeError) as error:
            raise ScriptError(f"{path}:{number}: {error}\n    {text}") from error
    if block is not None:
        raise ScriptError(f"{path}: {kind} without end")
    return groups
