// SPDX-License-Identifier: MIT
// docs/formats.md shows one small data directory byte by byte; this makes that directory and compares.
#include "log_model.hpp"
#include "support/catch.hpp"
#include "support/documented_bytes.hpp"

namespace tenon::filewal::test {
namespace {

using support::documented_bytes;
using support::hexadecimal;

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
