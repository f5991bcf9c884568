# SPDX-License-Identifier: MIT
"""The clients for Node: installed below the build directory as their lock file says, and run against servers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from harness import BUILD_DIRECTORY, ENVIRONMENT, campaign_rounds

SOURCES = Path(__file__).with_name("node")
INSTALL_SECONDS = 300.0
RUN_SECONDS = 600.0
NOT_THERE = "there is no node or no npm; tools/setup.sh test installs them"
SCAN_KEYS = 100_000
LISTS = ("package.json", "package-lock.json")


def is_there() -> bool:
    return bool(shutil.which("node") and shutil.which("npm"))


def installed() -> Path:
    """The folder with the clients; npm is asked only when the lists are others than those it was last asked with."""
    directory = BUILD_DIRECTORY / "tests" / "e2e" / "redis-node"
    wanted = "".join((SOURCES / name).read_text() for name in LISTS)
    stamp = directory / "installed"
    if not (stamp.is_file() and stamp.read_text() == wanted):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for name in LISTS:
            shutil.copy(SOURCES / name, directory)
        words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(words, cwd=directory, capture_output=True, text=True, timeout=INSTALL_SECONDS,
                              check=False)  # fmt: skip
        if done.returncode != 0:
            raise AssertionError(f"npm ci in {directory} failed; it needs a registry: {done.stderr[-2000:]}")
        stamp.write_text(wanted)
    return directory


def command(script: str) -> list[str]:
    return ["node", str(SOURCES / script)]


def environment(ports: list[int], **others: str) -> dict[str, str]:
    return {**ENVIRONMENT, "NODE_PATH": str(installed() / "node_modules"), "REDIS_PORTS": ",".join(map(str, ports)),
            "SCAN_KEYS": str(campaign_rounds(SCAN_KEYS)), **others}  # fmt: skip


def run(script: str, ports: list[int], **others: str) -> None:
    """Raises AssertionError with what the script says when one of its tests fails."""
    done = subprocess.run(command(script), env=environment(ports, **others), capture_output=True, text=True,
                          timeout=RUN_SECONDS, check=False)  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(f"{script} ended with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}")
