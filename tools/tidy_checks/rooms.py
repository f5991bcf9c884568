# SPDX-License-Identifier: MIT
"""The rooms of the house and the arrows between them: who may include what, beside the standard library."""
from dataclasses import dataclass

_SDK_VALUE_NAMES = ("bytes.hpp", "check.hpp", "crc32c.hpp", "operation.hpp", "testing/mutant.hpp", "values.h")
SDK_VALUES = frozenset(f"tenon/{name}" for name in _SDK_VALUE_NAMES)
ANYTHING = "anything"


@dataclass(frozen=True)
class Row:
    rooms: tuple[str, ...] = ()  # other rooms, as folders; each covers the folders below it
    libraries: tuple[str, ...] = ()  # keys of LIBRARIES
    sdk_headers: frozenset[str] | None = None  # of the sdk only these; None: all of them, when `rooms` has the sdk


# A library is what its headers begin with. The generated Thrift code is known by tenon.thrift, see arrows.py.
LIBRARIES = {
    "asio": ("boost/asio.hpp", "boost/asio/", "boost/system/"),
    "beast": ("boost/beast.hpp", "boost/beast/"),
    "dll": ("boost/dll.hpp", "boost/dll/"),
    "json": ("boost/json.hpp", "boost/json/"),
    "program_options": ("boost/program_options.hpp", "boost/program_options/"),
    "url": ("boost/url.hpp", "boost/url/"),
    "catch2": ("catch2/",),
    "leveldb": ("leveldb/",),
    "openssl": ("openssl/",),
    "spdlog": ("spdlog/",),
    "thrift": ("thrift/",),
    "xxhash": ("xxhash.h",),
    "zstd": ("zstd.h", "zstd_errors.h"),
}

_SDK_AND_NET = ("sdk", "plugins/net")

# The longest folder that holds a file decides. A folder that is not here is in no room and may hold no C++.
ROWS = {
    "sdk": Row(),
    "core/raft": Row(("sdk",), sdk_headers=SDK_VALUES),
    "core/kv": Row(("sdk",), sdk_headers=SDK_VALUES),
    "core/backup": Row(("sdk",), sdk_headers=SDK_VALUES),
    "core/wire": Row(("core/raft", "core/kv", "sdk"), ("xxhash", "zstd")),
    "core/node": Row(("core/raft", "core/kv", "core/wire", "core/backup", "sdk")),
    "core/host": Row(("core/node", "core/kv", "sdk")),
    "core/plugin": Row(("sdk",), ("dll", "program_options")),
    "core/decorators": Row(("sdk",)),
    "plugins/net": Row(("sdk",), ("asio", "beast", "openssl")),
    "plugins/storage/filewal": Row(("sdk",)),
    "plugins/storage/leveldb": Row(("sdk",), ("leveldb",)),
    "plugins/storage/memory": Row(("sdk",)),
    "plugins/transport/thrift": Row(_SDK_AND_NET, ("asio", "thrift")),
    "plugins/transport/websocket": Row(_SDK_AND_NET, ("asio", "beast", "openssl")),
    "plugins/api/thrift": Row(_SDK_AND_NET, ("asio", "thrift")),
    "plugins/api/http": Row(_SDK_AND_NET, ("asio", "beast", "json", "openssl", "url")),
    "plugins/api/resp": Row(_SDK_AND_NET, ("asio",)),
    "clients/cpp": Row((), ("thrift",)),
    "server": Row(("core", "sdk"), ("program_options", "spdlog")),
    "tools": Row(("sdk", "core/backup", "core/plugin", "core/decorators", "clients/cpp"), ("program_options",)),
    "subprojects/plugin-template": Row(("sdk",)),
    "examples": Row(("sdk", "clients/cpp")),
    "tests/support": Row((ANYTHING,), tuple(LIBRARIES)),
    "tests": Row((ANYTHING,), tuple(name for name in LIBRARIES if name != "catch2")),
}

# Rooms that are the same input for the same bytes out, on every machine: see banned.py.
DETERMINISTIC = ("core/backup", "core/raft", "core/kv", "core/node")


def is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def room_of(path: str) -> str | None:
    holding = [folder for folder in ROWS if is_below(path, folder)]
    return max(holding, key=len, default=None)


def library_of(name: str) -> str | None:
    for library, beginnings in LIBRARIES.items():
        if any(name == begin or (begin.endswith("/") and name.startswith(begin)) for begin in beginnings):
            return library
    return None
