// SPDX-License-Identifier: MIT
#include "node/requests.hpp"

#include <algorithm>
#include <utility>

#include "tenon/testing/mutant.hpp"

namespace tenon::node {
namespace {

// Of one that may have been applied: a read has changed nothing, so for its client it has failed.
Outcome undecided(Access access) noexcept { return access == Access::write ? Outcome::unknown : Outcome::refused; }

// What a read is to rest on. What this node has applied may lack writes that the leader has acknowledged.
Consistency wanted_by(const Submission& read, std::uint64_t after_number) noexcept {
  const bool is_too_strict = after_number != 0 && read.consistency == Consistency::stale;
  return is_too_strict ? Consistency::linearizable : read.consistency;
}

std::string describe(std::optional<raft::Duration> age, raft::Duration max_age) {
  const auto text = [](raft::Duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
  };
  return "the read may show a state that is at most " + text(max_age) + " old, and that of this node " +
         (age ? "may be " + text(*age) + " old" : std::string("is of an unknown age")) +
         "; it knows of no leader that could tell it more";
}

}  // namespace

std::string describe_full_inbox(std::uint64_t bytes_max) {
  return "the node's inbox is full, " + std::to_string(bytes_max) + " bytes (limits.inbox_bytes_max); try later";
}

void Requests::submit(Submission submission) {
  const std::uint64_t size = held_bytes(submission);
  // One request alone is always taken, so that none is too large for ever.
  if (inbox_bytes_ > 0 && size > inbox_bytes_max_ - std::min(inbox_bytes_, inbox_bytes_max_)) {
    end(submission.token, Outcome::overloaded, TENON_ERROR_BUSY, describe_full_inbox(inbox_bytes_max_), raft::NodeId());
    return;
  }
  inbox_bytes_ += size;
  note_deadline(submission.deadline);
  if (submission.access != Access::read) {
    writes_.push_back({std::move(submission), ++last_write_number_});
    return;
  }
  const std::uint64_t after = submission.ordering == Ordering::after_writes ? last_write_number_ : 0;
  const Consistency wanted = wanted_by(submission, after);
  reads_.push_back({std::move(submission), after, wanted});
}

void Requests::cancel(Token token) {
  end_where([&](Token waiting, raft::Instant) { return waiting == token; }, TENON_ERROR_CANCELLED,
            "the request was cancelled", raft::NodeId());
}

void Requests::end_reads(std::uint64_t queue) {
  const auto ends = [&](Token waiting, raft::Instant) { return waiting.queue == queue; };
  each_list_of_reads([&](std::vector<WaitingRead>& reads) {
    end_reads_where(reads, ends, TENON_ERROR_CLOSED, "the queue of the request was destroyed", raft::NodeId());
  });
  recompute_expiry();
}

void Requests::expire(raft::Instant now, raft::NodeId leader) {
  if (!next_expiry_ || now < *next_expiry_) return;
  end_where([&](Token, raft::Instant deadline) { return deadline <= now; }, TENON_ERROR_TIMEOUT,
            "the time given for the request ran out", leader);
}

template <class Visit>
void Requests::each_list_of_reads(Visit visit) {
  readable_.erase(readable_.begin(), readable_.begin() + static_cast<std::ptrdiff_t>(readable_taken_));
  readable_taken_ = 0;
  visit(readable_);
  visit(reads_);
  for (ReadGroup& group : groups_) visit(group.reads);
}

template <class Ends>
void Requests::end_where(Ends ends, tenon_error error, std::string_view message, raft::NodeId leader) {
  end_writes_where([&](const Submission& submission) { return ends(submission.token, submission.deadline); }, error,
                   message, leader);
  each_list_of_reads([&](std::vector<WaitingRead>& reads) { end_reads_where(reads, ends, error, message, leader); });
  // What is in a log, here or at the leader, may yet be committed: nobody can say that it was not.
  for (auto& [place, batch] : in_log_) {
    if (!batch.is_waited_for) continue;
    batch.is_waited_for = false;
    for (Batch::Waiting& waiting : batch.waiting) {
      if (!waiting.token) continue;
      if (!ends(*waiting.token, waiting.deadline)) {
        batch.is_waited_for = true;
        continue;
      }
      end(*waiting.token, mutant("pending-write-refused") ? Outcome::refused : undecided(waiting.access), error,
          message, leader);
      waiting.token.reset();
    }
  }
  std::erase_if(forwarded_, [&](const auto& one) {
    if (!ends(one.second.token, one.second.deadline)) return false;
    end(one.second.token, undecided(one.second.access), error, message, leader);
    return true;
  });
  recompute_expiry();
}

template <class Ends>
void Requests::end_writes_where(Ends ends, tenon_error error, std::string_view message, raft::NodeId leader) {
  const auto ends_write = [&](const WaitingWrite& write) {
    if (!ends(write.submission)) return false;
    inbox_bytes_ -= write.submission.command.size();
    end(write.submission.token, Outcome::refused, error, message, leader);
    return true;
  };
  std::erase_if(writes_, ends_write);
}

template <class Ends>
void Requests::end_reads_where(std::vector<WaitingRead>& reads, Ends ends, tenon_error error, std::string_view message,
                               raft::NodeId leader) {
  const auto ends_read = [&](const WaitingRead& read) {
    if (!ends(read.submission.token, read.submission.deadline)) return false;
    inbox_bytes_ -= held_bytes(read.submission);
    end(read.submission.token, Outcome::refused, error, message, leader);
    return true;
  };
  std::erase_if(reads, ends_read);
}

Batch Requests::take_batch(std::uint64_t bytes_max, std::size_t count_max) {
  TENON_CHECK(!writes_.empty());
  Batch batch;
  std::uint64_t size = 0;
  while (!writes_.empty() && batch.commands.size() < count_max) {
    WaitingWrite& write = writes_.front();
    const std::uint64_t command_size = write.submission.command.size();
    if (!batch.commands.empty() && size + command_size > bytes_max) break;
    size += command_size;
    inbox_bytes_ -= command_size;
    if (batch.commands.empty()) batch.first_number = write.number;
    batch.waiting.push_back({write.submission.token, write.submission.deadline, write.submission.access});
    batch.commands.push_back(std::move(write.submission.command));
    writes_.pop_front();
  }
  return batch;
}

void Requests::refuse_writes(const std::function<bool(std::string_view command)>& refuses, tenon_error error,
                             std::string_view message, raft::NodeId leader) {
  end_writes_where([&](const Submission& one) { return refuses(one.command); }, error, message, leader);
}

void Requests::proposed(raft::LogIndex index, raft::Term term, Batch batch) {
  if (term != unapplied_term_) unapplied_bytes_ = 0;
  unapplied_term_ = term;
  unapplied_bytes_ += batch.entry_bytes;
  batch.commands.clear();
  const bool is_new = in_log_.emplace(Place{index, term}, std::move(batch)).second;
  TENON_CHECK(is_new);
}

std::optional<Requests::Placed> Requests::take_in_log(raft::LogIndex index) {
  if (in_log_.empty() || index < in_log_.begin()->first.first) return std::nullopt;
  Placed first{in_log_.begin()->first, std::move(in_log_.begin()->second)};
  in_log_.erase(in_log_.begin());
  if (first.place.second == unapplied_term_) {
    TENON_CHECK(first.batch.entry_bytes <= unapplied_bytes_);
    unapplied_bytes_ -= first.batch.entry_bytes;
  }
  TENON_CHECK(!in_log_.empty() || unapplied_bytes_ == 0);
  return first;
}

std::optional<Batch> Requests::take_applied(raft::LogIndex index, raft::Term term, raft::NodeId leader) {
  std::optional<Batch> found;
  while (std::optional<Placed> first = take_in_log(index)) {
    if (first->place == Place{index, term}) {
      found = std::move(first->batch);
      continue;
    }
    for (const Batch::Waiting& waiting : first->batch.waiting) {
      if (!waiting.token) continue;
      end(*waiting.token, Outcome::refused, TENON_ERROR_NOT_LEADER,
          "leadership was lost, and an entry of another leader took the place of this one", leader);
    }
  }
  return found;
}

void Requests::installed(raft::LogIndex index, raft::NodeId leader) {
  while (const std::optional<Placed> first = take_in_log(index)) {
    for (const Batch::Waiting& waiting : first->batch.waiting) {
      if (!waiting.token) continue;
      end(*waiting.token, undecided(waiting.access), TENON_ERROR_NOT_LEADER,
          "leadership was lost, and the state has come from another leader since", leader);
    }
  }
}

void Requests::refuse_unled(raft::NodeId leader) {
  end_writes_where([](const Submission& one) { return one.forwarding == Forwarding::refused || one.token.queue == 0; },
                   TENON_ERROR_NOT_LEADER, "this node does not lead", leader);
  const auto refuses = [&](const WaitingRead& read) {
    if (read.submission.forwarding != Forwarding::refused) return false;
    inbox_bytes_ -= held_bytes(read.submission);
    end(read.submission.token, Outcome::refused, TENON_ERROR_NOT_LEADER, "this node does not lead", leader);
    return true;
  };
  std::erase_if(reads_, refuses);
}

std::vector<Requests::Forwardable> Requests::forwardable(std::uint64_t bytes_max, std::size_t count_max) const {
  std::vector<Forwardable> first;
  std::uint64_t size = 0;
  for (const WaitingWrite& write : writes_) {
    const std::uint64_t command_size = write.submission.command.size();
    if (first.size() == count_max || (!first.empty() && size + command_size > bytes_max)) break;
    size += command_size;
    first.push_back({write.number, write.submission.deadline, write.submission.command});
  }
  return first;
}

void Requests::forwarded(std::size_t count, raft::NodeId leader) {
  TENON_CHECK(count <= writes_.size());
  for (std::size_t i = 0; i < count; ++i) {
    const WaitingWrite& write = writes_.front();
    inbox_bytes_ -= write.submission.command.size();
    forwarded_.emplace(write.number,
                       Forwarded{write.submission.token, write.submission.deadline, leader, write.submission.access});
    writes_.pop_front();
  }
}

std::optional<Requests::Forwarded> Requests::take_forwarded(std::uint64_t number, raft::NodeId leader) {
  const auto found = forwarded_.find(number);
  if (found == forwarded_.end() || found->second.leader != leader) return std::nullopt;
  const Forwarded forwarded = found->second;
  forwarded_.erase(found);
  return forwarded;
}

void Requests::lose_forwarded(raft::NodeId leader) {
  std::erase_if(forwarded_, [&](const auto& one) {
    if (one.second.leader != leader) return false;
    end(one.second.token, undecided(one.second.access), TENON_ERROR_CLOSED, "the connection to the leader was lost",
        leader);
    return true;
  });
}

void Requests::begin_stale_reads(std::optional<raft::Duration> age, raft::NodeId leader) {
  ReadGroup group{raft::Token(), raft::LogIndex(), {}};
  const auto begins = [&](WaitingRead& read) {
    if (read.served != Consistency::stale) return false;
    const std::optional<raft::Duration> max_age = read.submission.max_age;
    if (!max_age || (age && *age <= *max_age)) {
      group.reads.push_back(std::move(read));
      return true;
    }
    read.served = Consistency::linearizable;
    if (leader != raft::NodeId()) return false;
    inbox_bytes_ -= held_bytes(read.submission);
    end(read.submission.token, Outcome::refused, TENON_ERROR_NOT_LEADER, describe(age, *max_age), leader);
    return true;
  };
  reads_.erase(std::remove_if(reads_.begin(), reads_.end(), begins), reads_.end());
  if (group.reads.empty()) return;
  group.token = raft::Token(++last_group_);
  groups_.push_back(std::move(group));
}

bool Requests::has_reads(Consistency consistency) const noexcept {
  const std::uint64_t logged = writes_logged();
  return std::any_of(reads_.begin(), reads_.end(), [&](const WaitingRead& read) {
    return read.served == consistency && read.after_number <= logged;
  });
}

raft::Token Requests::begin_reads(Consistency consistency) {
  const std::uint64_t logged = writes_logged();
  const auto later = std::stable_partition(reads_.begin(), reads_.end(), [&](const WaitingRead& read) {
    return read.served == consistency && read.after_number <= logged;
  });
  TENON_CHECK(later != reads_.begin());
  ReadGroup group{raft::Token(++last_group_), std::nullopt, {}};
  if (later == reads_.end()) {
    group.reads.swap(reads_);
  } else {
    group.reads.assign(std::make_move_iterator(reads_.begin()), std::make_move_iterator(later));
    reads_.erase(reads_.begin(), later);
  }
  groups_.push_back(std::move(group));
  return groups_.back().token;
}

void Requests::read_ready(raft::Token group, raft::LogIndex index, raft::ReadProof proof) {
  for (ReadGroup& waiting : groups_) {
    if (waiting.token != group) continue;
    waiting.index = index;
    if (proof == raft::ReadProof::lease) continue;
    for (WaitingRead& read : waiting.reads) read.served = Consistency::linearizable;
  }
}

void Requests::retry_reads(raft::Token group) {
  const auto found =
      std::find_if(groups_.begin(), groups_.end(), [&](const ReadGroup& waiting) { return waiting.token == group; });
  if (found == groups_.end()) return;  // all of them have ended
  for (WaitingRead& read : found->reads) {
    read.served = wanted_by(read.submission, read.after_number);
    reads_.push_back(std::move(read));
  }
  groups_.erase(found);
}

void Requests::collect_readable(raft::LogIndex applied) {
  if (groups_.empty()) return;
  const std::uint64_t finished = writes_finished();
  for (ReadGroup& group : groups_) {
    if (!group.index || (*group.index > applied && !mutant("read-before-applied"))) continue;
    const auto waits = [&](const WaitingRead& read) { return read.after_number > finished; };
    if (readable_.empty() && std::none_of(group.reads.begin(), group.reads.end(), waits)) {
      readable_.swap(group.reads);
      // The memory of those that were answered before serves those that come next.
      if (reads_.capacity() < group.reads.capacity() && reads_.empty()) reads_.swap(group.reads);
      continue;
    }
    const auto take = [&](WaitingRead& read) {
      if (waits(read)) return false;
      readable_.push_back(std::move(read));
      return true;
    };
    group.reads.erase(std::remove_if(group.reads.begin(), group.reads.end(), take), group.reads.end());
  }
  std::erase_if(groups_, [](const ReadGroup& group) { return group.reads.empty(); });
}

std::optional<Requests::Readable> Requests::take_readable(raft::LogIndex applied) {
  if (readable_taken_ == readable_.size()) {
    readable_.clear();
    readable_taken_ = 0;
    collect_readable(applied);
  }
  if (readable_.empty()) return std::nullopt;
  WaitingRead& read = readable_[readable_taken_++];
  inbox_bytes_ -= held_bytes(read.submission);
  return Readable{std::move(read.submission), read.served, read.after_number};
}

void Requests::retry_read(Readable read) {
  inbox_bytes_ += held_bytes(read.submission);
  note_deadline(read.submission.deadline);
  reads_.push_back({std::move(read.submission), read.after_number, Consistency::linearizable});
}

std::uint64_t Requests::writes_logged() const noexcept {
  if (!forwarded_.empty()) return forwarded_.begin()->first - 1;
  return writes_.empty() ? last_write_number_ : writes_.front().number - 1;
}

std::uint64_t Requests::writes_finished() const noexcept {
  std::uint64_t finished = writes_logged();
  for (const auto& [place, batch] : in_log_) {
    if (batch.is_waited_for) finished = std::min(finished, batch.first_number - 1);
  }
  return finished;
}

void Requests::end(Token token, Outcome outcome, tenon_error error, std::string_view message, raft::NodeId leader) {
  answers_.answer({token, outcome, error, std::string(message), leader, {}});
}

void Requests::note_deadline(raft::Instant deadline) noexcept {
  if (!next_expiry_ || deadline < *next_expiry_) next_expiry_ = deadline;
}

void Requests::recompute_expiry() noexcept {
  next_expiry_.reset();
  for (const WaitingWrite& write : writes_) note_deadline(write.submission.deadline);
  each_list_of_reads([&](const std::vector<WaitingRead>& reads) {
    for (const WaitingRead& read : reads) note_deadline(read.submission.deadline);
  });
  for (const auto& [place, batch] : in_log_) {
    for (const Batch::Waiting& waiting : batch.waiting) {
      if (waiting.token) note_deadline(waiting.deadline);
    }
  }
  for (const auto& [number, forwarded] : forwarded_) note_deadline(forwarded.deadline);
}

}  // namespace tenon::node
