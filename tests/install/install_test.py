#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An installed SDK is all that a stranger needs: the headers stand alone in both languages and both compilers, and the
template of a plugin builds with Meson and with CMake, under its own name and under another, passes its tests and runs
in an installed server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import unittest
from pathlib import Path

from prefix import TEMPLATE, Failed, Prefix, run

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
START_SECONDS = 60.0
PLAIN_C = TEMPLATE.parents[1] / "tests" / "support" / "plugins" / "memory_storage.c"


def setUpModule() -> None:
    global prefix
    prefix = Prefix()
    unittest.addModuleCleanup(prefix.cleanup)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installed(unittest.TestCase):
    def test_programs_plugins_headers_and_packages_are_installed_and_no_header_is_left_out(self) -> None:
        files = prefix.files()
        for program in ("tenond", "tenonctl", "tenon-bench", "tenon-plugin-check"):
            self.assertIn(f"bin/{program}", files)
        plugins = {path.name for path in prefix.plugin_directory().iterdir()}
        self.assertLessEqual(
            {"tenon-storage-filewal.so", "tenon-transport-thrift.so", "tenon-api-thrift.so"}, plugins)  # fmt: skip
        self.assertNotIn("tenon-storage-sample.so", plugins, "the template is not a part of the product")
        source = TEMPLATE.parents[1] / "sdk" / "include"
        headers = {f"include/{path.relative_to(source)}" for path in source.rglob("*") if path.is_file()}
        headers.remove("include/tenon/testing/mutant.hpp")  # of this tree's own builds
        self.assertEqual({path for path in files if path.startswith("include/")}, headers)
        self.assertIn("share/tenon/plugin.map", files)

    def test_packages_speak_of_where_the_prefix_is_now(self) -> None:
        include = Path(prefix.pkg_config("--variable=includedir")[0]).resolve()
        self.assertEqual(include, (prefix.path / "include").resolve())
        script = Path(prefix.pkg_config("--variable=version_script")[0])
        self.assertIn("tenon_plugin_v*", script.read_text())
        directory = Path(prefix.pkg_config("--variable=plugindir")[0]).resolve()
        self.assertEqual(directory, prefix.plugin_directory().resolve())
        self.assertRegex(prefix.run("pkg-config", "--variable=abi", "tenon-plugin"), r"^\d+\.\d+( draft \d+)?\n$")

    def test_tenond_finds_the_plugins_of_its_prefix(self) -> None:
        listing = prefix.run(prefix.path / "bin" / "tenond", "--list-plugins")
        self.assertIn(str(prefix.plugin_directory() / "tenon-storage-filewal.so"), listing)
        self.assertNotIn("refused", listing)

    def test_the_headers_compile_in_c11_and_in_cpp20_with_both_compilers(self) -> None:
        include = prefix.path / "include"
        headers = sorted(str(path.relative_to(include)) for path in include.rglob("*.h*"))
        for compiler, language, endings in (
            ("gcc", "c11", (".h",)),
            ("clang", "c11", (".h",)),
            ("g++", "c++20", (".h", ".hpp")),
            ("clang++", "c++20", (".h", ".hpp")),
        ):
            names = [name for name in headers if name.endswith(endings)]
            kind = "c" if language == "c11" else "cpp"
            source = prefix.room / f"all.{kind}"
            # A header that is included first stands alone; each comes first in a file of the build.
            source.write_text("".join(f'#include "{name}"\n' for name in names))
            with self.subTest(compiler=compiler):
                run([compiler, f"-std={language}", *WARNINGS, f"-I{include}", "-fsyntax-only", source],
                    prefix.environment)  # fmt: skip

    def test_a_plugin_that_lacks_a_symbol_does_not_link(self) -> None:
        source = prefix.room / "lacks.c"
        command = ["gcc", "-shared", source, "-o", prefix.room / "lacks.so"]
        flags = prefix.pkg_config("--cflags", "--libs")
        source.write_text("int there(void);\nint there(void) { return 1; }\n")
        run([*command, *flags], prefix.environment)
        source.write_text("int nowhere(void);\nint there(void);\nint there(void) { return nowhere(); }\n")
        with self.assertRaisesRegex(Failed, "nowhere"):
            run([*command, *flags], prefix.environment)


class Template(unittest.TestCase):
    """Built by a stranger. Each build is then what a node runs on."""

    def test_a_project_of_another_name_builds_with_meson_and_gcc_and_runs(self) -> None:
        project = prefix.room / "with-meson"
        said = prefix.run(prefix.path / "bin" / "tenonctl", "plugin", "new", "storage", "my_log", project)
        self.assertTrue(said.startswith(f"{project}\n"), said)
        files = [path for path in project.rglob("*") if path.is_file()]
        self.assertEqual(len(files), len([path for path in TEMPLATE.rglob("*") if path.is_file()]))
        for path in files:
            self.assertNotRegex(f"{path.name}\n{path.read_text()}", "(?i)sample")
        compilers = {"CC": "gcc", "CXX": "g++"}
        prefix.run("meson", "setup", "build", "--werror", directory=project, **compilers)
        prefix.run("ninja", "-C", "build", directory=project)
        tests = prefix.run("meson", "test", "-C", "build", "--print-errorlogs", directory=project)
        self.assertRegex(tests, r"my_log +OK")
        self.assertRegex(tests, r"conformance +OK")
        prefix.run("meson", "install", "-C", "build", "--no-rebuild", directory=project)
        self.check_that_a_node_runs_on("my_log")

    def test_it_builds_with_cmake_and_clang_and_runs(self) -> None:
        project = prefix.room / "with-cmake"
        shutil.copytree(TEMPLATE, project)
        compilers = {"CC": "clang", "CXX": "clang++"}
        prefix.run("cmake", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                   "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON", directory=project, **compilers)  # fmt: skip
        prefix.run("cmake", "--build", "build", directory=project)
        tests = prefix.run("ctest", "--test-dir", "build", "--output-on-failure", directory=project)
        self.assertRegex(tests, r"100% tests passed, 0 tests failed out of 2")
        prefix.run("cmake", "--install", "build", directory=project)
        self.check_that_a_node_runs_on("sample")

    def test_a_project_is_not_written_over_another_nor_under_a_name_that_no_plugin_has(self) -> None:
        command = [prefix.path / "bin" / "tenonctl", "plugin", "new"]
        taken = prefix.room / "taken"
        taken.mkdir()
        (taken / "work").write_text("of weeks")
        with self.assertRaisesRegex(Failed, "(?s)ended with 1:.*is there and not empty"):
            prefix.run(*command, "storage", "mine", taken)
        self.assertEqual([path.name for path in taken.iterdir()], ["work"])
        for name in ("Mine", "9lives", "a-b", "a__b", "", "x" * 41):
            with self.assertRaisesRegex(Failed, "(?s)ended with 1:.*expected at most 40 of a-z"):
                prefix.run(*command, "storage", name, prefix.room / "never")
        with self.assertRaisesRegex(Failed, "(?s)ended with 64:.*found the kind 'disk', expected storage"):
            prefix.run(*command, "disk", "mine", prefix.room / "never")
        self.assertFalse((prefix.room / "never").exists())

    def check_that_a_node_runs_on(self, name: str) -> None:
        installed = prefix.plugin_directory() / f"tenon-storage-{name}.so"
        self.addCleanup(installed.unlink)
        exported = run(["nm", "--dynamic", "--defined-only", "--format=just-symbols", installed], prefix.environment)
        self.assertEqual(exported.split(), ["tenon_plugin_v1"])
        node = Node(prefix.room / f"node-of-{name}", name)
        node.start()
        self.addCleanup(node.stop)
        self.assertEqual(node.control("put", "greeting", "hello"), "1\n")
        node.process.kill()
        node.process.wait()
        node.start()
        self.assertEqual(node.control("get", "greeting"), "hello")


class PlainC(unittest.TestCase):
    def test_a_plugin_in_plain_c_passes_and_runs_a_node_whichever_compiler_built_it(self) -> None:
        for compiler in ("gcc", "clang"):
            with self.subTest(compiler=compiler):
                name = f"plain_{compiler}"
                plugin = prefix.plugin_directory() / f"tenon-storage-{name}.so"
                run([compiler, "-std=c11", "-D_GNU_SOURCE", *WARNINGS, "-O2", "-shared", "-pthread",
                     PLAIN_C, "-o", plugin, *prefix.pkg_config("--cflags", "--libs")], prefix.environment)  # fmt: skip
                self.addCleanup(plugin.unlink)
                verdicts = prefix.run(prefix.path / "bin" / "tenon-plugin-check", plugin)
                self.assertRegex(verdicts, r"\d\d passed, 0 failed, 0 crashed, 0 hung")
                node = Node(prefix.room / f"node-of-{name}", name)
                node.start()
                self.addCleanup(node.stop)
                node.control("put", "greeting", "hello")
                self.assertEqual(node.control("get", "greeting"), "hello")


class Node:
    """An installed tenond on the plugin."""

    def __init__(self, directory: Path, storage: str) -> None:
        directory.mkdir()
        self.port = free_port()
        self.logger_file = directory / "node.out"
        self.config = directory / "node.conf"
        self.config.write_text(
            f"[node]\nid = 1\ndata_directory = {directory / 'data'}\n"
            "[cluster]\nid = install\nstart = new\ninitial_members = 1\n"
            f"[storage]\nplugin = {storage}\n"
            f"[api]\nplugin = thrift\n[api.thrift]\nlisten = 127.0.0.1:{self.port}\n"
        )

    def start(self) -> None:
        with self.logger_file.open("wb") as output:
            self.process = subprocess.Popen([prefix.path / "bin" / "tenond", "--config", self.config],
                                            env=prefix.environment, stdout=output, stderr=output)  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while "runs, version" not in self.logger_file.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the node did not come up:\n{self.logger_file.read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def control(self, *words: str) -> str:
        return prefix.run(prefix.path / "bin" / "tenonctl", "--endpoints", f"127.0.0.1:{self.port}", *words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
