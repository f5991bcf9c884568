// SPDX-License-Identifier: MIT
#include "validation/transport_table.hpp"

#include <cstring>
#include <string>

#include "call.hpp"
#include "transport_calls.hpp"

namespace tenon::validation {
namespace {

constexpr const char* kStart = "tenon_transport.start";
constexpr const char* kStop = "tenon_transport.stop";
constexpr const char* kSetPeer = "tenon_transport.set_peer";
constexpr const char* kSend = "tenon_transport.send";
constexpr int kSpoilt = 0xee;  // what memory holds whose time is over

}  // namespace

TransportTable::TransportTable(Subject& subject, const tenon_transport& transport, void* self)
    : calls_(std::make_unique<TransportCalls>(subject, transport, self)) {}

TransportTable::~TransportTable() = default;

const tenon_transport* TransportTable::table() const noexcept { return calls_->table(); }
void* TransportTable::self() const noexcept { return calls_.get(); }

TransportCalls::TransportCalls(Subject& subject, const tenon_transport& transport, void* self)
    : subject_(subject), transport_(transport), self_(self), loans_(subject, Blame::plugin) {
  fill_table();
  fill_host_table();
}

TransportCalls::~TransportCalls() {
  if (!subject_.is_alive()) return;
  subject_.report(Blame::host, Rule::state, "tenon_plugin.destroy", "an instance that was not stopped", "stop() first");
}

void TransportCalls::fill_table() noexcept {
  table_.struct_size = sizeof table_;
  table_.start = [](void* self, const tenon_transport_host* host, tenon_detail* why) {
    return of(self).start(host, why);
  };
  table_.stop = [](void* self) { of(self).stop(); };
  table_.set_peer = [](void* self, std::uint64_t peer, const char* const* addresses, std::uint64_t count) {
    return of(self).set_peer(peer, addresses, count);
  };
  table_.send = [](void* self, std::uint64_t peer, std::uint32_t lane, const tenon_frame* frames, std::uint64_t count) {
    return of(self).send(peer, lane, frames, count);
  };
}

TransportCalls::Peer* TransportCalls::find_peer(std::uint64_t peer) {
  const auto found = peers_.find(peer);
  if (found != peers_.end()) return &found->second;
  return peers_.size() < kPeersMax ? &peers_[peer] : nullptr;
}

TransportCalls::Lane* TransportCalls::find_lane(std::uint64_t peer, std::uint32_t lane) {
  Peer* const of_peer = lane <= TENON_LANE_BULK ? find_peer(peer) : nullptr;
  return of_peer == nullptr ? nullptr : &of_peer->lanes[lane];
}

tenon_error TransportCalls::start(const tenon_transport_host* host, tenon_detail* why) {
  const HostCall call(subject_, ThreadWord::setup, kStart, subject_.setup_busy());
  if (subject_.phase() != Phase::made) {
    subject_.report(Blame::host, Rule::state, kStart, "a second start()", "one for each instance");
    return TENON_ERROR_INVALID;
  }
  if (host->self == nullptr || host->self->client_address_count > TENON_CLIENT_ADDRESSES_MAX) {
    subject_.report(Blame::host, Rule::argument, kStart, "no introduction of this node, or one with too many addresses",
                    "at most " + std::to_string(TENON_CLIENT_ADDRESSES_MAX) + " addresses");
    return TENON_ERROR_INVALID;
  }
  host_ = host;
  host_table_.self = host->self;
  subject_.enter(Phase::opening);
  const tenon_error error = contain<tenon_error>(subject_, kStart, TENON_ERROR_INTERNAL,
                                                 [&] { return transport_.start(self_, &host_table_, why); });
  check_detail(subject_, kStart, error, why);
  subject_.enter(error == TENON_OK ? Phase::running : Phase::ended);
  return error;
}

void TransportCalls::stop() {
  const HostCall call(subject_, ThreadWord::setup, kStop, subject_.setup_busy());
  if (!expect_running(subject_, kStop)) return;
  subject_.enter(Phase::closing);
  contain(subject_, kStop, [&] { transport_.stop(self_); });
  subject_.enter(Phase::ended);
  loans_.expect_none(kStop, "of send() before stop() returns");
}

tenon_error TransportCalls::set_peer(std::uint64_t peer, const char* const* addresses, std::uint64_t count) {
  const HostCall call(subject_, ThreadWord::core, kSetPeer, subject_.core_busy());
  if (!expect_running(subject_, kSetPeer)) return TENON_ERROR_INVALID;
  bool is_whole = peer != 0;
  for (std::uint64_t i = 0; i < count; ++i) is_whole = is_whole && addresses[i] != nullptr;
  if (!is_whole) {
    subject_.report(Blame::host, Rule::argument, kSetPeer, "the peer 0, or an address that is NULL", "neither");
    return TENON_ERROR_INVALID;
  }
  const tenon_error error = contain_core<tenon_error>(
      subject_, kSetPeer, TENON_ERROR_INTERNAL, [&] { return transport_.set_peer(self_, peer, addresses, count); });
  check_detail(subject_, kSetPeer, error, nullptr);
  return error;
}

std::uint64_t TransportCalls::send(std::uint64_t peer, std::uint32_t lane, const tenon_frame* frames,
                                   std::uint64_t count) {
  const HostCall call(subject_, ThreadWord::core, kSend, subject_.core_busy());
  if (!expect_running(subject_, kSend)) return 0;
  if (lane > TENON_LANE_BULK) {
    subject_.report(Blame::host, Rule::argument, kSend, "the lane " + std::to_string(lane), "control or bulk");
    return 0;
  }
  check_frames(frames, count);
  {
    const std::lock_guard lock(mutex_);
    if (Lane* const of_lane = find_lane(peer, lane)) of_lane->in_send = true;
  }
  offer(frames, count);
  std::uint64_t taken = contain_core<std::uint64_t>(
      subject_, kSend, 0, [&] { return transport_.send(self_, peer, lane, offered_.data(), count); });
  if (taken > count) {
    subject_.report(Blame::plugin, Rule::frame, kSend,
                    std::to_string(taken) + " of " + std::to_string(count) + " taken", "no more than offered");
    taken = count;
  }
  {
    const std::lock_guard lock(mutex_);
    if (Lane* const of_lane = find_lane(peer, lane)) {
      of_lane->in_send = false;
      if (taken < count) of_lane->is_starved = true;
    }
  }
  end_offer(taken);
  return taken;
}

void TransportCalls::check_frames(const tenon_frame* frames, std::uint64_t count) const {
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t size = 0;
    for (std::uint64_t part = 0; part < frames[i].part_count; ++part) size += frames[i].parts[part].size;
    if (size <= TENON_FRAME_BYTES_MAX) continue;
    subject_.report(Blame::host, Rule::frame, kSend, "a frame of " + std::to_string(size) + " bytes",
                    "at most " + std::to_string(TENON_FRAME_BYTES_MAX));
  }
}

void TransportCalls::offer(const tenon_frame* frames, std::uint64_t count) {
  offered_.clear();
  for (std::uint64_t i = 0; i < count; ++i) {
    offered_.push_back({frames[i].parts, frames[i].part_count, loans_.pass_on(frames[i].loan)});
  }
}

void TransportCalls::end_offer(std::uint64_t taken) {
  for (std::uint64_t i = taken; i < offered_.size(); ++i) {
    if (loans_.withdraw(offered_[i].loan)) continue;
    subject_.report(Blame::plugin, Rule::loan, kSend, "the release of a frame that was not taken",
                    "the release of those that were");
  }
  if (!offered_.empty()) std::memset(offered_.data(), kSpoilt, offered_.size() * sizeof(tenon_frame));
}

}  // namespace tenon::validation
