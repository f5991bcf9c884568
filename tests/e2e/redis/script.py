# SPDX-License-Identifier: MIT
"""Scripts of commands: what the files in scripts/ say.

A line `## title` begins a scenario, for which the database is empty and every connection new; `#` begins a comment.
Every other line is a step: words as redis-cli quotes them, where <1000*x> is a word of a thousand x.

    SET key "two words"            sends a command on the connection `a` and reads one reply
    b: GET key                     the same on another connection
    ~replies=2 SUBSCRIBE one two   reads two replies
    b: read                        reads a reply that comes by itself
    raw "PING\\r\\nPING\\r\\n"         sends just these bytes, and reads one reply unless ~replies says otherwise
    raw-closed "GET / HTTP\\r\\n"    sends them and reads until the server closes; that it does is compared too
    wait 20                        both servers get this many milliseconds

Replies are compared byte for byte, unless words before the command say that they may differ:
    ~sorted          the elements may come in any order (of a map: its pairs)
    ~any-order       the replies to this one step may come in any order
    ~kind            only what kind of reply it is (its first byte, and nil apart from what is not)
    ~near=50         an integer that may be so much away
    ~keep=a,b        of a map or of lines `name:value` and words `name=value`: only these names, with their values
    ~mask=a,b        of a map: without the values of these names
    ~first=6         of an array of arrays: only so many elements of each, of which arrays are sorted
    ~prefix=8        only so many bytes of a string
    ~shape           only which kinds of replies it is made of
    ~may-refuse      or an error in place of the reply: what Redis does and Tenon says that it does not
    ~address         with another address at which a server is
A scenario whose title ends in `(RESP2)` is not run in RESP3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ONLY_RESP2 = "(RESP2)"
_REPEATED = re.compile(r"<(\d+)\*(.)>")
_CONNECTION = re.compile(r"([a-z]): +")
_ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\", '"': b'"'}


@dataclass(frozen=True)
class Step:
    place: str  # file and line
    text: str
    connection: str
    action: str  # "command", "raw", "raw-closed", "read" or "wait"
    words: list[bytes]
    marks: dict[str, str]

    def replies(self) -> int:
        return int(self.marks.get("replies", "1"))


@dataclass
class Scenario:
    title: str
    steps: list[Step] = field(default_factory=list)


def split_words(text: str) -> list[bytes]:
    """Raises ValueError for quotes that are not closed."""
    words: list[bytes] = []
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
        elif text[at] == '"':
            end, word = _quoted(text, at + 1)
            words.append(word)
            at = end
        elif text[at] == "'":
            end = text.index("'", at + 1)
            words.append(text[at + 1 : end].encode())
            at = end + 1
        else:
            end = text.find(" ", at)
            end = len(text) if end < 0 else end
            words.append(_plain(text[at:end]))
            at = end
    return words


def _plain(word: str) -> bytes:
    repeated = _REPEATED.fullmatch(word)
    return repeated[2].encode() * int(repeated[1]) if repeated else word.encode()


def _quoted(text: str, at: int) -> tuple[int, bytes]:
    """Where the word ends, and what it is."""
    word = b""
    while text[at] != '"':
        if text[at] != "\\":
            word += text[at].encode()
            at += 1
        elif text[at + 1] == "x":
            word += bytes([int(text[at + 2 : at + 4], 16)])
            at += 4
        else:
            word += _ESCAPES[text[at + 1]]
            at += 2
        if at >= len(text):
            raise ValueError("a quote is not closed")
    return at + 1, word


def parse_step(line: str, place: str) -> Step:
    connection = "a"
    rest = line
    if begin := _CONNECTION.match(rest):
        connection, rest = begin[1], rest[begin.end() :]
    marks: dict[str, str] = {}
    while rest.startswith("~"):
        mark, _, rest = rest.partition(" ")
        name, _, value = mark[1:].partition("=")
        marks[name] = value
        rest = rest.lstrip()
    words = split_words(rest)
    action = "command"
    if words[0] in (b"raw", b"raw-closed", b"read", b"wait"):
        action = words.pop(0).decode()
    return Step(place, line, connection, action, words, marks)


def parse(path: Path) -> Iterator[Scenario]:
    scenario: Scenario | None = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if line.startswith("## "):
            if scenario is not None:
                yield scenario
            scenario = Scenario(line[3:])
        elif line and not line.startswith("#"):
            assert scenario is not None, f"{path.name}:{number}: a step before the first title"
            scenario.steps.append(parse_step(line, f"{path.name}:{number}"))
    if scenario is not None:
        yield scenario
