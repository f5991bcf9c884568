// SPDX-License-Identifier: MIT
#include "net/io_thread.hpp"

#include <pthread.h>

#include <chrono>
#include <csignal>

#include "tenon/check.hpp"

namespace tenon::net {

void IoThread::start() {
  TENON_CHECK(!thread_.joinable());
  work_.emplace(context_.get_executor());
  // A thread inherits the mask of the one that makes it, so that no signal can reach it even at its birth.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { loop(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void IoThread::stop() {
  if (!thread_.joinable()) return;
  work_.reset();
  context_.stop();
  thread_.join();
}

void IoThread::loop() {
  try {
    context_.run();
  } catch (const std::exception& error) {
    context_.stop();
    failed_(error.what());
  }
}

bool IoThread::wait(std::future<void>& ran) const {
  // The loop can end without running the body, when an exception escaped from another handler.
  while (ran.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    if (context_.stopped() && ran.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return false;
  }
  return true;
}

}  // namespace tenon::net
