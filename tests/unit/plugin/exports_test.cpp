// SPDX-License-Identifier: MIT
#include <elf.h>
#include <link.h>

#include <cstring>
#include <vector>

#include "support.hpp"

namespace tenon::plugin {
namespace {

template <class Value>
Value value_at(const std::string& file, std::size_t offset) {
  REQUIRE(offset + sizeof(Value) <= file.size());
  Value value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

struct Symbols {
  std::vector<std::string> exported;
  std::size_t unique = 0;  // of the binding by which copies of one plugin would come to share variables
};

// Reads the dynamic symbols of a library that the build made.
Symbols read_symbols(const std::string& file) {
  Symbols found;
  const auto header = value_at<ElfW(Ehdr)>(file, 0);
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const auto section = value_at<ElfW(Shdr)>(file, header.e_shoff + i * sizeof(ElfW(Shdr)));
    if (section.sh_type != SHT_DYNSYM) continue;
    const auto names = value_at<ElfW(Shdr)>(file, header.e_shoff + section.sh_link * sizeof(ElfW(Shdr)));
    for (std::size_t offset = 0; offset < section.sh_size; offset += sizeof(ElfW(Sym))) {
      const auto symbol = value_at<ElfW(Sym)>(file, section.sh_offset + offset);
      const unsigned binding = symbol.st_info >> 4;
      if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
      found.exported.emplace_back(file.c_str() + names.sh_offset + symbol.st_name);
      if (binding == STB_GNU_UNIQUE) ++found.unique;
    }
  }
  return found;
}

}  // namespace

TEST_CASE("each built plugin exports its object and nothing else") {
  std::size_t plugins = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kBuiltPlugins)) {
    if (entry.path().extension() != ".so") continue;
    INFO(entry.path());
    const Symbols symbols = read_symbols(read_file(entry.path()));
    const bool without_object = entry.path().filename() == "tenon-transport-without_object.so";
    const std::vector<std::string> expected(without_object ? 0 : 1, "tenon_plugin_v1");
    CHECK(symbols.exported == expected);
    CHECK(symbols.unique == 0);
    ++plugins;
  }
  CHECK(plugins >= 15);
}

}  // namespace tenon::plugin
