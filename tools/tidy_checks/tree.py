# SPDX-License-Identifier: MIT
"""The files of a checkout as the checks see them: their text, and C++ text without comments and literals."""
import posixpath
import re
import stat
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

HEADER_SUFFIXES = (".h", ".hpp")
SOURCE_SUFFIXES = (".c", ".cpp")

# The order matters: a number comes before a character literal, because of the separator in 1'000.
_TOKEN = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z))
      | (?P<raw>R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")
      | (?P<include>^[ \t]*\#[ \t]*include[ \t]*(?:"[^"\n]*"|<[^>\n]*>))
      | (?P<number>\b[0-9](?:[\w.]|'(?=\w))*)
      | (?P<literal>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    text: str  # what was found, what is wanted

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Include:
    line: int
    quoted: bool
    name: str


def _newlines(text: str) -> str:
    return " " + "\n" * text.count("\n")


def _blank(match: re.Match[str]) -> str:
    if match["include"] or match["number"]:
        return match[0]
    if match["comment"]:
        return _newlines(match[0])
    return '""' + "\n" * match[0].count("\n")


@dataclass(frozen=True)
class File:
    path: str  # relative to the root, with forward slashes
    text: str
    executable: bool = False

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)

    @property
    def suffix(self) -> str:
        return posixpath.splitext(self.path)[1]

    @property
    def is_header(self) -> bool:
        return self.suffix in HEADER_SUFFIXES

    @property
    def is_source(self) -> bool:
        return self.suffix in SOURCE_SUFFIXES

    @property
    def is_cpp(self) -> bool:
        return self.is_header or self.is_source

    @property
    def is_meson(self) -> bool:
        return self.name in ("meson.build", "meson_options.txt", "meson.options")

    @property
    def is_python(self) -> bool:
        return self.suffix == ".py" or ("python" in self._first_line and self._first_line.startswith("#!"))

    @property
    def is_shell(self) -> bool:
        return self.suffix == ".sh" or re.match(r"#!.*\b(?:ba)?sh\b", self._first_line) is not None

    @property
    def _first_line(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def code(self) -> str:
        """C++ text with comments blanked and literals emptied; every line keeps its number."""
        return _TOKEN.sub(_blank, self.text)

    @cached_property
    def includes(self) -> list[Include]:
        found = []
        for match in _INCLUDE.finditer(self.code):
            line = self.code.count("\n", 0, match.start()) + 1
            found.append(Include(line, match[1] == '"', match[2].strip()))
        return found

    def code_line_count(self) -> int:
        """Lines that are neither blank nor only comment."""
        if self.is_cpp or self.suffix in (".thrift", ".js"):
            return sum(1 for line in self.code.splitlines() if line.strip())
        return sum(1 for line in self.lines if line.strip() and not line.lstrip().startswith("#"))


class Tree:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = [file for path in _listed(root) if (file := _read(root, path)) is not None]
        self.by_path = {file.path: file for file in self.files}


def _listed(root: Path) -> list[str]:
    """What git tracks or would track."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()
    return sorted(set(listing.split("\0")) - {""})


def _read(root: Path, path: str) -> File | None:
    """Nothing for what is deleted, a link, or not text."""
    place = root / path
    try:
        mode = place.lstat().st_mode
        if not stat.S_ISREG(mode):
            return None
        text = place.read_bytes().decode()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return None if "\0" in text else File(path, text, bool(mode & stat.S_IXUSR))
