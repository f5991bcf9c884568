# SPDX-License-Identifier: MIT
"""Include arrows: each file includes only what the row of its room allows.

A public header of a room lies in ROOM/include/NAME/ and is included as "NAME/x.hpp"; a private one lies beside its
sources and is included by its bare name, from the same room only.
"""
import posixpath
import re
from collections.abc import Iterator

from tidy_checks.rooms import ANYTHING, LIBRARIES, ROWS, Row, is_below, library_of, room_of
from tidy_checks.system_headers import is_system_header
from tidy_checks.tree import File, Finding, Include, Tree

GENERATED_ROOMS = ("plugins/api/thrift", "plugins/transport/thrift", "clients/cpp", "tests")
_SERVICE = re.compile(r"^\s*service\s+(\w+)", re.MULTILINE)


class Headers:
    """Where an included name leads."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.public: dict[str, str] = {}  # "raft/log.hpp" -> "core/raft/include/raft/log.hpp"
        self.private: list[str] = []  # the paths of all others
        for file in tree.files:
            if not file.is_header:
                continue
            before, is_public, name = file.path.rpartition("/include/")
            if is_public:
                self.public[name] = file.path
            else:
                self.private.append(file.path)
        self.generated = set(_generated(tree))

    def find(self, includer: File, include: Include) -> str | None:
        """The path of the header in the tree, or None when it is not ours."""
        beside = posixpath.normpath(posixpath.join(includer.folder, include.name))
        if include.quoted and beside in self.tree.by_path:
            return beside
        if include.name in self.public:
            return self.public[include.name]
        if not include.quoted:
            return None
        # A room may have folders within it, and a test may look into a room; their builds say where a name leads.
        room, in_tests = room_of(includer.path), is_below(includer.path, "tests")
        known = [path for path in self.private if path.endswith("/" + include.name)]
        return next((path for path in known if in_tests or room_of(path) == room), None)


def _generated(tree: Tree) -> Iterator[str]:
    for file in tree.files:
        if file.suffix == ".thrift":
            stem = posixpath.splitext(file.name)[0]
            yield from (f"{stem}_types.h", f"{stem}_constants.h")
            yield from (f"{service}.h" for service in _SERVICE.findall(file.code))


def included(tree: Tree) -> set[str]:
    """Every header that some other file includes."""
    headers = Headers(tree)
    found = set()
    for file in tree.files:
        if file.is_cpp:
            found.update(path for include in file.includes if (path := headers.find(file, include)) != file.path)
    return {path for path in found if path is not None}


def check(tree: Tree) -> Iterator[Finding]:
    headers = Headers(tree)
    for file in tree.files:
        if not file.is_cpp:
            continue
        room = room_of(file.path)
        if room is None:
            yield Finding(file.path, 1, "C++ in a folder of no room; wanted: a room of tools/tidy_checks/rooms.py")
            continue
        for include in file.includes:
            trouble = _trouble(file, include, room, headers)
            if trouble:
                yield Finding(file.path, include.line, trouble)


def _trouble(file: File, include: Include, room: str, headers: Headers) -> str | None:
    row = ROWS[room]
    if ".." in include.name.split("/"):
        return f'includes "{include.name}"; wanted: a name without ".."'
    path = headers.find(file, include)
    if path is not None:
        return _room_trouble(include, path, room, row)
    if posixpath.basename(include.name) in headers.generated:
        if any(is_below(room, allowed) for allowed in GENERATED_ROOMS):
            return None
        return f"{room} includes {include.name}, which Thrift generates; only {', '.join(GENERATED_ROOMS)} may"
    if include.quoted:
        wanted = 'wanted: "ROOM/x.hpp", or the bare name of a header beside it'
        return f'includes "{include.name}", which nothing provides; {wanted}'
    return _library_trouble(include, room, row)


def _room_trouble(include: Include, path: str, room: str, row: Row) -> str | None:
    target = room_of(path)
    if target == room or row.rooms == (ANYTHING,):
        return None
    if target is None or not any(is_below(target, allowed) for allowed in row.rooms):
        return f"{room} includes {include.name} of {target or path}; {_wanted(room, row)}"
    if target == "sdk" and row.sdk_headers is not None and include.name not in row.sdk_headers:
        return f"{room} includes {include.name}; wanted of the sdk: only {', '.join(sorted(row.sdk_headers))}"
    return None


def _library_trouble(include: Include, room: str, row: Row) -> str | None:
    library = library_of(include.name)
    if library is not None:
        return None if library in row.libraries else f"{room} includes <{include.name}>; {_wanted(room, row)}"
    if is_system_header(include.name):
        return None
    return (
        f"<{include.name}> is neither a standard or system header nor of a known library ({', '.join(LIBRARIES)}); "
        "wanted: one of them"
    )


def _wanted(room: str, row: Row) -> str:
    allowed = [*row.rooms, *row.libraries]
    return f"wanted: only {', '.join([room, *allowed])} and the standard library"
