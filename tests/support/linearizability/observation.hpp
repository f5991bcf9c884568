// SPDX-License-Identifier: MIT
// What a history says by itself of its operations, without a search: which puts nobody has noticed, and of which
// unknown outcomes it shows that they took effect.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "support/linearizability.hpp"

namespace tenon::support {

bool only_reads(const Operation& operation);
// It puts one value unconditionally, and nothing is told of what was there before or of the version.
bool is_plain_put(const Operation& operation);
// Whether every other operation would be as well explained had this plain put never been.
bool is_ignored(const Operation& put, const std::vector<const Operation*>& operations);

// The operations of a history with what is known of the unknown ones: a plain put that everyone ignores is left out,
// for it may as well be last; one that alone can have put a value which somebody has read did so before that reader
// returned. The history is linearizable exactly if these are.
class Tightened {
 public:
  explicit Tightened(const std::vector<const Operation*>& operations);
  const std::vector<const Operation*>& operations() const noexcept { return operations_; }
  // The one of the history that this one stands for.
  const Operation* original(const Operation* operation) const;

 private:
  std::vector<const Operation*> operations_;
  std::deque<Operation> changed_;
  std::map<const Operation*, const Operation*> originals_;  // of changed_
};

}  // namespace tenon::support
