# SPDX-License-Identifier: MIT
"""What the meson.build files name: subdirectories, files and tests."""
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tidy_checks.tree import File, Tree

_TOKEN = re.compile(r"#[^\n]*|'''.*?'''|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_STRING = re.compile(r"'((?:\\.|[^'\\\n])*)'")
_ENDING = re.compile(r"\b[a-z_]\w*\s*\+\s*'([^'\n]+)'")
_SUBDIR = re.compile(r"\bsubdir\s*\(\s*'([^'\n]+)'")
_SUBDIR_OF_VARIABLE = re.compile(r"\bsubdir\s*\(\s*[a-z_]")
_TEST = re.compile(r"(?<![\w.])test\s*\(")


@dataclass(frozen=True)
class TestCall:
    line: int
    arguments: str


def without_comments(text: str) -> str:
    return _TOKEN.sub(lambda match: "" if match[0].startswith("#") else match[0], text)


def reached(tree: Tree) -> list[File]:
    """The meson.build files that a configure run reads: from the root and from each subproject's own root."""
    roots = [path for path in tree.by_path if re.fullmatch(r"(?:subprojects/[^/]+/)?meson\.build", path)]
    waiting, found = sorted(roots), {}
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        file = found[path] = tree.by_path[path]
        for folder in _subdirectories(file):
            below = posixpath.normpath(posixpath.join(file.folder, folder, "meson.build"))
            if below in tree.by_path:
                waiting.append(below)
    return list(found.values())


def _subdirectories(file: File) -> list[str]:
    """What subdir() names; where it is given a variable, as in a loop, any string of the file may be one."""
    text = without_comments(file.text)
    return [match[1] for match in (_STRING if _SUBDIR_OF_VARIABLE.search(text) else _SUBDIR).finditer(text)]


def named_paths(tree: Tree) -> set[str]:
    """Every string of a reached meson.build, read as a path relative to its folder.

    Where a loop says `name + '_test.cpp'`, every string of the file is also read with that ending.
    """
    found = set()
    for file in reached(tree):
        text = without_comments(file.text)
        strings = [match[1] for match in _STRING.finditer(text)]
        for ending in ("", *_ENDING.findall(text)):
            found.update(posixpath.normpath(posixpath.join(file.folder, string + ending)) for string in strings)
    return found


def test_calls(file: File) -> Iterator[TestCall]:
    text = without_comments(file.text)
    for match in _TEST.finditer(text):
        yield TestCall(text.count("\n", 0, match.start()) + 1, _balanced(text, match.end()))


def _balanced(text: str, start: int) -> str:
    """The text from `start` to the bracket that closes the one before it."""
    depth = 1
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return text[start:end]
    return text[start:]
