#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a node keeps, given to another storage plugin by `tenond storage convert`: in its directory and into another,
interrupted at random moments, and refused where it would do harm."""

from __future__ import annotations

import os
import pty
import random
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import (  # noqa: E402
    BUILD_DIRECTORY, ENVIRONMENT, TENOND, Client, Node, campaign_rounds, temporary_directory
)  # fmt: skip

from tenon_kv.ttypes import PutRequest, ScanRequest  # noqa: E402

ENTRIES = 400
VALUE_BYTES = 4 << 10
INTERRUPTIONS = 40
SECONDS = 60.0
FILEWAL, LEVELDB, MEMORY = "filewal", "leveldb", "memory"
TARGETS = [LEVELDB, FILEWAL]  # to what a node of filewal is converted


def convert(source: str, target: str, *flags: str) -> subprocess.CompletedProcess[str]:
    words = [str(TENOND), "storage", "convert", "--from", source, "--to", target, *flags]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=SECONDS)


def run_in_shell(command: str) -> subprocess.CompletedProcess[str]:
    """A line as it was printed, with the program under test as tenond."""
    environment = ENVIRONMENT | {"PATH": f"{TENOND.parent}:{ENVIRONMENT.get('PATH', '')}"}
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=False, env=environment)


def fill(node: Node, prefix: bytes = b"key", count: int = ENTRIES) -> None:
    with Client(node.port) as client:
        for number in range(count):
            client.kv.put(PutRequest(key=b"%s-%06d" % (prefix, number), value=os.urandom(VALUE_BYTES)))


def content(node: Node) -> list[tuple[bytes, bytes, int]]:
    """Every record, through the running node."""
    with Client(node.port) as client:
        records, cursor = [], None
        while True:
            page = client.kv.scan(ScanRequest(prefix=b"", cursor=cursor))
            records += [(record.key, record.value, record.mod_revision) for record in page.records]
            cursor = page.cursor
            if cursor is None:
                return records


def take_image(node: Node) -> None:
    tenonctl = BUILD_DIRECTORY / "tools" / "tenonctl" / "tenonctl"
    words = [str(tenonctl), "--endpoints", f"127.0.0.1:{node.port}", "snapshot", "create"]
    subprocess.run(words, check=True, capture_output=True, env=ENVIRONMENT)


class Convert(unittest.TestCase):
    def setUp(self) -> None:
        temporary = temporary_directory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)

    def node_with_content(self) -> tuple[Node, list[tuple[bytes, bytes, int]]]:
        """A node that is stopped, with an image and a log behind it; its files are those of filewal."""
        node = Node(self.root / "node", {"storage.plugin": FILEWAL})
        with node:
            fill(node)
            take_image(node)
            fill(node, b"after", 50)
            expected = content(node)
            node.terminate()
        self.use(node, FILEWAL, node.data_directory)
        return node, expected

    def use(self, node: Node, plugin: str, directory: Path) -> None:
        """What the operator changes in the config file."""
        lines = [line for line in node.config_file.read_text().splitlines()
                 if not line.startswith(("start", "segment"))]  # fmt: skip
        section = ""
        changed = []
        for line in lines:
            section = line if line.startswith("[") else section
            if section == "[storage]" and line.startswith("plugin"):
                line = f"plugin = {plugin}"
            if line.startswith("data_directory"):
                line = f"data_directory = {directory}"
            if line != "[storage.filewal]":
                changed.append(line)
        node.config_file.write_text("\n".join(changed) + "\n")

    def refusal(self, node: Node) -> str:
        """What a start that is refused says last."""
        node.launch()
        assert node.process is not None
        self.assertNotEqual(node.process.wait(SECONDS), 0)
        node.process = None
        return node.logger_text().splitlines()[-1]

    def test_a_node_goes_on_with_all_it_had_after_a_conversion_in_its_directory(self) -> None:
        for plugin in TARGETS:
            with self.subTest(plugin=plugin):
                shutil.rmtree(self.root / "node", ignore_errors=True)
                node, expected = self.node_with_content()
                done = convert(f"{FILEWAL}:{node.data_directory}", f"{plugin}:{node.data_directory}")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("all compared: ", done.stdout)
                self.assertIn("an image of ", done.stdout)
                self.assertIn(str(node.data_directory / "storage.filewal.retired"), done.stdout)
                if plugin != FILEWAL:
                    self.assertIn("was written by the storage plugin", self.refusal(node))
                self.use(node, plugin, node.data_directory)
                with node:
                    self.assertEqual(content(node), expected)
                    fill(node, b"new", 20)
                    expected = content(node)
                with node:
                    self.assertEqual(content(node), expected)

    def test_a_node_converted_to_another_directory_is_refused_in_the_one_before(self) -> None:
        node, expected = self.node_with_content()
        target = self.root / "elsewhere"
        done = convert(f"{FILEWAL}:{node.data_directory}/storage", f"{TARGETS[0]}:{target}")
        self.assertEqual(done.returncode, 0, done.stderr)
        last = self.refusal(node)
        self.assertIn(f"was converted to {TARGETS[0]}:{target}", last)
        self.assertIn(f"set storage.plugin = {TARGETS[0]} and node.data_directory = {target}", last)
        self.use(node, TARGETS[0], target)
        with node:
            self.assertEqual(content(node), expected)

    def test_a_conversion_killed_at_any_moment_is_gone_on_with_and_loses_nothing(self) -> None:
        node, expected = self.node_with_content()
        moments = random.Random(int(os.environ.get("TENON_SEED", "7")))
        current = FILEWAL
        killed = 0
        for number in range(campaign_rounds(INTERRUPTIONS)):
            target = TARGETS[number % len(TARGETS)]
            words = [str(TENOND), "storage", "convert", "--from", f"{current}:{node.data_directory}", "--to",
                     f"{target}:{node.data_directory}"]  # fmt: skip
            process = subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(moments.uniform(0.0, 0.15))
            process.kill()
            killed += process.wait() != 0
            if (node.data_directory / "storage").exists() and process.returncode != 0:
                is_old = not (node.data_directory / f"storage.{current}.retired").exists()
                self.use(node, current if is_old else target, node.data_directory)
                with node:
                    self.assertEqual(content(node), expected)
            elif process.returncode != 0:
                self.assertIn("Go on with: tenond storage convert --from", self.refusal(node))
            if process.returncode != 0 and not self.is_done(node, current):
                done = subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)
                self.assertEqual(done.returncode, 0, done.stderr)
            shutil.rmtree(node.data_directory / f"storage.{current}.retired")
            current = target
            self.use(node, current, node.data_directory)
            with node:
                self.assertEqual(content(node), expected)
        self.assertGreater(killed, 0, "no conversion was interrupted")

    def test_the_command_that_a_refused_start_names_completes_the_conversion(self) -> None:
        node, expected = self.node_with_content()
        data = node.data_directory
        done = convert(f"{FILEWAL}:{data}", f"{LEVELDB}:{data}")
        self.assertEqual(done.returncode, 0, done.stderr)
        # As it is between the two renames.
        (data / "storage").rename(data / "storage.converted")
        (data / "conversion").write_text(f"tenon conversion 1\nfrom {FILEWAL}:{data}\nto {LEVELDB}:{data}\n")
        for plugin in (FILEWAL, LEVELDB):
            self.use(node, plugin, data)
            command = self.refusal(node).partition("Go on with: ")[2]
            self.assertTrue(command.startswith("tenond storage convert "), node.logger_text())
        again = run_in_shell(command)
        self.assertEqual(again.returncode, 0, again.stderr)
        with node:
            self.assertEqual(content(node), expected)
        self.assertEqual({path.name for path in data.iterdir()},
                         {"storage", "storage.filewal.retired", "api.thrift"})  # fmt: skip

    def test_a_node_warns_of_the_copy_that_an_interrupted_conversion_has_left(self) -> None:
        node, expected = self.node_with_content()
        left = node.data_directory / "storage.converting"
        left.mkdir()
        with node:
            self.assertEqual(content(node), expected)
        self.assertIn(f"{left} is the copy of a conversion that was interrupted", node.logger_text())

    def is_done(self, node: Node, source: str) -> bool:
        """Nothing but the record can be left to remove."""
        names = {path.name for path in node.data_directory.iterdir()}
        return "conversion" not in names and f"storage.{source}.retired" in names and "storage" in names

    def test_what_would_do_harm_is_refused_and_changes_nothing(self) -> None:
        node, expected = self.node_with_content()
        here = f"{FILEWAL}:{node.data_directory}"
        node.start()
        busy = convert(here, here)
        self.assertEqual(busy.returncode, 1)
        self.assertIn("another process has the data directory", busy.stderr)
        node.terminate()
        refusals = [
            (f"{FILEWAL}:{self.root}/nothing", here, "cannot be opened: No such file or directory"),
            (f"{FILEWAL}:{self.root}", here, "there is nothing to convert"),
            (f"nosuch:{node.data_directory}", here, "found no file tenon-storage-nosuch.so"),
            (here, f"nosuch:{node.data_directory}", "found no file tenon-storage-nosuch.so"),
        ]
        (self.root / "full" / "storage").mkdir(parents=True)
        (self.root / "full" / "storage" / "file").write_text("of somebody")
        refusals.append((here, f"{FILEWAL}:{self.root}/full", "is not empty, and nothing is overwritten"))
        refusals.append((f"{LEVELDB}:{node.data_directory}", here, "was written by the storage plugin dev.tenon"))
        for source, target, words in refusals:
            with self.subTest(source=source, target=target):
                done = convert(source, target)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(words, done.stderr)
        forgetful = convert(here, f"{MEMORY}:{node.data_directory}")
        self.assertIn("what was written is not what is read again", forgetful.stderr)
        other_node = convert(here, here, "--set", "node.id=2")
        self.assertIn("belongs to node 1, the config says 2", other_node.stderr)
        unknown = convert(here, here, "--set", "storage.filewal.segment_bites=1MiB")
        self.assertIn("segment_bytes", unknown.stderr)
        self.assertEqual((self.root / "full" / "storage" / "file").read_text(), "of somebody")
        with node:
            self.assertEqual(content(node), expected)

    def test_a_full_disk_leaves_the_node_as_it_was(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("a file system of its own needs root")
        node, expected = self.node_with_content()
        small = self.root / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(small)], check=False)
        if mounted.returncode != 0:
            self.skipTest("no file system can be mounted here")
        try:
            for plugin in TARGETS:
                done = convert(f"{FILEWAL}:{node.data_directory}", f"{plugin}:{small}")
                self.assertEqual(done.returncode, 1)
                self.assertIn("No space left", done.stderr)
                self.assertEqual(list(small.iterdir()), [], "the room is given back")
        finally:
            subprocess.run(["umount", str(small)], check=True)
        with node:
            self.assertEqual(content(node), expected)

    def test_the_terminal_shows_how_far_it_is(self) -> None:
        node, _ = self.node_with_content()
        here = f"{FILEWAL}:{node.data_directory}"
        reader, writer = pty.openpty()
        done = subprocess.run([str(TENOND), "storage", "convert", "--from", here, "--to", here], check=False,
                              env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=writer, timeout=SECONDS)  # fmt: skip
        os.close(writer)
        said = os.read(reader, 1 << 16).decode()
        os.close(reader)
        self.assertEqual(done.returncode, 0, said)
        for step in ("copying the log: ", "copying the image: ", "comparing the log: ", "comparing the image: "):
            self.assertIn(f"[{'#' * 32}] {step}", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
