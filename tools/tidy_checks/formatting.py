# SPDX-License-Identifier: MIT
"""clang-format finds nothing to change."""
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tidy_checks.tree import Finding, Tree

FILES_PER_RUN = 16
_MESSAGE = re.compile(r"^(.+?):(\d+):\d+: (?:error|warning): code should be clang-formatted", re.MULTILINE)


def check(tree: Tree) -> Iterator[Finding]:
    program = shutil.which("clang-format")
    if program is None:
        print("tidy: no clang-format here, so the format is not checked; wanted: tools/setup.sh test", file=sys.stderr)
        return
    paths = [file.path for file in tree.files if file.is_cpp]
    groups = [paths[start : start + FILES_PER_RUN] for start in range(0, len(paths), FILES_PER_RUN)]

    def run(group: list[str]) -> str:
        command = [program, "--dry-run", "-Werror", "--style=file", *group]
        done = subprocess.run(command, cwd=tree.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0 and not _MESSAGE.search(done.stderr):
            raise RuntimeError(f"clang-format ended with {done.returncode}: {done.stderr.strip()}")
        return done.stderr

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for output in pool.map(run, groups):
            yield from _first_of_each(output)


def _first_of_each(output: str) -> Iterator[Finding]:
    seen = set()
    for match in _MESSAGE.finditer(output):
        if match[1] not in seen:
            seen.add(match[1])
            yield Finding(match[1], int(match[2]), f"clang-format would change it; wanted: clang-format -i {match[1]}")
