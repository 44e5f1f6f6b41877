#!/usr/bin/env python3
"""Table and chart from a made-up comparison: what they say must be what was measured."""
import pathlib
import sys
import unittest
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests" / "lib")]
import chart  # noqa: E402
import contenders  # noqa: E402
import generators  # noqa: E402
import progress  # noqa: E402
import results  # noqa: E402
import servers  # noqa: E402
import table  # noqa: E402
import tftp_race  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def run(rate, violations=None, gave_up=0, refused=0, unfinished=0, receive_drops=0):
    return {"exchanges_per_s": rate, "server_cpu_us": 5.0, "generator_saturated": False, "violations": violations or {},
            "gave_up": gave_up, "refused": refused, "unfinished": unfinished, "receive_drops": receive_drops, "latency_ms": {"exchange": {"p50": 1.0, "p99": 2.0}}}


def server(name, promise, *rates, trains="none", **rest):
    return {"name": name, "version": f"{name} 1.0 <beta>", "promise": promise, "durability": "said so", "trains": trains, "pool": 1000,
            "window": 64,
            "rounds": [{"dora": run(rate, **rest), "renew": run(rate * 2), "perfdhcp": {}} for rate in rates]}


def report(*rows):
    made = {"machine": {"cpu": "a CPU", "cores": 2, "kernel": "6.1", "server_core": "0", "generator_core": "1",
                        "state_file_system": "ext4"},
            "sync_ms": 0.1, "settings": {"rounds": 3, "seconds": 2, "spin": False, "trains": "always"}, "absent": {"kea-mysql": "no such program"},
            "servers": list(rows)}
    results.add_medians(made)
    return made


class Medians(unittest.TestCase):
    def test_are_of_the_rounds_and_shares_are_of_medians(self):
        made = report(server("echo", servers.CEILING, 1000), server("null", servers.CEILING, 400, 500, 900),
                      server("coaxd", servers.SYNCED, 100, 250, 300), server("kea-memfile", servers.WRITTEN, 25))
        figures = made["servers"][2]["medians"]["dora"]
        self.assertEqual(figures["rate"], 250)
        self.assertEqual((figures["rate_min"], figures["rate_max"]), (100, 300))
        self.assertEqual(figures["of"], {"echo": 0.25, "null": 0.5, "kea-memfile": 10})

    def test_violations_are_summed_by_rule(self):
        made = report(server("sloppy", servers.SYNCED, 10, 10, violations={"wrong-xid": 2}))
        self.assertEqual(results.violations(made["servers"][0]), {"wrong-xid": 4})


class Table(unittest.TestCase):
    def test_marks_shares_of_what_travels_otherwise(self):
        text = table.table(report(server("null", servers.CEILING, 100), server("null-trains", servers.CEILING, 200, trains="both ways"),
                                  server("coaxd", servers.SYNCED, 100, trains="both ways"), server("dhcpd", servers.SYNCED, 10)))
        cells = {line.split("(")[1].split(")")[0]: [cell.strip() for cell in line.split("|")] for line in text.splitlines()
                 if line.startswith("| ") and "(" in line and "> (" in line}
        column = [cell.strip() for cell in next(line for line in text.splitlines() if "of null-trains" in line).split("|")].index
        self.assertEqual([cells["coaxd"][column(head)] for head in ("of null", "of null-trains")], ["1.00†", "0.50"])
        self.assertEqual([cells["dhcpd"][column(head)] for head in ("of null", "of null-trains")], ["0.10", "0.05†"])
        self.assertIn("† The two do not travel alike", text)

    def test_has_a_row_of_as_many_cells_as_heads_for_each_that_was_measured(self):
        failed = server("broken", servers.SYNCED) | {"errors": ["it does not answer\nand so on"]}
        text = table.table(report(server("coaxd", servers.SYNCED, 250), failed))
        rows = [line for line in text.splitlines() if line.startswith("|")]
        self.assertEqual(len(rows), 3)  # head, rule, coaxd
        self.assertEqual({line.count("|") for line in rows}, {rows[0].count("|")})
        self.assertIn("broken failed: it does not answer\n", text)
        self.assertIn("kea-mysql was left out: no such program.", text)

    def test_says_whose_rounds_differ(self):
        text = table.table(report(server("steady", servers.SYNCED, 100, 105), server("shaky", servers.SYNCED, 100, 150)))
        self.assertIn("differ by more than 15% with shaky:", text)

    def test_names_broken_rules_and_silence(self):
        text = table.table(report(server("sloppy", servers.SYNCED, 10, violations={"wrong-xid": 2}, gave_up=3, unfinished=4, refused=7,
                                         receive_drops=5)))
        self.assertIn("sloppy broke rules: wrong-xid 2 times.", text)
        self.assertIn("sloppy refused 7 times", text)
        self.assertIn("sloppy left 7 exchanges unanswered", text)
        self.assertIn("coaxstorm itself lost 5 datagrams against sloppy", text)


class Chart(unittest.TestCase):
    def test_bars_are_as_long_as_their_figures_and_no_ceiling_is_a_bar(self):
        drawn = xml.fromstring(chart.chart(report(
            server("echo", servers.CEILING, 400), server("coaxd", servers.SYNCED, 100), server("kea", servers.WRITTEN, 50))))
        bars = {kind: [float(rect.get("width")) for rect in drawn.iter(SVG + "rect")
                       if rect.get("class") == kind and rect.get("height") == str(chart.BAR)] for kind in ("synced", "written")}
        self.assertEqual(bars, {"synced": [chart.PANEL / 4] * 2, "written": [chart.PANEL / 8] * 2})
        self.assertEqual(len([line for line in drawn.iter(SVG + "line") if line.get("class") == "limit"]), 2)
        self.assertIn("echo 800", [text.text for text in drawn.iter(SVG + "text")])

    def test_says_whose_datagrams_travel_in_trains(self):
        drawn = xml.fromstring(chart.chart(report(server("coaxd", servers.SYNCED, 100, trains="both ways"), server("kea", servers.WRITTEN, 50))))
        texts = [text.text for text in drawn.iter(SVG + "text")]
        self.assertIn("said so; trains both ways", texts)
        self.assertIn("said so", texts)


class Contenders(unittest.TestCase):
    def test_are_named_and_say_what_they_promise(self):
        for name, contender in contenders.contenders("/bin/coaxd", "/bin/ceiling").items():
            self.assertEqual(name, contender.name)
            self.assertIn(contender.promise, (servers.SYNCED, servers.WRITTEN, servers.MEMORY, servers.CEILING))
            self.assertTrue(contender.durability and contender.program, name)

    def test_travel_alike_with_their_ceiling_whether_queries_come_in_trains_or_not(self):
        known = contenders.contenders("/bin/coaxd", "/bin/ceiling")
        for trains, ceiling, coaxd in (("always", "null-trains", "coaxd-durable"), ("never", "null", "coaxd-durable-alone")):
            names = contenders.usual(known, trains)
            self.assertIn(coaxd, names)
            self.assertIn(ceiling, names)
            self.assertEqual(known[coaxd].trains(trains), known[ceiling].trains(trains))
        self.assertEqual({known[name].trains("never") for name in contenders.usual(known, "never")}, {"none"})

    def test_who_reads_a_packet_socket_gets_no_trains(self):
        known = contenders.contenders("/bin/coaxd", "/bin/ceiling")
        self.assertEqual({name for name, contender in known.items() if contender.reads_packets}, {"dhcpd", "dhcpd-delayed-ack"})
        self.assertFalse(any(contender.reads_packets and contender.takes_trains for contender in known.values()))

    def test_what_is_not_there_is_said(self):
        self.assertIn("/nonexistent", contenders.contenders("/nonexistent", "/nonexistent")["null"].missing())


class Taps(unittest.TestCase):
    def test_read_the_length_of_udp_payloads_and_who_sent_them(self):
        relay = bytes([10, 0, 0, 2])
        udp = b"\x45" + bytes(8) + b"\x11" + bytes(2) + relay + bytes(4) + bytes(4) + (308).to_bytes(2, "big") + bytes(2)
        tcp = b"\x45" + bytes(8) + b"\x06" + bytes(20)
        packets = [udp, tcp, udp.replace(relay, b"\x0a\0\0\1")]

        class Tap:
            def recv(self, _):
                if not packets:
                    raise BlockingIOError
                return packets.pop(0)
        self.assertEqual(list(generators.udp_payloads(Tap(), relay)), [(True, 300), (False, 300)])


class TftpRace(unittest.TestCase):
    @staticmethod
    def row(name, *rates, **rest):
        rounds = [{str(size): run(rate * (1 if size == 1024 else 0.5), **rest) | {"files": {"octets": size * 10, "count": 10, "sent_again": 1},
                                                                                              "server_core_idle": 0.01}
                   for size in tftp_race.SIZES} for rate in rates]
        made = {"name": name, "version": "1.0", "how": "somehow", "window": 8, "rounds": rounds}
        return made | {"medians": tftp_race.medians(made)}

    def test_a_verdict_is_of_the_size_where_coaxd_is_least(self):
        rows = [self.row("coaxd, static file", 500, 600, 900), self.row("atftpd", 100), self.row("dnsmasq", 1000)]
        rows[1]["medians"]["4096"]["rate"] = 61
        self.assertEqual([(round(times, 1), enough) for _, times, enough in tftp_race.verdicts(rows)], [(4.9, False)])
        rows[1]["medians"]["4096"]["rate"] = 60
        self.assertEqual([(round(times, 1), enough) for _, times, enough in tftp_race.verdicts(rows)], [(5.0, True)])
        self.assertEqual(tftp_race.verdicts(rows[1:]), [], "nobody to compare with")

    def test_the_echo_has_the_datagrams_of_a_file(self):
        self.assertEqual(tftp_race.datagrams_of(1024, ""), [(18, 516), (12, 516), (12, 12)], "RFC 1350 §6: the last block is shorter, empty if need be")
        self.assertEqual(tftp_race.datagrams_of(4096, "blksize=1448"), [(31, 15), (12, 1452), (12, 1452), (12, 1204)], "RFC 2347: an OACK first")

    def test_the_table_says_what_went_wrong(self):
        text = tftp_race.table({
            "machine": {"cpu": "a CPU", "cores": 2, "kernel": "6.1", "server_core": "0", "generator_core": "1"}, "absent": {"tftpd-hpa": "not there"},
            "settings": {"rounds": 1, "seconds": 2, "tftp_option": ""}, "verdicts": [("coaxd, of atftpd", 4.9, False)],
            "servers": [self.row("coaxd, template", 1000), self.row("atftpd", 100, gave_up=2, violations={"wrong-mic": 1}),
                        {"name": "dnsmasq", "rounds": [], "error": "does not serve\nlog"}]})
        for said in ("requests with no options", "| coaxd, template 1.0: somehow | 8 | 1,000 | 2.00 | 5.0 | 500 |", "have 1,024, 2,048, 4,096 octets",
                     "coaxd, of atftpd: 4.9 times as many (at least 5: **no**)", "atftpd: requests and ACKs sent again 3 times, 6 files given up, 3 rules broken.",
                     "dnsmasq failed: does not serve\n", "tftpd-hpa was left out: not there."):
            self.assertIn(said, text)


class Progress(unittest.TestCase):
    def test_guesses_what_is_left_before_anything_is_done(self):
        self.assertEqual(progress.Progress([2, 3]).time_left(), 5)


if __name__ == "__main__":
    unittest.main()
