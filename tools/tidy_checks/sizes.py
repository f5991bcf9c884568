# SPDX-License-Identifier: MIT
"""Sizes that a reader can hold in one sitting. A line of code is one that is neither blank nor only comment."""
from collections import Counter
from collections.abc import Iterator

from tidy_checks.tree import File, Finding, Tree

HEADER_LINES_MAX = 200
SOURCE_LINES_MAX = 350
COLUMNS_MAX = 120
FOLDER_FILES_MAX = 20


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.files:
        if file.is_cpp or file.is_python or file.is_shell or file.is_meson or file.suffix in (".thrift", ".js"):
            yield from _check_file(file)
    for folder, count in Counter(file.folder for file in tree.files).items():
        if count > FOLDER_FILES_MAX:
            yield Finding(folder or ".", 1, f"{count} files in one folder; wanted: at most {FOLDER_FILES_MAX}")


def _check_file(file: File) -> Iterator[Finding]:
    most = HEADER_LINES_MAX if file.is_header else SOURCE_LINES_MAX
    count = file.code_line_count()
    if count > most:
        yield Finding(file.path, 1, f"{count} lines of code; wanted: at most {most}")
    for number, line in enumerate(file.lines, start=1):
        if len(line) > COLUMNS_MAX:
            yield Finding(file.path, number, f"{len(line)} columns; wanted: at most {COLUMNS_MAX}")
