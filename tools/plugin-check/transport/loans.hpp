// SPDX-License-Identifier: MIT
// The frames that a check lends to a transport. A frame's bytes are spoilt when its loan is released, and stay spoilt
// for a while, so that a transport that still reads them sends what was never offered.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "tenon/transport.h"

namespace tenon::plugin_check {

class LoanBook {
 public:
  // The book must outlive every loan: Subject::keep() it.
  LoanBook();
  LoanBook(const LoanBook&) = delete;
  LoanBook& operator=(const LoanBook&) = delete;
  ~LoanBook();

  // Offers a frame of these bytes, in parts of at most `part_bytes`, and of an odd number of bytes with an empty part
  // at its end. What it holds lives until the loan is released or withdrawn.
  tenon_frame offer(std::string bytes, std::size_t part_bytes);
  // send() has returned: the first `taken` of the frames are lent, the others are the host's again.
  void settle(std::span<const tenon_frame> frames, std::size_t taken);

  std::uint64_t frames_out() const;
  std::uint64_t bytes_out() const;

 private:
  struct Lent;

  static void released(void* owner);
  // Needs: the mutex.
  void retire(Lent* lent);

  mutable std::mutex mutex_;
  std::map<Lent*, std::unique_ptr<Lent>> out_;  // offered or taken, not released
  std::deque<std::unique_ptr<Lent>> retired_;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t bytes_retired_ = 0;
};

}  // namespace tenon::plugin_check
