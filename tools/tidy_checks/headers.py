# SPDX-License-Identifier: MIT
"""What each source file begins with, and what a header must have and must not have."""
import re
from collections.abc import Iterator

from tidy_checks.tree import File, Finding, Tree

LICENSE = "SPDX-License-Identifier: MIT"
_CPP_LICENSE = re.compile(rf"(?://|/\*) {LICENSE}")
_SCRIPT_LICENSE = re.compile(rf"# {LICENSE}")
_GUARD = re.compile(r"\s*#\s*(?:pragma\s+once\b|ifndef\s+(\w+)\s*\n\s*#\s*define\s+\1\b)")
_USING = re.compile(r"\busing\s+namespace\b[^;\n]*")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.files:
        if file.is_cpp or file.suffix in (".thrift", ".js"):
            if not _CPP_LICENSE.match(file.text):
                yield Finding(file.path, 1, f"the first line does not name the license; wanted: // {LICENSE}")
        elif file.is_python or file.is_shell:
            if not any(_SCRIPT_LICENSE.fullmatch(line) for line in file.lines[:2]):
                yield Finding(file.path, 1, f"no license at the top (after #!, if any); wanted: # {LICENSE}")
        if file.is_header:
            yield from _check_header(file)


def _check_header(file: File) -> Iterator[Finding]:
    if not _GUARD.match(file.code):
        yield Finding(file.path, 1, "a header without a guard; wanted: #pragma once, or #ifndef and #define")
    for match in _USING.finditer(file.code):
        line = file.code.count("\n", 0, match.start()) + 1
        yield Finding(file.path, line, f"{match[0]} in a header; wanted: qualified names")
