// SPDX-License-Identifier: MIT
// A protocol as a client speaks it, as far as the checks need it: one write, one read, and what a reply says of it.
// Without sockets, so that a check may send the bytes in whatever pieces it likes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::plugin_check {

// What a client is told of its request. `failed`: surely not applied, for whichever reason; `strange`: a reply that is
// none of the protocol's answers to a request.
enum class Told { done, failed, unknown, strange };

struct Reply {
  std::uint64_t number;  // of the request that it answers
  Told told;
  std::string value;  // of a read that is done
  std::string words;  // for messages
};

class Driver {
 public:
  virtual ~Driver() = default;

  // Requests as bytes. `number` rises by 1 from request to request of one connection, from 1 on.
  virtual std::string put(std::uint64_t number, std::string_view key, std::string_view value) const = 0;
  virtual std::string get(std::uint64_t number, std::string_view key) const = 0;
  // Takes the next whole reply off the beginning of `input`; nullopt: more has to come. `answered` is how many have
  // been taken from this connection before.
  virtual std::optional<Reply> take_reply(std::string& input, std::uint64_t answered) const = 0;
};

// The driver of a protocol by its scheme, PROTOCOL or PROTOCOL_ANYTHING; nullptr: there is none.
std::unique_ptr<Driver> driver_for(std::string_view scheme);

}  // namespace tenon::plugin_check
