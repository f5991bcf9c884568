// SPDX-License-Identifier: MIT
#include "tenon/bytes.hpp"

#include <limits>

#include "support/catch.hpp"

namespace tenon {

TEST_CASE("integers are written little-endian and a block after its size") {
  std::string output;
  ByteWriter writer(output);
  writer.u8(0x01);
  writer.u32(0x05040302);
  writer.u64(0x0d0c0b0a09080706);
  writer.block("ab");
  writer.raw("c");
  CHECK(output == std::string("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x02\0\0\0abc", 20));
}

TEST_CASE("a reader reads back what a writer wrote") {
  std::string output;
  ByteWriter writer(output);
  writer.u8(200);
  writer.u32(std::numeric_limits<std::uint32_t>::max());
  writer.u64(std::numeric_limits<std::uint64_t>::max());
  writer.block("");
  writer.block(std::string_view("a\0b", 3));
  writer.raw("rest");
  ByteReader reader(output);
  CHECK(reader.u8() == 200);
  CHECK(reader.u32() == std::numeric_limits<std::uint32_t>::max());
  CHECK(reader.u64() == std::numeric_limits<std::uint64_t>::max());
  CHECK(reader.block().empty());
  CHECK(reader.block() == std::string_view("a\0b", 3));
  CHECK(reader.remaining() == 4);
  CHECK_FALSE(reader.done());
  CHECK(reader.raw(4) == "rest");
  CHECK(reader.ok());
  CHECK(reader.done());
}

TEST_CASE("a read beyond the end fails for good and gives zeros") {
  ByteReader reader("\x01\x02\x03");
  CHECK(reader.u32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK_FALSE(reader.done());
  CHECK(reader.remaining() == 0);
  CHECK(reader.u8() == 0);
  CHECK(reader.u64() == 0);
  CHECK(reader.raw(1).empty());
  CHECK(reader.block().empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("every shorter beginning of a record fails to be read") {
  std::string output;
  ByteWriter writer(output);
  writer.u8(1);
  writer.u32(2);
  writer.block("block");
  writer.u64(3);
  for (std::size_t size = 0; size <= output.size(); ++size) {
    ByteReader reader(std::string_view(output).substr(0, size));
    reader.u8();
    reader.u32();
    reader.block();
    reader.u64();
    CHECK(reader.ok() == (size == output.size()));
  }
}

TEST_CASE("a block that claims more than there is fails") {
  ByteReader reader(
      std::string_view("\xff\xff\xff\xff"
                       "abc",
                       7));
  CHECK(reader.block().empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("a caller may fail a reader for reasons of its own") {
  ByteReader reader("abc");
  reader.fail();
  CHECK_FALSE(reader.ok());
  CHECK(reader.raw(0).empty());
  CHECK(reader.u8() == 0);
}

TEST_CASE("bytes at the waist are the same bytes as the view") {
  const std::string_view text("a\0b", 3);
  CHECK(view(bytes(text)) == text);
  CHECK(bytes(text).data == reinterpret_cast<const std::uint8_t*>(text.data()));
  CHECK(view(tenon_bytes{nullptr, 0}).empty());
}

}  // namespace tenon
