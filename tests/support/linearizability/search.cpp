// SPDX-License-Identifier: MIT
#include "search.hpp"

#include <algorithm>

#include "observation.hpp"

namespace tenon::support {
namespace {

struct Fingerprint {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const Fingerprint&) const = default;
  Fingerprint operator^(const Fingerprint& other) const noexcept { return {high ^ other.high, low ^ other.low}; }
};
struct LowBits {
  std::size_t operator()(const Fingerprint& print) const noexcept { return static_cast<std::size_t>(print.low); }
};

std::uint64_t scrambled(std::uint64_t value) noexcept {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}
enum class Kind : std::uint64_t { operation = 1, state };
Fingerprint fingerprint(Kind kind, std::uint64_t number) noexcept {
  const std::uint64_t first = scrambled(scrambled(static_cast<std::uint64_t>(kind)) ^ number);
  return {first, scrambled(first ^ 0xd1342543de82ef95u)};
}

class Search {
 public:
  Search(const std::vector<const Operation*>& operations, const Limits& limits, std::uint64_t& spent);
  // Until this many of known outcome are in an order.
  Verdict run(std::size_t wanted);
  std::size_t known() const noexcept { return known_.size(); }
  std::size_t longest() const noexcept { return longest_; }
  std::vector<const Operation*> order() const;
  std::string state() const { return states_.text(state_); }

 private:
  // Of an operation: of known outcome by number, then ring(), then of unknown outcome.
  using Place = std::size_t;
  static constexpr Place kNone = static_cast<Place>(-1);
  struct Taken {
    Place place;
    StateId before;
  };

  Place ring() const noexcept { return known_.size(); }
  const Operation& at(Place place) const { return place < ring() ? *known_[place] : *unknown_[place - ring() - 1]; }
  // The first return of those that are not taken.
  std::int64_t bound() const noexcept;
  // Of those that may be next the one after `place`; after ring() the first.
  Place choice_after(Place place) const noexcept;
  // False: it cannot have answered as it did, or leads to where the search has been.
  bool take(Place place);
  Place give_back();

  std::vector<const Operation*> known_;    // by call
  std::vector<const Operation*> unknown_;  // by call
  // Those of known outcome that are not taken, in a ring that begins and ends at ring().
  std::vector<Place> next_;
  std::vector<Place> previous_;
  std::vector<bool> is_taken_;  // of unknown_
  KeyStates states_;
  const Limits& limits_;
  std::uint64_t& spent_;
  std::vector<Taken> taken_;  // the order so far
  StateId state_ = kEmptyState;
  Fingerprint set_;  // of those in taken_
  std::size_t known_taken_ = 0;
  std::size_t longest_ = 0;  // >= known_taken_
  std::unordered_set<Fingerprint, LowBits> tried_;
};

Search::Search(const std::vector<const Operation*>& operations, const Limits& limits, std::uint64_t& spent)
    : states_(operations), limits_(limits), spent_(spent) {
  for (const Operation* operation : operations) {
    (operation->outcome == Outcome::done ? known_ : unknown_).push_back(operation);
  }
  const auto by_call = [](const Operation* left, const Operation* right) { return left->call < right->call; };
  std::stable_sort(known_.begin(), known_.end(), by_call);
  std::stable_sort(unknown_.begin(), unknown_.end(), by_call);
  const std::size_t size = ring() + 1;
  for (Place place = 0; place < size; ++place) {
    next_.push_back((place + 1) % size);
    previous_.push_back((place + size - 1) % size);
  }
  is_taken_.resize(unknown_.size(), false);
}

std::int64_t Search::bound() const noexcept {
  std::int64_t least = kNever;
  for (Place place = next_[ring()]; place != ring() && known_[place]->call <= least; place = next_[place]) {
    least = std::min(least, known_[place]->returned);
  }
  return least;
}

Search::Place Search::choice_after(Place place) const noexcept {
  const std::int64_t last_call = bound();
  if (place <= ring()) {
    const Place next = next_[place];
    if (next != ring() && known_[next]->call <= last_call) return next;
    place = ring();
  }
  for (std::size_t i = place - ring(); i < unknown_.size() && unknown_[i]->call <= last_call; ++i) {
    if (!is_taken_[i]) return ring() + 1 + i;
  }
  return kNone;
}

bool Search::take(Place place) {
  const std::optional<StateId> after = states_.apply(state_, at(place));
  const bool is_known = place < ring();
  // One of unknown outcome that changes nothing here need not have happened.
  if (!after || (!is_known && *after == state_)) return false;
  const Fingerprint set = set_ ^ fingerprint(Kind::operation, place);
  if (!tried_.insert(set ^ fingerprint(Kind::state, *after)).second) return false;
  taken_.push_back({place, state_});
  state_ = *after;
  set_ = set;
  if (!is_known) {
    is_taken_[place - ring() - 1] = true;
    return true;
  }
  next_[previous_[place]] = next_[place];
  previous_[next_[place]] = previous_[place];
  longest_ = std::max(longest_, ++known_taken_);
  return true;
}

Search::Place Search::give_back() {
  const auto [place, before] = taken_.back();
  taken_.pop_back();
  state_ = before;
  set_ = set_ ^ fingerprint(Kind::operation, place);
  if (place > ring()) {
    is_taken_[place - ring() - 1] = false;
    return place;
  }
  next_[previous_[place]] = place;
  previous_[next_[place]] = place;
  --known_taken_;
  return place;
}

Verdict Search::run(std::size_t wanted) {
  constexpr std::uint64_t kTriedBytes = 48;  // of one in the set
  Place place = ring();
  while (known_taken_ < wanted) {
    const std::uint64_t bytes = tried_.size() * kTriedBytes + states_.memory_bytes();
    if (++spent_ > limits_.steps_max || bytes > limits_.memory_bytes_max) return Verdict::undecided;
    place = choice_after(place);
    if (place == kNone) {
      if (taken_.empty()) return Verdict::not_linearizable;
      place = give_back();
    } else if (take(place)) {
      place = ring();
    }
  }
  return Verdict::linearizable;
}

std::vector<const Operation*> Search::order() const {
  std::vector<const Operation*> order;
  for (const Taken& taken : taken_) order.push_back(&at(taken.place));
  return order;
}

}  // namespace

Explained explain(const std::vector<const Operation*>& operations, const Limits& limits, std::uint64_t& spent,
                  Wanted wanted) {
  const Tightened tightened(operations);
  Search search(tightened.operations(), limits, spent);
  Explained explained;
  explained.verdict = search.run(search.known());
  explained.explained = search.longest();
  if (wanted == Wanted::verdict) return explained;
  // The search that came furthest is repeated up to there.
  std::uint64_t spent_again = 0;
  Search again(tightened.operations(), limits, spent_again);
  again.run(explained.explained);
  for (const Operation* operation : again.order()) explained.order.push_back(tightened.original(operation));
  explained.state = again.state();
  return explained;
}

}  // namespace tenon::support
