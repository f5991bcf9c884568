// SPDX-License-Identifier: MIT
#include "service_notifier.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "tenon/check.hpp"
#include "tenon/option.hpp"

namespace tenon::server {
namespace {

constexpr timeval kSendTimeout{1, 0};

// As sun_path holds it: an abstract name begins with a zero byte. Empty: not of either form, or too long.
std::string socket_address(const std::optional<std::string>& name) {
  if (!name || name->size() < 2 || name->size() >= sizeof(sockaddr_un::sun_path)) return {};
  if (name->front() != '/' && name->front() != '@') return {};
  std::string address = *name;
  if (address.front() == '@') address.front() = '\0';
  return address;
}

std::string monotonic_microseconds() {
  timespec time{};
  TENON_CHECK(::clock_gettime(CLOCK_MONOTONIC, &time) == 0);
  return std::to_string(std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000);
}

}  // namespace

ServiceNotifier::ServiceNotifier(const std::optional<std::string>& socket_name)
    : address_(socket_address(socket_name)) {
  if (address_.empty()) return;
  descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor_ >= 0) ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof kSendTimeout);
}

ServiceNotifier::~ServiceNotifier() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool ServiceNotifier::send(std::string_view lines) const noexcept {
  if (!is_used()) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(address_.begin(), address_.end(), address.sun_path);
  // An abstract name ends where the length says, a path with the zero byte behind it.
  const std::size_t end = address_.front() == '\0' ? 0 : 1;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size() + end);
  ssize_t sent = 0;
  do {
    sent = ::sendto(descriptor_, lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                    length);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

bool ServiceNotifier::reloading() const { return send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds()); }

bool ServiceNotifier::extend_start(std::chrono::microseconds time) const {
  return send("EXTEND_TIMEOUT_USEC=" + std::to_string(time.count()));
}

std::optional<std::chrono::microseconds> watchdog_interval(const std::optional<std::string>& microseconds,
                                                           const std::optional<std::string>& process,
                                                           std::uint64_t own_process) {
  if (!microseconds) return std::nullopt;
  const std::optional<std::int64_t> interval = parse_integer(*microseconds);
  if (!interval || *interval <= 0) return std::nullopt;
  if (process && parse_integer(*process) != static_cast<std::int64_t>(own_process)) return std::nullopt;
  return std::chrono::microseconds(*interval);
}

}  // namespace tenon::server
