// SPDX-License-Identifier: MIT
// What a service manager is told of this process, by the protocol of sd_notify(3): lines of `NAME=value` as one
// datagram to the socket that the variable NOTIFY_SOCKET names, a path or, beginning with '@', an abstract name.
// Without that variable nothing is sent.
//
// All functions: any thread. A manager that does not read is waited for at most a second; what it does not take is
// lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::server {

class ServiceNotifier {
 public:
  // `socket_name`: the value of NOTIFY_SOCKET; nullopt, empty or of another form: nothing is ever sent.
  explicit ServiceNotifier(const std::optional<std::string>& socket_name);
  ~ServiceNotifier();
  ServiceNotifier(const ServiceNotifier&) = delete;
  ServiceNotifier& operator=(const ServiceNotifier&) = delete;

  bool is_used() const noexcept { return descriptor_ >= 0; }

  // Several lines go together: they take effect together. False: nothing was sent.
  bool send(std::string_view lines) const noexcept;
  bool ready(const std::string& status) const { return send("READY=1\nSTATUS=" + status); }
  bool status(const std::string& status) const { return send("STATUS=" + status); }
  bool stopping() const { return send("STOPPING=1\nSTATUS=stopping"); }
  bool alive() const { return send("WATCHDOG=1"); }
  // Begins a reload, which ready() ends. Carries the time of CLOCK_MONOTONIC, as the protocol wants.
  bool reloading() const;
  // The start takes at least so long from now.
  bool extend_start(std::chrono::microseconds time) const;

 private:
  const std::string address_;  // of the socket, as sun_path holds it
  int descriptor_ = -1;
};

// How often the manager wants to hear that this process lives, by its variables WATCHDOG_USEC and WATCHDOG_PID;
// nullopt: it does not. Needs: a value of nullopt for a variable that is not set.
std::optional<std::chrono::microseconds> watchdog_interval(const std::optional<std::string>& microseconds,
                                                           const std::optional<std::string>& process,
                                                           std::uint64_t own_process);

}  // namespace tenon::server
