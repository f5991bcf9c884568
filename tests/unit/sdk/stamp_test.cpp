// SPDX-License-Identifier: MIT
#include "tenon/stamp.hpp"

#include <functional>

#include "support/catch.hpp"

namespace tenon {
namespace {

const Stamp kOwn{3, "org.example.paper", "orders", 7, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

tenon_error refusal_of(const std::function<void()>& body, std::string& message) {
  try {
    body();
  } catch (const Error& error) {
    message = error.what();
    return error.code();
  }
  return TENON_OK;
}

bool says(const std::string& message, std::string_view part) { return message.find(part) != std::string::npos; }

TEST_CASE("a stamp that is read is the one that was written") {
  const std::string encoded = encode_stamp(kOwn);
  CHECK(encoded.size() == 8 + 4 + 4 + 17 + 4 + 6 + 8 + 16 + 4);
  CHECK(encoded.substr(0, 12) == std::string("TENONSTP\3\0\0\0", 12));
  const Stamp found = decode_stamp(encoded);
  CHECK(found.format == 3);
  CHECK(found.plugin_id == "org.example.paper");
  CHECK(found.cluster_id == "orders");
  CHECK(found.node_id == 7);
  CHECK(found.incarnation == kOwn.incarnation);
  CHECK_NOTHROW(check_stamp(found, kOwn, "/data"));
}

TEST_CASE("the stamp of another plugin is refused with the command that converts it, whatever its format") {
  Stamp found = kOwn;
  found.plugin_id = "dev.tenon.storage.filewal";
  found.format = 9;
  std::string message;
  CHECK(refusal_of([&] { check_stamp(decode_stamp(encode_stamp(found)), kOwn, "/data"); }, message) ==
        TENON_ERROR_INVALID);
  CHECK(says(message, "the directory was written by the storage plugin dev.tenon.storage.filewal; choose that plugin"));
  CHECK(says(message, "tenond storage convert --from filewal:/data --to paper:/data"));
}

TEST_CASE("a newer format is refused as unsupported, an older one is not refused") {
  Stamp found = kOwn;
  std::string message;
  found.format = 4;
  CHECK(refusal_of([&] { check_stamp(found, kOwn, "/data"); }, message) == TENON_ERROR_UNSUPPORTED);
  CHECK(says(message, "/data has format 4, this version reads up to 3; start the newer version"));
  found.format = 2;
  CHECK(refusal_of([&] { check_stamp(found, kOwn, "/data"); }, message) == TENON_OK);
}

TEST_CASE("the stamp of another cluster or node is refused with both names") {
  std::string message;
  Stamp found = kOwn;
  found.cluster_id = "payments";
  CHECK(refusal_of([&] { check_stamp(found, kOwn, "/data"); }, message) == TENON_ERROR_INVALID);
  CHECK(says(message, "belongs to cluster 'payments', the config says 'orders'; correct cluster.id"));
  found = kOwn;
  found.node_id = 8;
  CHECK(refusal_of([&] { check_stamp(found, kOwn, "/data"); }, message) == TENON_ERROR_INVALID);
  CHECK(says(message, "belongs to node 8, the config says 7; correct node.id"));
}

TEST_CASE("a stamp that was cut, lengthened or changed by a bit is corrupt") {
  const std::string encoded = encode_stamp(kOwn);
  std::string message;
  const auto code_of = [&](const std::string& bytes) { return refusal_of([&] { decode_stamp(bytes); }, message); };
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    REQUIRE(code_of(encoded.substr(0, size)) == TENON_ERROR_CORRUPT);
  }
  for (std::size_t bit = 0; bit < 8 * encoded.size(); ++bit) {
    std::string damaged = encoded;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE(code_of(damaged) == TENON_ERROR_CORRUPT);
  }
  CHECK(code_of(encoded + "x") == TENON_ERROR_CORRUPT);
  CHECK(code_of(encoded + std::string(5000, 'x')) == TENON_ERROR_CORRUPT);
}

TEST_CASE("bytes with a right checksum and fields that do not fit are corrupt") {
  std::string encoded = encode_stamp(kOwn);
  encoded.resize(encoded.size() - 4);
  encoded += "more";
  ByteWriter(encoded).u32(crc32c(encoded));
  CHECK_THROWS_WITH(decode_stamp(encoded), Catch::Contains("do not fit"));
}

TEST_CASE("a name that no stamp has room for is refused before anything is written") {
  Stamp stamp = kOwn;
  stamp.cluster_id = std::string(kStampIdBytesMax, 'c');
  CHECK(encode_stamp(stamp).size() < kStampBytesMax);
  stamp.cluster_id += 'c';
  std::string message;
  CHECK(refusal_of([&] { check_stamp_names(stamp); }, message) == TENON_ERROR_INVALID);
  CHECK(says(message, "cluster.id has 1025 bytes, at most 1024 are allowed"));
}

}  // namespace
}  // namespace tenon
