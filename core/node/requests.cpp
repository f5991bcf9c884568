// SPDX-License-Identifier: MIT
#include "node/requests.hpp"

#include <algorithm>
#include <utility>

namespace tenon::node {

void Requests::submit(Submission submission) {
  const std::uint64_t size = submission.command.size();
  // One request alone is always taken, so that none is too large for ever.
  if (inbox_bytes_ > 0 && size > inbox_bytes_max_ - std::min(inbox_bytes_, inbox_bytes_max_)) {
    end(submission.token, Outcome::overloaded, TENON_ERROR_BUSY, "the node's inbox is full; try later", raft::NodeId());
    return;
  }
  inbox_bytes_ += size;
  note_deadline(submission.deadline);
  if (submission.access == Access::write) {
    writes_.push_back({std::move(submission), ++last_write_number_});
  } else {
    const std::uint64_t after = submission.ordering == Ordering::after_writes ? last_write_number_ : 0;
    reads_.push_back({std::move(submission), after});
  }
}

void Requests::cancel(Token token) {
  end_where([&](Token waiting, raft::Instant) { return waiting == token; }, TENON_ERROR_CANCELLED,
            "the request was cancelled", raft::NodeId());
}

void Requests::expire(raft::Instant now, raft::NodeId leader) {
  if (!next_expiry_ || now < *next_expiry_) return;
  end_where([&](Token, raft::Instant deadline) { return deadline <= now; }, TENON_ERROR_TIMEOUT,
            "the time given for the request ran out", leader);
}

template <class Ends>
void Requests::end_where(Ends ends, tenon_error error, std::string_view message, raft::NodeId leader) {
  const auto ends_write = [&](const WaitingWrite& write) {
    if (!ends(write.submission.token, write.submission.deadline)) return false;
    inbox_bytes_ -= write.submission.command.size();
    end(write.submission.token, Outcome::refused, error, message, leader);
    return true;
  };
  writes_.erase(std::remove_if(writes_.begin(), writes_.end(), ends_write), writes_.end());
  end_reads_where(reads_, ends, error, message, leader);
  for (ReadGroup& group : groups_) end_reads_where(group.reads, ends, error, message, leader);
  // What is in the log may yet be committed: nobody can say that it was not.
  for (Batch& batch : in_log_) {
    for (Batch::Waiting& waiting : batch.waiting) {
      if (!waiting.token || !ends(*waiting.token, waiting.deadline)) continue;
      end(*waiting.token, Outcome::unknown, error, message, leader);
      waiting.token.reset();
    }
  }
  recompute_expiry();
}

template <class Ends>
void Requests::end_reads_where(std::vector<WaitingRead>& reads, Ends ends, tenon_error error, std::string_view message,
                               raft::NodeId leader) {
  const auto ends_read = [&](const WaitingRead& read) {
    if (!ends(read.submission.token, read.submission.deadline)) return false;
    inbox_bytes_ -= read.submission.command.size();
    end(read.submission.token, Outcome::refused, error, message, leader);
    return true;
  };
  reads.erase(std::remove_if(reads.begin(), reads.end(), ends_read), reads.end());
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
    batch.waiting.push_back({write.submission.token, write.submission.deadline});
    batch.commands.push_back(std::move(write.submission.command));
    writes_.pop_front();
  }
  return batch;
}

void Requests::proposed(Batch batch) {
  TENON_CHECK(in_log_.empty() || in_log_.back().index < batch.index);
  batch.commands.clear();
  in_log_.push_back(std::move(batch));
}

std::optional<Batch> Requests::take_applied(raft::LogIndex index) {
  if (in_log_.empty() || in_log_.front().index != index) return std::nullopt;
  Batch batch = std::move(in_log_.front());
  in_log_.pop_front();
  return batch;
}

raft::Token Requests::begin_reads() {
  TENON_CHECK(!reads_.empty());
  groups_.push_back({raft::Token(++last_group_), std::nullopt, std::move(reads_)});
  reads_.clear();
  return groups_.back().token;
}

void Requests::read_ready(raft::Token group, raft::LogIndex index) {
  for (ReadGroup& waiting : groups_) {
    if (waiting.token == group) waiting.index = index;
  }
}

void Requests::retry_reads(raft::Token group) {
  const auto found =
      std::find_if(groups_.begin(), groups_.end(), [&](const ReadGroup& waiting) { return waiting.token == group; });
  TENON_CHECK(found != groups_.end());
  for (WaitingRead& read : found->reads) reads_.push_back(std::move(read));
  groups_.erase(found);
}

std::vector<Submission> Requests::take_readable(raft::LogIndex applied, std::size_t count_max) {
  std::vector<Submission> readable;
  const std::uint64_t finished = writes_finished();
  for (ReadGroup& group : groups_) {
    if (!group.index || *group.index > applied) continue;
    const auto take = [&](WaitingRead& read) {
      if (readable.size() == count_max || read.after_number > finished) return false;
      inbox_bytes_ -= read.submission.command.size();
      readable.push_back(std::move(read.submission));
      return true;
    };
    group.reads.erase(std::remove_if(group.reads.begin(), group.reads.end(), take), group.reads.end());
  }
  std::erase_if(groups_, [](const ReadGroup& group) { return group.reads.empty(); });
  return readable;
}

// Every write up to this number is applied, or ended without an entry. Writes leave in order, so the oldest that is
// left decides.
std::uint64_t Requests::writes_finished() const noexcept {
  if (!in_log_.empty()) return in_log_.front().first_number - 1;
  return writes_.empty() ? last_write_number_ : writes_.front().number - 1;
}

void Requests::end(Token token, Outcome outcome, tenon_error error, std::string_view message, raft::NodeId leader) {
  surroundings_.answer({token, outcome, error, message, leader, {}});
}

void Requests::note_deadline(raft::Instant deadline) noexcept {
  if (!next_expiry_ || deadline < *next_expiry_) next_expiry_ = deadline;
}

void Requests::recompute_expiry() noexcept {
  next_expiry_.reset();
  for (const WaitingWrite& write : writes_) note_deadline(write.submission.deadline);
  for (const WaitingRead& read : reads_) note_deadline(read.submission.deadline);
  for (const ReadGroup& group : groups_) {
    for (const WaitingRead& read : group.reads) note_deadline(read.submission.deadline);
  }
  for (const Batch& batch : in_log_) {
    for (const Batch::Waiting& waiting : batch.waiting) {
      if (waiting.token) note_deadline(waiting.deadline);
    }
  }
}

}  // namespace tenon::node
