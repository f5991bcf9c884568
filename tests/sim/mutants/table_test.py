#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The mutants of the tables are those of the sources, and a normal build has none of them."""
from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import sys
import unittest
from pathlib import Path

BINARIES = [Path(argument) for argument in sys.argv[1:]]
del sys.argv[1:]
ROOT = Path(__file__).resolve().parents[3]
PRODUCT = ("core", "plugins", "server")


def load_driver():  # type: ignore[no-untyped-def]
    loader = importlib.machinery.SourceFileLoader("mutants", str(ROOT / "tools/mutants"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", loader))
    sys.modules["mutants"] = module
    loader.exec_module(module)
    return module


TABLE = list(load_driver().read_table())


def in_sources() -> dict[str, set[str]]:
    """The files in which each mutant's name stands."""
    found: dict[str, set[str]] = {}
    for room in PRODUCT:
        for path in (ROOT / room).rglob("*.[ch]pp"):
            for name in re.findall(r'\bmutant\("([^"]*)"\)', path.read_text()):
                found.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return found


class Mutants(unittest.TestCase):
    def test_the_tables_name_every_mutant_and_its_files(self) -> None:
        self.assertEqual({mutant.name: set(mutant.files) for mutant in TABLE}, in_sources())

    def test_each_has_one_row_a_check_and_a_reason(self) -> None:
        self.assertEqual(len({mutant.name for mutant in TABLE}), len(TABLE))
        self.assertGreaterEqual(len(TABLE), 30)
        for mutant in TABLE:
            self.assertTrue(mutant.kinds and mutant.breaks and mutant.pitfalls, mutant.name)

    def test_a_normal_build_has_none_of_them(self) -> None:
        self.assertTrue(BINARIES)
        for binary in BINARIES:
            content = binary.read_bytes()
            present = [mutant.name for mutant in TABLE if mutant.name.encode() in content]
            self.assertEqual(present, [], f"{binary} has mutants")
            self.assertNotIn(b"TENON_MUTANT", content)


if __name__ == "__main__":
    unittest.main(verbosity=2)
