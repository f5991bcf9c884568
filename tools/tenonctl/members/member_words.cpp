// SPDX-License-Identifier: MIT
#include "members/member_words.hpp"

#include "tenon/option.hpp"

namespace tenon::tenonctl {

std::uint64_t node_of(const std::string& command, const std::string& text) {
  const std::optional<std::int64_t> node = parse_integer(text);
  if (!node || *node < 1) throw UsageError(command + ": found '" + text + "', expected the number of a node");
  return static_cast<std::uint64_t>(*node);
}

void take_member_words(const std::function<bool(const char* flag)>& has_flag, Invocation& invocation) {
  client::MemberChange& change = invocation.member_change;
  const std::vector<std::string>& words = invocation.arguments;
  switch (invocation.command) {
    case Command::kMemberAdd:
      change.node = node_of("member add", words[0]);
      change.addresses.assign(words.begin() + 1, words.end());
      change.stays_learner = has_flag("learner");
      break;
    case Command::kMemberReplace:
      change.kind = client::MemberChangeKind::kReplace;
      change.replaced = node_of("member replace", words[0]);
      change.node = node_of("member replace", words[1]);
      change.addresses.assign(words.begin() + 2, words.end());
      break;
    case Command::kMemberPromote:
      change.kind = client::MemberChangeKind::kPromote;
      change.node = node_of("member promote", words[0]);
      break;
    case Command::kMemberRemove:
      change.kind = client::MemberChangeKind::kRemove;
      change.node = node_of("member remove", words[0]);
      break;
    default:
      return;
  }
  change.force = has_flag("force");
  invocation.waits = !has_flag("no-wait") && !change.stays_learner;
  for (const std::string& address : change.addresses) {
    if (address.find("://") != std::string::npos) continue;
    throw UsageError("found the address '" + address + "', expected SCHEME://HOST:PORT, as thrift://10.0.0.4:7201");
  }
}

}  // namespace tenon::tenonctl
