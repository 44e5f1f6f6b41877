#!/usr/bin/env python3
"""What limits.py does with rows that were measured, that fail and that do not come to an end. Needs no rights and starts no server."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import time
import types
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import figures  # noqa: E402
import limits  # noqa: E402
from rows import endurance, overload  # noqa: E402


def run(folder, rows, *options):
    """Exit status of limits.py with these functions for rows, and what it wrote."""
    for name, measure in rows.items():
        sys.modules[f"rows.{name}"] = types.SimpleNamespace(measure=measure)
    saved, limits.why_not, sys.argv = (limits.why_not, sys.argv), lambda args: None, ["limits.py", "--out", folder, *options]
    for name in rows:
        sys.argv += ["--row", name]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            status = limits.main()
    finally:
        limits.why_not, sys.argv = saved
        for name in rows:
            del sys.modules[f"rows.{name}"]
    return (status, json.loads(pathlib.Path(folder, "results.json").read_text(encoding="utf-8")),
            pathlib.Path(folder, "results.md").read_text(encoding="utf-8"))


def good(_):
    return [figures.at_least("memory", "what", 3, 2, "seen")]


class Rows(unittest.TestCase):
    def test_one_that_fails_does_not_take_the_others_along(self):
        def bad(_):
            raise KeyError("nonsense")
        with tempfile.TemporaryDirectory() as folder:
            status, written, text = run(folder, {"latency": bad, "memory": good})
        self.assertEqual(status, 1)
        self.assertEqual([one["row"] for one in written["failed"]], ["latency"])
        self.assertEqual([one["row"] for one in written["figures"]], ["memory"])
        self.assertIn("| memory | what | at least 2 | 3.00 (seen) | yes |", text)
        self.assertIn("latency failed: KeyError: 'nonsense'", text)

    def test_one_without_an_end_is_ended(self):
        with tempfile.TemporaryDirectory() as folder:
            status, written, _ = run(folder, {"latency": lambda _: time.sleep(60), "memory": good}, "--row-minutes", "0.0005")
        self.assertEqual(status, 1)
        self.assertIn("TimeoutError", written["failed"][0]["error"])
        self.assertEqual(len(written["figures"]), 1)

    def test_what_was_measured_before_an_interruption_stays(self):
        def interrupted(_):
            raise KeyboardInterrupt
        with tempfile.TemporaryDirectory() as folder:
            status, written, _ = run(folder, {"latency": good, "memory": interrupted})
        self.assertEqual(status, 130)
        self.assertEqual(len(written["figures"]), 1)

    def test_check_wants_every_figure_reached(self):
        missed = lambda _: [figures.at_least("memory", "what", 1, 2, "seen")]
        unknown = lambda _: [figures.not_measured("memory", "what", "at least 2", "no time")]
        for rows, options, expected in ((good, ["--check"], 0), (missed, [], 0), (missed, ["--check"], 1), (unknown, ["--check"], 1)):
            with tempfile.TemporaryDirectory() as folder:
                self.assertEqual(run(folder, {"memory": rows}, *options)[0], expected)


class Judgements(unittest.TestCase):
    def test_a_journal_that_grows_is_not_bounded(self):
        self.assertTrue(endurance.bounded("journal", [10, 100, 100, 110]).met)
        self.assertFalse(endurance.bounded("journal", [10, 50, 100, 150]).met)

    def test_files_that_are_not_there_are_not_bounded_but_missing(self):
        with tempfile.TemporaryDirectory() as home, endurance.DiskUse(home) as disk:
            pass
        self.assertEqual(disk.found, set())

    def test_an_overload_that_was_none_proves_nothing(self):
        flood = {"peak": 10, "asked": 20, "done": 10, "times": 2.0, "share": 1.0, "dropped": ""}
        self.assertIsNone(overload.no_collapse("renewals", flood).met)
        self.assertTrue(overload.no_collapse("renewals", flood | {"times": 3.0}).met)
        self.assertFalse(overload.no_collapse("renewals", flood | {"times": 3.0, "share": 0.89}).met)


if __name__ == "__main__":
    unittest.main()
