// SPDX-License-Identifier: MIT
// Connections of strangers to a network plugin, and what they say.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "chaos/socket.hpp"

namespace tenon::plugin_check {

// So many texts that are no protocol's, or a wrong one's: other protocols, lengths beyond all bounds, random bytes.
std::vector<std::string> garbage(std::mt19937_64& random, std::size_t count);

// A connection for each text, which says it and then nothing more, open until this is destroyed.
class Strangers {
 public:
  Strangers(std::uint16_t port, const std::vector<std::string>& texts);
  // Whether the plugin ends all of them within this time.
  bool end_within(std::chrono::milliseconds time) const;

 private:
  std::vector<chaos::Socket> sockets_;
};

}  // namespace tenon::plugin_check
