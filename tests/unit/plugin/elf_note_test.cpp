// SPDX-License-Identifier: MIT
#include "plugin/elf_note.hpp"

#include <elf.h>
#include <link.h>
#include <sys/stat.h>

#include <cstring>

#include "support.hpp"

namespace tenon::plugin {
namespace {

const std::string kFile = "tenon-transport-quiet.so";

RefusalKind kind_of(const PluginDirectory& directory, const std::string& content) {
  const std::filesystem::path path = directory.write("x.so", content);
  return refusal_of([&] { read_note(path); }).kind();
}

template <class Value>
std::string changed(std::string content, std::size_t offset, Value value) {
  REQUIRE(offset + sizeof value <= content.size());
  std::memcpy(content.data() + offset, &value, sizeof value);
  return content;
}

}  // namespace

TEST_CASE("the note of a plugin has its ABI and its manifest") {
  const Note note = read_note(kBuiltPlugins / kFile);
  CHECK(note.abi == std::array<std::uint32_t, 4>{TENON_ABI_MAJOR, TENON_TARGET_ABI, TENON_ABI_DRAFT, 64});
  CHECK(note.manifest.starts_with("[plugin]\nid = org.tenon.test.variant\n"));
  CHECK(note.manifest.ends_with("required = yes\n"));
}

TEST_CASE("a file of any shorter length is refused") {
  const PluginDirectory directory;
  const std::string whole = read_file(kBuiltPlugins / kFile);
  const std::filesystem::path path = directory.write("x.so", whole);
  CHECK_NOTHROW(read_note(path));
  for (std::size_t size = whole.size(); size-- > 0;) {
    std::filesystem::resize_file(path, size);
    const Refusal refusal = refusal_of([&] { read_note(path); });
    const RefusalKind expected = size < SELFMAG ? RefusalKind::not_elf : RefusalKind::damaged_file;
    if (refusal.kind() != expected) FAIL("at " << size << ": " << refusal.what());
  }
}

TEST_CASE("a flipped bit in headers or note is refused or harmless, never followed out of the file") {
  const PluginDirectory directory;
  const std::string whole = read_file(kBuiltPlugins / kFile);
  ElfW(Ehdr) header;
  std::memcpy(&header, whole.data(), sizeof header);
  const std::size_t headers_end = header.e_phoff + std::size_t{header.e_phnum} * header.e_phentsize;
  const std::size_t note = whole.find("TENON");
  REQUIRE(note != std::string::npos);
  std::size_t refused = 0;
  const auto flip = [&](std::size_t byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string content = whole;
      content[byte] = static_cast<char>(static_cast<unsigned char>(content[byte]) ^ (1u << bit));
      const std::filesystem::path path = directory.write("x.so", content);
      try {
        const Note read = read_note(path);  // in CHECK() it would be a failure that it throws
        CHECK(read.manifest.size() <= kManifestBytesMax);
      } catch (const Refusal&) {
        ++refused;
      }
    }
  };
  for (std::size_t byte = 0; byte < headers_end; ++byte) flip(byte);
  for (std::size_t byte = note - sizeof(ElfW(Nhdr)); byte < note + 24; ++byte) flip(byte);
  CHECK(refused > 500);
}

TEST_CASE("offsets and sizes near the end of the number range are refused") {
  const PluginDirectory directory;
  const std::string whole = read_file(kBuiltPlugins / kFile);
  ElfW(Ehdr) header;
  std::memcpy(&header, whole.data(), sizeof header);
  const std::uint64_t huge = UINT64_MAX - 8;
  CHECK(kind_of(directory, changed(whole, offsetof(ElfW(Ehdr), e_phoff), huge)) == RefusalKind::damaged_file);
  CHECK(kind_of(directory, changed(whole, offsetof(ElfW(Ehdr), e_shoff), huge)) == RefusalKind::damaged_file);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const std::size_t at = header.e_phoff + i * sizeof(ElfW(Phdr));
    ElfW(Phdr) segment;
    std::memcpy(&segment, whole.data() + at, sizeof segment);
    if (segment.p_type != PT_LOAD && segment.p_type != PT_NOTE) continue;
    CHECK(kind_of(directory, changed(whole, at + offsetof(ElfW(Phdr), p_offset), huge)) == RefusalKind::damaged_file);
    CHECK(kind_of(directory, changed(whole, at + offsetof(ElfW(Phdr), p_filesz), huge)) == RefusalKind::damaged_file);
  }
  const std::size_t note = whole.find("TENON") - sizeof(ElfW(Nhdr));
  const std::uint32_t most = UINT32_MAX;
  CHECK(kind_of(directory, changed(whole, note + offsetof(ElfW(Nhdr), n_descsz), most)) == RefusalKind::damaged_file);
  CHECK(kind_of(directory, changed(whole, note + offsetof(ElfW(Nhdr), n_namesz), most)) == RefusalKind::not_a_plugin);
  const std::uint32_t no_manifest = 16;
  const std::uint32_t above_bound = 16 + kManifestBytesMax + 2;
  CHECK(kind_of(directory, changed(whole, note + offsetof(ElfW(Nhdr), n_descsz), no_manifest)) ==
        RefusalKind::not_a_plugin);
  CHECK(kind_of(directory, changed(whole + std::string(above_bound, ' '), note + offsetof(ElfW(Nhdr), n_descsz),
                                   above_bound)) == RefusalKind::malformed_manifest);
}

TEST_CASE("a file that is not ELF is refused as such") {
  const PluginDirectory directory;
  const std::filesystem::path path = directory.write("x.so", "#!/bin/sh\nexit 0\n");
  const Refusal refusal = refusal_of([&] { read_note(path); });
  CHECK(refusal.kind() == RefusalKind::not_elf);
  check_says(refusal, {path.string(), "is not an ELF file", "wanted a shared library", "Install"});
  CHECK(kind_of(directory, "") == RefusalKind::not_elf);
}

TEST_CASE("an object for another architecture is refused as such") {
  const PluginDirectory directory;
  const std::string whole = read_file(kBuiltPlugins / kFile);
  const auto refused = [&](const std::string& content) {
    const std::filesystem::path path = directory.write("x.so", content);
    Refusal refusal = refusal_of([&] { read_note(path); });
    CHECK(refusal.kind() == RefusalKind::other_architecture);
    return refusal;
  };
  const std::uint16_t arm = EM_ARM;
  check_says(refused(changed(whole, offsetof(ElfW(Ehdr), e_machine), arm)), {"machine 40 (Arm)", "wanted 64 bits"});
  const unsigned char narrow = ELFCLASS32;
  check_says(refused(changed(whole, EI_CLASS, narrow)), {"found 32 bits"});
  const unsigned char big_endian = ELFDATA2MSB;
  const std::uint16_t s390 = __builtin_bswap16(EM_S390);
  check_says(refused(changed(changed(whole, EI_DATA, big_endian), offsetof(ElfW(Ehdr), e_machine), s390)),
             {"big-endian", "machine 22 (S/390)"});
}

TEST_CASE("an object without the note is refused as not a plugin") {
  const Refusal refusal = refusal_of([] { read_note(kBuiltPlugins / "tenon-transport-without_note.so"); });
  CHECK(refusal.kind() == RefusalKind::not_a_plugin);
  check_says(refusal, {"it has no TENON note", "wanted a shared library with a TENON note"});
  const PluginDirectory directory;
  const std::uint16_t executable = ET_EXEC;
  CHECK(kind_of(directory, changed(read_file(kBuiltPlugins / kFile), offsetof(ElfW(Ehdr), e_type), executable)) ==
        RefusalKind::not_a_plugin);
}

TEST_CASE("a directory or a pipe is refused without waiting for it") {
  const PluginDirectory directory;
  CHECK(refusal_of([&] { read_note(directory.path()); }).kind() == RefusalKind::not_a_regular_file);
  const std::filesystem::path pipe = directory.path() / "pipe.so";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(refusal_of([&] { read_note(pipe); }).kind() == RefusalKind::not_a_regular_file);
  CHECK(refusal_of([&] { read_note(directory.path() / "none.so"); }).kind() == RefusalKind::missing_file);
}

}  // namespace tenon::plugin
