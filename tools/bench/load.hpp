// SPDX-License-Identifier: MIT
// A closed loop: every client has one request in flight, and sends the next when its answer has come. Clients share
// connections, which carry their requests side by side; one thread serves all of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "latency_histogram.hpp"
#include "tenon_client/endpoint.hpp"

namespace tenon::bench {

enum class Target { leader, any };

struct LoadOptions {
  std::vector<client::Endpoint> endpoints;
  Target target = Target::leader;  // any: connections go to the endpoints in turn
  std::size_t clients = 64;        // 1 to kClientsMax
  std::size_t connections = 8;     // 1 to clients
  std::size_t key_bytes = 16;      // kKeyBytesMin to 65536
  std::size_t value_bytes = 256;
  std::uint64_t keys = 10'000;  // of the key space; each request draws one
  double read_share = 0;        // of the requests, 0 to 1
  std::chrono::milliseconds duration{10'000};
  std::chrono::milliseconds warmup{1'000};   // before it, not counted
  bool fill = false;                         // before all that every key is written once
  std::chrono::milliseconds fill_expiry{0};  // from the beginning of the filling, when all of them expire; 0: never
  bool incompressible = false;               // each value is other random bytes
  std::uint64_t seed = 1;
};
inline constexpr std::size_t kClientsMax = 65'536;
inline constexpr std::size_t kKeyBytesMin = 8;

struct LoadResult {
  std::chrono::nanoseconds measured{0};
  LatencyHistogram puts;  // from sending to the answer, of those that were done
  LatencyHistogram gets;
  std::map<std::string, std::uint64_t> errors;  // by class: "refused: busy", "unknown: timeout", "connection lost" ..
};

// Throws client::Error when no leader is found, or no endpoint can be reached, for 10 s, and when a write of the
// filling is not acknowledged.
LoadResult run_load(const LoadOptions& options);

}  // namespace tenon::bench
