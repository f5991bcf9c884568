// SPDX-License-Identifier: MIT
#include "net/output_queue.hpp"

#include <random>
#include <vector>

#include "support/catch.hpp"

using namespace tenon;
using namespace tenon::net;

namespace {

struct Loan {
  explicit Loan(std::string text, std::size_t part_bytes) : bytes(std::move(text)) {
    const std::string_view all = bytes;
    for (std::size_t at = 0; at < all.size(); at += part_bytes) {
      parts.push_back(tenon::bytes(all.substr(at, part_bytes)));
      parts.push_back({nullptr, 0});
    }
  }
  Frame lend() {
    return Frame({parts.data(), parts.size(), {[](void* loan) { ++static_cast<Loan*>(loan)->ends; }, this}});
  }
  std::string bytes;
  std::vector<tenon_bytes> parts;
  int ends = 0;
};

std::string gathered(const OutputQueue& queue) {
  OutputQueue::Gathered room;
  std::string bytes;
  for (const boost::asio::const_buffer& buffer : queue.gather(room)) {
    CHECK(buffer.size() > 0);
    bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
  }
  std::vector<boost::asio::const_buffer> all;
  queue.gather_all(all);
  std::string all_bytes;
  for (const boost::asio::const_buffer& buffer : all) {
    CHECK(buffer.size() > 0);
    all_bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
  }
  CHECK(all_bytes.size() == queue.bytes());
  CHECK((all_bytes.compare(0, bytes.size(), bytes) == 0));
  return bytes;
}

}  // namespace

TEST_CASE("bytes and loaned frames leave in their order, whatever is taken at a time") {
  std::mt19937 random(1);
  for (const std::size_t most : {1u, 3u, 1000u, 100'000u}) {
    OutputQueue queue;
    Loan small(std::string(100, 's'), 7);
    Loan large(std::string(5000, 'l') + std::string(5000, 'm'), most == 1 ? 5000 : 50);
    Loan empty("", 1);
    const std::string expected = "head" + small.bytes + large.bytes + "tail" + large.bytes + std::string(70'000, 'x');
    queue.append("head");
    queue.append(small.lend());
    queue.append(large.lend());
    queue.append(empty.lend());
    queue.append("tail");
    queue.append(large.lend());
    queue.append(std::string(70'000, 'x'));
    queue.append("");
    CHECK(small.ends == 1);
    CHECK(empty.ends == 1);
    CHECK(queue.bytes() == expected.size());
    std::string sent;
    while (!queue.empty()) {
      std::string bytes = gathered(queue);
      REQUIRE_FALSE(bytes.empty());
      bytes.resize(std::min(bytes.size(), 1 + random() % most));
      sent += bytes;
      queue.drop(bytes.size());
    }
    CHECK((sent == expected));
    CHECK(queue.bytes() == 0);
    CHECK(large.ends == 2);
  }
}

TEST_CASE("a loan ends when its last byte has left, and with the queue") {
  OutputQueue queue;
  Loan first(std::string(10'000, 'a'), 10'000);
  Loan second(std::string(10'000, 'b'), 10'000);
  queue.append(first.lend());
  queue.append(second.lend());
  queue.drop(9'999);
  CHECK(first.ends == 0);
  queue.drop(1);
  CHECK(first.ends == 1);
  queue.drop(5'000);
  CHECK(second.ends == 0);
  CHECK(queue.bytes() == 5'000);
  queue.clear();
  CHECK(second.ends == 1);
  CHECK(queue.empty());
  queue.append("anew");
  CHECK(gathered(queue) == "anew");
}
