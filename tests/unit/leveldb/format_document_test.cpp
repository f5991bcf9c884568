// SPDX-License-Identifier: MIT
// docs/formats.md shows a key and its value of each kind byte by byte; this makes them anew and compares.
#include "format.hpp"
#include "support/catch.hpp"
#include "support/documented_bytes.hpp"

namespace tenon::leveldb_storage::test {
namespace {

using support::documented_bytes;
using support::hexadecimal;

std::array<std::uint8_t, 16> counted_from(std::uint8_t first) {
  std::array<std::uint8_t, 16> bytes;
  for (std::uint8_t& byte : bytes) byte = first++;
  return bytes;
}

void check_documented(const std::string& name, const std::string& key, const std::string& value) {
  CHECK(hexadecimal(key + value) == hexadecimal(documented_bytes("leveldb " + name)));
}

TEST_CASE("the examples of docs/formats.md are what the LevelDB plugin writes") {
  check_documented("mark", mark_key(5), encode_mark({5, {3, 220}, counted_from(0x10)}));
  check_documented("hard_state", std::string(1, kHardStateKey), encode_hard_state("vote"));
  check_documented("bounds", std::string(1, kBoundsKey), encode_bounds({2, 7}));
  std::string entry;
  encode_entry(258, 3, "hello", entry);
  check_documented("entry", entry_key(258), entry);
  const ImageKey image{258, counted_from(0x20)};
  check_documented("newest", std::string(1, kNewestKey), encode_newest({image, 5}));
  const std::string piece = piece_key(image, 0);
  check_documented("piece", piece, encode_piece(piece, "image"));
}

TEST_CASE("no value is taken for valid under another key or with a changed bit") {
  const Mark mark{5, {3, 220}, counted_from(0x10)};
  CHECK(decode_mark(mark_key(5), encode_mark(mark)));
  CHECK_FALSE(decode_mark(mark_key(4), encode_mark(mark)));
  std::string entry;
  encode_entry(258, 3, "hello", entry);
  CHECK(decode_entry(258, entry)->payload == "hello");
  CHECK_FALSE(decode_entry(259, entry));
  for (std::size_t bit = 0; bit < 8 * entry.size(); ++bit) {
    std::string damaged = entry;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE_FALSE(decode_entry(258, damaged));
  }
  for (std::size_t size = 0; size < entry.size(); ++size) REQUIRE_FALSE(decode_entry(258, entry.substr(0, size)));
}

}  // namespace
}  // namespace tenon::leveldb_storage::test
