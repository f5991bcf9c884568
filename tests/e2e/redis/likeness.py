# SPDX-License-Identifier: MIT
"""Whether two replies are the same, as far as a step wants them to be."""

from __future__ import annotations

import re

from wire import NotRedis, Reply

_ADDRESS = re.compile(rb"\b127\.0\.0\.1:\d+")


def alike(wanted: Reply, found: Reply, marks: dict[str, str]) -> bool:
    if "may-refuse" in marks and found.kind == b"-":
        return True
    try:
        return _seen(wanted, marks) == _seen(found, marks) and _near(wanted, found, marks)
    except NotRedis:
        return False


def _seen(reply: Reply, marks: dict[str, str]) -> object:
    """What of the reply has to be the same."""
    if "kind" in marks:
        return reply.kind, reply.value is None
    if "address" in marks:
        return _ADDRESS.sub(b"ADDRESS", reply.raw)
    if reply.kind in b"-!" or reply.value is None:
        return reply.raw
    if "shape" in marks:
        return _shape(reply)
    if "near" in marks:
        return reply.kind
    if "prefix" in marks:
        return reply.kind, reply.text()[: int(marks["prefix"])]
    if "keep" in marks:
        return reply.kind, _named(reply, marks["keep"].split(","))
    if "mask" in marks:
        return _masked(reply, [name.encode() for name in marks["mask"].split(",")])
    if "first" in marks:
        return _beginnings(reply, int(marks["first"]))
    if "sorted" in marks:
        return _sorted(reply)
    return reply.raw


def _near(wanted: Reply, found: Reply, marks: dict[str, str]) -> bool:
    if "near" not in marks or wanted.kind in b"-!" or wanted.value is None:
        return True
    try:
        return abs(float(wanted.text()) - float(found.text())) <= float(marks["near"])
    except ValueError:
        return False


def _pairs(reply: Reply) -> list[tuple[Reply, Reply]]:
    """Of a map, which RESP2 tells as an array of names and values in turn."""
    items = reply.items()
    return list(zip(items[::2], items[1::2]))


def _named(reply: Reply, names: list[str]) -> list[tuple[str, bytes | None]]:
    """The values of these names; None for one that is not there."""
    found: dict[str, bytes] = {}
    if isinstance(reply.value, list):
        found = {name.text().decode(): value.raw for name, value in _pairs(reply)}
    else:
        for word in reply.text().decode(errors="replace").replace("\r\n", "\n").replace(" ", "\n").split("\n"):
            at = min((word.find(mark) for mark in ":=" if mark in word), default=-1)
            if at > 0 and word[:at] not in found:
                found[word[:at]] = word[at + 1 :].encode()
    return [(name, found.get(name)) for name in names]


def _masked(reply: Reply, names: list[bytes]) -> object:
    pairs = [(name.raw, (value.kind, None) if name.text() in names else value.raw) for name, value in _pairs(reply)]
    return reply.kind, pairs


def _beginnings(reply: Reply, count: int) -> object:
    found = []
    for one in reply.items():
        parts = [_sorted(part) for part in one.items()[:count]]
        found.append((one.kind, one.value is None, parts))
    return reply.kind, found


def _sorted(reply: Reply) -> object:
    """Elements in any order, also those of the elements, as in what SCAN returns."""
    if not isinstance(reply.value, list):
        return reply.raw
    if reply.kind == b"%":
        return reply.kind, sorted(name.raw + value.raw for name, value in _pairs(reply))
    return reply.kind, sorted(repr(_sorted(one)) for one in reply.items())


def _shape(reply: Reply) -> object:
    """Which kinds of replies it is made of, and how many of each there are where."""
    if isinstance(reply.value, list):
        return reply.kind, [_shape(one) for one in reply.value]
    return reply.kind, reply.value is None
