// SPDX-License-Identifier: MIT
#include "lifecycle/elf_file.hpp"

#include <elf.h>
#include <link.h>

#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace tenon::plugin_check {
namespace {

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {
    std::ifstream input(path, std::ios::binary);
    std::ostringstream content;
    content << input.rdbuf();
    bytes_ = content.str();
    header_ = at<ElfW(Ehdr)>(0);
    if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) damaged("no ELF magic");
  }

  ElfFile read() {
    ElfFile file;
    read_segments(file);
    for (std::size_t section = 0; section < header_.e_shnum; ++section) {
      const auto described = section_at(section);
      if (described.sh_type == SHT_DYNSYM) read_symbols(described, file);
      if (described.sh_type == SHT_DYNAMIC) read_dynamic(described, file);
    }
    return file;
  }

 private:
  [[noreturn]] void damaged(const std::string& what) const {
    throw std::runtime_error(path_.string() + ": is damaged: " + what);
  }

  template <class Value>
  Value at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(Value)) damaged("an offset is beyond its end");
    Value value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  std::string text_at(std::uint64_t offset) const {
    if (offset >= bytes_.size()) damaged("a name is beyond its end");
    return bytes_.substr(offset, bytes_.find('\0', offset) - offset);
  }
  ElfW(Shdr) section_at(std::size_t number) const {
    return at<ElfW(Shdr)>(header_.e_shoff + number * sizeof(ElfW(Shdr)));
  }

  void read_segments(ElfFile& file) const {
    for (std::size_t segment = 0; segment < header_.e_phnum; ++segment) {
      const auto described = at<ElfW(Phdr)>(header_.e_phoff + segment * sizeof(ElfW(Phdr)));
      if (described.p_type == PT_GNU_STACK) file.has_executable_stack = (described.p_flags & PF_X) != 0;
    }
  }

  void read_symbols(const ElfW(Shdr) & section, ElfFile& file) const {
    const auto names = section_at(section.sh_link);
    for (std::uint64_t offset = 0; offset + sizeof(ElfW(Sym)) <= section.sh_size; offset += sizeof(ElfW(Sym))) {
      const auto symbol = at<ElfW(Sym)>(section.sh_offset + offset);
      const unsigned binding = symbol.st_info >> 4;
      if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
      file.exported.push_back(text_at(names.sh_offset + symbol.st_name));
      if (binding == STB_GNU_UNIQUE) file.unique.push_back(file.exported.back());
    }
  }

  void read_dynamic(const ElfW(Shdr) & section, ElfFile& file) const {
    const auto names = section_at(section.sh_link);
    for (std::uint64_t offset = 0; offset + sizeof(ElfW(Dyn)) <= section.sh_size; offset += sizeof(ElfW(Dyn))) {
      const auto entry = at<ElfW(Dyn)>(section.sh_offset + offset);
      const auto value = static_cast<std::uint64_t>(entry.d_un.d_val);
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_TEXTREL) file.has_text_relocations = true;
      if (entry.d_tag == DT_FLAGS) {
        file.has_text_relocations |= (value & DF_TEXTREL) != 0;
        file.binds_now |= (value & DF_BIND_NOW) != 0;
      }
      if (entry.d_tag == DT_BIND_NOW) file.binds_now = true;
      if (entry.d_tag == DT_FLAGS_1) file.binds_now |= (value & DF_1_NOW) != 0;
      if (entry.d_tag != DT_RPATH && entry.d_tag != DT_RUNPATH) continue;
      std::istringstream paths(text_at(names.sh_offset + value));
      for (std::string path; std::getline(paths, path, ':');) file.search_paths.push_back(path);
    }
  }

  const std::filesystem::path path_;
  std::string bytes_;
  ElfW(Ehdr) header_{};
};

}  // namespace

ElfFile read_elf(const std::filesystem::path& path) { return Reader(path).read(); }

}  // namespace tenon::plugin_check
