// SPDX-License-Identifier: MIT
// What a client has told about itself, and what it has begun.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reply_writer.hpp"

namespace tenon::api_resp {

struct Command;

// The words of a command that waits for EXEC.
struct QueuedCommand {
  const Command* command;
  std::vector<std::string> words;
};

inline std::uint64_t bytes_kept_for(std::span<const std::string_view> words) noexcept {
  std::uint64_t bytes = 0;
  for (const std::string_view word : words) bytes += word.size() + sizeof(std::string);
  return bytes;
}

struct Transaction {
  bool is_open = false;
  bool has_failed = false;  // a command could not be queued
  std::vector<QueuedCommand> queued;
  std::uint64_t queued_bytes = 0;
};

enum class ReplyMode { kOn, kOff, kSkipNext };

struct ClientState {
  std::uint64_t id = 0;
  int protocol = kOldestProtocol;
  std::string name;
  std::string library_name;
  std::string library_version;
  ReplyMode reply_mode = ReplyMode::kOn;
  bool is_read_only = false;  // READONLY: reads may show what this node has
  Transaction transaction;
  std::map<std::string, std::uint64_t, std::less<>> watched;  // key and the revision that last changed it, 0: absent
  std::uint64_t watched_bytes = 0;
  bool watch_is_broken = false;  // a watched key was read, and was not as it was when it was watched
  std::set<std::string, std::less<>> channels;
  std::set<std::string, std::less<>> patterns;
  std::uint64_t subscription_bytes = 0;  // of the names of both
  const Command* last_command = nullptr;
  std::string last_subcommand;  // what of it is shown; empty: it has none
  std::chrono::steady_clock::time_point connected_at{};
  std::chrono::steady_clock::time_point last_request_at{};

  void forget_watched() {
    watched.clear();
    watched_bytes = 0;
    watch_is_broken = false;
  }
  // About what all of this takes beside the object.
  std::uint64_t kept_bytes() const noexcept { return transaction.queued_bytes + watched_bytes + subscription_bytes; }
  bool is_subscribed() const noexcept { return !channels.empty() || !patterns.empty(); }
};

}  // namespace tenon::api_resp
