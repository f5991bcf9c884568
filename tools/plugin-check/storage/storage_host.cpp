// SPDX-License-Identifier: MIT
#include "storage/storage_host.hpp"

#include "tenon/bytes.hpp"

namespace tenon::plugin_check {
namespace {

std::vector<Entry> copy_of(const tenon_entry* entries, std::uint64_t count) {
  std::vector<Entry> copies;
  for (std::uint64_t entry = 0; entry < count; ++entry) {
    copies.push_back({entries[entry].index, entries[entry].term, std::string(view(entries[entry].data))});
  }
  return copies;
}

void give_back(const tenon_loan& loan) {
  if (loan.release != nullptr) loan.release(loan.owner);
}

}  // namespace

StorageHost::StorageHost(Subject& subject, const CheckHost& host) : subject_(subject), host_(host) {
  table_.struct_size = sizeof table_;
  table_.context = this;
  table_.durable = durable;
  table_.read_done = read_done;
  table_.space = space;
}

void StorageHost::will_write(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  written_ = sequence;
}

void StorageHost::will_read(std::uint64_t request) {
  const std::lock_guard lock(mutex_);
  asked_.insert(request);
}

void StorageHost::set_closing() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
}

void StorageHost::set_closed() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
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

bool StorageHost::wait_read(std::uint64_t request, std::chrono::milliseconds patience, ReadAnswer& answer) const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience, [&] { return answers_.count(request) != 0; })) return false;
  answer = answers_.at(request);
  return true;
}

std::size_t StorageHost::unanswered() const {
  const std::lock_guard lock(mutex_);
  return asked_.size() - answers_.size();
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
  std::vector<HeldLoan> held;
  {
    const std::lock_guard lock(mutex_);
    held.swap(held_);
  }
  for (const HeldLoan& loan : held) {
    subject_.expect(copy_of(loan.entries, loan.copies.size()) == loan.copies,
                    "entries that read_done() lent changed before their loan was released; expected them to stay "
                    "(storage.h: read_done keeps)");
    give_back(loan.loan);
  }
}

void StorageHost::set_durable_observer(std::function<void(std::uint64_t)> observer) {
  const std::lock_guard lock(mutex_);
  observer_ = std::move(observer);
}

StorageHost& StorageHost::of(const tenon_storage_host* host, const char* function) {
  StorageHost& self = *static_cast<StorageHost*>(host->context);
  const std::string name = std::string("tenon_storage_host.") + function;
  self.subject_.expect(host == &self.table_,
                       name + "() was passed a copy of the table; expected the very table that open() was given");
  const std::lock_guard lock(self.mutex_);
  self.subject_.expect(!self.closed_, name + "() was called after close() had returned (plugin.h)");
  return self;
}

void StorageHost::durable(const tenon_storage_host* host, std::uint64_t sequence) {
  StorageHost& self = of(host, "durable");
  const std::string call = "durable(" + std::to_string(sequence) + ")";
  self.subject_.expect(self.host_.failures().empty(), call +
                                                          " came after failed(); expected none, for what failed is "
                                                          "not tried again (storage.h: the model)");
  const std::lock_guard lock(self.mutex_);
  self.subject_.expect(sequence >= self.durable_, call + " came after durable(" + std::to_string(self.durable_) +
                                                      "); expected it never to fall (storage.h: durable)");
  self.subject_.expect(sequence <= self.written_, call + " came when write() had been given " +
                                                      std::to_string(self.written_) +
                                                      "; expected nothing that was not written (storage.h: durable)");
  if (self.observer_) self.observer_(sequence);
  self.durable_ = sequence;
  self.changed_.notify_all();
}

void StorageHost::read_done(const tenon_storage_host* host, std::uint64_t request, tenon_error error,
                            const tenon_entry* entries, std::uint64_t count, tenon_loan loan) {
  StorageHost& self = of(host, "read_done");
  const std::string call = "read_done(" + std::to_string(request) + ", " + text_of(error) + ")";
  self.subject_.expect(error == TENON_OK ? count > 0 : count == 0,
                       call + " came with " + std::to_string(count) +
                           " entries; expected some with OK, and none with an error (storage.h: read_done)");
  ReadAnswer answer{error, copy_of(entries, count)};
  const std::lock_guard lock(self.mutex_);
  self.subject_.expect(self.asked_.count(request) != 0, call + " answers a read that was not asked");
  self.subject_.expect(error != TENON_ERROR_CLOSED || self.closing_, call + " came before close()");
  if (self.loans_ == Loans::held && count > 0) {
    self.held_.push_back({entries, answer.entries, loan});
  } else {
    give_back(loan);
  }
  const bool first = self.answers_.emplace(request, std::move(answer)).second;
  self.subject_.expect(first, call + " is the second answer; expected exactly one (storage.h: read_done)");
  self.changed_.notify_all();
}

void StorageHost::space(const tenon_storage_host* host, std::uint32_t is_short) {
  StorageHost& self = of(host, "space");
  self.subject_.expect(is_short <= 1, "space(" + std::to_string(is_short) + ") came; expected 0 or 1 (storage.h)");
  const std::lock_guard lock(self.mutex_);
  self.is_short_ = is_short == 1;
}

}  // namespace tenon::plugin_check
