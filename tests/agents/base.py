"""What the tests of the agents share: the programs, which have no .py in their names, and a folder."""
import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]
AGENTS = ROOT / "examples" / "agents"


def program(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(AGENTS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module       # dataclasses look there
    loader.exec_module(module)
    return module


class Folder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
