// SPDX-License-Identifier: MIT
#include "members/member_commands.hpp"

#include <algorithm>
#include <ostream>
#include <thread>

#include "cluster_commands.hpp"

namespace tenon::tenonctl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{100};

struct Seen {
  std::vector<client::Member> members;
  bool is_of_leader = false;
};

// By whichever endpoint is asked, as far as it knows; the leader alone knows who lags behind.
Seen ask_members(client::Client& client) {
  Seen seen{client.members(), false};
  seen.is_of_leader = std::any_of(seen.members.begin(), seen.members.end(),
                                  [](const client::Member& member) { return member.match_index.has_value(); });
  return seen;
}

const client::Member* find_member(const std::vector<client::Member>& members, std::uint64_t node) {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const client::Member& one) { return one.node_id == node; });
  return found == members.end() ? nullptr : &*found;
}

bool has_come(const std::vector<client::Member>& members, const client::MemberChange& change) {
  const client::Member* const member = find_member(members, change.node);
  if (member == nullptr || member->standing.value_or("voter") != "voter") return false;
  return change.kind != client::MemberChangeKind::kReplace || find_member(members, change.replaced) == nullptr;
}

// Until the node is a voter; true when that was seen.
bool wait_until_voter(client::Client& client, const Invocation& invocation, Clock::time_point deadline, Seen& last) {
  while (!has_come(last.members, invocation.member_change)) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPollInterval);
    try {
      last = ask_members(client);
    } catch (const client::NoConnection&) {
      // A node that leaves or restarts meanwhile may be the one that was asked; the next try goes to another.
    }
  }
  return true;
}

}  // namespace

int change_members(const Invocation& invocation, const Surroundings& surroundings, Format format) {
  const Clock::time_point deadline = Clock::now() + invocation.timeout;
  client::Client client(client_options(invocation, invocation.endpoints));
  const client::MemberChange& change = invocation.member_change;
  const client::MemberChangeResult result = client.change_members(change);
  surroundings.messages << "tenonctl: " << result.text << "\n";
  for (const std::string& warning : result.warnings) surroundings.messages << "tenonctl: warning: " << warning << "\n";
  Seen last = ask_members(client);
  const bool follows =
      change.kind == client::MemberChangeKind::kAdd || change.kind == client::MemberChangeKind::kReplace;
  if (follows && invocation.waits) {
    if (wait_until_voter(client, invocation, deadline, last)) {
      surroundings.messages << "tenonctl: node " << change.node << " is a voter\n";
    } else {
      surroundings.messages << "tenonctl: node " << change.node
                            << " has not caught up within the time of --timeout; it goes on by itself, and member list "
                               "says how far it is\n";
    }
  }
  print_members(surroundings.output, format, last.members);
  return kExitOk;
}

}  // namespace tenon::tenonctl
