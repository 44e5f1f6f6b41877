#!/usr/bin/env python3
"""That the row `boot` finds a server that gives modems wrong files: coaxd is told to. Needs root, and coaxd, coaxctl and coaxstorm in the folder that is named."""
import pathlib
import sys
import tempfile
import types
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
import limits  # noqa: E402
import rig  # noqa: E402
from rows import boot  # noqa: E402

import modem_files  # noqa: E402

MODEMS = 100
BIN = sys.argv.pop(1)


class Boot(unittest.TestCase):
    def boot(self, more=boot.PLAIN):
        with tempfile.TemporaryDirectory() as state:
            bench = limits.Bench(types.SimpleNamespace(bin=BIN, state=state, trains="always", seconds=1, clients=MODEMS))
            try:
                return boot.came_back(bench, MODEMS, 0.5, more)
            finally:
                bench.close()

    def test_every_modem_gets_its_own(self):
        for more in (boot.PLAIN, boot.STRICT):
            with self.subTest(more=more):
                result = self.boot(more)
                self.assertEqual((result["up"]["clients"], result["files"]["count"], result["files"]["errors"]), (MODEMS, MODEMS, 0))
                self.assertEqual(result["latency_ms"]["time"]["count"], MODEMS)

    def test_a_file_that_is_not_the_modems_own_fails_the_row(self):
        with unittest.mock.patch.object(modem_files, "HEAD", modem_files.HEAD.replace("${modem}", "02:00:00:00:00:01")):
            with unittest.mock.patch.object(boot, "PATIENCE_S", 1), self.assertRaisesRegex(RuntimeError, "(?s)status 2.*wrong-file"):
                self.boot()


if __name__ == "__main__":
    why = rig.netns.missing("taskset")
    if why:
        print(f"cannot run: {why}")
        sys.exit(limits.NOTHING_CAN_RUN)
    unittest.main()
