// SPDX-License-Identifier: MIT
// What both sides of a transport say to each other, judged.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "loans.hpp"
#include "log_bounds.hpp"
#include "tenon/transport.h"

namespace tenon::validation {

class TransportCalls {
 public:
  TransportCalls(Subject& subject, const tenon_transport& transport, void* self);
  TransportCalls(const TransportCalls&) = delete;
  TransportCalls& operator=(const TransportCalls&) = delete;
  ~TransportCalls();

  const tenon_transport* table() const noexcept { return &table_; }

 private:
  // Peers beyond these are not judged.
  static constexpr std::size_t kPeersMax = 1024;

  struct Lane {
    bool is_up = false;
    bool in_send = false;
    bool is_starved = false;  // send() has taken fewer than offered, and WRITABLE did not follow yet
    bool in_call = false;     // the plugin speaks of it
  };
  struct Peer {
    std::array<Lane, 2> lanes;
    std::uint64_t introductions = 0;
    std::uint64_t ups = 0;  // <= introductions
  };
  class LaneCall;

  static TransportCalls& of(void* self) noexcept { return *static_cast<TransportCalls*>(self); }
  static TransportCalls& of(const tenon_transport_host* host) noexcept;
  void fill_table() noexcept;
  void fill_host_table() noexcept;
  // Null: there are too many, or there is no such lane. Needs: the mutex.
  Peer* find_peer(std::uint64_t peer);
  Lane* find_lane(std::uint64_t peer, std::uint32_t lane);

  // tenon_transport
  tenon_error start(const tenon_transport_host* host, tenon_detail* why);
  void stop();
  tenon_error set_peer(std::uint64_t peer, const char* const* addresses, std::uint64_t count);
  std::uint64_t send(std::uint64_t peer, std::uint32_t lane, const tenon_frame* frames, std::uint64_t count);
  void check_frames(const tenon_frame* frames, std::uint64_t count) const;
  // Lends the frames on as `offered_`.
  void offer(const tenon_frame* frames, std::uint64_t count);
  // Takes back those that were not taken, and spoils the array.
  void end_offer(std::uint64_t taken);

  // tenon_transport_host
  void introduced(std::uint64_t peer, const tenon_introduction* said);
  void receive(std::uint64_t peer, std::uint32_t lane, std::uint32_t proof, const tenon_bytes* frames,
               std::uint64_t count);
  void lane_event(std::uint64_t peer, std::uint32_t lane, std::uint32_t event);
  // What is wrong with the event, which changes the lane all the same. Needs: the mutex.
  static std::optional<Fault> apply(std::uint32_t event, Peer& peer, Lane& lane);

  Subject& subject_;
  const tenon_transport& transport_;
  void* const self_;
  tenon_transport table_{};
  tenon_transport_host host_table_{};
  const tenon_transport_host* host_ = nullptr;  // from start()
  Loans loans_;                                 // of frames
  std::vector<tenon_frame> offered_;            // of one send(), the node thread's

  std::mutex mutex_;
  std::map<std::uint64_t, Peer> peers_;  // at most kPeersMax
};

}  // namespace tenon::validation
