// SPDX-License-Identifier: MIT
// As much of the service Kv of tenon.thrift as the checks use: put and get, framed, in the strict binary protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tenon/client_api.hpp"

namespace tenon::wrong_client_api {

inline constexpr std::size_t kFrameBytesMax = std::size_t{1} << 20U;

struct Call {
  std::string method;  // put or get
  std::uint64_t sequence;
  std::string key;
  std::string value;  // of a put
};

// Takes the next whole call off the beginning of `input`; nullopt when more has to come. Sets `broken` for bytes that
// are no call.
std::optional<Call> take_call(std::string& input, bool& broken);

// The frame of a reply. `record`: what a get found; nullptr: nothing.
std::string success(const Call& call, std::uint64_t revision, const tenon_record* record);
std::string failure(const Call& call, std::uint32_t code, std::uint32_t outcome);

}  // namespace tenon::wrong_client_api
