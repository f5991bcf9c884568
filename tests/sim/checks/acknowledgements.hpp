// SPDX-License-Identifier: MIT
// What stands behind the answers that clients get, of whichever kind they are:
//
//   I37  when a client is told that a write is done, it is in an entry that is committed, and on the disks of a
//   majority
//        at that moment
//   I38  an answer shows a revision of the store that is not below any that was told before the request was sent
#pragma once

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "node/submission.hpp"
#include "trace.hpp"

namespace tenon::sim {

// A number that stands for a command.
std::uint64_t content_hash(std::string_view bytes) noexcept;

class Acknowledgements {
 public:
  // Whose retries are answered with what an earlier try has brought: I38 does not hold of them.
  void exempt(std::uint64_t queue) { exempt_.insert(queue); }
  void submitted(const node::Submission& submission);
  // Returns the command that was acknowledged, by its hash; 0: there is nothing to be held. Throws Violation.
  std::uint64_t answered(const node::Answer& answer);

  // The command is in an entry that is committed.
  void committed(std::string_view command, raft::LogIndex index) { entries_[content_hash(command)] = index; }
  // Where it was committed last. Throws Violation when it was not.
  raft::LogIndex entry_of(std::uint64_t command) const;

 private:
  struct Asked {
    std::uint64_t command = 0;
    std::uint64_t revision = 0;  // that was known
    bool is_write = false;
  };
  using Name = std::pair<std::uint64_t, std::uint64_t>;  // queue and request

  std::set<std::uint64_t> exempt_;
  std::map<Name, Asked> asked_;
  std::map<std::uint64_t, raft::LogIndex> entries_;
  std::uint64_t revision_ = 0;  // the newest that anyone was told
};

}  // namespace tenon::sim
