// SPDX-License-Identifier: MIT
// The transport role in C++: derive from Transport and name the class in TENON_TRANSPORT_PLUGIN(Class, manifest). Each
// function has the contract of its namesake in transport.h; errors are thrown as tenon::Error.
#pragma once

#include "tenon/host.hpp"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

enum class Lane : std::uint32_t { control = TENON_LANE_CONTROL, bulk = TENON_LANE_BULK };

inline std::uint64_t size_of(std::span<const tenon_bytes> parts) noexcept {
  std::uint64_t size = 0;
  for (const tenon_bytes& part : parts) size += part.size;
  return size;
}

// A frame that the transport has taken. Its bytes live as long as it does.
class Frame {
 public:
  explicit Frame(const tenon_frame& frame) noexcept : frame_(frame) {}
  Frame(Frame&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Frame& operator=(Frame&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Frame() { give_back(frame_.loan); }

  std::span<const tenon_bytes> parts() const noexcept {
    return {frame_.parts, static_cast<std::size_t>(frame_.part_count)};
  }

 private:
  tenon_frame frame_;
};

// The frames that one send() offers, first to last; those not taken stay the host's.
class OfferedFrames {
 public:
  explicit OfferedFrames(std::span<const tenon_frame> frames) noexcept : frames_(frames) {}
  bool empty() const noexcept { return taken_ == frames_.size(); }
  std::size_t taken() const noexcept { return taken_; }
  // Needs, both: not empty().
  std::uint64_t next_size() const noexcept {
    const tenon_frame& next = frames_[taken_];
    return size_of({next.parts, static_cast<std::size_t>(next.part_count)});
  }
  Frame take() noexcept { return Frame(frames_[taken_++]); }

 private:
  std::span<const tenon_frame> frames_;
  std::size_t taken_ = 0;
};

class Transport : public Instance {
 public:
  virtual void start() = 0;
  virtual void stop() = 0;
  virtual void set_peer(std::uint64_t peer, std::span<const char* const> addresses) = 0;
  virtual void send(std::uint64_t peer, Lane lane, OfferedFrames& frames) = 0;

 protected:
  explicit Transport(Host host) noexcept : Instance(host) {}

  // Of this node. Needs: within start(), or between it and the end of stop().
  const tenon_introduction& introduction() const noexcept { return *host_->self; }
  void introduced(std::uint64_t peer, const tenon_introduction& said) const noexcept {
    host_->introduced(host_, peer, &said);
  }
  void receive(std::uint64_t peer, Lane lane, std::uint32_t proof, std::span<const tenon_bytes> frames) const noexcept {
    host_->receive(host_, peer, static_cast<std::uint32_t>(lane), proof, frames.data(), frames.size());
  }
  void up(std::uint64_t peer, Lane lane) const noexcept { lane_event(peer, lane, TENON_EVENT_UP); }
  void down(std::uint64_t peer, Lane lane) const noexcept { lane_event(peer, lane, TENON_EVENT_DOWN); }
  void writable(std::uint64_t peer, Lane lane) const noexcept { lane_event(peer, lane, TENON_EVENT_WRITABLE); }

 private:
  friend struct TransportTrampolines;
  void lane_event(std::uint64_t peer, Lane lane, std::uint32_t event) const noexcept {
    host_->lane_event(host_, peer, static_cast<std::uint32_t>(lane), event);
  }

  const tenon_transport_host* host_ = nullptr;  // from start() to stop()
};

struct TransportTrampolines {
  static Transport& of(void* self) noexcept { return *static_cast<Transport*>(static_cast<Instance*>(self)); }

  static tenon_error start(void* self, const tenon_transport_host* host, tenon_detail* why) noexcept {
    return guard(why, [&] {
      of(self).host_ = host;
      of(self).start();
    });
  }
  static void stop(void* self) noexcept {
    of(self).contain([&] { of(self).stop(); });
  }
  static tenon_error set_peer(void* self, std::uint64_t peer, const char* const* addresses,
                              std::uint64_t count) noexcept {
    tenon_detail why{};
    const tenon_error error = guard(&why, [&] {
      of(self).set_peer(peer, {addresses, static_cast<std::size_t>(count)});
    });
    if (error != TENON_OK) of(self).host().warning(why.message);
    return error;
  }
  static std::uint64_t send(void* self, std::uint64_t peer, std::uint32_t lane, const tenon_frame* frames,
                            std::uint64_t count) noexcept {
    OfferedFrames offered({frames, static_cast<std::size_t>(count)});
    of(self).contain([&] { of(self).send(peer, static_cast<Lane>(lane), offered); });
    return offered.taken();
  }
};

inline constexpr tenon_transport kTransportTable = {
    .struct_size = sizeof(tenon_transport),
    .start = TransportTrampolines::start,
    .stop = TransportTrampolines::stop,
    .set_peer = TransportTrampolines::set_peer,
    .send = TransportTrampolines::send,
};

#define TENON_TRANSPORT_PLUGIN(Plugin, text) \
  TENON_ROLE_PLUGIN(Plugin, text, .storage = nullptr, .transport = &::tenon::kTransportTable, .client_api = nullptr)

}  // namespace sdk_1
}  // namespace tenon
