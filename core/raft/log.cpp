// SPDX-License-Identifier: MIT
#include "raft/log.hpp"

#include <algorithm>
#include <utility>

#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

Log::Log(LogIndex boundary, Term boundary_term, Membership membership)
    : boundary_(boundary), boundary_term_(boundary_term), last_(boundary), durable_(boundary) {
  memberships_.push_back({boundary, std::make_shared<const Membership>(std::move(membership))});
}

Term Log::last_term() const noexcept { return term_runs_.empty() ? boundary_term_ : term_runs_.back().term; }

const Log::MembershipAt& Log::membership_as_of(LogIndex index) const noexcept {
  TENON_CHECK(index >= boundary_);
  const auto after = std::upper_bound(memberships_.begin(), memberships_.end(), index,
                                      [](LogIndex wanted, const MembershipAt& one) { return wanted < one.index; });
  return *std::prev(after);
}

std::optional<Term> Log::term(LogIndex index) const noexcept {
  if (index == boundary_) return boundary_term_;
  if (index < boundary_ || index > last_) return std::nullopt;
  const auto after = std::upper_bound(term_runs_.begin(), term_runs_.end(), index,
                                      [](LogIndex wanted, const TermRun& run) { return wanted < run.first; });
  TENON_CHECK(after != term_runs_.begin());
  return std::prev(after)->term;
}

LogIndex Log::last_not_after(LogIndex from, Term term) const noexcept {
  TENON_CHECK(from >= boundary_ && from <= last_);
  LogIndex at = from;
  for (std::size_t after = term_runs_.size(); after > 0; --after) {
    const TermRun& run = term_runs_[after - 1];
    if (run.first > at) continue;
    if (run.term <= term) return at;
    at = run.first.previous();
  }
  return at;
}

WriteSequence Log::durable_with(LogIndex index) const noexcept {
  TENON_CHECK(index <= last_);
  if (index <= durable_) return {};
  const auto write = std::lower_bound(pending_.begin(), pending_.end(), index,
                                      [](const PendingWrite& one, LogIndex wanted) { return one.last < wanted; });
  TENON_CHECK(write != pending_.end());
  return write->sequence;
}

const Entry* Log::cached(LogIndex index) const noexcept {
  if (cache_.empty() || index < cache_.front().index || index > last_) return nullptr;
  return &cache_[static_cast<std::size_t>(index.value() - cache_.front().index.value())];
}

void Log::add(Entry entry) {
  TENON_CHECK(entry.index == last_.next());
  TENON_CHECK(entry.term >= last_term());
  if (term_runs_.empty() || entry.term > term_runs_.back().term) term_runs_.push_back({entry.index, entry.term});
  TENON_CHECK((entry.kind == EntryKind::membership) == (entry.membership != nullptr));
  if (entry.membership) memberships_.push_back({entry.index, entry.membership});
  last_ = entry.index;
  cached_bytes_ += entry.data.bytes.size();
  cache_.push_back(std::move(entry));
}

void Log::recover(Entry entry) {
  TENON_CHECK(pending_.empty());
  add(std::move(entry));
  if (mutant("members-forgotten-at-start")) memberships_.resize(1);
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

void Log::truncate(LogIndex from) noexcept {
  TENON_CHECK(from > boundary_ && from <= last_);
  const LogIndex kept = from.previous();
  while (!cache_.empty() && cache_.back().index >= from) {
    cached_bytes_ -= cache_.back().data.bytes.size();
    cache_.pop_back();
  }
  while (!term_runs_.empty() && term_runs_.back().first >= from) term_runs_.pop_back();
  const auto is_cut = [&](const MembershipAt& one) { return one.index >= from && !mutant("cut-members-stay"); };
  while (memberships_.size() > 1 && is_cut(memberships_.back())) memberships_.pop_back();
  for (PendingWrite& write : pending_) {
    if (!mutant("overtaken-write-counts")) write.last = std::min(write.last, kept);
  }
  last_ = kept;
  if (!mutant("truncated-stays-durable")) durable_ = std::min(durable_, kept);
}

void Log::compact(LogIndex up_to) {
  TENON_CHECK(boundary_ <= up_to && up_to <= durable_);
  boundary_term_ = *term(up_to);
  boundary_ = up_to;
  while (!cache_.empty() && cache_.front().index <= up_to) {
    cached_bytes_ -= cache_.front().data.bytes.size();
    cache_.pop_front();
  }
  const auto is_behind = [&](const auto& one) { return up_to < one.index; };
  const auto first_behind = std::find_if(memberships_.begin(), memberships_.end(), is_behind);
  memberships_.erase(memberships_.begin(), std::prev(first_behind));
  memberships_.front().index = up_to;
  // The last run that begins at the boundary or before is that of the entry behind it, unless there is none.
  while (term_runs_.size() > 1 && term_runs_[1].first <= up_to.next()) term_runs_.erase(term_runs_.begin());
  if (last_ == up_to) {
    term_runs_.clear();
  } else {
    term_runs_.front().first = std::max(term_runs_.front().first, up_to.next());
  }
}

void Log::reset(LogIndex boundary, Term boundary_term, std::shared_ptr<const Membership> membership,
                WriteSequence sequence) {
  TENON_CHECK(boundary > boundary_);
  TENON_CHECK(membership != nullptr);
  durable_ = std::min(durable_, boundary_);
  boundary_ = last_ = boundary;
  boundary_term_ = boundary_term;
  term_runs_.clear();
  memberships_.assign(1, {boundary, std::move(membership)});
  cache_.clear();
  cached_bytes_ = 0;
  pending_.assign(1, {sequence, boundary});
}

void Log::complete(WriteSequence sequence) noexcept {
  while (!pending_.empty() && pending_.front().sequence <= sequence) {
    TENON_CHECK(pending_.front().last <= last_);
    durable_ = std::max(durable_, pending_.front().last);
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
