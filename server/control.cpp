// SPDX-License-Identifier: MIT
#include "control.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "tenon/check.hpp"

namespace tenon::server {
namespace {

sigset_t own_signals() noexcept {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGHUP);
  return signals;
}

// Only what may be called in a signal handler.
void give_up(int) {
  constexpr std::string_view line =
      "tenond: stopping took too long, ending without it; all that was acknowledged is durable\n";
  const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  static_cast<void>(written);
  ::_exit(1);
}

}  // namespace

Control::Control() {
  const sigset_t signals = own_signals();
  TENON_CHECK(::pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  TENON_CHECK(::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
  signal_descriptor_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  TENON_CHECK(signal_descriptor_ >= 0);
}

Control::~Control() { ::close(signal_descriptor_); }

void Control::fail(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_.load()) return;
    why_ = why;
    failed_.store(true);
  }
  failure_signal_.raise();
}

Wake Control::wait(std::chrono::milliseconds timeout) {
  std::array<pollfd, 2> descriptors = {{{signal_descriptor_, POLLIN, 0}, {failure_signal_.descriptor(), POLLIN, 0}}};
  // A wait that a debugger or the like has interrupted ends early, as if the time were over.
  if (::poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout.count())) < 0) {
    TENON_CHECK(errno == EINTR);
  }
  if (failed_.load()) return Wake::failure;
  Wake wake = Wake::time;
  signalfd_siginfo signal{};
  while (::read(signal_descriptor_, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
    if (signal.ssi_signo != SIGHUP) return Wake::stop;
    wake = Wake::reload;
  }
  return wake;
}

std::string Control::failure() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

void end_process_after(unsigned seconds) {
  struct sigaction action {};
  action.sa_handler = give_up;
  TENON_CHECK(::sigaction(SIGALRM, &action, nullptr) == 0);
  sigset_t alarm_signal;
  ::sigemptyset(&alarm_signal);
  ::sigaddset(&alarm_signal, SIGALRM);
  TENON_CHECK(::pthread_sigmask(SIG_UNBLOCK, &alarm_signal, nullptr) == 0);
  ::alarm(seconds);
}

}  // namespace tenon::server
