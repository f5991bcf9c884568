#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each check of tools/tidy fires on what it is for, and stays silent on what is allowed."""
import shutil
import unittest

from tidy_tree import HEADER, SPDX, TidyTest


class Arrows(TidyTest):
    def include(self, path: str, *names: str) -> None:
        """One source file that includes these, and the headers that the tests speak of, all in use."""
        headers = {
            "core/raft/include/raft/log.hpp": "raft/log.hpp",
            "core/host/include/host/host.hpp": "host/host.hpp",
            "plugins/net/include/net/listener.hpp": "net/listener.hpp",
            "plugins/storage/filewal/include/filewal/file_log.hpp": "filewal/file_log.hpp",
            "tests/support/include/support/catch.hpp": "support/catch.hpp",
        }
        for header in headers:
            self.write(header, HEADER)
        for name in ("bytes.hpp", "storage.hpp", "values.h"):
            self.write(f"sdk/include/tenon/{name}", HEADER)
        self.write("tests/user.cpp", SPDX + "".join(f'#include "{name}"\n' for name in headers.values()))
        self.write(path, SPDX + "".join(f"#include {name}\n" for name in names))
        self.write("meson.build", f"files('tests/user.cpp', '{path}')\n")

    def test_a_room_includes_itself_the_standard_library_and_its_row(self) -> None:
        ours = ('"raft/log.hpp"', '"tenon/storage.hpp"')
        self.include("core/wire/a.cpp", *ours, "<vector>", "<zstd.h>", "<sys/stat.h>", "<nmmintrin.h>")
        self.assert_clean()

    def test_a_room_that_is_not_in_the_row_is_found(self) -> None:
        self.include("core/raft/a.cpp", "<vector>", '"host/host.hpp"')
        self.assert_finds("core/raft/a.cpp:3: core/raft includes host/host.hpp of core/host; wanted: only")

    def test_a_library_that_is_not_in_the_row_is_found(self) -> None:
        self.include("core/raft/a.cpp", "<zstd.h>")
        self.assert_finds("core/raft/a.cpp:2: core/raft includes <zstd.h>; wanted: only core/raft, sdk")

    def test_raft_takes_only_values_of_the_sdk(self) -> None:
        self.include("core/raft/a.cpp", '"tenon/bytes.hpp"', '"tenon/values.h"', '"tenon/storage.hpp"')
        self.assert_finds("core/raft/a.cpp:4: core/raft includes tenon/storage.hpp; wanted of the sdk: only")

    def test_angle_brackets_do_not_hide_an_arrow(self) -> None:
        self.include("plugins/api/http/a.cpp", "<net/listener.hpp>", "<boost/beast/http.hpp>", "<raft/log.hpp>")
        self.assert_finds("plugins/api/http/a.cpp:4: plugins/api/http includes raft/log.hpp of core/raft")

    def test_a_plugin_does_not_include_another_plugin(self) -> None:
        self.include("plugins/storage/leveldb/a.cpp", "<leveldb/db.h>", '"filewal/file_log.hpp"')
        self.assert_finds("plugins/storage/leveldb/a.cpp:3: plugins/storage/leveldb includes filewal/file_log.hpp")

    def test_storage_has_no_use_for_net(self) -> None:
        self.include("plugins/storage/filewal/a.cpp", '"net/listener.hpp"')
        self.assert_finds("plugins/storage/filewal/a.cpp:2: plugins/storage/filewal includes net/listener.hpp")

    def test_nothing_includes_tests(self) -> None:
        self.include("server/a.cpp", '"support/catch.hpp"')
        self.assert_finds("server/a.cpp:2: server includes support/catch.hpp of tests/support")

    def test_tests_include_anything_but_catch_only_through_its_shim(self) -> None:
        self.include("tests/unit/raft/a.cpp", '"raft/log.hpp"', "<leveldb/db.h>", "<catch2/catch.hpp>")
        self.assert_finds("tests/unit/raft/a.cpp:4: tests includes <catch2/catch.hpp>")

    def test_a_private_header_is_for_its_own_room(self) -> None:
        self.include("core/raft/a.cpp", '"role.hpp"')
        self.write("core/raft/role.hpp", HEADER)
        self.assert_clean()
        (self.root / "core/raft/a.cpp").unlink()
        self.include("core/raft/below/a.cpp", '"role.hpp"')
        self.assert_clean()
        (self.root / "core/raft/below/a.cpp").unlink()
        self.include("core/kv/a.cpp", '"role.hpp"')
        self.write("core/raft/a.cpp", SPDX + '#include "role.hpp"\n')
        self.write("meson.build", "files('tests/user.cpp', 'core/kv/a.cpp', 'core/raft/a.cpp')\n")
        self.assert_finds('core/kv/a.cpp:2: includes "role.hpp", which nothing provides')

    def test_a_test_may_look_into_a_room(self) -> None:
        self.include("tests/unit/raft/a.cpp", '"role.hpp"')
        self.write("core/raft/role.hpp", HEADER)
        self.assert_clean()

    def test_a_path_upwards_is_found(self) -> None:
        self.include("core/wire/a.cpp", '"../raft/include/raft/log.hpp"')
        self.assert_finds('core/wire/a.cpp:2: includes "../raft/include/raft/log.hpp"; wanted: a name without ".."')

    def test_generated_thrift_code_is_for_those_that_speak_it(self) -> None:
        self.write("plugins/api/thrift/tenon.thrift", SPDX + "service Kv {}\n")
        self.include("clients/cpp/a.cpp", "<Kv.h>", "<tenon_types.h>", "<thrift/TProcessor.h>")
        self.assert_clean()
        (self.root / "clients/cpp/a.cpp").unlink()
        self.include("server/a.cpp", "<Kv.h>")
        self.assert_finds("server/a.cpp:2: server includes Kv.h, which Thrift generates")

    def test_an_unknown_library_and_an_unknown_folder_are_found(self) -> None:
        self.include("server/a.cpp", "<fmt/core.h>")
        self.assert_finds("server/a.cpp:2: <fmt/core.h> is neither a standard or system header nor of a known library")
        (self.root / "server/a.cpp").unlink()
        self.include("attic/a.cpp", "<vector>")
        self.assert_finds("attic/a.cpp:1: C++ in a folder of no room")

    def test_an_include_in_a_comment_is_no_include(self) -> None:
        self.include("core/raft/a.cpp", "<vector>", '<map> /*\n#include "host/host.hpp"\n*/', '<set> // "x"')
        self.assert_clean()


class Sizes(TidyTest):
    def test_a_header_of_200_lines_of_code_is_the_largest(self) -> None:
        self.write_built("core/raft/a.cpp", '#include "a.hpp"\n')
        self.write("core/raft/a.hpp", HEADER + "int a();\n" * 199 + "\n// words\n/* more\n * words */\n")
        self.assert_clean()
        self.write("core/raft/a.hpp", HEADER + "int a();\n" * 200)
        self.assert_finds("core/raft/a.hpp:1: 201 lines of code; wanted: at most 200")

    def test_a_source_of_350_lines_of_code_is_the_largest(self) -> None:
        self.write_built("core/raft/a.cpp", "int a();\n" * 350 + "// words\n")
        self.assert_clean()
        self.write_built("core/raft/a.cpp", "int a();\n" * 351)
        self.assert_finds("core/raft/a.cpp:1: 351 lines of code; wanted: at most 350")

    def test_a_script_is_measured_too(self) -> None:
        self.write("tools/run", "#!/bin/bash\n# SPDX-License-Identifier: MIT\n" + "true\n" * 351)
        self.assert_finds("tools/run:1: 351 lines of code")

    def test_a_line_of_120_columns_is_the_longest(self) -> None:
        self.write_built("core/raft/a.cpp", "//" + "x" * 118 + "\n//" + "x" * 119 + "\n")
        self.assert_finds("core/raft/a.cpp:3: 121 columns; wanted: at most 120")

    def test_a_folder_of_20_files_is_the_largest(self) -> None:
        for number in range(20):
            self.write(f"docs/{number}.md")
        self.write("docs/below/1.md")
        self.assert_clean()
        self.write("docs/20.md")
        self.assert_finds("docs:1: 21 files in one folder; wanted: at most 20")


class Marks(TidyTest):
    def test_a_left_over_mark_is_found_in_any_file(self) -> None:
        self.write("docs/a.md", "fine\nTO" + "DO: more\n")
        self.write("b.txt", "XX" + "X\nUnimple" + "mented\nmkstemp wants XXXXXX\n")
        self.assert_finds("b.txt:1: left-over mark", "b.txt:2: left-over mark", "docs/a.md:2: left-over mark TO" + "DO")

    def test_a_path_of_one_machine_is_found(self) -> None:
        self.write("docs/a.md", "see /wo" + "rk/main and /tmp/bui" + "ld/x\nhttps://example.org/framework/ is none\n")
        self.assert_finds("docs/a.md:1: path /wo" + "rk/ of one machine")

    def test_what_git_ignores_is_not_looked_at(self) -> None:
        self.write(".gitignore", "/build/\n")
        self.write("build/a.md", "TO" + "DO\n")
        self.assert_clean()


class Tops(TidyTest):
    def test_each_source_names_its_license_first(self) -> None:
        self.write("meson.build", "files('core/raft/a.cpp', 'core/raft/b.c')\n")
        self.write("core/raft/a.cpp", "\n" + SPDX)
        self.write("core/raft/b.c", "/* SPDX-License-Identifier: MIT\n * words\n */\n")
        self.write("tools/run.sh", "#!/bin/bash\n# SPDX-License-Identifier: MIT\n")
        self.write("tools/go.sh", "#!/bin/bash\n")
        self.assert_finds("core/raft/a.cpp:1: the first line does not name", "tools/go.sh:1: no license at the top")

    def test_a_header_has_a_guard(self) -> None:
        self.write("sdk/include/tenon/a.hpp", SPDX + "// words\n#pragma once\n")
        self.write("sdk/include/tenon/b.h", SPDX + "/* words */\n#ifndef B_H\n#define B_H\n#endif\n")
        self.assert_clean()
        self.write("sdk/include/tenon/c.hpp", SPDX + "int c();\n#pragma once\n")
        self.assert_finds("sdk/include/tenon/c.hpp:1: a header without a guard")

    def test_a_header_opens_no_namespace_to_its_includers(self) -> None:
        self.write("sdk/include/tenon/a.hpp", HEADER + "using std::swap;\nusing namespace std::chrono_literals;\n")
        self.assert_finds("sdk/include/tenon/a.hpp:4: using namespace std::chrono_literals in a header")


@unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
class Format(TidyTest):
    def test_a_file_that_clang_format_would_change_is_found_once(self) -> None:
        self.write(".clang-format", "BasedOnStyle: Google\n")
        self.write_built("core/raft/a.cpp", "int  a;\nint   b;\n".replace("int", "const int"))
        code, findings = self.run_tidy("--root", str(self.root))
        self.assertEqual((code, len(findings)), (1, 1))
        self.assertTrue(findings[0].startswith("core/raft/a.cpp:2: clang-format would change it"), findings)
        self.write_built("core/raft/a.cpp", "const int a = 1;\n")
        self.assertEqual(self.run_tidy("--root", str(self.root)), (0, []))


if __name__ == "__main__":
    unittest.main()
