// SPDX-License-Identifier: MIT
// What a core says and is told, as one line for people, and as the words that scenarios choose messages by. An entry is
// written index/term, its data in quotation marks.
#pragma once

#include <string>
#include <string_view>

#include "raft/effects.hpp"
#include "raft/progress.hpp"

namespace tenon::support {

// One word: pre-vote, vote, pre-vote-reply, vote-reply, append, accepted, rejected, heartbeat, heartbeat-reply,
// timeout-now, read-index, read-index-reply or removed. A literal.
std::string_view kind_of(const raft::Message& message);
std::string to_text(const raft::Message& message);
std::string to_text(const raft::Write& write);
std::string to_text(const raft::Entry& entry);
// The ids of the members; a learner is marked ?, an incoming one +, an outgoing one -; =N: of the data directory N.
std::string to_text(const raft::Membership& membership);
std::string_view to_text(raft::RoleName role);
std::string_view to_text(raft::Drop drop);
std::string_view to_text(raft::Rejection why);
std::string_view to_text(raft::ProgressState state);

template <class Tag>
std::string to_text(raft::Ordinal<Tag> ordinal) {
  return std::to_string(ordinal.value());
}

}  // namespace tenon::support
