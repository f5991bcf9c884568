// SPDX-License-Identifier: MIT
// From what storage holds to what the core starts with. A directory without entries is born by a first write, which is
// the same on every member of a new cluster: term 1, and the membership at index 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kv/store.hpp"
#include "node/images/image_reading.hpp"
#include "raft/raft.hpp"

namespace tenon::node {

// What a node starts with: consensus, and the state that it goes on from.
struct Recovered {
  raft::Recovered raft;
  kv::Store store;                     // as of the boundary of the log
  raft::Membership membership;         // the same
  std::optional<ImageIdentity> image;  // that the store was built from; nullopt: there is none
};

// The image, and the log as it is read back, entry by entry. Errors are messages for the operator; nothing can be done
// but to refuse.
//
// The image's commit is what makes an install hold: a log that does not go on from the image, because a crash came
// between the two, is emptied by the first write of this start.
class Boot {
 public:
  // `hard_state` is what storage recovered; empty: none was ever written.
  // `cache_bytes_max` bounds the entries that are kept in memory. `image` is the newest that is committed, if any.
  Boot(std::string_view hard_state, std::uint64_t cache_bytes_max, std::optional<LoadedImage> image = std::nullopt);

  // Takes the next entry. Needs: in the order of the log, from its first entry on.
  void feed(raft::LogIndex index, raft::Term term, std::string_view data);

  // What was found wrong, if anything; holds from the first error on.
  const std::optional<std::string>& error() const noexcept { return error_; }

  // What is to be written, and durable, before finish(): nullopt when the log, of which storage says that it ends at
  // `stored_last`, goes on from the image. Its sequence is `sequence`. Needs: every entry was fed, no error.
  std::optional<raft::Write> reset(raft::LogIndex stored_last, raft::WriteSequence sequence) const;

  // Ends the reading. Needs: no error. `last_sequence` is that of the last write since storage was opened. Sets error()
  // and returns nullopt when the log lacks what every log has.
  std::optional<Recovered> finish(raft::WriteSequence last_sequence);

 private:
  const std::uint64_t cache_bytes_max_;
  std::optional<LoadedImage> image_;
  raft::Recovered recovered_;
  raft::LogIndex last_fed_;
  bool is_divergent_ = false;  // the log holds another entry at the image's index
  std::optional<std::string> error_;
};

// The first write of a new cluster's member.
struct Birth {
  std::string hard_state;
  raft::LogIndex index;
  raft::Term term;
  std::string entry_data;
};
// Needs: members are ascending and not empty.
Birth birth(const raft::Membership& members);

}  // namespace tenon::node
