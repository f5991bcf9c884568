// SPDX-License-Identifier: MIT
#include "support/memory_storage.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "tenon/crc32c.hpp"
#include "tenon/storage.hpp"

namespace tenon::support {
namespace {

std::uint32_t checksum_of(const tenon_write& write) {
  std::uint32_t checksum = crc32c({reinterpret_cast<const char*>(&write), sizeof write});
  checksum = crc32c(view(write.hard_state), checksum);
  checksum = crc32c({reinterpret_cast<const char*>(write.entries), write.entry_count * sizeof(tenon_entry)}, checksum);
  for (const tenon_entry& entry : tenon::entries(write)) checksum = crc32c(view(entry.data), checksum);
  return checksum;
}

}  // namespace

struct MemoryStorage::Lent {
  MemoryStorage* storage;
  std::vector<Entry> copies;
  std::vector<tenon_entry> entries;

  // Of the loan. A second release of the same one is a use of freed memory, which a sanitizer reports.
  static void release(void* owner) {
    const std::unique_ptr<Lent> lent(static_cast<Lent*>(owner));
    const std::lock_guard lock(lent->storage->mutex_);
    TENON_CHECK(lent->storage->on_loan_ > 0);
    --lent->storage->on_loan_;
  }
};

MemoryStorage::MemoryStorage(Mode mode) : mode_(mode) {
  fill_table();
  fill_image_table();
}

MemoryStorage::~MemoryStorage() {
  TENON_CHECK(host_ == nullptr);
  TENON_CHECK(on_loan_ == 0);
  TENON_CHECK(image_handles_ == 0);
}

void MemoryStorage::fill_table() noexcept {
  table_.struct_size = sizeof table_;
  table_.open = [](void* self, const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why) {
    return of(self).open(host, found, why);
  };
  table_.close = [](void* self) { of(self).close(); };
  table_.write = [](void* self, const tenon_write* write) { of(self).write(write); };
  table_.read_entries = [](void* self, std::uint64_t request, std::uint64_t first, std::uint64_t end,
                           std::uint64_t bytes_max) {
    of(self).read_entries({request, first, end, bytes_max});
  };
}

void MemoryStorage::complete(std::uint64_t sequence) {
  std::unique_lock lock(mutex_);
  TENON_CHECK(sequence <= last_sequence_);
  make_durable(lock, sequence);
}

void MemoryStorage::complete_all() {
  std::unique_lock lock(mutex_);
  make_durable(lock, last_sequence_);
}

void MemoryStorage::fail() {
  const std::lock_guard lock(mutex_);
  failed_ = true;
}

void MemoryStorage::hold_reads() {
  const std::lock_guard lock(mutex_);
  reads_held_ = true;
}

void MemoryStorage::answer_reads() {
  std::unique_lock lock(mutex_);
  reads_held_ = false;
  const std::vector<Read> reads = std::exchange(held_reads_, {});
  lock.unlock();
  for (const Read& read : reads) answer(read, TENON_OK);
}

void MemoryStorage::hold_writes() {
  const std::lock_guard lock(mutex_);
  writes_held_ = true;
}

void MemoryStorage::release_writes() {
  const std::lock_guard lock(mutex_);
  writes_held_ = false;
  changed_.notify_all();
}

bool MemoryStorage::holds_writer() const {
  const std::lock_guard lock(mutex_);
  return holds_writer_;
}

void MemoryStorage::report_space(bool is_short) { host_->space(host_, is_short ? 1 : 0); }

void MemoryStorage::set_errors(tenon_error open_error, tenon_error read_error) {
  const std::lock_guard lock(mutex_);
  open_error_ = open_error;
  read_error_ = read_error;
}

void MemoryStorage::set_image_errors(const ImageErrors& errors) {
  const std::lock_guard lock(mutex_);
  image_errors_ = errors;
}

std::uint64_t MemoryStorage::last_sequence() const {
  const std::lock_guard lock(mutex_);
  return last_sequence_;
}

std::size_t MemoryStorage::held_read_count() const {
  const std::lock_guard lock(mutex_);
  return held_reads_.size();
}

tenon_error MemoryStorage::open(const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why) {
  const std::lock_guard lock(mutex_);
  TENON_CHECK(host_ == nullptr);
  if (open_error_ != TENON_OK) return describe(why, open_error_, "the test wants open() to fail");
  host_ = host;
  failed_ = closing_ = false;
  last_sequence_ = durable_sequence_ = 0;
  current_ = durable_;
  recovered_hard_state_ = durable_.hard_state.value_or(std::string());
  found->hard_state = bytes(recovered_hard_state_);
  found->first_index = durable_.entries.empty() ? durable_.compacted_to + 1 : durable_.entries.begin()->first;
  found->last_index = durable_.last_index();
  constexpr std::array<std::uint8_t, 16> kUnborn = {};
  if (incarnation_ == kUnborn) std::copy_n(found->incarnation, incarnation_.size(), incarnation_.begin());
  if (incarnation_ == kUnborn) {
    const MemoryStorage* const self = this;  // no other instance has this address while it lives
    std::memcpy(incarnation_.data(), &self, sizeof self);
  }
  std::copy(incarnation_.begin(), incarnation_.end(), found->incarnation);
  if (mode_ == Mode::threaded) thread_ = std::thread([this] { run(); });
  return TENON_OK;
}

void MemoryStorage::close() {
  std::unique_lock lock(mutex_);
  TENON_CHECK(host_ != nullptr);
  TENON_CHECK(image_handles_ == 0);
  closing_ = true;
  changed_.notify_all();
  lock.unlock();
  if (thread_.joinable()) thread_.join();
  lock.lock();
  for (const Pending& pending : pending_) TENON_CHECK(checksum_of(*pending.write) == pending.checksum);
  make_durable(lock, last_sequence_);
  pending_.clear();
  const std::vector<Read> reads = std::exchange(held_reads_, {});
  lock.unlock();
  for (const Read& read : reads) answer(read, TENON_ERROR_CLOSED);
  lock.lock();
  host_ = nullptr;
}

void MemoryStorage::write(const tenon_write* write) {
  std::unique_lock lock(mutex_);
  holds_writer_ = writes_held_;
  changed_.wait(lock, [this] { return !writes_held_; });
  holds_writer_ = false;
  TENON_CHECK(host_ != nullptr && !closing_);
  TENON_CHECK(write->struct_size == sizeof *write);
  TENON_CHECK(write->sequence == last_sequence_ + 1);
  TENON_CHECK(write->parts != 0);
  last_sequence_ = write->sequence;
  recovered_hard_state_.assign(recovered_hard_state_.size(), '\xee');  // it lived until the first write
  apply(*write, current_);
  pending_.push_back({write, checksum_of(*write)});
  if (mode_ == Mode::immediate) make_durable(lock, last_sequence_);
  changed_.notify_all();
}

void MemoryStorage::read_entries(const Read& read) {
  std::unique_lock lock(mutex_);
  TENON_CHECK(host_ != nullptr && !closing_);
  TENON_CHECK(read.first < read.end && read.first > current_.compacted_to && read.end <= current_.last_index() + 1);
  if (reads_held_) {
    held_reads_.push_back(read);
    return;
  }
  lock.unlock();
  answer(read, TENON_OK);
}

void MemoryStorage::answer(const Read& read, tenon_error error) {
  std::unique_lock lock(mutex_);
  if (error == TENON_OK) error = read_error_;
  const tenon_storage_host* const host = host_;
  if (error != TENON_OK) {
    lock.unlock();
    return host->read_done(host, read.request, error, nullptr, 0, {});
  }
  auto lent = std::make_unique<Lent>();
  lent->storage = this;
  std::uint64_t size = 0;
  for (std::uint64_t index = read.first; index < read.end; ++index) {
    const Entry& entry = current_.entries.at(index);
    size += entry.data.size();
    if (index > read.first && size > read.bytes_max) break;
    lent->copies.push_back(entry);
  }
  for (std::size_t i = 0; i < lent->copies.size(); ++i) {
    lent->entries.push_back({read.first + i, lent->copies[i].term, bytes(lent->copies[i].data)});
  }
  ++on_loan_;
  lock.unlock();
  const tenon_loan loan = {Lent::release, lent.get()};
  const Lent& filled = *lent.release();
  host->read_done(host, read.request, TENON_OK, filled.entries.data(), filled.entries.size(), loan);
}

// The four parts, in their order.
void MemoryStorage::apply(const tenon_write& write, Disk& disk) {
  if ((write.parts & TENON_WRITE_HARD_STATE) != 0) {
    TENON_CHECK(write.hard_state.size > 0 && write.hard_state.size <= TENON_HARD_STATE_BYTES_MAX);
    disk.hard_state = view(write.hard_state);
  }
  if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) {
    TENON_CHECK(write.truncate_from > disk.compacted_to);
    disk.entries.erase(disk.entries.lower_bound(write.truncate_from), disk.entries.end());
  }
  if ((write.parts & TENON_WRITE_ENTRIES) != 0) {
    TENON_CHECK(write.entry_count > 0);
    for (const tenon_entry& entry : tenon::entries(write)) {
      TENON_CHECK(entry.index == disk.last_index() + 1);
      TENON_CHECK(disk.entries.empty() || entry.term >= disk.entries.rbegin()->second.term);
      disk.entries[entry.index] = Entry{entry.term, std::string(view(entry.data))};
    }
  }
  if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0) {
    disk.entries.erase(disk.entries.begin(), disk.entries.upper_bound(write.compact_to));
    disk.compacted_to = std::max(disk.compacted_to, write.compact_to);
  }
}

// Reports without the lock; the writes are used for the last time before.
void MemoryStorage::make_durable(std::unique_lock<std::mutex>& lock, std::uint64_t sequence) {
  if (failed_) return;
  while (!pending_.empty() && pending_.front().write->sequence <= sequence) {
    TENON_CHECK(checksum_of(*pending_.front().write) == pending_.front().checksum);
    apply(*pending_.front().write, durable_);
    pending_.pop_front();
  }
  if (sequence <= durable_sequence_) return;
  durable_sequence_ = sequence;
  const tenon_storage_host* const host = host_;
  lock.unlock();
  host->durable(host, sequence);
  lock.lock();
}

void MemoryStorage::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || (!failed_ && durable_sequence_ < last_sequence_); });
    if (closing_) return;
    make_durable(lock, last_sequence_);
  }
}

}  // namespace tenon::support
