// SPDX-License-Identifier: MIT
// The loans that one side has given the other. Each is passed on as a loan of this, so that one that comes back twice,
// or not in time, is seen, and the owner's own release is called once at most.
//
// What has come back is kept for a while before its place is used again, so that a second release finds it.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>

#include "tenon/values.h"
#include "validation/subject.hpp"

namespace tenon::validation {

class Loans {
 public:
  // `borrower` is who has to release. Keeps: subject, for its life.
  Loans(Subject& subject, Blame borrower) noexcept : subject_(subject), borrower_(borrower) {}
  Loans(const Loans&) = delete;
  Loans& operator=(const Loans&) = delete;

  // The loan to be passed on in the place of `loan`; one that has nothing to give back stays as it is.
  tenon_loan pass_on(const tenon_loan& loan);
  // A loan that was offered and not taken ends without its release. False: it was released all the same.
  bool withdraw(const tenon_loan& passed_on);
  // How many are out.
  std::size_t count() const;
  // Reports those that are out, when there are some.
  void expect_none(const char* function, const char* when) const;

 private:
  struct Entry {
    Loans* loans;
    tenon_loan loan;
    bool is_out;
  };
  static constexpr std::size_t kKeptMax = 1024;

  static void release(void* owner);
  void keep(Entry& entry);

  Subject& subject_;
  const Blame borrower_;
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;  // as many as were ever out at once, and kKeptMax
  std::deque<Entry*> kept_;    // not out, in the order in which they came back
  std::size_t count_ = 0;      // out
};

}  // namespace tenon::validation
