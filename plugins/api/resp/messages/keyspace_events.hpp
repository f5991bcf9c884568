// SPDX-License-Identifier: MIT
// Keyspace notifications: what happens to keys, as messages in the channels __keyspace@0__:KEY and
// __keyevent@0__:EVENT.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "submissions.hpp"

namespace tenon::api_resp {

class Service;

// What notify-keyspace-events asks for: K and E, the channels by key and by event; g deleted, expiry set or taken away;
// $ put; x expired; n created; A stands for g$x and for what other types of values would have.
struct WantedEvents {
  bool by_key = false;
  bool by_event = false;
  bool generic = false;
  bool puts = false;
  bool expired = false;
  bool created = false;

  // Whether anything is to be told.
  bool any() const noexcept { return (by_key || by_event) && (generic || puts || expired || created); }
};
// Throws Error(INVALID) for a letter that Redis does not have.
WantedEvents parse_wanted_events(std::string_view letters);

// Watches all keys on this node and tells the clients of this node, so that each client hears of every change,
// whichever node it was made through. What a change was is derived from the key before and after: a number that grew is
// a put. Lossy as in Redis: when this node falls behind, or has no leader, the events of that time are not told. On the
// I/O thread.
class KeyspaceEvents final : public Waiter {
 public:
  KeyspaceEvents(Service& service, const WantedEvents& wanted) noexcept : service_(service), wanted_(wanted) {}

  // Begins to watch, when there is something to tell. Harmless while it does.
  void watch();

  void take(std::uint64_t number, const tenon_completion& completion) override;

 private:
  void tell_change(const tenon_record& now, const tenon_record* previous);
  void tell(bool is_wanted, std::string_view event, std::string_view key);

  Service& service_;
  const WantedEvents wanted_;
  bool is_watching_ = false;
};

}  // namespace tenon::api_resp
