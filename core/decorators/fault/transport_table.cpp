// SPDX-License-Identifier: MIT
#include "fault/transport_table.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delay_line.hpp"
#include "random.hpp"
#include "tenon/host.hpp"

namespace tenon::fault {
namespace {

constexpr std::uint64_t kPercent = 100;
constexpr std::uint64_t kHeldBytesMax = 64u << 20;  // of frames that wait; what is beyond is lost

// What a peer said, for as long as it waits.
struct Said {
  explicit Said(const tenon_introduction& introduction) : table(introduction) {
    for (std::uint64_t i = 0; i < introduction.client_address_count; ++i) {
      addresses.emplace_back(introduction.client_addresses[i]);
    }
    for (const std::string& address : addresses) pointers.push_back(address.c_str());
    table.client_addresses = pointers.data();
  }
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;

  tenon_introduction table;
  std::vector<std::string> addresses;
  std::vector<const char*> pointers;
};

}  // namespace

class FaultyTransport {
 public:
  FaultyTransport(TransportFaults faults, const tenon_transport& transport, void* self, OnFault on_fault);

  const tenon_transport* table() const noexcept { return &table_; }

 private:
  using Clock = DelayLine::Clock;
  struct Frame {
    std::uint64_t peer;
    std::uint32_t lane;
    std::uint32_t proof;
    std::string data;
  };
  struct Lane {
    Clock::time_point last_due{};
    std::optional<Frame> held_back;  // comes after the next
  };

  static FaultyTransport& of(void* self) noexcept { return *static_cast<FaultyTransport*>(self); }
  static FaultyTransport& of(const tenon_transport_host* host) noexcept {
    return *static_cast<FaultyTransport*>(host->context);
  }
  void fill_table() noexcept;
  void fill_host_table() noexcept;
  bool concerns(std::uint64_t peer, std::uint32_t lane) const noexcept;
  tenon_error start(const tenon_transport_host* host, tenon_detail* why);
  std::uint64_t send(std::uint64_t peer, std::uint32_t lane, const tenon_frame* frames, std::uint64_t count);
  void receive(Frame frame);
  void suffer(Frame frame, Lane& lane);
  // Needs, both: the mutex.
  void deliver(Frame frame, Lane& lane);
  Clock::time_point due(Lane& lane, bool is_concerned);

  const TransportFaults faults_;
  const tenon_transport& transport_;
  void* const self_;
  const OnFault on_fault_;
  tenon_transport table_{};
  tenon_transport_host host_table_{};
  const tenon_transport_host* node_ = nullptr;  // from start()
  DelayLine line_;                              // of all that is reported
  Random send_draws_;                           // the node thread's

  std::mutex mutex_;
  Random receive_draws_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Lane> lanes_;  // of the peers that the transport knows
  std::uint64_t held_bytes_ = 0;                                   // of frames on the line
};

FaultyTransport::FaultyTransport(TransportFaults faults, const tenon_transport& transport, void* self, OnFault on_fault)
    : faults_(std::move(faults)),
      transport_(transport),
      self_(self),
      on_fault_(std::move(on_fault)),
      send_draws_(faults_.seed),
      receive_draws_(~faults_.seed) {
  fill_table();
  fill_host_table();
}

void FaultyTransport::fill_table() noexcept {
  table_.struct_size = sizeof table_;
  table_.start = [](void* self, const tenon_transport_host* host, tenon_detail* why) {
    return of(self).start(host, why);
  };
  table_.stop = [](void* self) {
    of(self).transport_.stop(of(self).self_);
    of(self).line_.stop(DelayLine::Rest::drop);
  };
  table_.set_peer = [](void* self, std::uint64_t peer, const char* const* addresses, std::uint64_t count) {
    return of(self).transport_.set_peer(of(self).self_, peer, addresses, count);
  };
  table_.send = [](void* self, std::uint64_t peer, std::uint32_t lane, const tenon_frame* frames, std::uint64_t count) {
    return of(self).send(peer, lane, frames, count);
  };
}

void FaultyTransport::fill_host_table() noexcept {
  host_table_.struct_size = sizeof host_table_;
  host_table_.context = this;
  host_table_.introduced = [](const tenon_transport_host* host, std::uint64_t peer, const tenon_introduction* said) {
    FaultyTransport& transport = of(host);
    transport.line_.add(Clock::now(), [&transport, peer, kept = std::make_shared<const Said>(*said)] {
      transport.node_->introduced(transport.node_, peer, &kept->table);
    });
  };
  host_table_.receive = [](const tenon_transport_host* host, std::uint64_t peer, std::uint32_t lane,
                           std::uint32_t proof, const tenon_bytes* frames, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) of(host).receive({peer, lane, proof, std::string(view(frames[i]))});
  };
  host_table_.lane_event = [](const tenon_transport_host* host, std::uint64_t peer, std::uint32_t lane,
                              std::uint32_t event) {
    FaultyTransport& transport = of(host);
    transport.line_.add(Clock::now(), [&transport, peer, lane, event] {
      transport.node_->lane_event(transport.node_, peer, lane, event);
    });
  };
}

bool FaultyTransport::concerns(std::uint64_t peer, std::uint32_t lane) const noexcept {
  if (faults_.lanes == Lanes::control && lane != TENON_LANE_CONTROL) return false;
  if (faults_.lanes == Lanes::bulk && lane != TENON_LANE_BULK) return false;
  return faults_.peers.empty() || std::find(faults_.peers.begin(), faults_.peers.end(), peer) != faults_.peers.end();
}

tenon_error FaultyTransport::start(const tenon_transport_host* host, tenon_detail* why) {
  node_ = host;
  host_table_.self = host->self;
  const tenon_error error = transport_.start(self_, &host_table_, why);
  if (error == TENON_OK) line_.start();
  return error;
}

// A frame that is lost here counts as taken, and its loan goes back at once. What follows the frames of a run that
// the transport did not take is not drawn for: it is offered again.
std::uint64_t FaultyTransport::send(std::uint64_t peer, std::uint32_t lane, const tenon_frame* frames,
                                    std::uint64_t count) {
  if (!concerns(peer, lane)) return transport_.send(self_, peer, lane, frames, count);
  const bool is_cut = faults_.isolation == Isolation::outgoing || faults_.isolation == Isolation::both;
  for (std::uint64_t done = 0; done < count; ++done) {
    if (is_cut || send_draws_.happens(faults_.loss_percent, kPercent)) {
      on_fault_(is_cut ? "isolation" : "loss");
      give_back(frames[done].loan);
    } else if (transport_.send(self_, peer, lane, frames + done, 1) == 0) {
      return done;
    }
  }
  return count;
}

void FaultyTransport::receive(Frame frame) {
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[{frame.peer, frame.lane}];
  if (concerns(frame.peer, frame.lane)) return suffer(std::move(frame), lane);
  deliver(std::move(frame), lane);
}

void FaultyTransport::suffer(Frame frame, Lane& lane) {
  const bool is_cut = faults_.isolation == Isolation::incoming || faults_.isolation == Isolation::both;
  const bool is_lost = receive_draws_.happens(faults_.loss_percent, kPercent);
  const bool comes_twice = receive_draws_.happens(faults_.duplicate_percent, kPercent);
  const bool comes_late = receive_draws_.happens(faults_.reorder_percent, kPercent);
  if (is_cut || is_lost) return on_fault_(is_cut ? "isolation" : "loss");
  if (comes_late && !lane.held_back) {
    on_fault_("reorder");
    lane.held_back = std::move(frame);
    return;
  }
  if (comes_twice) {
    on_fault_("duplicate");
    deliver(frame, lane);
  }
  deliver(std::move(frame), lane);
  if (std::optional<Frame> late = std::exchange(lane.held_back, std::nullopt)) deliver(*std::move(late), lane);
}

FaultyTransport::Clock::time_point FaultyTransport::due(Lane& lane, bool is_concerned) {
  Clock::time_point due = Clock::now();
  if (is_concerned) {
    due += faults_.delay;
    const auto jitter = static_cast<std::uint64_t>(faults_.delay_jitter.count());
    if (jitter != 0) due += std::chrono::microseconds(receive_draws_.below(jitter + 1));
    if (faults_.delay.count() != 0 || jitter != 0) on_fault_("delay");
  }
  return lane.last_due = std::max(lane.last_due, due);
}

void FaultyTransport::deliver(Frame frame, Lane& lane) {
  if (held_bytes_ + frame.data.size() > kHeldBytesMax && held_bytes_ != 0) return on_fault_("overflow");
  held_bytes_ += frame.data.size();
  const Clock::time_point at = due(lane, concerns(frame.peer, frame.lane));
  line_.add(at, [this, late = std::move(frame)] {
    const tenon_bytes data = bytes(late.data);
    node_->receive(node_, late.peer, late.lane, late.proof, &data, 1);
    const std::lock_guard lock(mutex_);
    held_bytes_ -= data.size;
  });
}

TransportTable::TransportTable(const TransportFaults& faults, const tenon_transport& transport, void* self,
                               OnFault on_fault)
    : transport_(std::make_unique<FaultyTransport>(faults, transport, self, std::move(on_fault))) {}

TransportTable::~TransportTable() = default;

const tenon_transport* TransportTable::table() const noexcept { return transport_->table(); }
void* TransportTable::self() const noexcept { return transport_.get(); }

}  // namespace tenon::fault
