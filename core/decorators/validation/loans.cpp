// SPDX-License-Identifier: MIT
#include "loans.hpp"

#include <string>

#include "call.hpp"

namespace tenon::validation {
namespace {

constexpr const char* kRelease = "tenon_loan.release";

}  // namespace

tenon_loan Loans::pass_on(const tenon_loan& loan) {
  if (loan.release == nullptr) return loan;
  const std::lock_guard lock(mutex_);
  Entry* entry = nullptr;
  if (kept_.size() > kKeptMax) {
    entry = kept_.front();
    kept_.pop_front();
    *entry = {this, loan, true};
  } else {
    entry = &entries_.emplace_back(Entry{this, loan, true});
  }
  ++count_;
  return {release, entry};
}

// Needs: the mutex.
void Loans::keep(Entry& entry) {
  entry.is_out = false;
  kept_.push_back(&entry);
  --count_;
}

bool Loans::withdraw(const tenon_loan& passed_on) {
  if (passed_on.release != release) return true;
  Entry& entry = *static_cast<Entry*>(passed_on.owner);
  const std::lock_guard lock(mutex_);
  if (!entry.is_out) return false;
  keep(entry);
  return true;
}

std::size_t Loans::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

void Loans::expect_none(const char* function, const char* when) const {
  const std::size_t left = count();
  if (left == 0) return;
  subject_.report(borrower_, Rule::loan, function, std::to_string(left) + " loans that were not released",
                  std::string("the release of each ") + when);
}

void Loans::release(void* owner) {
  Entry& entry = *static_cast<Entry*>(owner);
  Loans& loans = *entry.loans;
  tenon_loan loan{};
  {
    const std::lock_guard lock(loans.mutex_);
    if (entry.is_out) {
      loan = entry.loan;
      loans.keep(entry);
    }
  }
  if (loan.release == nullptr) {
    loans.subject_.report(loans.borrower_, Rule::loan, kRelease, "a second release of one loan", "one release");
    return;
  }
  if (loans.borrower_ == Blame::plugin) {
    const PluginCall call(loans.subject_);
    loan.release(loan.owner);
  } else {
    if (loans.subject_.is_in_host()) {
      loans.subject_.report(Blame::host, Rule::reentry, kRelease,
                            "a release out of a host function that the plugin has called",
                            "no call into the plugin from there, not even a release");
    }
    contain(loans.subject_, kRelease, [&] { loan.release(loan.owner); });
  }
}

}  // namespace tenon::validation
