// SPDX-License-Identifier: MIT
#include "kv/history.hpp"

#include <algorithm>

#include "tenon/check.hpp"

namespace tenon::kv {

History::History(std::size_t bytes_max, std::uint64_t revision) noexcept
    : bytes_max_(bytes_max), oldest_(revision + 1), revision_(revision) {
  TENON_CHECK(bytes_max > 0);
}

void History::append(const Change& change) {
  const std::uint64_t revision = change.now.modified;
  TENON_CHECK(revision >= revision_);
  revision_ = revision;
  if (revision < oldest_) return;  // the revision has passed the bound already
  const std::size_t bytes = size(change);
  while (bytes_ + bytes > bytes_max_ && !changes_.empty()) drop_oldest_revision();
  if (revision < oldest_ || bytes > bytes_max_) {
    oldest_ = revision + 1;
    return;
  }
  Kept& kept = changes_.emplace_back(Kept{change.kind, std::string(change.key), keep(change.now), std::nullopt});
  if (change.previous) kept.previous = keep(*change.previous);
  bytes_ += bytes;
}

void History::reset(std::uint64_t revision) noexcept {
  changes_.clear();
  bytes_ = 0;
  oldest_ = revision + 1;
  revision_ = revision;
}

HistoryPage History::read(std::uint64_t from_revision, const KeyRange& range, const PageLimits& limits) const {
  HistoryPage page;
  if (from_revision < oldest_) {
    page.compacted = true;
    page.next_revision = oldest_;
    return page;
  }
  const auto before = [](const Kept& kept, std::uint64_t revision) { return kept.now.modified < revision; };
  auto at = std::lower_bound(changes_.begin(), changes_.end(), from_revision, before);
  std::size_t bytes = 0;
  while (at != changes_.end()) {
    const std::uint64_t revision = at->now.modified;
    const std::size_t whole = page.changes.size();
    for (; at != changes_.end() && at->now.modified == revision; ++at) {
      ++page.examined;
      if (at->key < range.first || (!range.end.empty() && at->key >= range.end)) continue;
      page.changes.push_back(show(*at));
      bytes += size(page.changes.back());
    }
    // The first revision that has anything is given whatever its size, or the reader would never get past it.
    if (whole > 0 && (bytes > limits.bytes || page.changes.size() > limits.changes)) {
      page.changes.resize(whole);
      page.next_revision = revision;
      return page;
    }
    if (page.examined >= kExaminedMax) {
      page.next_revision = revision + 1;
      return page;
    }
  }
  page.next_revision = std::max(from_revision, revision_ + 1);
  return page;
}

History::KeptVersion History::keep(const Version& version) {
  return {std::string(version.value), version.created, version.modified, version.version, version.expires_at_ms};
}

Version History::show(const KeptVersion& version) noexcept {
  return {version.value, version.created, version.modified, version.version, version.expires_at_ms};
}

Change History::show(const Kept& kept) noexcept {
  Change change{kept.kind, kept.key, show(kept.now), std::nullopt};
  if (kept.previous) change.previous = show(*kept.previous);
  return change;
}

std::size_t History::size(const Change& change) noexcept {
  const std::size_t previous = change.previous ? change.previous->value.size() : 0;
  return kChangeBytes + change.key.size() + change.now.value.size() + previous;
}

void History::drop_oldest_revision() noexcept {
  const std::uint64_t revision = changes_.front().now.modified;
  while (!changes_.empty() && changes_.front().now.modified == revision) {
    bytes_ -= size(show(changes_.front()));
    changes_.pop_front();
  }
  oldest_ = revision + 1;
}

}  // namespace tenon::kv
