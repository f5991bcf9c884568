// SPDX-License-Identifier: MIT
#include "storage/storage_host.hpp"

#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::plugin_check {
namespace {

std::vector<Entry> copy_of(const tenon_entry* entries, std::uint64_t count) {
  std::vector<Entry> copies;
  for (std::uint64_t entry = 0; entry < count; ++entry) {
    copies.push_back({entries[entry].index, entries[entry].term, std::string(view(entries[entry].data))});
  }
  return copies;
}

}  // namespace

StorageHost::StorageHost(Subject& subject, const CheckHost& host) : subject_(subject), host_(host) {
  table_.struct_size = sizeof table_;
  table_.context = this;
  table_.durable = durable;
  table_.read_done = read_done;
  table_.space = space;
}

std::uint64_t StorageHost::durable() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

bool StorageHost::wait_durable(std::uint64_t sequence, std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return durable_ >= sequence; });
}

bool StorageHost::wait_durable_or_failed(std::uint64_t sequence, std::chrono::milliseconds patience) const {
  constexpr std::chrono::milliseconds kLook{5};
  const auto end = std::chrono::steady_clock::now() + patience;
  do {
    if (wait_durable(sequence, kLook) || !host_.failures().empty()) return true;
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

bool StorageHost::wait_read(std::uint64_t request, std::chrono::milliseconds patience, ReadAnswer& answer) {
  HeldLoans::node_type held;
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return answers_.count(request) != 0; })) return false;
    answer = answers_.at(request);
    if (loans_ == Loans::returned_at_once) held = held_.extract(request);
  }
  if (held) give_back(held.mapped());
  return true;
}

bool StorageHost::is_short_of_space() const {
  const std::lock_guard lock(mutex_);
  return is_short_;
}

void StorageHost::set_loans(Loans loans) {
  const std::lock_guard lock(mutex_);
  loans_ = loans;
}

void StorageHost::return_loans() {
  HeldLoans held;
  {
    const std::lock_guard lock(mutex_);
    held.swap(held_);
  }
  for (const auto& [request, loan] : held) give_back(loan);
}

void StorageHost::give_back(const HeldLoan& held) {
  subject_.expect(copy_of(held.entries, held.copies.size()) == held.copies,
                  "entries that read_done() lent changed before their loan was released; expected them to stay "
                  "(storage.h: read_done keeps)");
  tenon::give_back(held.loan);
}

void StorageHost::set_durable_observer(std::function<void(std::uint64_t)> observer) {
  const std::lock_guard lock(mutex_);
  observer_ = std::move(observer);
}

void StorageHost::durable(const tenon_storage_host* host, std::uint64_t sequence) {
  StorageHost& self = of(host);
  const std::lock_guard lock(self.mutex_);
  if (self.observer_) self.observer_(sequence);
  self.durable_ = sequence;
  self.changed_.notify_all();
}

void StorageHost::read_done(const tenon_storage_host* host, std::uint64_t request, tenon_error error,
                            const tenon_entry* entries, std::uint64_t count, tenon_loan loan) {
  StorageHost& self = of(host);
  ReadAnswer answer{error, copy_of(entries, count)};
  const std::lock_guard lock(self.mutex_);
  self.held_.emplace(request, HeldLoan{entries, answer.entries, loan});
  self.answers_.emplace(request, std::move(answer));
  self.changed_.notify_all();
}

void StorageHost::space(const tenon_storage_host* host, std::uint32_t is_short) {
  StorageHost& self = of(host);
  const std::lock_guard lock(self.mutex_);
  self.is_short_ = is_short == 1;
}

}  // namespace tenon::plugin_check
