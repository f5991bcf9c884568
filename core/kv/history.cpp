// SPDX-License-Identifier: MIT
#include "kv/history.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

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
  const Version previous = change.previous.value_or(Version());
  changes_.push_back({change.kind, change.previous.has_value(), static_cast<std::uint32_t>(change.key.size()),
                      static_cast<std::uint32_t>(change.now.value.size()),
                      static_cast<std::uint32_t>(previous.value.size()), numbers_of(change.now), numbers_of(previous),
                      store(change)});
  bytes_ += bytes;
}

void History::reset(std::uint64_t revision) noexcept {
  changes_.clear();
  blocks_.clear();
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
      const std::string_view key = key_of(*at);
      if (key < range.first || (!range.end.empty() && key >= range.end)) continue;
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

History::Numbers History::numbers_of(const Version& version) noexcept {
  return {version.created, version.modified, version.version, version.expires_at_ms};
}

Version History::show(const Numbers& numbers, std::string_view value) noexcept {
  return {value, numbers.created, numbers.modified, numbers.version, numbers.expires_at_ms};
}

Change History::show(const Kept& kept) noexcept {
  const char* const value = kept.bytes + kept.key_bytes;
  Change change{kept.kind, key_of(kept), show(kept.now, {value, kept.value_bytes}), std::nullopt};
  if (kept.has_previous) change.previous = show(kept.previous, {value + kept.value_bytes, kept.previous_bytes});
  return change;
}

const char* History::store(const Change& change) {
  const std::string_view previous = change.previous ? change.previous->value : std::string_view();
  const std::size_t bytes = change.key.size() + change.now.value.size() + previous.size();
  TENON_CHECK(bytes <= std::numeric_limits<std::uint32_t>::max());
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < bytes) {
    const std::size_t size = std::max(bytes, kBlockBytes);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
  }
  Block& block = blocks_.back();
  char* const begin = block.bytes.get() + block.used;
  char* at = begin;
  for (const std::string_view part : {change.key, change.now.value, previous}) {
    at = std::copy(part.begin(), part.end(), at);
  }
  block.used += bytes;
  ++block.changes;
  return begin;
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
    if (--blocks_.front().changes == 0) blocks_.pop_front();
  }
  oldest_ = revision + 1;
}

}  // namespace tenon::kv
