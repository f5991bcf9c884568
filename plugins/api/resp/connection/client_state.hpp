// SPDX-License-Identifier: MIT
// What a client has told about itself, and what it has begun.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
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
  bool watch_is_broken = false;  // a watched key was read, and was not as it was when it was watched
  std::set<std::string, std::less<>> channels;
  std::set<std::string, std::less<>> patterns;
  const Command* last_command = nullptr;
  std::string last_subcommand;  // of the last command, when it has some; lower case
  std::chrono::steady_clock::time_point connected_at{};
  std::chrono::steady_clock::time_point last_request_at{};

  void forget_watched() {
    watched.clear();
    watch_is_broken = false;
  }
  bool is_subscribed() const noexcept { return !channels.empty() || !patterns.empty(); }
};

}  // namespace tenon::api_resp
