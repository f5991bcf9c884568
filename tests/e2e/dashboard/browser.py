# SPDX-License-Identifier: MIT
"""Debian's Chromium without a screen, driven by playwright-core, which npm installs below the build directory."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from harness import BUILD_DIRECTORY, ENVIRONMENT

SOURCES = Path(__file__).with_name("browser")
LISTS = ("package.json", "package-lock.json")
INSTALL_SECONDS = 300.0
END_SECONDS = 30.0
SCREENSHOTS = BUILD_DIRECTORY / "tests" / "e2e" / "dashboard-screenshots"


def chromium() -> str | None:
    return shutil.which("chromium")


def is_there() -> bool:
    return all(shutil.which(program) for program in ("chromium", "node", "npm"))


def installed() -> Path:
    """The folder with the packages; npm is asked only when the lists are others than those it was last asked with."""
    directory = BUILD_DIRECTORY / "tests" / "e2e" / "dashboard-browser"
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


class Browser:
    """One page at a time; waits are for a text that matches a regular expression."""

    def __init__(self) -> None:
        environment = {**ENVIRONMENT, "NODE_PATH": str(installed() / "node_modules"), "CHROMIUM": chromium() or ""}
        self.process = subprocess.Popen(["node", str(SOURCES / "driver.js")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment)  # fmt: skip
        self.last_id = 0

    def call(self, command: str, **parameters: Any) -> Any:
        self.last_id += 1
        self.process.stdin.write(json.dumps({"id": self.last_id, "command": command, **parameters}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(f"{command} {parameters}: {answer['error']}")
        return answer["value"]

    def open(self, url: str, **appearance: Any) -> str:
        """The policy that came with the page."""
        return self.call("open", url=url, **appearance)

    def wait(self, selector: str, pattern: str = "", seconds: float = 30.0) -> str:
        return self.call("wait", selector=selector, pattern=pattern, seconds=seconds)

    def texts(self, selector: str) -> list[str]:
        return self.call("texts", selector=selector)

    def click(self, selector: str, text: str | None = None) -> None:
        self.call("click", selector=selector, **({} if text is None else {"text": text}))

    def fill(self, selector: str, text: str) -> None:
        self.call("fill", selector=selector, text=text)

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.call("screenshot", path=str(SCREENSHOTS / f"{name}.png"))

    def problems(self, *expected: str) -> list[str]:
        """What the console and the policy complained of, without the lines that have one of these texts."""
        return [line for line in self.call("problems") if not any(text in line for text in expected)]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(END_SECONDS)
        self.process.stdout.close()

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
