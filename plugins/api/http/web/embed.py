#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes files into a C++ source, with what a browser is told of each: embed.py OUTPUT FILE.."""

import hashlib
import sys
from pathlib import Path

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


def row(number: int, file: Path) -> str:
    tag = hashlib.sha256(file.read_bytes()).hexdigest()[:32]
    return f'{{"{file.name}", "{CONTENT_TYPES[file.suffix]}", "\\"{tag}\\"", kBytes{number}, sizeof kBytes{number}}},'


def main() -> int:
    output, *files = map(Path, sys.argv[1:])
    lines = ['#include "web_files.hpp"', "namespace tenon::api_http {", "namespace {"]
    for number, file in enumerate(files):
        numbers = ",".join(map(str, file.read_bytes()))
        lines.append(f"constexpr unsigned char kBytes{number}[] = {{{numbers}}};")
    lines.append("constexpr WebFile kFiles[] = {")
    lines += [row(number, file) for number, file in enumerate(files)]
    lines += ["};", "}", "std::span<const WebFile> web_files() noexcept { return kFiles; }", "}", ""]
    output.write_text("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
