// SPDX-License-Identifier: MIT
// A client API's request, checked and encoded on the thread that submits it. What comes through is what the node may
// propose; what does not is surely not applied.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "node/submission.hpp"
#include "tenon/client_api.h"

namespace tenon::host {

struct RequestLimits {
  std::uint64_t value_bytes_max = 1u << 20;    // <= kv::kReplyBytesMax / 2, so that a record fits into a reply
  std::uint64_t request_bytes_max = 4u << 20;  // of the encoded request
  std::uint64_t scan_records_max = 1000;       // of one scan; also what a scan without a limit gets
  std::uint64_t scan_bytes_max = 1u << 20;     // the same, of keys and values
  std::chrono::milliseconds timeout_default = std::chrono::seconds(5);
  std::chrono::milliseconds slow_operation = std::chrono::milliseconds(100);  // what takes so long is told of
  std::uint64_t inbox_bytes_max = 64u << 20;                                  // as the node has it
};

inline constexpr std::uint64_t kWatchRecordsDefault = 1'000;  // on loan at a time to a watch without a limit

inline constexpr std::chrono::milliseconds kTimeoutMax = std::chrono::hours(1);
inline constexpr std::chrono::milliseconds kMaxAgeMax = std::chrono::hours(24 * 365);  // what is above counts as this

// Times of keys and sessions, in milliseconds. The bounds keep a sum with the cluster time far from the end of 64 bits.
inline constexpr std::uint64_t kDurationMsMax = std::uint64_t{1} << 45;   // about 1100 years
inline constexpr std::uint64_t kExpiresAtMsMax = std::uint64_t{1} << 50;  // far beyond it
inline constexpr std::uint64_t kSessionMsMin = 1'000;
inline constexpr std::uint64_t kSessionMsMax = 2'592'000'000;  // 30 days

struct CheckedRequest {
  node::Access access = node::Access::read;
  node::Ordering ordering = node::Ordering::free;
  node::Forwarding forwarding = node::Forwarding::allowed;
  std::string command;  // encoded by core/kv
  std::chrono::milliseconds timeout{0};
  std::unique_ptr<const node::WatchRequest> watch = {};  // it has no command then
  node::Consistency consistency = node::Consistency::linearizable;
  std::optional<std::chrono::milliseconds> max_age = std::nullopt;
  std::unique_ptr<const node::SubscribeRequest> subscription = {};  // it has nothing else then
  std::unique_ptr<const node::PublishRequest> publication = {};     // the same
};

struct AdminRequest {
  std::string verb;
  std::string argument;
};

struct RequestRefusal {
  tenon_error error;
  std::string message;  // what was found and what is accepted
};

// Reads all of `request`, each growable element at its own struct_size. Keeps nothing. Any thread.
std::variant<CheckedRequest, AdminRequest, RequestRefusal> check_request(const tenon_request& request,
                                                                         const RequestLimits& limits);

}  // namespace tenon::host
