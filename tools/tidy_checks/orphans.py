# SPDX-License-Identifier: MIT
"""Files that nobody builds, includes or runs."""
import posixpath
import re
from collections.abc import Iterator

from tidy_checks import arrows, meson
from tidy_checks.rooms import is_below
from tidy_checks.tree import File, Finding, Tree

BUILT_FOLDERS = ("core", "plugins", "clients", "server", "tools", "tests", "examples", "subprojects")
INSTALLED_HEADERS = "sdk/include"
SUITES = ("quick", "e2e")
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*([\w, \t]+|\([^)]*\))|import[ \t]+([\w., \t]+))", re.MULTILINE
)
_TEST_SCRIPT = re.compile(r"(?:.*_test|test_.*)\.py")


def check(tree: Tree) -> Iterator[Finding]:
    named = meson.named_paths(tree)
    yield from _sources(tree, named)
    yield from _headers(tree)
    yield from _scripts(tree, named)
    yield from _meson_files(tree)


def _sources(tree: Tree, named: set[str]) -> Iterator[Finding]:
    for file in tree.files:
        in_build = any(is_below(file.path, folder) for folder in BUILT_FOLDERS)
        if file.is_source and in_build and file.path not in named:
            yield Finding(file.path, 1, "nobody builds it; wanted: its name in a meson.build, or the file gone")


def _headers(tree: Tree) -> Iterator[Finding]:
    included = arrows.included(tree)
    for file in tree.files:
        if file.is_header and file.path not in included and not is_below(file.path, INSTALLED_HEADERS):
            yield Finding(file.path, 1, "nobody includes it; wanted: an #include of it, or the file gone")


def _scripts(tree: Tree, named: set[str]) -> Iterator[Finding]:
    imported = _imported_names(tree)
    for file in tree.files:
        if file.suffix != ".py" or not (is_below(file.path, "tests") or is_below(file.path, "tools")):
            continue
        is_command = file.executable and is_below(file.path, "tools")
        if file.path in named or is_command:
            continue
        if _TEST_SCRIPT.fullmatch(file.name) and is_below(file.path, "tests"):
            yield Finding(file.path, 1, "no test() runs it; wanted: its name in a meson.build")
        elif file.name != "__init__.py" and file.name != "__main__.py" and _module(file) not in imported:
            yield Finding(file.path, 1, "nobody imports it; wanted: an import, its name in a meson.build, or no file")


def _module(file: File) -> str:
    return posixpath.splitext(file.name)[0]


def _imported_names(tree: Tree) -> set[str]:
    names: set[str] = set()
    for file in tree.files:
        if not file.is_python:
            continue
        for parts in _IMPORT.findall(file.text):
            names.update(name for part in parts for name in re.findall(r"\w+", part))
    return names


def _meson_files(tree: Tree) -> Iterator[Finding]:
    reached = meson.reached(tree)
    paths = {file.path for file in reached}
    for file in tree.files:
        if file.name == "meson.build" and file.path not in paths:
            yield Finding(file.path, 1, "no configure run reads it; wanted: a subdir() that leads to it")
    for file in reached:
        for call in meson.test_calls(file):
            if not any(re.search(rf"\bsuite\s*:.*'{suite}'", call.arguments, re.DOTALL) for suite in SUITES):
                wanted = f"wanted: suite: one of {', '.join(SUITES)}"
                yield Finding(file.path, call.line, f"a test() that nobody runs; {wanted}")
