// SPDX-License-Identifier: MIT
#include "host/event_signal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "tenon/check.hpp"
#include "tenon/host.hpp"

namespace tenon::host {

EventSignal::EventSignal() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw Error(TENON_ERROR_IO, std::string("eventfd failed: ") + std::strerror(errno));
}

EventSignal::~EventSignal() { ::close(descriptor_); }

void EventSignal::raise() const noexcept {
  const std::uint64_t one = 1;
  // EAGAIN: the counter is full, so it is readable already.
  const ssize_t written = ::write(descriptor_, &one, sizeof one);
  TENON_CHECK(written == sizeof one || errno == EAGAIN);
}

void EventSignal::lower() const noexcept {
  std::uint64_t count = 0;
  const ssize_t taken = ::read(descriptor_, &count, sizeof count);
  TENON_CHECK(taken == sizeof count || errno == EAGAIN);
}

}  // namespace tenon::host
