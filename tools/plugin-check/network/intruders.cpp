// SPDX-License-Identifier: MIT
#include "network/intruders.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace tenon::plugin_check {

namespace {

using namespace std::string_view_literals;

constexpr std::chrono::milliseconds kSending{1000};
constexpr std::size_t kRandomBytesMax = 5000;

constexpr std::array kTexts = {
    "\xff\xff\xff\xff\x80\x01\x00\x01"sv,                  // a length of 4 GiB, or below 0
    "\x7f\xff\xff\xff\x80\x01\x00\x01\x00\x00\x00\x04"sv,  // of 2 GiB
    "\x00\x7f\xff\xff\x80\x01\x00\x01\x7f\xff\xff\xff"sv,  // and one within another
    "GET / HTTP/1.1\r\nHost: example\r\n\r\n"sv,
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv,  // how TLS begins
    "*1000000000\r\n$1000000000\r\n"sv,
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv,
    "\x00\x00\x00\x00"sv,
    "\n"sv,
};

}  // namespace

std::vector<std::string> garbage(std::mt19937_64& random, std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    if (i < kTexts.size()) {
      texts.emplace_back(kTexts[i]);
      continue;
    }
    std::string& text = texts.emplace_back(1 + random() % kRandomBytesMax, '\0');
    for (char& byte : text) byte = static_cast<char>(random());
  }
  return texts;
}

Strangers::Strangers(std::uint16_t port, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    sockets_.push_back(chaos::connect_to_loopback(port));
    sockets_.back().send(text, kSending);  // which the plugin may end early
  }
}

bool Strangers::end_within(std::chrono::milliseconds time) const {
  const auto deadline = std::chrono::steady_clock::now() + time;
  return std::all_of(sockets_.begin(), sockets_.end(), [&](const chaos::Socket& socket) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return socket.ends_within(std::max(left, std::chrono::milliseconds(0)));
  });
}

}  // namespace tenon::plugin_check
