// SPDX-License-Identifier: MIT
// The command line of tenonctl: what it asks for, and its help.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tenon_client/client.hpp"

namespace tenon::tenonctl {

enum class Command {
  kPut,
  kGet,
  kDel,
  kScan,
  kCas,
  kAppend,
  kIncrement,
  kExpire,
  kPersist,
  kTtl,
  kTransaction,
  kSessionOpen,
  kSessionKeepAlive,
  kSessionClose,
  kStatus,
  kMembers,
  kMetrics,
  kLeaderShow,
  kLeaderTransfer,
  kSnapshotCreate,
  kSnapshotList,
  kBackup,
  kCompact,
  kStateHash,
  kMemberList,
  kMemberAdd,
  kMemberPromote,
  kMemberRemove,
  kMemberReplace,
  kWatch,
  kPluginList,
  kPluginInspect,
  kPluginDoctor,
  kPluginNew
};
enum class Format { kTable, kJson, kSimple };
enum class Expectation { kValue, kAbsent };  // of a cas

struct Invocation {
  std::string text;  // not empty: help or version; print it and do nothing else
  std::vector<client::Endpoint> endpoints;
  std::optional<Format> format;  // absent: by the device
  std::chrono::milliseconds timeout{0};
  Command command = Command::kStatus;
  std::vector<std::string> arguments;  // as many as the command takes
  client::ReadOptions read;            // of a get and a ttl
  client::ScanRequest scan;            // without its limit
  std::uint64_t scan_limit = 0;        // records in all; 0: all there are
  Expectation expectation = Expectation::kValue;
  std::optional<client::KeyRange> range;         // of a watch, and of a del that is not of one key
  std::uint64_t from_revision = 0;               // of a watch; 0: from now on
  std::uint64_t change_limit = 0;                // after which a watch ends; 0: it does not
  std::optional<std::chrono::milliseconds> ttl;  // of a put, an expire and a session open
  bool keeps_ttl = false;                        // of a put
  std::int64_t delta = 1;                        // of an increment
  client::Previous previous = client::Previous::kUnwanted;
  std::string session;                // a name or a number; empty: none
  std::uint64_t sequence = 0;         // 0 without a session
  std::uint64_t transfer_target = 0;  // 0: any voter
  client::MemberChange member_change = {};
  bool waits = true;                       // for what follows a change of members by itself
  std::optional<std::string> since;        // of a backup: the file that it goes on from
  std::optional<std::string> directories;  // of plugins, separated by ':'; absent: those of a server
};

// what() is one line that says what was found and what was expected.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A command that a later version brings.
struct NotInThisVersion : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// `endpoints_variable` is the value of TENONCTL_ENDPOINTS; the flag is stronger. Throws UsageError and
// NotInThisVersion.
Invocation parse_command_line(std::span<const std::string> arguments,
                              const std::optional<std::string>& endpoints_variable);

}  // namespace tenon::tenonctl
