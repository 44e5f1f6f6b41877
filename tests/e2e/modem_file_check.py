#!/usr/bin/python3
"""The modem of these tests judged: it must find what is wrong with a file, and nothing in a right one. The MICs below are openssl's: `openssl md5 -binary` of the
octets, `openssl dgst -md5 -hmac KEY -binary` of the TLVs in the order of MULPI D.2.1, or for the extended one in the file's."""
import pathlib
import unittest

import base             # puts tests/lib on the path
import cmts
import modem_file

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "docsis" / "golden"
ACCESS, FLOWS = "030101 120103", "180701020001060107 190701020002060107"
EXTENSION = "0803ffffff {} 010101 0206100020c00010"     # HMAC-MD5 over TLV 3, 18, 24, 25, 43
KEY, EXTENDED_KEY = b"DOCSIS", b"EXTENDED"


def sealed(body, cm_mic, cmts_mic):
    octets = bytes.fromhex(f"{body} 0610 {cm_mic} 0710 {cmts_mic} ff")
    return octets + bytes(-len(octets) % 4)


PLAIN = sealed(f"{ACCESS} {FLOWS}", "0454c9988720fbb50ad4cf6103dc5ba2", "d26c205326161eb0ffdf5197a1ada254")
IMPLICIT = sealed(f"{ACCESS} 2b12 {EXTENSION.format('060b')} {FLOWS}", "2989313a4171c0fd200a5e6d57fa26b2", "93ef26e26d0b6b91022d5440b44f34df")
EXPLICIT = sealed(f"{ACCESS} 2b24 {EXTENSION.format('061d')} 0310 2a551dc6aa7f6f01797b4c35ca3f0028 {FLOWS}", "8c428bd28e5e2644a9ed43ac9b3ba14b",
                  "ebfc4d500c58ef6b00f73e22a38acaaf")


def state(octets, key=KEY, extended_key=EXTENDED_KEY):
    file = modem_file.ModemFile(octets)
    return cmts.register(file, key, "10.0.0.1", 0, extended_key) if file.cm_mic_right else "CM MIC"


class Modem(unittest.TestCase):
    def test_right_files_pass(self):
        for octets in (PLAIN, IMPLICIT, EXPLICIT):
            self.assertEqual("online", state(octets))

    def test_each_key_counts_where_it_is_used(self):
        self.assertEqual("reject(m)", state(PLAIN, key=b"docsis"))
        self.assertEqual("online", state(PLAIN, extended_key=b""))
        self.assertEqual("online", state(IMPLICIT, key=b""))
        for octets in (IMPLICIT, EXPLICIT):
            self.assertEqual("reject(m)", state(octets, extended_key=KEY))
        self.assertEqual("reject(m)", state(EXPLICIT, key=EXTENDED_KEY))

    def test_any_octet_that_is_another_is_noticed(self):
        for octets in (PLAIN, IMPLICIT, EXPLICIT):
            for at in range(len(octets)):
                damaged = bytearray(octets)
                damaged[at] ^= 1
                try:
                    self.assertIn(state(bytes(damaged)), ("CM MIC", "reject(m)"), at)
                except (modem_file.Malformed, KeyError):
                    pass

    def test_any_file_that_ends_early_is_refused(self):
        for size in range(len(PLAIN)):
            with self.assertRaises(modem_file.Malformed, msg=size):
                modem_file.ModemFile(PLAIN[:size])

    def test_files_of_the_docsis_utility(self):
        """MULPI D.2.1 in another's hand; but for TLV 64, which it gets wrong, and files without flows, which no CMTS takes."""
        keys = [path.read_bytes()[:64].rstrip(b"\r\n") for path in sorted(GOLDEN.glob("k-*.key"))]
        right = set()
        for path in sorted(GOLDEN.glob("[01]*.cm")):
            try:
                file = modem_file.ModemFile(path.read_bytes())
            except modem_file.Malformed:
                continue
            self.assertTrue(file.cm_mic_right, path.name)
            if any(file.cmts_mic_right(key) for key in keys):
                right.add(path.name[:2])
        self.assertEqual({"01", "02", "03", "04", "05", "06", "07", "08", "14"}, right)


class Mta(unittest.TestCase):
    def test_the_hash(self):
        """PKT-SP-PROV1.5 9.1: CableLabs' and Excentis' objects."""
        for path in sorted(GOLDEN.glob("1[23]-mta*.bin")):
            octets = path.read_bytes()
            self.assertIs(True, modem_file.MtaFile(octets).hash_right, path.name)
            self.assertIs(False, modem_file.MtaFile(octets[:-4] + bytes([octets[-4] ^ 1]) + octets[-3:]).hash_right, path.name)
            for size in range(len(octets)):
                with self.assertRaises(modem_file.Malformed, msg=size):
                    modem_file.MtaFile(octets[:size])


if __name__ == "__main__":
    base.main()
