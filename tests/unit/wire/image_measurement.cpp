// SPDX-License-Identifier: MIT
// What chunk size and zstd level cost and save, for docs/decisions/0014. Hidden: run `wire_test "[measurement]"` of an
// optimized build. Of each chunk size it prints the ratio of raw to stored bytes, MB/s of raw bytes encoded / decoded,
// and milliseconds to encode one chunk. Times are those of the processor.
#include <cstdio>
#include <ctime>
#include <limits>
#include <utility>

#include "image_bytes.hpp"
#include "raft/random.hpp"
#include "support/catch.hpp"
#include "tenon/bytes.hpp"

namespace tenon::wire {
namespace {

constexpr std::size_t kRawBytes = 64u << 20;

double processor_seconds() {
  timespec time{};
  REQUIRE(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string hexadecimal_token(raft::Random& random, std::size_t digits) {
  std::string token;
  for (std::size_t i = 0; i < digits; ++i) token.push_back("0123456789abcdef"[random.below(16)]);
  return token;
}

// About 220 bytes, as a service keeps of each of its users.
std::string profile_value(raft::Random& random, std::uint64_t number) {
  static constexpr const char* kNames[] = {"Anna", "Ben", "Chiara", "Dmitri", "Emeka", "Fatima", "Goran", "Hana"};
  static constexpr const char* kCities[] = {"Lisbon", "Nairobi", "Osaka", "Quito", "Riga", "Sydney", "Turin", "Umea"};
  const std::string name = kNames[random.below(8)];
  return R"({"id":)" + std::to_string(number) + R"(,"name":")" + name + R"(","mail":")" + name + "." +
         std::to_string(random.below(100'000)) + R"(@example.com","city":")" + kCities[random.below(8)] +
         R"(","created":"2026-0)" + std::to_string(1 + random.below(9)) + "-1" + std::to_string(random.below(10)) +
         R"(T12:00:00Z","active":)" + (random.below(10) == 0 ? "false" : "true") + R"(,"balance":)" +
         std::to_string(random.below(1'000'000)) + R"(,"roles":["reader","author"],"etag":")" +
         hexadecimal_token(random, 32) + R"("})";
}

enum class Content { profiles, tokens, noise };

// Records as a keyspace has them: keys ascending, revisions near each other.
std::string keyspace(Content content) {
  raft::Random random(1);
  std::string raw;
  ByteWriter writer(raw);
  for (std::uint64_t number = 0; raw.size() < kRawBytes; ++number) {
    char key[32];
    std::snprintf(key, sizeof key, "user/%010llu/session", static_cast<unsigned long long>(number));
    writer.block(key);
    switch (content) {
      case Content::profiles:
        writer.block(profile_value(random, number));
        break;
      case Content::tokens:
        writer.block(hexadecimal_token(random, 64) + ";ttl=3600;scope=read,write;");
        break;
      case Content::noise: {
        std::string value(100, '\0');
        for (char& byte : value) byte = static_cast<char>(random.next());
        writer.block(value);
      }
    }
    const std::uint64_t created = 1'000'000 + number + random.below(1000);
    writer.u64(created);
    writer.u64(created + random.below(100'000));
    writer.u64(1 + random.below(10));
    writer.u64(random.below(4) == 0 ? 1'800'000'000'000 + random.below(86'400'000) : 0);
  }
  raw.resize(kRawBytes);
  return raw;
}

struct Costs {
  double ratio = 0;
  double encode_seconds = std::numeric_limits<double>::max();
  double decode_seconds = std::numeric_limits<double>::max();
};

// The best of a few times, so that what else the machine does counts least.
Costs measure(const std::string& raw, std::uint32_t chunk_raw_bytes, int zstd_level) {
  constexpr int kTimes = 3;
  Costs costs;
  for (int time = 0; time < kTimes; ++time) {
    const double start = processor_seconds();
    const std::string image = encoded(header_for(raw, chunk_raw_bytes), raw, zstd_level);
    const double encoded_at = processor_seconds();
    std::size_t sunk = 0;
    ImageDecoder decoder;
    decoder.feed(image, [&](std::string_view some) {
      sunk += some.size();
      return true;
    });
    const double decoded_at = processor_seconds();
    REQUIRE(decoder.complete());
    REQUIRE(sunk == raw.size());
    costs.ratio = static_cast<double>(raw.size()) / static_cast<double>(image.size());
    costs.encode_seconds = std::min(costs.encode_seconds, encoded_at - start);
    costs.decode_seconds = std::min(costs.decode_seconds, decoded_at - encoded_at);
  }
  return costs;
}

void print_row(const char* name, const std::string& raw, int zstd_level) {
  std::printf("| %s | %d |", name, zstd_level);
  const auto raw_bytes = static_cast<double>(raw.size());
  for (const std::uint32_t kibibytes : {64u, 128u, 256u, 512u, 1024u}) {
    const Costs costs = measure(raw, kibibytes << 10, zstd_level);
    std::printf(" %.2f, %.0f / %.0f, %.1f |", costs.ratio, raw_bytes * 1e-6 / costs.encode_seconds,
                raw_bytes * 1e-6 / costs.decode_seconds, costs.encode_seconds * 1e3 * (kibibytes << 10) / raw_bytes);
    std::fflush(stdout);
  }
  std::printf("\n");
}

TEST_CASE("what chunk sizes and zstd levels cost and save", "[.][measurement]") {
  std::printf("| values | level | 64 KiB | 128 KiB | 256 KiB | 512 KiB | 1 MiB |\n|---|---|---|---|---|---|---|\n");
  const std::pair<const char*, Content> contents[] = {
      {"profiles", Content::profiles}, {"tokens", Content::tokens}, {"noise", Content::noise}};
  for (const auto& [name, content] : contents) {
    const std::string raw = keyspace(content);
    for (const int zstd_level : {1, 3, 6}) print_row(name, raw, zstd_level);
  }
}

}  // namespace
}  // namespace tenon::wire
