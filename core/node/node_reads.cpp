// SPDX-License-Identifier: MIT
// What a node does for those who read and watch.
#include <algorithm>
#include <utility>

#include "node/node.hpp"

namespace tenon::node {

void Node::begin_reads() {
  if (raft_.leader() == raft::NodeId()) return;
  if (requests_.has_reads()) step(raft::Read{requests_.begin_reads()});
}

void Node::answer_reads() {
  constexpr std::size_t kReadsAtOnce = 16;
  std::uint64_t answered_bytes = 0;
  while (true) {
    if (answered_bytes >= settings_.answer_bytes_max) {
      more_to_do_ = true;
      return;
    }
    const std::vector<Submission> readable = requests_.take_readable(applied_index_, kReadsAtOnce);
    if (readable.empty()) return;
    for (const Submission& submission : readable) {
      if (submission.watch) {
        watches_.open(submission, stream_view());
        continue;
      }
      const std::optional<kv::Command> command = kv::decode(submission.command);
      TENON_CHECK(command.has_value());  // it was encoded by this process
      kv::Reply reply = read(*command);
      answered_bytes += reply.bytes;
      surroundings_.answer({submission.token, Outcome::done, TENON_OK, {}, raft_.leader(), std::move(reply)});
    }
  }
}

StreamView Node::stream_view() const noexcept {
  return {now_.steady, store_.revision(), store_.cluster_time_ms(), raft_.leader()};
}

// A page of a scan is of the revision that the first was of.
kv::Reply Node::read(const kv::Command& command) {
  const std::uint64_t revision = kv::read_revision(command);
  if (revision != 0 && revision != store_.revision()) {
    if (const kv::Snapshot* kept = kept_states_.find(revision, now_.steady)) return kept->read(command);
  }
  kv::Reply reply = store_.read(command);
  const bool has_more = std::any_of(reply.results.begin(), reply.results.end(),
                                    [](const kv::Result& result) { return !result.cursor.empty(); });
  if (has_more && kept_states_.find(store_.revision(), now_.steady) == nullptr) {
    kept_states_.keep(store_.pin(), now_.steady);
  }
  return reply;
}

void Node::give_back(const StreamLoan& loan) { watches_.give_back(loan); }

void Node::end_queue(std::uint64_t queue) {
  if (failed_) return;
  requests_.end_reads(queue);
  watches_.end_queue(queue);
}

}  // namespace tenon::node
