// SPDX-License-Identifier: MIT
#include "plugin/linkage.hpp"

#include <elf.h>
#include <link.h>

#include <sstream>
#include <string_view>

#include "object_file.hpp"

namespace tenon::plugin {
namespace {

using Header = ElfW(Ehdr);
using SectionHeader = ElfW(Shdr);
using Segment = ElfW(Phdr);
using Symbol = ElfW(Sym);
using Dynamic = ElfW(Dyn);
using NoteHeader = ElfW(Nhdr);

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path), header_(file_.value_at<Header>(0)) {}

  Linkage read() {
    for (std::uint64_t i = 0; i < header_.e_phnum; ++i) {
      const auto segment = file_.value_at<Segment>(header_.e_phoff + i * sizeof(Segment));
      if (segment.p_type == PT_GNU_STACK) linkage_.has_executable_stack = (segment.p_flags & PF_X) != 0;
    }
    for (std::uint64_t i = 0; i < header_.e_shnum; ++i) {
      const SectionHeader section = section_at(i);
      if (section.sh_type == SHT_DYNSYM) read_symbols(section);
      if (section.sh_type == SHT_DYNAMIC) read_dynamic(section);
      if (section.sh_type == SHT_NOTE) read_build_id(section);
    }
    return std::move(linkage_);
  }

 private:
  SectionHeader section_at(std::uint64_t number) const {
    return file_.value_at<SectionHeader>(header_.e_shoff + number * sizeof(SectionHeader));
  }
  std::string content_of(const SectionHeader& section) const {
    return file_.text_at(section.sh_offset, section.sh_size);
  }
  // The text in a table of names; empty when it lies beyond the table.
  static std::string name_at(const std::string& names, std::uint64_t offset) {
    return offset < names.size() ? std::string(names.c_str() + offset) : std::string();
  }

  void read_symbols(const SectionHeader& section) {
    const std::string names = content_of(section_at(section.sh_link));
    for (std::uint64_t offset = 0; offset + sizeof(Symbol) <= section.sh_size; offset += sizeof(Symbol)) {
      const auto symbol = file_.value_at<Symbol>(section.sh_offset + offset);
      const unsigned binding = symbol.st_info >> 4;
      if (binding == STB_LOCAL) continue;
      const std::string name = name_at(names, symbol.st_name);
      if (symbol.st_shndx == SHN_UNDEF) {
        if (binding != STB_WEAK) linkage_.undefined.push_back(name);
        continue;
      }
      linkage_.exported.push_back(name);
      if (binding == STB_GNU_UNIQUE) linkage_.unique.push_back(name);
    }
  }

  void read_dynamic(const SectionHeader& section) {
    const std::string names = content_of(section_at(section.sh_link));
    for (std::uint64_t offset = 0; offset + sizeof(Dynamic) <= section.sh_size; offset += sizeof(Dynamic)) {
      const auto entry = file_.value_at<Dynamic>(section.sh_offset + offset);
      if (entry.d_tag == DT_NULL) break;
      read_entry(entry.d_tag, entry.d_un.d_val, names);
    }
  }

  void read_entry(std::int64_t tag, std::uint64_t value, const std::string& names) {
    if (tag == DT_NEEDED) linkage_.needed.push_back(name_at(names, value));
    if (tag == DT_RPATH || tag == DT_RUNPATH) {
      std::istringstream paths(name_at(names, value));
      for (std::string path; std::getline(paths, path, ':');) linkage_.search_paths.push_back(path);
    }
    const bool is_flags = tag == DT_FLAGS;
    linkage_.has_text_relocations |= tag == DT_TEXTREL || (is_flags && (value & DF_TEXTREL) != 0);
    linkage_.binds_now |= tag == DT_BIND_NOW || (is_flags && (value & DF_BIND_NOW) != 0) ||
                          (tag == DT_FLAGS_1 && (value & DF_1_NOW) != 0);
  }

  void read_build_id(const SectionHeader& section) {
    constexpr std::string_view name("GNU\0", 4);
    constexpr std::string_view digits = "0123456789abcdef";
    if (section.sh_size < sizeof(NoteHeader) + name.size()) return;
    const auto note = file_.value_at<NoteHeader>(section.sh_offset);
    const std::uint64_t content = section.sh_offset + sizeof note + name.size();
    if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != name.size()) return;
    if (file_.text_at(section.sh_offset + sizeof note, name.size()) != name) return;
    for (const char byte : file_.text_at(content, note.n_descsz)) {
      linkage_.build_id += digits[static_cast<unsigned char>(byte) >> 4];
      linkage_.build_id += digits[static_cast<unsigned char>(byte) & 15];
    }
  }

  ObjectFile file_;
  const Header header_;
  Linkage linkage_;
};

}  // namespace

Linkage read_linkage(const std::filesystem::path& path) { return Reader(path).read(); }

}  // namespace tenon::plugin
