#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What tools/tidy refuses in the deterministic core, and which files it says that nobody builds."""
import unittest

from tidy_tree import HEADER, SPDX, TidyTest

BANNED = (
    "auto t = std::chrono::steady_clock::now();",
    "auto t = Clock::now();",
    "auto t = time(nullptr);",
    "auto t = std::time(&x);",
    "clock_gettime(CLOCK_BOOTTIME, &x);",
    "gettimeofday(&x, nullptr);",
    "std::thread t(f);",
    "std::lock_guard held(m);",
    "std::atomic<int> counter;",
    "pthread_create(&t, nullptr, f, nullptr);",
    "int fd = open(path, 0);",
    "return open(path, 0);",
    "int fd = ::open(path, 0);",
    "auto* f = fopen(path, mode);",
    "std::ifstream in(path);",
    "int s = socket(AF_INET, 0, 0);",
    "::connect(s, address, size);",
    "std::unordered_map<int, int> m;",
    "std::random_device d;",
    "int r = rand();",
    "std::mt19937 g;",
    "static int calls = 0;",
    "static std::vector<int> seen;",
    "static Cache cache(5);",
    "static Cache cache{5};",
    "thread_local int calls = 0;",
)
ALLOWED = (
    "std::chrono::milliseconds wait(5);",
    "const auto t = event.time();",
    "storage.open(index);",
    "storage->open(index);",
    "std::map<int, int> m;",
    "int rank = operand(1);",
    "static const int kMany = 3;",
    "static constexpr std::array<int, 2> kTwo{1, 2};",
    "auto x = static_cast<int>(y);",
    "// std::thread in a comment",
    'text("std::thread and open( in a literal");',
    "auto million = 1'000'000; auto c = '\"';",
)


class Banned(TidyTest):
    def body(self, line: str, room: str = "core/raft") -> None:
        self.write_built(f"{room}/a.cpp", "namespace tenon {\nvoid f(int x) {\n  " + line + "\n}\n}\n")

    def test_each_banned_name_is_found(self) -> None:
        for line in BANNED:
            with self.subTest(line):
                self.body(line)
                code, findings = self.run_tidy()
                self.assertEqual(code, 1)
                self.assertTrue(all(finding.startswith("core/raft/a.cpp:4: ") for finding in findings), findings)

    def test_the_flag_of_a_released_snapshot_is_allowed_where_the_state_is_kept_and_only_there(self) -> None:
        self.body("std::atomic<bool> released;", "core/kv/memory")
        self.assert_clean()
        self.body("std::thread t(f);", "core/kv/memory")
        self.assert_finds("core/kv/memory/a.cpp:4: std::thread in a deterministic room; wanted: ")

    def test_what_only_resembles_one_is_not(self) -> None:
        for line in ALLOWED:
            with self.subTest(line):
                self.body(line)
                self.assert_clean()

    def test_rooms_with_a_thread_and_a_clock_may_use_them(self) -> None:
        for room in ("core/host", "server", "plugins/storage/filewal", "tests/unit/raft"):
            with self.subTest(room):
                self.body("std::thread t(f); auto n = std::chrono::steady_clock::now(); static int calls = 0;", room)
                self.assert_clean()
                (self.root / room / "a.cpp").unlink()

    def test_banned_headers_are_found(self) -> None:
        for name in ("thread", "mutex", "atomic", "fstream", "unistd.h", "sys/socket.h", "unordered_map", "random"):
            with self.subTest(name):
                self.write_built("core/node/a.cpp", f"#include <vector>\n#include <{name}>\n")
                self.assert_finds(f"core/node/a.cpp:3: <{name}> in a deterministic room; wanted: ")

    def test_globals_and_static_members_are_found_and_functions_and_constants_are_not(self) -> None:
        self.write_built(
            "core/kv/a.cpp",
            """#include <map>
namespace tenon::kv {
namespace {
const int kOne = 1;
constexpr int kTwo = 2;
int count = 0;
std::map<int, int> table;
static int step(int x) { return x; }
int other(int x = 1, int y = 2);
}
struct Item {
  static int shared;
  static inline std::map<int, int> all = {};
  static Item make(int x);
  static constexpr int kMany = 3;
  int member = 0;
  std::map<int, int> members{};
};
template <typename T>
T twice(T x) {
  T sum = x;
  int copies[2] = {1, 2};
  return sum;
}
using Table = std::map<int, int>;
enum class Kind : int { one = 1, two };
}
""",
        )
        self.assert_finds(
            "core/kv/a.cpp:7: state that outlives its owner: int count = 0",
            "core/kv/a.cpp:8: state that outlives its owner: std::map<int, int> table",
            "core/kv/a.cpp:13: state that outlives its owner: static int shared",
            "core/kv/a.cpp:14: state that outlives its owner: static inline std::map<int, int> all",
        )


class Orphans(TidyTest):
    def test_a_source_is_named_by_a_meson_file_that_is_read(self) -> None:
        self.write("meson.build", "subdir('core')\n")
        self.write("core/meson.build", "library('raft', 'raft/a.cpp')\n# 'raft/b.cpp'\n")
        self.write("core/raft/a.cpp", SPDX)
        self.assert_clean()
        self.write("core/raft/b.cpp", SPDX)
        self.assert_finds("core/raft/b.cpp:1: nobody builds it")

    def test_a_meson_file_that_nobody_reads_builds_nothing(self) -> None:
        self.write("meson.build", "# subdir('core')\n")
        self.write("core/meson.build", "library('raft', 'a.cpp')\n")
        self.write("core/a.cpp", SPDX)
        self.assert_finds(
            "core/a.cpp:1: C++ in a folder of no room",
            "core/a.cpp:1: nobody builds it",
            "core/meson.build:1: no configure run reads it",
        )

    def test_a_loop_over_subdirectories_is_followed(self) -> None:
        self.write("meson.build", "foreach room : ['core/raft', '.']\n  subdir(room)\nendforeach\n")
        self.write("core/raft/meson.build", "library('raft', 'a.cpp')\n")
        self.write("core/raft/a.cpp", SPDX)
        self.assert_clean()

    def test_a_loop_over_names_with_an_ending_names_its_files(self) -> None:
        self.write("meson.build", "subdir('core')\n")
        self.write("core/meson.build", "foreach name : ['raft/a']\n  library(name, name + '.cpp')\nendforeach\n")
        self.write("core/raft/a.cpp", SPDX)
        self.assert_clean()

    def test_a_header_is_included_or_installed(self) -> None:
        self.write("sdk/include/tenon/a.hpp", HEADER)
        self.assert_clean()
        self.write("core/raft/include/raft/a.hpp", HEADER + '#include "raft/a.hpp"\n')
        self.assert_finds("core/raft/include/raft/a.hpp:1: nobody includes it")

    def test_a_python_test_is_registered_and_a_module_imported(self) -> None:
        license_line = "# SPDX-License-Identifier: MIT\n"
        self.write("meson.build", "test('a', python, args: files('tests/e2e/a_test.py'), suite: ['quick', 'e2e'])\n")
        self.write("tests/e2e/a_test.py", license_line + "from cluster import (\n    Cluster,\n)\n")
        self.write("tests/e2e/cluster.py", license_line)
        self.assert_clean()
        self.write("tests/e2e/b_test.py", license_line)
        self.write("tests/e2e/orphan.py", license_line)
        self.assert_finds("tests/e2e/b_test.py:1: no test() runs it", "tests/e2e/orphan.py:1: nobody imports it")

    def test_a_script_of_tools_is_a_command_or_a_module(self) -> None:
        self.write("tools/count.py", "#!/usr/bin/python3\n# SPDX-License-Identifier: MIT\n")
        self.assert_finds("tools/count.py:1: nobody imports it")
        (self.root / "tools/count.py").chmod(0o755)
        self.assert_clean()

    def test_a_test_is_in_a_suite_that_is_run(self) -> None:
        unseen = "test(\n  'b',\n  b,\n  args: f('c'),\n)\n"
        self.write("meson.build", "test('a', a, suite: 'quick')\nlatest(1)\n\n" + unseen)
        self.assert_finds("meson.build:4: a test() that nobody runs; wanted: suite: one of quick, e2e")

    def test_a_deleted_file_is_not_looked_at(self) -> None:
        self.write_built("core/raft/a.cpp", "")
        self.assert_clean()
        (self.root / "core/raft/a.cpp").unlink()
        self.assert_clean()


if __name__ == "__main__":
    unittest.main()
