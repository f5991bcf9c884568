// SPDX-License-Identifier: MIT
// The faults that a node can be told to suffer, for tests and game days. What happens is drawn from a seed, one draw
// after the other, so that the same calls in the same order suffer the same.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace tenon::fault {

// Writes are counted from 1 at open(); 0: never.
struct StorageFaults {
  std::uint64_t seed = 1;
  std::chrono::microseconds sync_delay{0};  // what is durable is reported so much later
  std::uint64_t sync_delay_percent = 100;   // of the reports; a report is never overtaken by a later one
  std::uint64_t stall_at_write = 0;         // this write and all after it are not reported durable
  std::chrono::microseconds stall_time{0};  // for so long; 0: for ever
  std::uint64_t fail_at_write = 0;          // this write fails, and storage with it
  std::uint64_t fail_per_million = 0;       // of the writes
  std::uint64_t full_at_write = 0;          // from here on the disk is full: room runs short, images get NO_SPACE
  std::chrono::microseconds read_delay{0};  // reads of the log are answered so much later

  bool operator==(const StorageFaults&) const = default;
  // Whether there is anything to suffer.
  bool any() const noexcept {
    return sync_delay.count() != 0 || stall_at_write != 0 || fail_at_write != 0 || fail_per_million != 0 ||
           full_at_write != 0 || read_delay.count() != 0;
  }
};

enum class Lanes { both, control, bulk };
enum class Isolation { none, incoming, outgoing, both };

// Frames are lost as this node sends them and as it receives them; all else is suffered by those that it receives.
struct TransportFaults {
  std::uint64_t seed = 1;
  std::vector<std::uint64_t> peers;  // whose frames; empty: of all
  Lanes lanes = Lanes::both;
  Isolation isolation = Isolation::none;  // every frame of that direction is lost
  std::uint64_t loss_percent = 0;
  std::chrono::microseconds delay{0};
  std::chrono::microseconds delay_jitter{0};  // a drawn part of it is added; the order within a lane stays
  std::uint64_t duplicate_percent = 0;        // breaks the contract of the transport
  std::uint64_t reorder_percent = 0;          // breaks the contract: the frame comes after the next of its lane

  bool operator==(const TransportFaults&) const = default;
  bool any() const noexcept {
    return isolation != Isolation::none || loss_percent != 0 || delay.count() != 0 || delay_jitter.count() != 0 ||
           duplicate_percent != 0 || reorder_percent != 0;
  }
};

// Told of each fault that was suffered: "loss", "sync_delay". Any thread; must be short.
using OnFault = std::function<void(const char* kind)>;

}  // namespace tenon::fault
