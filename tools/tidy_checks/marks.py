# SPDX-License-Identifier: MIT
"""Left-over marks, and words of a workplace that a product must not contain. Any text file."""
import re
from collections.abc import Iterator

from tidy_checks.tree import Finding, Tree

# Spelt in two parts, so that this file does not find itself.
_MARKS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|\b(?i:unimple" r"mented)\b")
_PLACES = re.compile(r"(?<![\w.])(?:/wo" r"rk/|/tmp/bui" r"ld\b)")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.files:
        if not (_MARKS.search(file.text) or _PLACES.search(file.text)):
            continue
        for number, line in enumerate(file.lines, start=1):
            if match := _MARKS.search(line):
                yield Finding(file.path, number, f"left-over mark {match[0]}; wanted: the work done, or the mark gone")
            if match := _PLACES.search(line):
                yield Finding(file.path, number, f"path {match[0]} of one machine; wanted: nothing that names it")
