// SPDX-License-Identifier: MIT
#include "plugin/elf_note.hpp"

#include <elf.h>
#include <link.h>

#include <cstring>
#include <optional>

#include "object_file.hpp"
#include "plugin/refusal.hpp"
#include "tenon/define_plugin.h"

namespace tenon::plugin {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using SectionHeader = ElfW(Shdr);
using NoteHeader = ElfW(Nhdr);

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kMachine = EM_RISCV;
#else
#error "name the ELF machine of this architecture here"
#endif
constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char kByteOrder = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

using namespace std::string_view_literals;
constexpr std::string_view kNoteName = "TENON\0"sv;
constexpr std::uint64_t kAbiBytes = sizeof(Note::abi);

std::string architecture(unsigned char word_class, unsigned char byte_order, std::uint16_t machine) {
  const char* bits = word_class == ELFCLASS64   ? "64 bits, "
                     : word_class == ELFCLASS32 ? "32 bits, "
                                                : "unknown word size, ";
  const char* order = byte_order == ELFDATA2LSB   ? "little-endian, "
                      : byte_order == ELFDATA2MSB ? "big-endian, "
                                                  : "unknown byte order, ";
  const std::string number = "machine " + std::to_string(machine);
  const char* name = machine == EM_X86_64    ? " (x86-64)"
                     : machine == EM_386     ? " (x86)"
                     : machine == EM_AARCH64 ? " (AArch64)"
                     : machine == EM_ARM     ? " (Arm)"
                     : machine == EM_RISCV   ? " (RISC-V)"
                     : machine == EM_PPC64   ? " (PowerPC)"
                     : machine == EM_S390    ? " (S/390)"
                                             : "";
  return bits + (order + number) + name;
}

// What lies before here has the same place in files of every architecture.
void check_identity(const ObjectFile& file, const std::string& path) {
  constexpr std::uint64_t machine_offset = offsetof(Header, e_machine);
  static_assert(machine_offset == offsetof(Elf32_Ehdr, e_machine) && machine_offset == offsetof(Elf64_Ehdr, e_machine));
  if (!file.holds(0, SELFMAG) || file.text_at(0, SELFMAG) != ELFMAG) {
    throw Refusal(RefusalKind::not_elf, path +
                                            ": is not an ELF file, wanted a shared library. Install the plugin's .so "
                                            "file here, not its source, archive or script.");
  }
  const std::string identity = file.text_at(0, EI_NIDENT);
  auto machine = file.value_at<std::uint16_t>(machine_offset);
  const auto word_class = static_cast<unsigned char>(identity[EI_CLASS]);
  const auto byte_order = static_cast<unsigned char>(identity[EI_DATA]);
  if (byte_order != kByteOrder) machine = __builtin_bswap16(machine);
  if (word_class == kClass && byte_order == kByteOrder && machine == kMachine) return;
  throw Refusal(RefusalKind::other_architecture,
                path + ": is for another architecture: found " + architecture(word_class, byte_order, machine) +
                    "; wanted " + architecture(kClass, kByteOrder, kMachine) + ". Install the build for this machine.");
}

Refusal not_a_plugin(const std::string& path, const std::string& found) {
  return Refusal(
      RefusalKind::not_a_plugin,
      path + ": is not a Tenon plugin: " + found +
          ", wanted a shared library with a TENON note. Check that it is the right file; its author builds it "
          "with tenon/define_plugin.h.");
}

// The note at `offset`, when it is ours. Moves offset to the note behind it.
std::optional<Note> take_note(const ObjectFile& file, std::uint64_t& offset, std::uint64_t alignment,
                              const std::string& path) {
  const auto header = file.value_at<NoteHeader>(offset);
  const auto aligned = [alignment](std::uint64_t size) { return (size + alignment - 1) / alignment * alignment; };
  const std::uint64_t name = offset + sizeof header;
  const std::uint64_t content = offset + aligned(sizeof header + header.n_namesz);
  offset = content + aligned(header.n_descsz);  // sums of three 32-bit numbers and a place in the file: no overflow
  if (header.n_type != TENON_NOTE_TYPE || header.n_namesz != kNoteName.size()) return std::nullopt;
  if (file.text_at(name, kNoteName.size()) != kNoteName) return std::nullopt;

  if (header.n_descsz <= kAbiBytes) throw not_a_plugin(path, "its note has no manifest");
  file.require(content, header.n_descsz, "the note of the plugin");
  const std::uint64_t manifest_size = header.n_descsz - kAbiBytes - 1;
  if (manifest_size > kManifestBytesMax) {
    throw Refusal(RefusalKind::malformed_manifest, path + ": its manifest has " + std::to_string(manifest_size) +
                                                       " bytes, wanted at most " + std::to_string(kManifestBytesMax) +
                                                       ". Its author has to shorten it.");
  }
  Note note;
  note.abi = file.value_at<decltype(note.abi)>(content);
  note.manifest = file.text_at(content + kAbiBytes, manifest_size);
  return note;
}

std::optional<Note> find_note(const ObjectFile& file, const Segment& segment, const std::string& path) {
  const std::uint64_t end = segment.p_offset + segment.p_filesz;
  const std::uint64_t alignment = segment.p_align == 8 ? 8 : 4;
  for (std::uint64_t offset = segment.p_offset; offset < end && end - offset >= sizeof(NoteHeader);) {
    if (std::optional<Note> note = take_note(file, offset, alignment, path)) return note;
  }
  return std::nullopt;
}

}  // namespace

Note read_note(const std::filesystem::path& file_path) {
  const std::string path = file_path.string();
  const ObjectFile file(file_path);
  check_identity(file, path);
  const auto header = file.value_at<Header>(0);
  if (header.e_type != ET_DYN) throw not_a_plugin(path, "an ELF file of type " + std::to_string(header.e_type));
  if (header.e_phentsize != sizeof(Segment) || (header.e_shnum != 0 && header.e_shentsize != sizeof(SectionHeader))) {
    throw Refusal(RefusalKind::damaged_file, path +
                                                 ": is damaged: its headers have sizes that no ELF file of this "
                                                 "architecture has. Install the plugin again.");
  }
  file.require(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(SectionHeader), "the table of sections");
  file.require(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Segment), "the table of segments");

  std::optional<Note> found;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = file.value_at<Segment>(header.e_phoff + i * sizeof(Segment));
    if (segment.p_type != PT_LOAD && segment.p_type != PT_NOTE) continue;
    file.require(segment.p_offset, segment.p_filesz, "a segment");
    if (segment.p_type == PT_NOTE && !found) found = find_note(file, segment, path);
  }
  if (!found) throw not_a_plugin(path, "it has no TENON note");
  return *std::move(found);
}

}  // namespace tenon::plugin
