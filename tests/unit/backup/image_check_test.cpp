// SPDX-License-Identifier: MIT
// What is checked of an image without its meaning: the same images are accepted as by whoever decodes them, and damage
// is found where it is.
#include "backup/image_check.hpp"

#include "image_bytes.hpp"
#include "support/catch.hpp"
#include "tenon/crc32c.hpp"

namespace tenon::backup {
namespace {

ImageCheck checked(std::string_view stored, std::size_t cut_bytes) {
  ImageCheck check;
  while (!stored.empty() && check.feed(stored.substr(0, cut_bytes))) {
    stored.remove_prefix(std::min(cut_bytes, stored.size()));
  }
  return check;
}

std::string image_of(std::size_t raw_bytes, std::uint64_t seed = 1) {
  const std::string raw = wire::compressible(raw_bytes, seed);
  wire::ImageHeader header = wire::header_for(raw, 100);
  header.id[0] = static_cast<std::uint8_t>(seed);
  return wire::encoded(header, raw);
}

// The checksum of a piece after its bytes were changed.
void seal(std::string& piece) {
  const std::uint32_t checksum = crc32c(std::string_view(piece).substr(4));
  std::memcpy(piece.data(), &checksum, sizeof checksum);
}

TEST_CASE("every image that is made is accepted, in cuts of any size, and says what it is of") {
  for (const std::size_t raw_bytes : {0u, 1u, 99u, 100u, 101u, 1000u}) {
    const std::string image = image_of(raw_bytes);
    for (const std::size_t cut : {std::size_t{1}, std::size_t{7}, image.size()}) {
      const ImageCheck check = checked(image, cut);
      CAPTURE(raw_bytes, cut, check.error());
      CHECK(check.complete());
      CHECK(check.missing().empty());
      REQUIRE(check.position().has_value());
      CHECK(*check.position() == Position{"orders", 258, 7});
    }
  }
}

TEST_CASE("a flipped bit is found wherever it is, with the offset of its piece") {
  const std::string image = image_of(350);
  for (std::size_t at = 0; at < image.size(); ++at) {
    std::string damaged = image;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const ImageCheck check = checked(damaged, damaged.size());
    CAPTURE(at, check.error());
    REQUIRE_FALSE(check.complete());
    // A size that became greater makes the image end too early.
    const std::string why = check.error() + check.missing();
    CHECK(why.find("offset") != std::string::npos);
  }
}

TEST_CASE("an image that ends too early is not complete, wherever it was cut") {
  const std::string image = image_of(350);
  for (std::size_t size = 0; size < image.size(); ++size) {
    const ImageCheck check = checked(std::string_view(image).substr(0, size), 64);
    CHECK(check.error().empty());
    REQUIRE_FALSE(check.complete());
    CHECK(check.missing().find("offset " + std::to_string(size)) != std::string::npos);
  }
}

TEST_CASE("pieces in another order, missing, twice, or of another image are refused") {
  const std::vector<std::string> pieces = wire::pieces_of(image_of(350));
  const std::vector<std::string> other = wire::pieces_of(image_of(350, 2));
  REQUIRE(pieces.size() == 6);
  const auto refused = [&](std::vector<std::size_t> order) {
    std::string image;
    for (const std::size_t piece : order) image += piece < 10 ? pieces[piece] : other[piece - 10];
    const ImageCheck check = checked(image, image.size());
    CAPTURE(check.error());
    return !check.complete() && check.error().find("offset") != std::string::npos;
  };
  CHECK(refused({0, 2, 1, 3, 4, 5}));
  CHECK(refused({0, 1, 3, 4, 5}));
  CHECK(refused({0, 1, 1, 2, 3, 4, 5}));
  CHECK(refused({0, 1, 12, 3, 4, 5}));
  CHECK(refused({1, 2, 3, 4, 5}));
  CHECK(refused({0, 1, 2, 3, 4, 5, 5}));
  CHECK(refused({0, 5}));
}

TEST_CASE("sizes that contradict each other are refused though every checksum is good") {
  std::vector<std::string> pieces = wire::pieces_of(image_of(350));
  SECTION("a chunk that claims more raw bytes than the header says") {
    pieces[1][36] = 101;
    seal(pieces[1]);
  }
  SECTION("a footer that counts other chunks") {
    pieces[5][36] = 9;
    seal(pieces[5]);
  }
  SECTION("a footer of other raw bytes") {
    pieces[5][44] = 9;
    seal(pieces[5]);
  }
  SECTION("a header of another format") {
    pieces[0][36] = 99;
    seal(pieces[0]);
  }
  SECTION("a kind that is none") {
    pieces[2][8] = 4;
    seal(pieces[2]);
  }
  const ImageCheck check = checked(wire::joined_pieces(pieces), 1000);
  CHECK_FALSE(check.complete());
  CHECK_FALSE(check.error().empty());
}

TEST_CASE("a piece of an impossible size is refused before it is waited for") {
  std::string image = image_of(350);
  image[7] = 0x7f;
  const ImageCheck check = checked(std::string_view(image).substr(0, 36), 36);
  CHECK(check.error().find("offset 0") != std::string::npos);
}

}  // namespace
}  // namespace tenon::backup
