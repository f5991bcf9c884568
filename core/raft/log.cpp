// SPDX-License-Identifier: MIT
#include "raft/log.hpp"

#include <algorithm>
#include <utility>

namespace tenon::raft {

bool Membership::has_voter(NodeId node) const noexcept {
  return std::binary_search(voters.begin(), voters.end(), node);
}

Log::Log(LogIndex boundary, Term boundary_term) noexcept
    : boundary_(boundary), boundary_term_(boundary_term), last_(boundary), durable_(boundary) {}

Term Log::last_term() const noexcept { return term_runs_.empty() ? boundary_term_ : term_runs_.back().term; }

std::optional<Term> Log::term(LogIndex index) const noexcept {
  if (index == boundary_) return boundary_term_;
  if (index < boundary_ || index > last_) return std::nullopt;
  const auto after = std::upper_bound(term_runs_.begin(), term_runs_.end(), index,
                                      [](LogIndex wanted, const TermRun& run) { return wanted < run.first; });
  TENON_CHECK(after != term_runs_.begin());
  return std::prev(after)->term;
}

const Entry* Log::cached(LogIndex index) const noexcept {
  if (cache_.empty() || index < cache_.front().index || index > last_) return nullptr;
  return &cache_[static_cast<std::size_t>(index.value() - cache_.front().index.value())];
}

void Log::add(Entry entry) {
  TENON_CHECK(entry.index == last_.next());
  TENON_CHECK(entry.term >= last_term());
  if (term_runs_.empty() || entry.term > term_runs_.back().term) term_runs_.push_back({entry.index, entry.term});
  last_ = entry.index;
  cached_bytes_ += entry.data.bytes.size();
  cache_.push_back(std::move(entry));
}

void Log::recover(Entry entry) {
  TENON_CHECK(pending_.empty());
  add(std::move(entry));
  durable_ = last_;
}

void Log::append(Entry entry, WriteSequence sequence) {
  add(std::move(entry));
  TENON_CHECK(pending_.empty() || pending_.back().sequence <= sequence);
  if (!pending_.empty() && pending_.back().sequence == sequence) {
    pending_.back().last = last_;
  } else {
    pending_.push_back({sequence, last_});
  }
}

void Log::complete(WriteSequence sequence) noexcept {
  while (!pending_.empty() && pending_.front().sequence <= sequence) {
    TENON_CHECK(pending_.front().last >= durable_);
    durable_ = pending_.front().last;
    pending_.pop_front();
  }
}

void Log::trim_cache(std::uint64_t bytes_max) noexcept {
  while (cached_bytes_ > bytes_max && !cache_.empty() && cache_.front().index <= durable_) {
    cached_bytes_ -= cache_.front().data.bytes.size();
    cache_.pop_front();
  }
}

}  // namespace tenon::raft
