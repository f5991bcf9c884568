// SPDX-License-Identifier: MIT
#include "plugin/linkage.hpp"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstddef>

#include "support.hpp"

namespace tenon::plugin {
namespace {

constexpr const char* kFile = "tenon-storage-memory_c.so";

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("a plugin's libraries, symbols and flags are read from its file") {
  const Linkage linkage = read_linkage(kBuiltPlugins / kFile);
  CHECK(has(linkage.needed, "libc.so.6"));
  CHECK(linkage.exported == std::vector<std::string>{"tenon_plugin_v1"});
  CHECK(linkage.unique.empty());
  CHECK(has(linkage.undefined, "malloc"));
  CHECK(linkage.binds_now);
  CHECK_FALSE(linkage.has_text_relocations);
  CHECK_FALSE(linkage.has_executable_stack);
  CHECK(linkage.build_id.size() == 40);
  CHECK(linkage.build_id.find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("a symbol that no library has is among the undefined ones") {
  const Linkage linkage = read_linkage(kBuiltPlugins / "tenon-transport-undefined_symbol.so");
  CHECK(has(linkage.undefined, "tenon_test_defined_nowhere"));
}

// Every byte of the tables that are followed, one at a time: the reader ends, or says that the file is damaged.
TEST_CASE("a file that contradicts itself is damaged, whatever contradicts what") {
  const PluginDirectory directory;
  const std::string sound = read_file(kBuiltPlugins / kFile);
  ElfW(Ehdr) header;
  std::copy_n(sound.data(), sizeof header, reinterpret_cast<char*>(&header));
  const std::size_t sections = header.e_shoff;
  std::size_t damaged = 0;
  std::size_t read = 0;
  for (std::size_t at = sections; at < sections + header.e_shnum * sizeof(ElfW(Shdr)); at += 4) {
    std::string broken = sound;
    broken.replace(at, 4, "\xff\xff\xff\x7f");
    try {
      read_linkage(directory.write("tenon-storage-broken.so", broken));
      ++read;
    } catch (const Refusal& refusal) {
      CHECK(refusal.kind() == RefusalKind::damaged_file);
      ++damaged;
    }
  }
  CHECK(damaged > 10);
  CHECK(read > 20);
}

}  // namespace tenon::plugin
