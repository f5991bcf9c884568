// SPDX-License-Identifier: MIT
#include "network/resources.hpp"

#include <thread>

#include "lifecycle/process_state.hpp"

namespace tenon::plugin_check {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kSettling = 2s;

}  // namespace

Resources Resources::now() { return {plugin_check::threads().size(), plugin_check::descriptors().size()}; }

bool becomes(std::chrono::milliseconds patience, const std::function<bool()>& ready) {
  for (const auto deadline = Clock::now() + patience; !ready(); std::this_thread::sleep_for(1ms)) {
    if (Clock::now() > deadline) return false;
  }
  return true;
}

void await(Subject& subject, std::chrono::milliseconds patience, std::string_view what,
           const std::function<bool()>& ready) {
  const Progress::Step step(subject.progress(), "waiting for " + std::string(what));
  if (becomes(patience, ready)) return;
  subject.fail("waited " + std::to_string(patience.count()) + " ms for " + std::string(what) + ", in vain");
}

void expect_no_more_than(Subject& subject, const Resources& before, std::string_view after) {
  Resources left;
  const bool settled = becomes(kSettling, [&] {
    left = Resources::now();
    return left.threads <= before.threads && left.descriptors <= before.descriptors;
  });
  if (settled) return;
  subject.fail("after " + std::string(after) + " there are " + std::to_string(left.threads) + " threads and " +
               std::to_string(left.descriptors) + " descriptors; expected " + std::to_string(before.threads) + " and " +
               std::to_string(before.descriptors) + ", as before (plugin.h: no threads left, all closed)");
}

}  // namespace tenon::plugin_check
