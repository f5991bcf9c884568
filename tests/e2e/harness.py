# SPDX-License-Identifier: MIT
"""A real node in a real process, driven by the stock Thrift library for Python.

The environment names what is under test: TENON_BUILD_DIRECTORY (with server/tenond and plugins/) and
TENON_GENERATED_PYTHON (the client code that Thrift's compiler makes from the IDL).
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

STORAGES = os.environ.get("TENON_STORAGE", "filewal")  # one, or several with commas for the nodes of a cluster in turn
BUILD_DIRECTORY = Path(os.environ["TENON_BUILD_DIRECTORY"]).resolve()
sys.path.insert(0, os.environ["TENON_GENERATED_PYTHON"])

from thrift.protocol.TBinaryProtocol import TBinaryProtocol  # noqa: E402
from thrift.protocol.TMultiplexedProtocol import TMultiplexedProtocol  # noqa: E402
from thrift.transport.TSocket import TSocket  # noqa: E402
from thrift.transport.TTransport import TFramedTransport  # noqa: E402

from tenon_kv import Cluster, Kv  # noqa: E402

# The library writes a line for each connection that it cannot open; to try is what tests do here.
logging.getLogger("thrift").setLevel(logging.CRITICAL)

TENOND = BUILD_DIRECTORY / "server" / "tenond"
TENONCTL = BUILD_DIRECTORY / "tools" / "tenonctl" / "tenonctl"
# The programs under test read variables of their own that begin like those of the tests.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("TENON")}
START_SECONDS = 30.0
STOP_SECONDS = 30.0


def campaign_rounds(full_count: int) -> int:
    """How many of `full_count` rounds to run: all of them in a full run, a twentieth in a quick one."""
    percent = float(os.environ.get("TENON_CAMPAIGN_PERCENT", "5"))
    return max(1, round(full_count * percent / 100))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Client:
    """A connection of the stock library to both services."""

    def __init__(self, port: int, timeout_seconds: float = 10.0, host: str = "127.0.0.1") -> None:
        self.socket = TSocket(host, port)
        self.socket.setTimeout(timeout_seconds * 1000)
        self.transport = TFramedTransport(self.socket)
        protocol = TBinaryProtocol(self.transport)
        self.kv = Kv.Client(protocol)
        self.cluster = Cluster.Client(TMultiplexedProtocol(protocol, "Cluster"))
        self.transport.open()

    def close(self) -> None:
        self.transport.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def of_chosen_storage(settings: Mapping[str, str | None]) -> dict[str, str | None]:
    """Without the options of a storage that not every node has: one that does not use it refuses them."""
    chosen = settings.get("storage.plugin", STORAGES)
    return {name: value for name, value in settings.items()
            if name.count(".") < 2 or not name.startswith("storage.") or name.split(".")[1] == chosen}  # fmt: skip


class Node:
    """One tenond with a data directory and a config file of its own, below a directory that the test owns."""

    def __init__(self, directory: Path, settings: dict[str, str | None] | None = None) -> None:
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.data_directory = directory / "data"
        self.config_file = directory / "node.conf"
        self.logger_file = directory / "node.out"
        self.process: subprocess.Popen[bytes] | None = None
        values: dict[str, str | None] = {
            "node.id": "1",
            "node.data_directory": str(self.data_directory),
            "node.plugin_validation": "abort",
            "cluster.id": "e2e",
            "cluster.start": "new",
            "cluster.initial_members": "1",
            "storage.plugin": STORAGES,
            "storage.filewal.segment_bytes": "1MiB",
            "api.plugin": "thrift",
            "api.thrift.listen": f"127.0.0.1:{self.port}",
        }
        values.update(settings or {})
        self.config_file.write_text(config_text(of_chosen_storage(values)))

    def command(self, *flags: str) -> list[str]:
        return [str(TENOND), "--config", str(self.config_file), *flags]

    def start(self) -> None:
        """Starts the process and waits until it answers."""
        self.launch()
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with Client(self.port) as client:
                    if client.cluster.status().role == "leader":
                        return
            except OSError:
                pass
            except Exception as error:  # noqa: BLE001  the library raises its own types while the port is opening
                if "connect" not in str(error).lower():
                    raise
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the node did not come up:\n{self.logger_text()}")
            time.sleep(0.01)

    def launch(self) -> None:
        """Starts the process and waits for nothing."""
        with self.logger_file.open("ab") as output:
            self.process = subprocess.Popen(
                self.command(), stdout=output, stderr=output, cwd=self.directory, env=ENVIRONMENT
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; the exit code, and the seconds that it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS)
        self.process = None
        return code, time.monotonic() - began

    def logger_text(self) -> str:
        return self.logger_file.read_text(errors="replace") if self.logger_file.exists() else ""

    def __enter__(self) -> "Node":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.kill()


def config_text(values: dict[str, str | None]) -> str:
    """An INI file from section.key to value; a plugin's section has a dot of its own. None leaves a key out."""
    sections: dict[str, list[str]] = {}
    for name, value in values.items():
        if value is None:
            continue
        section, key = name.rsplit(".", 1)
        sections.setdefault(section, []).append(f"{key} = {value}")
    return "\n".join(f"[{section}]\n" + "\n".join(lines) + "\n" for section, lines in sections.items())


def run(*arguments: str, standard_input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A program that is expected to end by itself."""
    return subprocess.run(
        arguments, input=standard_input, capture_output=True, timeout=60, check=False, env=ENVIRONMENT
    )


def temporary_directory() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="tenon-e2e-")
