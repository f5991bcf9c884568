// SPDX-License-Identifier: MIT
#include "keyspace_events.hpp"

#include <string>

#include "service.hpp"

namespace tenon::api_resp {

WantedEvents parse_wanted_events(std::string_view letters) {
  // Of types of values that are not here, of evictions and of misses.
  constexpr std::string_view kNeverHappen = "lshzetdm";
  WantedEvents wanted;
  for (const char letter : letters) {
    const bool all = letter == 'A';
    wanted.by_key = wanted.by_key || letter == 'K';
    wanted.by_event = wanted.by_event || letter == 'E';
    wanted.generic = wanted.generic || all || letter == 'g';
    wanted.puts = wanted.puts || all || letter == '$';
    wanted.expired = wanted.expired || all || letter == 'x';
    wanted.created = wanted.created || letter == 'n';
    const bool is_known = std::string_view("AKEg$xn").find(letter) != std::string_view::npos;
    if (!is_known && kNeverHappen.find(letter) == std::string_view::npos) {
      throw Error(TENON_ERROR_INVALID,
                  std::string("notify_keyspace_events has the letter '") + letter +
                      "'; expected letters of KEg$xnA, as notify-keyspace-events of Redis has them");
    }
  }
  return wanted;
}

void KeyspaceEvents::watch() {
  if (is_watching_ || !wanted_.any()) return;
  is_watching_ = true;
  tenon_operation all = operation(TENON_WATCH, {});
  all.flags = TENON_RANGE_PREFIX | TENON_WITH_PREVIOUS;
  service_.submissions().add_stream(service_.request_of(all), *this);
}

void KeyspaceEvents::take(std::uint64_t, const tenon_completion& completion) {
  for (const tenon_result& result : results(completion)) {
    const std::span<const tenon_record> all = records(result);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].kind == TENON_RECORD_PREVIOUS) continue;
      const bool has_previous = i + 1 < all.size() && all[i + 1].kind == TENON_RECORD_PREVIOUS;
      tell_change(all[i], has_previous ? &all[i + 1] : nullptr);
    }
  }
  if ((completion.flags & TENON_COMPLETION_MORE) != 0) return;
  is_watching_ = false;
  service_.try_again_later();
}

void KeyspaceEvents::tell_change(const tenon_record& now, const tenon_record* previous) {
  const std::string_view key = view(now.key);
  if (now.kind == TENON_RECORD_DELETED) return tell(wanted_.generic, "del", key);
  if (now.kind == TENON_RECORD_EXPIRED) return tell(wanted_.expired, "expired", key);
  if (previous == nullptr) tell(wanted_.created, "new", key);
  const bool is_same = previous != nullptr && view(previous->value) == view(now.value);
  const std::uint64_t expiry_before = previous == nullptr ? 0 : previous->expires_at_ms;
  const bool expiry_changed = now.expires_at_ms != expiry_before;
  const bool is_put = !is_same || !expiry_changed;
  if (is_put) tell(wanted_.puts, "set", key);
  if (expiry_changed && now.expires_at_ms != 0) tell(wanted_.generic, "expire", key);
  if (expiry_changed && now.expires_at_ms == 0 && !is_put) tell(wanted_.generic, "persist", key);
}

void KeyspaceEvents::tell(bool is_wanted, std::string_view event, std::string_view key) {
  if (!is_wanted) return;
  Subscriptions& subscriptions = service_.subscriptions();
  if (wanted_.by_key) subscriptions.deliver("__keyspace@0__:" + std::string(key), event);
  if (wanted_.by_event) subscriptions.deliver("__keyevent@0__:" + std::string(event), key);
}

}  // namespace tenon::api_resp
