// SPDX-License-Identifier: MIT
#include "keys.hpp"

#include <algorithm>
#include <utility>

namespace tenon::campaign {
namespace {

constexpr std::size_t kSlots = 4;
constexpr std::uint32_t kOperationsMax = 2'000;
constexpr std::uint32_t kListOperationsMax = 300;  // each read brings the whole list
constexpr std::uint32_t kUnknownMax = 3;

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

Keys::Keys(std::string prefix) : prefix_(std::move(prefix)), slots_(kSlots) {
  for (std::size_t slot = 0; slot < kSlots; ++slot) open(slot);
}

void Keys::open(std::size_t slot) {
  slots_[slot] = keys_.size();
  const Content content = static_cast<Content>(slot);
  keys_.push_back({{keys_.size(), prefix_ + std::to_string(keys_.size()), content, std::nullopt}, 0, 0, {}, {}, 0, 0});
}

Drawn Keys::draw(std::mt19937_64& random) {
  const std::lock_guard lock(mutex_);
  const std::size_t slot = random() % kSlots;
  Key& key = keys_[slots_[slot]];
  const std::uint32_t operations_max = key.drawn.content == Content::list ? kListOperationsMax : kOperationsMax;
  if (key.operations >= operations_max || key.unknown >= kUnknownMax) open(slot);
  Key& drawn = keys_[slots_[slot]];
  ++drawn.operations;
  return drawn.drawn;
}

void Keys::note(const Drawn& key, Ending ending) {
  const std::lock_guard lock(mutex_);
  if (ending == Ending::unknown) ++keys_[key.position].unknown;
}

void Keys::note_seen(const Drawn& key, const std::optional<std::string>& value) {
  const std::lock_guard lock(mutex_);
  keys_[key.position].drawn.seen = value;
}

void Keys::note_appended(const Drawn& key, const std::string& element, Ending ending) {
  const std::lock_guard lock(mutex_);
  Key& list = keys_[key.position];
  if (ending == Ending::done) list.appended.push_back(element);
  if (ending == Ending::refused) list.unappended.push_back(element);
}

void Keys::note_added(const Drawn& key, std::int64_t by, Ending ending) {
  const std::lock_guard lock(mutex_);
  Key& counter = keys_[key.position];
  if (ending == Ending::done) counter.added += by;
  if (ending == Ending::unknown) counter.perhaps_added += by;
}

std::optional<Drawn> Keys::next_of_all() {
  const std::lock_guard lock(mutex_);
  if (next_ == keys_.size()) return std::nullopt;
  return keys_[next_++].drawn;
}

std::string Keys::fault_of(const Drawn& key, const std::optional<std::string>& value) {
  const std::lock_guard lock(mutex_);
  const Key& known = keys_[key.position];
  if (key.content == Content::list) {
    const std::string list = value.value_or("");
    for (const std::string& element : known.appended) {
      const std::size_t times = occurrences(list, element);
      if (times != 1)
        return key.name + ": " + element + " was acknowledged and is there " + std::to_string(times) + " times";
    }
    for (const std::string& element : known.unappended) {
      if (occurrences(list, element) != 0) return key.name + ": " + element + " was refused and is there";
    }
  }
  if (key.content == Content::counter) {
    const std::int64_t sum = value ? std::stoll(*value) : 0;
    const std::int64_t sum_max = known.added + known.perhaps_added;
    if (sum < known.added || sum > sum_max) {
      return key.name + ": found the sum " + std::to_string(sum) + ", expected " + std::to_string(known.added) +
             " to " + std::to_string(sum_max);
    }
  }
  return {};
}

}  // namespace tenon::campaign
