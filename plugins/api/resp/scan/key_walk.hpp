// SPDX-License-Identifier: MIT
// A command that goes through the keys in their order, a page at a time.
#pragma once

#include <span>
#include <string_view>

#include "client.hpp"
#include "glob.hpp"
#include "service.hpp"
#include "task.hpp"

namespace tenon::api_resp {

class KeyWalk : public Task {
 public:
  explicit KeyWalk(const Execution& execution) noexcept : Task(execution.service, execution.client) {}

 protected:
  void walk_from_beginning(std::uint64_t count) { walk_from({}, count); }
  // Begins with the least key that is greater.
  void walk_behind(std::string_view key, std::uint64_t count) {
    if (key.size() < kKeyBytesMax) return walk_from(std::string(key) + '\0', count);
    const std::string next = prefix_end(key);
    next.empty() ? take_keys({}, false) : walk_from(next, count);
  }

  // A page of keys without their values; walks on, or ends.
  virtual void take_keys(std::span<const tenon_record> keys, bool has_more) = 0;

  // Calls take(key) for the keys of a page that match, until there is no more of it or the pattern has cost enough for
  // one turn of the thread. Returns how many keys were looked at: at least one, when there is one.
  template <class Take>
  static std::size_t take_matching(std::string_view pattern, std::span<const tenon_record> keys, Take&& take) {
    std::uint64_t steps = 0;
    std::size_t looked_at = 0;
    while (looked_at < keys.size() && steps < kMatchStepsMax) {
      const std::string_view key = view(keys[looked_at++].key);
      if (matches(pattern, key, steps)) take(key);
    }
    return looked_at;
  }

 private:
  // Of one turn, but for the last key of it.
  static constexpr std::uint64_t kMatchStepsMax = std::uint64_t{1} << 20;
  // The node takes no longer key, so that none continues one of this size.
  static constexpr std::size_t kKeyBytesMax = std::size_t{64} * 1024;

  void walk_from(std::string_view first, std::uint64_t count) {
    tenon_operation scan = operation(TENON_SCAN, {});
    scan.key = service().submissions().batch().keep(first);
    scan.flags = TENON_SCAN_KEYS;
    scan.limit = count;
    ask(service().request_of(scan));
  }
  void advance(const tenon_completion& completion) final {
    if (failed(completion)) return;
    const tenon_result& result = results(completion)[0];
    take_keys(records(result), result.cursor.size != 0);
  }
};

}  // namespace tenon::api_resp
