// SPDX-License-Identifier: MIT
// Whether what clients saw can be explained by operations that took effect one after another, each at one moment
// between its call and its return. Histories are kept in files, one JSON object a line, in any order; several files are
// one history. Times are whole numbers of one clock; intervals are closed, so operations that touch are concurrent.
//
//   {"client": "c1", "call": 17, "return": 29, "outcome": "done", "key": "k", "kind": "put", "value": "a"}
//
//   client    text or number; only for whoever reads a verdict
//   call      taken before the first byte is sent; return: after the last byte of the answer is there. The return of an
//             unknown outcome does not matter and may be left out
//   outcome   done, refused (surely without effect) or unknown (may take effect at any time from its call on, or never)
//   kind      with what it is given, and what it may report once it is done:
//     get                                found: what it read, null: nothing
//     put            value
//     delete                             changed: whether there was something
//     append         value               result: the new length
//     increment      by                  result: the new number; changed: false when there was no number
//     cas            value, and expected (null: absent) or expected_version or both (0: absent)
//                                        changed: whether it was as expected; needed once it is done
//     put_if_absent  value               the same
//     transaction    compares: [{key, and expected or expected_version or both}..], steps, otherwise: [a kind with its
//                    key and so on, none of the last three..]; key does not matter
//                                        changed: whether all compares held, so that steps ran; and of each that ran
//                                        what it reports
//   found     of any kind that is done: the value before it, null: absent
//   version   of any kind that is done: the version after it; 1 when the key was created, one more with each change,
//             0: absent
//   revision  of an operation that is done: the revision of the whole store that its answer names
//
// What is not reported is not judged. Keys and values are text; whoever writes binary ones gives them as hexadecimal
// digits. Who reads with a weaker consistency leaves those reads out of the file.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::support {

enum class Action : std::uint8_t { get, put, erase, append, increment };
enum class Outcome : std::uint8_t { done, refused, unknown };
using Value = std::optional<std::string>;  // nullopt: absent

struct Expectation {
  std::string key;
  std::optional<Value> value;
  std::optional<std::uint64_t> version;
};
struct Step {
  Action action = Action::get;
  std::string key;
  std::string value;
  std::int64_t by = 0;
  // As the answer says; nothing: it does not say.
  std::optional<Value> found;
  std::optional<std::uint64_t> version;
  std::optional<bool> changed;
  std::optional<std::int64_t> result;
};
inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// When every compare holds, `steps` take effect at once, otherwise `otherwise` does.
struct Operation {
  std::string client;
  std::int64_t call = 0;
  std::int64_t returned = kNever;  // >= call
  Outcome outcome = Outcome::unknown;
  std::vector<Expectation> compares;
  std::vector<Step> steps;
  std::vector<Step> otherwise;
  std::optional<bool> succeeded;  // whether every compare held
  std::optional<std::uint64_t> revision;
};
using Operations = std::vector<Operation>;

// One line, as above, without its end.
std::string text_of(const Operation& operation);
// Throws std::runtime_error, which says what is wrong with it.
Operation parse_operation(std::string_view line);

// What is spent on one group of keys that transactions glue together, mostly one key. What is beyond it is undecided.
struct Limits {
  std::uint64_t steps_max = 50'000'000;
  std::uint64_t memory_bytes_max = std::uint64_t{1} << 30;  // of what was tried already and of states
};
enum class Verdict : std::uint8_t { linearizable, not_linearizable, undecided };

// Not linearizable with a chance of less than 1e-15 when it is (states that were tried are remembered by 128 bits);
// linearizable never when it is not.
struct Finding {
  Verdict verdict = Verdict::linearizable;
  std::string keys;     // of the group
  Operations excerpt;   // when it is not: operations of the history which by themselves are not either
  std::string account;  // what the excerpt shows, in lines
};
struct Judgement {
  Verdict verdict = Verdict::linearizable;  // of all groups the worst; not linearizable is worse than undecided
  std::size_t groups = 0;
  std::size_t undecided = 0;      // groups
  std::vector<Finding> findings;  // of groups that are not linearizable or undecided
};
// Needs: of every operation call <= returned. A moment of all operations together: their revisions, when they have
// some, never fall from one that returned to one that was called after it, and each change has one of its own.
Judgement judge(const Operations& history, const Limits& limits = {});

}  // namespace tenon::support
