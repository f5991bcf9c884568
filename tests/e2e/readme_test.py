#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The commands of README.md as they are written there, in the order of the page, in one shell.

They run in a copy of the tree whose build directory is the one under test, and in a network of its own, because their
ports are fixed. What runs until Ctrl-C gets a terminal of its own, waits for the line that says that it is ready, and
is ended by SIGINT.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from harness import BUILD_DIRECTORY, ENVIRONMENT, STOP_SECONDS, temporary_directory

TREE = Path(__file__).resolve().parents[2]
READY_SECONDS = 120.0
BLOCK_SECONDS = 120.0
# What stays until Ctrl-C, and what it says when the next command can be typed.
STAYS = {
    "tools/demo.sh": "Ctrl-C stops the nodes.",
    "build-release/server/tenond --config configs/single.conf": "runs, version",
}
# What is typed once the node that runs by hand has been stopped, as the page says.
AFTER_STOP = "build-release/server/tenond storage convert "
# It runs this test.
LEFT_OUT = {"tools/test.sh"}
# Ends a block: the shell says how it went.
DONE = "README-BLOCK-DONE"
INSIDE = "TENON_TEST_HAS_NETWORK"


def blocks() -> list[str]:
    page = (TREE / "README.md").read_text()
    return [block.strip() for block in re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]


def copy_tree(target: Path) -> None:
    """What git would check out, with what this build made of it as build-release."""
    ignored = shutil.ignore_patterns(".git", "build", "build-*", "tenon-data", "__pycache__", "node_modules")
    shutil.copytree(TREE, target, symlinks=True, ignore=ignored)
    (target / "build-release").symlink_to(BUILD_DIRECTORY)


class Terminal:
    """A program that stays; reads what it says until it is ready, and after that so that it never waits."""

    def __init__(self, command: str, ready: str, directory: Path) -> None:
        self.process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=directory, env=ENVIRONMENT, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip
        self.said: list[str] = []
        self.is_ready = threading.Event()
        self.reader = threading.Thread(target=self.read, args=[ready])
        self.reader.start()

    def read(self, ready: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if ready in line:
                self.is_ready.set()

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            code = self.process.wait()
        self.reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


class Shell:
    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(["bash"], cwd=directory, env=ENVIRONMENT, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip

    def type(self, block: str) -> list[tuple[str, int, str]]:
        """Types the lines one by one; returns each with its exit code and what it said."""
        assert self.process.stdin is not None and self.process.stdout is not None
        answers = []
        watchdog = threading.Timer(BLOCK_SECONDS, self.process.kill)
        watchdog.start()
        for line in block.splitlines():
            # A value is printed as it is, so the next line may begin behind it.
            self.process.stdin.write(f"{line}\nprintf '\\n%s %s\\n' {DONE} $?\n")
            self.process.stdin.flush()
            said = []
            for output in self.process.stdout:
                if output.startswith(DONE):
                    answers.append((line, int(output.split()[1]), "".join(said)[:-1]))
                    break
                said.append(output)
            else:
                answers.append((line, -1, "".join(said) + f"(no answer within {BLOCK_SECONDS:g} s)"))
                break
        watchdog.cancel()
        return answers

    def end(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(STOP_SECONDS)
        self.process.stdout.close()


class Readme(unittest.TestCase):
    def setUp(self) -> None:
        temporary = temporary_directory()
        self.addCleanup(temporary.cleanup)
        self.tree = Path(temporary.name) / "tenon"
        copy_tree(self.tree)

    def start(self, block: str) -> Terminal:
        terminal = Terminal(block, STAYS[block], self.tree)
        self.addCleanup(terminal.end)
        if not terminal.is_ready.wait(READY_SECONDS):
            self.fail(f"{block} did not become ready:\n{''.join(terminal.said)}")
        return terminal

    def test_every_command_does_what_the_page_says(self) -> None:
        shell = Shell(self.tree)
        self.addCleanup(shell.end)
        said: dict[str, str] = {}
        terminals: list[Terminal] = []
        for block in blocks():
            if block in LEFT_OUT:
                continue
            if block in STAYS:
                terminals.append(self.start(block))
                continue
            if block.startswith(AFTER_STOP):
                self.assertEqual(terminals[-1].end(), 0, "".join(terminals[-1].said))
            for line, code, output in shell.type(block):
                self.assertEqual(code, 0, f"{line}\n{output}")
                said[line] = output
        self.assertEqual(len(terminals), len(STAYS) + 1, "the node by hand runs before and after its storage's swap")
        before, after = ((tree / "configs/single.conf").read_text() for tree in (TREE, self.tree))
        self.assertEqual(after, before.replace("plugin = filewal\n", "plugin = leveldb\n"), "one line was changed")
        self.assertIn("storage.leveldb: opened", "".join(terminals[-1].said))
        self.assertEqual(said["tenonctl get greeting"], "again")
        self.assertEqual(said["tenonctl --endpoints 127.0.0.1:7101 get greeting"], "hello")
        for terminal in terminals:
            self.assertEqual(terminal.end(), 0, "".join(terminal.said))

    def test_the_demo_that_ends_by_itself_leaves_nothing_running(self) -> None:
        for _ in range(2):  # the second time with the data of the first
            done = subprocess.run(["tools/demo.sh", "--exit"], cwd=self.tree, env=ENVIRONMENT, text=True, check=False,
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=READY_SECONDS)  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("get greeting\nhello\n", done.stdout)
        status = subprocess.run(["tools/cluster", "status", "--dir", "tenon-data/demo"], cwd=self.tree, text=True,
                                env=ENVIRONMENT, capture_output=True, check=True)  # fmt: skip
        self.assertEqual(status.stdout.count('"state": "stopped"'), 3, status.stdout)


def in_a_network_of_its_own() -> None:
    """Goes on in a new network namespace, where the system allows one; its ports are then nobody else's."""
    if os.environ.get(INSIDE):
        return
    namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--user", "--map-root-user"]
    if subprocess.run([*namespace, "ip", "link", "set", "lo", "up"], check=False, capture_output=True).returncode != 0:
        return
    os.environ[INSIDE] = "yes"
    script = 'ip link set lo up && exec "$@"'
    os.execvp(namespace[0], [*namespace, "sh", "-c", script, "sh", sys.executable, *sys.argv])


if __name__ == "__main__":
    in_a_network_of_its_own()
    unittest.main(verbosity=2)
