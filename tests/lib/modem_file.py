"""The configuration file as a modem, its CMTS and an MTA read it (CM-SP-MULPIv3.0 Annexes C and D, PKT-SP-PROV1.5 9.1).

Written from the specification and apart from the compiler under test, so that a mistake there is not repeated here.
"""
import dataclasses
import hashlib
import hmac
import socket

PAD, CM_MIC, CMTS_MIC, END = 0, 6, 7, 255
NETWORK_ACCESS, CLASS_OF_SERVICE, SNMP, BASELINE_PRIVACY, MAX_CPE, TIMESTAMP, ADDRESS = 3, 4, 11, 17, 18, 19, 20
UPSTREAM, DOWNSTREAM, PRIVACY_ENABLE, EXTENSION, LONG_SNMP, DELIMITER = 24, 25, 29, 43, 64, 254

# MULPI D.2.1: what the CMTS MIC covers, type by type in this order.
COVERED = (1, 2, 3, 4, 17, 43, 6, 18, 19, 20, 22, 23, 24, 25, 28, 29, 26, 35, 36, 37, 40)
_EXTENDED, _HMAC_TYPE, _BITMAP, _DIGEST = 6, 1, 2, 3         # in TLV 43 (C.1.1.18.1.6)
_HMAC_MD5 = 1
_RATE_UNITS = {0: 1, 1: 1000, 2: 1_000_000, 3: 1_000_000_000}
_HASHES = ("1.3.6.1.4.1.4491.2.2.1.1.2.7.0", "1.3.6.1.4.1.7432.1.1.2.9.0", "1.3.6.1.2.1.140.1.2.11.0")     # CableLabs, Excentis, RFC 4682


class Malformed(ValueError):
    """No modem would take this file."""


@dataclasses.dataclass(frozen=True)
class Tlv:
    code: int
    value: bytes

    @property
    def octets(self):
        return bytes([self.code, len(self.value)]) + self.value

    @property
    def number(self):
        return int.from_bytes(self.value, "big")

    def inner(self):
        return _tlvs(self.value)


@dataclasses.dataclass(frozen=True)
class Flow:
    """A service flow (TLV 24, 25), or one direction of a class of service (TLV 4)."""
    upstream: bool
    reference: int
    rate: int                # bits a second; 0: no limit
    name: str = ""           # of a service class that the CMTS has


@dataclasses.dataclass(frozen=True)
class Object:
    """An SNMP object to be set: its name in numbers, ASN.1 tag and value."""
    name: str
    tag: int
    value: bytes


def _tlvs(octets):
    found, at = [], 0
    while at < len(octets):
        if at + 2 > len(octets) or at + 2 + octets[at + 1] > len(octets):
            raise Malformed(f"TLV {octets[at]} at octet {at} runs past the end")
        found.append(Tlv(octets[at], octets[at + 2:at + 2 + octets[at + 1]]))
        at += 2 + octets[at + 1]
    return found


def _ber(octets):
    """The first ASN.1 value: tag, content, rest. Lengths as BER has them: one octet to 127, else 81 or 82."""
    if len(octets) < 2:
        raise Malformed("an SNMP object ends early")
    size, begin = octets[1], 2
    if size & 0x80:
        begin += size & 0x7f
        if not 1 <= size & 0x7f <= 2 or begin > len(octets):
            raise Malformed(f"length octet {size:#x} in an SNMP object")
        size = int.from_bytes(octets[2:begin], "big")
    if begin + size > len(octets):
        raise Malformed("an SNMP object runs past the end of its TLV")
    return octets[0], octets[begin:begin + size], octets[begin + size:]


def oid_text(octets):
    arcs, value = [], 0
    for octet in octets:
        value = value << 7 | octet & 0x7f
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def _object(octets):
    tag, content, rest = _ber(octets)
    if tag != 0x30 or rest:
        raise Malformed("an SNMP object is no SEQUENCE")
    name_tag, name, rest = _ber(content)
    value_tag, value, rest = _ber(rest)
    if name_tag != 6 or not name or rest:
        raise Malformed("an SNMP object is no name and value")
    return Object(oid_text(name), value_tag, value)


class ModemFile:
    """TLVs, CM MIC, CMTS MIC, end marker, padding to four octets (MULPI C.1.2.2, D.1.1)."""

    def __init__(self, octets):
        at = 0
        self.tlvs = []
        while True:
            if at >= len(octets):
                raise Malformed("no end marker")
            if octets[at] == END:
                break
            if octets[at] == PAD:
                at += 1
                continue
            length = octets[at + 1] if at + 1 < len(octets) else 0
            if not 1 <= length <= 254 or at + 2 + length > len(octets):
                raise Malformed(f"TLV {octets[at]} at octet {at} has length {length}")
            if octets[at] == CM_MIC:
                self._before_cm_mic = octets[:at]
            self.tlvs.append(Tlv(octets[at], octets[at + 2:at + 2 + length]))
            at += 2 + length
        if len(octets) % 4 or octets[at + 1:].strip(b"\0") or len(octets) - at > 4:
            raise Malformed("the padding")
        if [tlv.code for tlv in self.tlvs[-2:]] != [CM_MIC, CMTS_MIC] or any(len(tlv.value) != 16 for tlv in self.tlvs[-2:]):
            raise Malformed("the MICs are not at the end")
        self._check_needed()

    def _check_needed(self):
        """MULPI C.1.1: without these no registration; classes of service and service flows exclude each other."""
        codes = [tlv.code for tlv in self.tlvs]
        old, new = CLASS_OF_SERVICE in codes, UPSTREAM in codes and DOWNSTREAM in codes
        for code in (NETWORK_ACCESS, CM_MIC, CMTS_MIC):
            if codes.count(code) != 1:
                raise Malformed(f"{codes.count(code)} times TLV {code}")
        if old == new:
            raise Malformed("both TLV 4 and TLV 24, 25" if old else "neither TLV 4 nor TLV 24 and 25")

    def all(self, code):
        return [tlv for tlv in self.tlvs if tlv.code == code]

    def first(self, code, missing=None):
        return next((tlv for tlv in self.tlvs if tlv.code == code), missing)

    def number(self, code, missing=None):
        found = self.first(code)
        return missing if found is None else found.number

    @property
    def network_access(self):
        return self.number(NETWORK_ACCESS) == 1

    @property
    def max_cpe(self):
        return self.number(MAX_CPE, 1)

    @property
    def privacy(self):
        """BPI of a 1.0 modem is asked for by the class of service (4.7), BPI+ is on unless TLV 29 says otherwise."""
        if classes := self.all(CLASS_OF_SERVICE):
            return any(inner.code == 7 and inner.number == 1 for tlv in classes for inner in tlv.inner())
        return self.number(PRIVACY_ENABLE, 1) == 1

    @property
    def address(self):
        found = self.first(ADDRESS)
        return found and socket.inet_ntoa(found.value)

    @property
    def objects(self):
        return [_object(tlv.value) for tlv in self.all(SNMP)]

    @property
    def flows(self):
        found = []
        for tlv in self.tlvs:
            inner = {sub.code: sub for sub in tlv.inner()} if tlv.code in (CLASS_OF_SERVICE, UPSTREAM, DOWNSTREAM) else {}

            def number(code, inner=inner):
                return inner[code].number if code in inner else 0
            if tlv.code == CLASS_OF_SERVICE:
                found += [Flow(False, number(1), number(2)), Flow(True, number(1), number(3))]
            elif inner:
                unit = _RATE_UNITS[number(41)]
                name = inner[4].value.rstrip(b"\0").decode("latin-1") if 4 in inner else ""
                found.append(Flow(tlv.code == UPSTREAM, number(1), number(8) * unit, name))
        return found

    def summary(self):
        """What its subscriber gets, in a line."""
        def rate(upstream):
            rates = [flow.rate for flow in self.flows if flow.upstream == upstream]
            return " + ".join(f"{bits / 1e6:g} Mbit/s" if bits else "any speed" for bits in rates)
        access = f"{self.max_cpe} computer{'s' if self.max_cpe > 1 else ''}" if self.network_access else "no access"
        return f"{access}, {rate(False)} down, {rate(True)} up, {len(self.objects)} SNMP objects"

    @property
    def cm_mic_right(self):
        """D.1.3.1: MD5 of all octets before it."""
        return hashlib.md5(self._before_cm_mic).digest() == self.first(CM_MIC).value

    def cmts_mic_right(self, key, extended_key=None):
        """D.2.1; where TLV 43.6 asks for the extended one, that one (43.6.3, or TLV 7 in its place)."""
        last, plain = self.first(CMTS_MIC).value, self._cmts_mic(key)
        extension = self._extended()
        if extension is None:
            return plain == last
        digest = self._extended_mic(extension, key if extended_key is None else extended_key)
        if _DIGEST in extension:
            return plain == last and digest == extension[_DIGEST]
        return digest == last

    @property
    def has_extended_mic(self):
        return self._extended() is not None

    def _cmts_mic(self, key):
        covered = b"".join(tlv.octets for code in COVERED for tlv in self.all(code))
        return hmac.new(key, covered, "md5").digest()

    def _extended(self):
        for tlv in self.all(EXTENSION):
            inner = tlv.inner()
            if not inner or inner[0] != Tlv(8, b"\xff\xff\xff"):             # C.1.1.18: a vendor's own
                continue
            for sub in inner:
                if sub.code == _EXTENDED:
                    return {part.code: part.value for part in sub.inner()}
        return None

    def _extended_mic(self, extension, key):
        """The selected TLVs in the file's order; a digest inside counts as zeros."""
        if extension[_HMAC_TYPE] != bytes([_HMAC_MD5]):
            raise Malformed(f"HMAC type {extension[_HMAC_TYPE].hex()}")
        bitmap = extension[_BITMAP]
        zeroed = extension.get(_DIGEST, b"")
        message = b""
        for tlv in self.tlvs:
            if tlv.code // 8 < len(bitmap) and bitmap[tlv.code // 8] & 0x80 >> tlv.code % 8:
                octets = tlv.octets
                if tlv.code == EXTENSION and zeroed and zeroed in octets:
                    octets = octets.replace(zeroed, bytes(len(zeroed)))
                message += octets
        return hmac.new(key, message, "md5").digest()


class MtaFile:
    """Delimiter, SNMP objects, delimiter (PKT-SP-PROV1.5 9.1): no MICs, but the hash as the last object."""

    def __init__(self, octets):
        if not octets.startswith(bytes([DELIMITER, 1, 1])) or not octets.endswith(bytes([DELIMITER, 1, 255])):
            raise Malformed("no MTA file: it does not begin and end with TLV 254")
        self.objects, self._last, at = [], b"", 3
        while at < len(octets) - 3:
            wide = octets[at] == LONG_SNMP                                    # two octets of length
            begin = at + (3 if wide else 2)
            end = begin + int.from_bytes(octets[at + 1:begin], "big")
            if end > len(octets) - 3 or octets[at] not in (SNMP, LONG_SNMP):
                raise Malformed(f"TLV {octets[at]} at octet {at}")
            self.objects.append(_object(octets[begin:end]))
            self._without_last = octets[:at] + octets[-3:]
            at = end

    @property
    def hash_right(self):
        """SHA-1 of the file without the hash's own object; None: there is none."""
        if not self.objects or self.objects[-1].name not in _HASHES:
            return None
        return hashlib.sha1(self._without_last).digest() == self.objects[-1].value
