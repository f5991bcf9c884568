// SPDX-License-Identifier: MIT
// docs/formats.md shows one small data directory byte by byte; this makes that directory and compares.
#include <fstream>
#include <sstream>

#include "log_model.hpp"
#include "support/catch.hpp"

namespace tenon::filewal::test {
namespace {

// The bytes of the block that begins with "```hex NAME". Of each line they stand before the '|'.
std::string documented_bytes(const std::string& name) {
  std::ifstream document(std::string(TENON_DOCS) + "/formats.md");
  std::string found;
  bool inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("```")) {
      inside = line == "```hex " + name;
      continue;
    }
    if (!inside) continue;
    std::istringstream bytes(line.substr(0, line.find('|')));
    for (std::string byte; bytes >> byte;) found.push_back(static_cast<char>(std::stoi(byte, nullptr, 16)));
  }
  return found;
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    text += {kDigits[value / 16], kDigits[value % 16], ' '};
  }
  return text;
}

TEST_CASE("the examples of docs/formats.md are what filewal writes") {
  support::MemoryFileSystem disk(1);
  OpenedLog opened(disk, kSegmentBytesMin, {"example", 1});
  OwnedWrite first;
  opened.log.stage(first.hard_state("vote").append(1, 1, "hello").append(2, 1, "").view(1));
  opened.log.sync();
  OwnedWrite second;
  opened.log.stage(second.truncate(2).compact(1).view(2));
  opened.log.close();
  const auto files = disk.contents();
  const std::string& segment = files.at("00000000000000000001.wal");
  CHECK(hexadecimal(files.at("stamp")) == hexadecimal(documented_bytes("stamp")));
  CHECK(hexadecimal(files.at("hard_state").substr(0, 48)) == hexadecimal(documented_bytes("hard_state")));
  CHECK(files.at("hard_state").substr(0, 8192) == files.at("hard_state").substr(8192));
  const std::size_t end = (segment.find_last_not_of('\0') + 8) / 8 * 8;
  CHECK(hexadecimal(segment.substr(0, end)) == hexadecimal(documented_bytes("segment")));
}

}  // namespace
}  // namespace tenon::filewal::test
