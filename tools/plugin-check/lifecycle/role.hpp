// SPDX-License-Identifier: MIT
// What the three kinds have in common: an instance is started once and stopped once. The host behind it takes whatever
// the plugin reports and asks nothing of it.
#pragma once

#include <memory>
#include <string>

#include "runner/instance.hpp"

namespace tenon::plugin_check {

class Role {
 public:
  virtual ~Role() = default;

  // The role of the instance's kind.
  static std::unique_ptr<Role> make(Instance& instance);

  // open() or start(). Returns how it failed; empty: it did not.
  virtual std::string try_start() = 0;
  // close(), or drain() and stop().
  virtual void stop() = 0;

  // try_start(), and fails the check when it does not succeed.
  void start();

 protected:
  explicit Role(Instance& instance) : instance_(instance) {}
  Instance& instance_;
};

}  // namespace tenon::plugin_check
