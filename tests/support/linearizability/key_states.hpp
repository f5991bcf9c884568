// SPDX-License-Identifier: MIT
// What a group of keys may hold, and what an operation does to it: the model that a history is held against. A key is
// absent, or has a value and a version, which is 1 when it was created and one more with each change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "support/linearizability.hpp"

namespace tenon::support {

using StateId = std::uint32_t;
inline constexpr StateId kEmptyState = 0;  // every key is absent

// Not more than 2^32 states and values.
class KeyStates {
 public:
  // The keys of these operations, all absent. Keeps: nothing of them.
  explicit KeyStates(const std::vector<const Operation*>& operations);

  // The state after the operation, when it may have answered as it did. Of an unknown outcome nothing is compared.
  std::optional<StateId> apply(StateId state, const Operation& operation);
  std::string text(StateId state) const;
  std::uint64_t memory_bytes() const noexcept { return memory_bytes_; }

 private:
  static constexpr std::uint32_t kAbsent = 0;  // as a value
  struct Register {
    std::uint32_t value = kAbsent;
    std::uint32_t version = 0;  // 0 as long as it is absent; always, when no operation names one
    bool operator==(const Register&) const = default;
    auto operator<=>(const Register&) const = default;
  };
  using State = std::vector<Register>;

  bool holds(const State& state, const Expectation& expected) const;
  // False: it cannot have answered so.
  bool run(State& state, const Step& step, bool is_judged);
  // nullopt: it fails, and changes nothing.
  std::optional<std::uint32_t> value_after(std::uint32_t before, const Step& step);
  bool is(std::uint32_t value, const Value& told) const;
  std::uint32_t intern(std::string_view value);
  StateId intern(const State& state);

  std::map<std::string, std::size_t, std::less<>> places_;  // of keys in a state
  bool has_versions_ = false;
  std::vector<const std::string*> values_{nullptr};  // by number
  std::unordered_map<std::string, std::uint32_t> value_numbers_;
  std::vector<const State*> states_;
  std::map<State, StateId> state_numbers_;
  std::uint64_t memory_bytes_ = 0;
};

}  // namespace tenon::support
