// SPDX-License-Identifier: MIT
// What a node does for those who read and watch.
#include <algorithm>
#include <utility>

#include "node/node.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::node {

namespace {

// A read for nobody, that only tells how old the state of this node is.
constexpr raft::Token kOwnRead;

}  // namespace

void Node::begin_reads() {
  const raft::NodeId leader = raft_.leader();
  // A leader learns with every heartbeat that it leads; meanwhile nobody has shown more than what it has committed.
  if (const std::optional<raft::Instant> led = raft_.confirmed_at()) state_age_.confirmed(*led, raft_.commit_index());
  const std::optional<raft::Instant> as_of = state_age_.as_of();
  requests_.begin_stale_reads(as_of ? std::optional(now_.steady - *as_of) : std::nullopt, leader);
  if (leader == raft::NodeId()) return;
  if (requests_.has_reads(Consistency::lease)) {
    step(raft::Read{requests_.begin_reads(Consistency::lease), raft::ReadProof::lease});
  }
  if (requests_.has_reads(Consistency::linearizable)) {
    step(raft::Read{requests_.begin_reads(Consistency::linearizable)});
    next_own_read_ = now_.steady + settings_.own_read_interval;
  }
  if (follows() && now_.steady >= next_own_read_ && !own_read_waits_) {
    step(raft::Read{kOwnRead});
    own_read_waits_ = true;
    next_own_read_ = now_.steady + settings_.own_read_interval;
  }
}

bool Node::follows() const noexcept {
  return raft_.role() == raft::RoleName::follower && raft_.leader() != raft::NodeId();
}

void Node::read_ready(const raft::ReadReady& ready) {
  if (ready.proof == raft::ReadProof::round) state_age_.confirmed(ready.asked, ready.index);
  if (ready.token == kOwnRead) {
    own_read_waits_ = false;
  } else {
    requests_.read_ready(ready.token, ready.index, ready.proof);
  }
}

void Node::read_rejected(const raft::Rejected& rejected) {
  if (rejected.token == kOwnRead) {
    own_read_waits_ = false;
  } else {
    requests_.retry_reads(rejected.token);
    more_to_do_ = true;
  }
}

bool Node::may_answer(const Requests::Readable& read, raft::Instant now) const noexcept {
  switch (read.served) {
    case Consistency::lease: {
      const std::optional<raft::Instant> lease = raft_.lease_end();
      return lease && (now < *lease || mutant("lease-ignores-pause"));
    }
    case Consistency::stale: {
      const std::optional<raft::Instant> as_of = state_age_.as_of();
      return !read.submission.max_age || (as_of && now - *as_of <= *read.submission.max_age);
    }
    default:
      return true;
  }
}

void Node::answer_reads() {
  std::uint64_t answered_bytes = 0;
  while (answered_bytes < settings_.answer_bytes_max) {
    std::optional<Requests::Readable> readable = requests_.take_readable(applied_index_);
    if (!readable) return;
    if (readable->submission.watch) {
      watches_.open(readable->submission, stream_view());
      continue;
    }
    const std::optional<kv::Command> command = kv::decode(readable->submission.command);
    TENON_CHECK(command.has_value());  // it was encoded by this process
    kv::Reply reply = read(*command);
    answered_bytes += reply.bytes;
    answer_read(*std::move(readable), std::move(reply));
  }
  more_to_do_ = true;
}

// What rests on time is looked at when the values are there, by the clock as it is now: however long the process was
// stopped on the way here, nothing leaves that has become too old.
void Node::answer_read(Requests::Readable read, kv::Reply reply) {
  const raft::Instant now = read.served == Consistency::linearizable ? now_.steady : surroundings_.steady_now();
  if (!may_answer(read, now)) {
    requests_.retry_read(std::move(read));
    more_to_do_ = true;
    return;
  }
  const Submission& submission = read.submission;
  surroundings_.read_answered({way_of(submission.consistency), way_of(read.served)});
  surroundings_.answer({submission.token, Outcome::done, TENON_OK, {}, raft_.leader(), std::move(reply)});
}

StreamView Node::stream_view() const noexcept {
  return {now_.steady, store_.revision(), store_.cluster_time_ms(), raft_.leader()};
}

// Cluster time goes on while nothing is written, but not to where a key that is shown would have to be gone: that is
// for an entry to say.
std::uint64_t Node::read_time_ms() const noexcept {
  const std::uint64_t applied_ms = store_.cluster_time_ms();
  const std::uint64_t now_ms = std::max(applied_ms, clock_.stamp_ms(now_.steady));
  const std::optional<std::uint64_t> expiry_ms = store_.next_expiry_ms();
  return expiry_ms && *expiry_ms <= now_ms ? std::max(applied_ms, *expiry_ms - 1) : now_ms;
}

// A page of a scan is of the revision that the first was of.
kv::Reply Node::read(const kv::Command& command) {
  const std::uint64_t revision = kv::read_revision(command);
  if (revision != 0 && revision != store_.revision()) {
    if (const kv::Snapshot* kept = kept_states_.find(revision, now_.steady)) return kept->read(command);
  }
  kv::Reply reply = store_.read(command);
  reply.cluster_time_ms = read_time_ms();
  const bool has_more = std::any_of(reply.results.begin(), reply.results.end(),
                                    [](const kv::Result& result) { return !result.cursor.empty(); });
  if (has_more && kept_states_.find(store_.revision(), now_.steady) == nullptr) {
    kept_states_.keep(store_.pin(), now_.steady);
  }
  return reply;
}

void Node::give_back(const StreamLoan& loan) {
  loan.stream < kFirstSubscription ? watches_.give_back(loan) : channels_.give_back(loan);
}

void Node::end_queue(std::uint64_t queue) {
  if (failed_) return;
  requests_.end_reads(queue);
  watches_.end_queue(queue);
  channels_.end_queue(queue);
}

}  // namespace tenon::node
