// SPDX-License-Identifier: MIT
// The commands: their names, their shapes, and who carries them out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "plan.hpp"

namespace tenon::api_resp {

class Client;
class KeyView;
class Service;
class Task;

// Flags of a command. Those that Redis has are shown by COMMAND under its names.
enum CommandFlag : std::uint32_t {
  kWrite = 1u << 0,
  kReadOnly = 1u << 1,
  kDenyOutOfMemory = 1u << 2,
  kAdmin = 1u << 3,
  kPubSub = 1u << 4,
  kNoScript = 1u << 5,
  kLoading = 1u << 6,
  kStale = 1u << 7,
  kFast = 1u << 8,
  kNoAuthentication = 1u << 9,
  kAllowBusy = 1u << 10,
  kNotInTransaction = 1u << 11,
  kSkipMonitor = 1u << 12,
  kSortForScript = 1u << 13,
  // Tenon's own.
  kAlone = 1u << 24,                // waits for the replies of the client's earlier commands
  kInSubscription = 1u << 25,       // a client of protocol 2 may send it while it is subscribed
  kControlsTransaction = 1u << 26,  // runs at once within MULTI instead of being queued
  kContainer = 1u << 27,            // its second word is a part of its name
};

// What an immediate command works with.
struct Execution {
  Service& service;
  Client& client;
  Arguments arguments;
  ReplyWriter& reply;
};

// How a command of data is done: its plan when operations alone say it, or its computation when the keys must have been
// seen. A command that has both is computed when its plan asks for that.
using PlanFunction = Planned (*)(Arguments, Plan&);
// Writes the reply and adds to the plan what is to be changed, from what the keys are. A refusal changes nothing.
using ComputeFunction = void (*)(Arguments, const KeyView&, Plan&, ReplyWriter&);
// Answers from what this plugin knows, now.
using ImmediateFunction = void (*)(const Execution&);
// Makes what carries the command out in several steps, or writes an error and makes nothing.
using TaskFunction = std::unique_ptr<Task> (*)(const Execution&);

enum class Group { kString, kGeneric, kConnection, kServer, kTransactions, kPubSub, kCluster };

struct Command {
  std::string_view name;  // lower case
  int arity;              // how many words; negative: at least that many
  std::uint32_t flags;
  int first_key = 0;  // place of the first and the last key among the words, 0: none; a negative one from the end
  int last_key = 0;
  int key_step = 0;
  Group group = Group::kString;
  std::string_view since = "1.0.0";  // of Redis
  std::string_view summary = {};
  PlanFunction plan = nullptr;
  ComputeFunction compute = nullptr;
  ImmediateFunction immediate = nullptr;
  TaskFunction task = nullptr;
  bool publishes = false;  // within EXEC, its message leaves when the transaction has taken effect
};

}  // namespace tenon::api_resp
