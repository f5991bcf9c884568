#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`tenonctl plugin` on plugins that are right, and on plugins that are wrong in one way each: built, damaged or
installed so that a server would not load them, or should not. Nothing of a plugin runs: its constructors would leave a
file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from prefix import TREE, Prefix

SOURCE = TREE / "tests" / "support" / "plugins" / "memory_storage.c"
NAME = "tenon-storage-memory.so"
# Leaves a file when it is loaded, by a constructor or by the choice of a function that the linker asks for.
TELLTALE = """
#include <fcntl.h>
#include <unistd.h>
static void tell(void) { close(open(TELLTALE_FILE, O_CREAT | O_WRONLY, 0600)); }
__attribute__((constructor)) static void construct(void) { tell(); }
static int chosen(void) { return 1; }
static int (*choose(void))(void) { tell(); return chosen; }
int by_choice(void) __attribute__((ifunc("choose")));
int (*const volatile telltale_user)(void) = by_choice;
"""


def setUpModule() -> None:
    global prefix
    prefix = Prefix()
    unittest.addModuleCleanup(prefix.cleanup)


class Doctor(unittest.TestCase):
    def setUp(self) -> None:
        self.room = prefix.room / self.id().rpartition(".")[2]
        self.room.mkdir(mode=0o700)
        self.file = self.room / NAME
        self.ran = self.room / "ran"
        self.telltale = self.room / "telltale.c"
        self.telltale.write_text(TELLTALE)
        self.addCleanup(self.check_that_nothing_ran)

    def check_that_nothing_ran(self) -> None:
        self.assertFalse(self.ran.exists(), "code of the plugin was executed")

    def build(self, *flags: str, output: Path | None = None, without: tuple[str, ...] = ()) -> Path:
        """The plugin with flags of the package and these. Needs: Debian's gcc."""
        output = output or self.file
        package = [flag for flag in prefix.pkg_config("--cflags", "--libs") if flag not in without]
        prefix.run("gcc", "-std=gnu11", "-shared", "-pthread", f'-DTELLTALE_FILE="{self.ran}"', SOURCE, self.telltale,
                   "-o", output, *package, *flags)  # fmt: skip
        output.chmod(0o700)
        return output

    def control(self, *words: str | Path) -> tuple[int, str, str]:
        done = subprocess.run([prefix.path / "bin" / "tenonctl", "plugin", *words], env=prefix.environment, text=True,
                              cwd=self.room, check=False, capture_output=True)  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def findings(self, file: Path | None = None) -> list[str]:
        code, output, messages = self.control("doctor", file or self.file)
        lines = output.splitlines()
        self.assertEqual(messages, "")
        self.assertEqual(code, 0 if lines[0].startswith("ok\t") else 1, output)
        return lines

    def check_finding(self, weight: str, *parts: str) -> None:
        """There is this finding and no other."""
        found = self.findings()
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(weight + "\t"), found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_a_sound_plugin_has_nothing_wrong_with_it(self) -> None:
        self.build()
        self.assertEqual(self.findings(), [f"ok\t{self.file}: nothing is wrong with it"])
        self.assertFalse(self.ran.exists())
        prefix.run(sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", self.file)
        self.assertTrue(self.ran.exists(), "a process that loads it does leave the trace")
        self.ran.unlink()

    def test_a_file_that_is_no_library_is_refused(self) -> None:
        self.file.write_text("#!/bin/sh\n")
        self.file.chmod(0o700)
        self.check_finding("refused", "is not an ELF file")

    def test_a_library_for_another_machine_is_refused(self) -> None:
        content = bytearray(self.build().read_bytes())
        content[18:20] = (183).to_bytes(2, "little")  # AArch64
        self.file.write_bytes(content)
        self.check_finding("refused", "AArch64", "Install the build for this machine")

    def test_a_library_that_is_cut_short_is_refused(self) -> None:
        self.file.write_bytes(self.build().read_bytes()[:5000])
        self.check_finding("refused", "is damaged", "Install the plugin again")

    def test_a_library_without_a_note_is_refused(self) -> None:
        source = self.room / "other.c"
        source.write_text('__attribute__((visibility("default"))) int tenon_plugin_v1;\n')
        prefix.run("gcc", "-shared", source, "-o", self.file, *prefix.pkg_config("--cflags", "--libs"))
        self.file.chmod(0o700)
        self.check_finding("refused", "no TENON note")

    def test_a_plugin_of_another_draft_is_refused(self) -> None:
        draft = self.room / "draft.h"
        draft.write_text('#include "tenon/values.h"\n#undef TENON_ABI_DRAFT\n#define TENON_ABI_DRAFT 999\n')
        self.build("-include", str(draft))
        self.check_finding("refused", "found ABI 1.0 draft 999", "wanted 1.0 draft")

    def test_a_plugin_whose_library_is_gone_is_refused_with_its_name(self) -> None:
        source = self.room / "helper.c"
        source.write_text("int help_out(void);\nint help_out(void) { return 1; }\n")
        library = self.room / "libhelper.so"
        prefix.run("gcc", "-shared", "-fPIC", "-Wl,-soname,libhelper.so.7", source, "-o", library)
        user = self.room / "user.c"
        user.write_text("int help_out(void);\nint use(void);\nint use(void) { return help_out(); }\n")
        self.build(str(user), str(library))
        library.unlink()
        self.check_finding("refused", "libraries that are not found: libhelper.so.7. ")

    def test_a_plugin_with_an_undefined_symbol_is_refused_with_its_name(self) -> None:
        user = self.room / "user.c"
        user.write_text("int nowhere(void);\nint use(void);\nint use(void) { return nowhere(); }\n")
        self.build(str(user), without=("-Wl,-z,defs",))
        self.check_finding("refused", "defined nowhere: nowhere.", "-z,defs")

    def test_an_address_sanitizer_build_is_refused(self) -> None:
        needed = json.loads(self.control("inspect", "storage.filewal", "-o", "json")[1])["needed"]
        if any("san.so" in library for library in needed):
            self.skipTest("the server of this build has a sanitizer too")
        self.build("-fsanitize=address")
        self.check_finding("refused", "address sanitizer", "-fsanitize=address")
        prefix.run("clang", "-std=gnu11", "-shared", "-pthread", "-fsanitize=address", SOURCE, "-o", self.file,
                   *[flag for flag in prefix.pkg_config("--cflags", "--libs") if flag != "-Wl,-z,defs"])  # fmt: skip
        self.check_finding("refused", "address sanitizer")

    def test_a_plugin_that_others_may_write_to_is_refused_and_so_is_its_directory(self) -> None:
        self.build().chmod(0o722)
        self.check_finding("refused", str(self.file), "writable by others", "chmod go-w")
        self.file.chmod(0o700)
        self.room.chmod(0o777)
        self.check_finding("refused", f"{self.room}: is writable by others")

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_a_plugin_of_another_user_is_refused(self) -> None:
        os.chown(self.build(), 12345, 12345)
        self.check_finding("refused", "belongs to the user 12345", "chown")

    def test_more_exports_lazy_binding_and_strange_names_are_risky(self) -> None:
        version_script = next(flag for flag in prefix.pkg_config("--libs") if "version-script" in flag)
        also = self.room / "also.c"
        also.write_text('__attribute__((visibility("default"))) int also(void);\nint also(void) { return 1; }\n')
        self.build(str(also), without=(version_script,))
        self.check_finding("risky", "exports more than tenon_plugin_v1: also")
        self.build("-Wl,-z,lazy", without=("-Wl,-z,now",))
        self.check_finding("risky", "-Wl,-z,now")
        self.build("-Wl,-rpath,lib")
        self.check_finding("risky", "looks for libraries in 'lib'")
        self.build("-Wl,-z,execstack")
        self.check_finding("risky", "executable stack")
        self.build(output=self.room / "libmemory.so")
        found = self.findings(self.room / "libmemory.so")
        self.assertEqual(len(found), 1, found)
        self.assertIn("expected tenon-storage-NAME.so", found[0])

    def test_a_plugin_that_was_overwritten_under_a_process_is_risky_and_one_that_was_replaced_too(self) -> None:
        # A plugin that a process may load without a trace, in a process that is not this one.
        self.telltale.write_text("typedef int nothing;\n")
        self.build()
        loads = "import ctypes, sys; ctypes.CDLL(sys.argv[1]); print('loaded', flush=True); sys.stdin.read()"
        process = subprocess.Popen([sys.executable, "-c", loads, self.file], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.addCleanup(process.communicate)
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "loaded\n")
        self.assertEqual(len(self.findings()), 1)
        shutil.copyfile(self.file, self.room / "next.so")
        later = self.file.stat().st_mtime + 60
        os.utime(self.file, (later, later))  # as `cp` of the same bytes leaves it, a minute from now
        self.check_finding("risky", "overwritten in place", f"the process {process.pid}", "Restart it")
        (self.room / "next.so").chmod(0o700)
        (self.room / "next.so").rename(self.file)
        self.check_finding("risky", f"the process {process.pid} runs the version that was here before")

    def test_several_faults_are_all_found(self) -> None:
        self.build("-Wl,-z,execstack", "-Wl,-z,lazy", without=("-Wl,-z,now",))
        self.file.chmod(0o722)
        self.assertEqual([line.partition("\t")[0] for line in self.findings()], ["refused", "risky", "risky"])


class Listing(unittest.TestCase):
    def control(self, *words: str | Path) -> str:
        return prefix.run(prefix.path / "bin" / "tenonctl", "plugin", *words)

    def test_list_names_every_plugin_of_the_prefix(self) -> None:
        lines = [line.split("\t") for line in self.control("list", "-o", "simple").splitlines()]
        names = {line[0] for line in lines}
        self.assertLessEqual({"storage.filewal", "transport.thrift", "api.thrift"}, names)
        entries = json.loads(self.control("list", "-o", "json"))
        filewal = next(entry for entry in entries if entry["name"] == "storage.filewal")
        self.assertEqual(filewal["kind"], "storage")
        self.assertTrue(filewal["used"])
        self.assertEqual(filewal["path"], str(prefix.plugin_directory() / "tenon-storage-filewal.so"))

    def test_list_says_what_is_refused_and_what_is_hidden(self) -> None:
        room = prefix.room / "hiding"
        room.mkdir(mode=0o700)
        shutil.copy(prefix.plugin_directory() / "tenon-storage-filewal.so", room)
        (room / "tenon-api-broken.so").write_text("")
        said = self.control("list", "-o", "simple", "--directory", f"{prefix.plugin_directory()}:{room}")
        self.assertRegex(said, rf"storage\.filewal\thidden\t.*\t{room}")
        self.assertRegex(said, r"api\.broken\trefused\t")
        self.assertIn("is not an ELF file", said)

    def test_inspect_tells_options_metrics_abi_build_id_and_libraries(self) -> None:
        said = json.loads(self.control("inspect", "storage.filewal", "-o", "json"))
        self.assertEqual(said["id"], "dev.tenon.storage.filewal")
        option = next(option for option in said["options"] if option["name"] == "segment_bytes")
        self.assertEqual((option["type"], option["default"], option["min"]), ("size", "64MiB", "1MiB"))
        self.assertIn("syncs_total", [metric["name"] for metric in said["metrics"]])
        self.assertRegex(said["abi"], r"^1\.0")
        self.assertRegex(said["build_id"], r"^[0-9a-f]{40}$")
        self.assertIn("libc.so.6", said["needed"])
        text = self.control("inspect", prefix.plugin_directory() / "tenon-storage-filewal.so")
        for part in ("segment_bytes", "64MiB", "syncs_total", "ABI 1.0", said["build_id"], "libc.so.6"):
            self.assertIn(part, text)

    def test_every_installed_plugin_is_sound(self) -> None:
        for plugin in prefix.plugin_directory().iterdir():
            with self.subTest(plugin=plugin.name):
                self.assertIn("nothing is wrong", self.control("doctor", plugin))


if __name__ == "__main__":
    unittest.main(verbosity=2)
