// SPDX-License-Identifier: MIT
#include "convert/storage_end.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace tenon::server {
namespace {

constexpr std::uint64_t kReadBytesMax = 8u << 20;      // of one read of the log, unless one entry is larger
constexpr std::chrono::milliseconds kFailurePoll(50);  // how soon a failure of storage ends a wait

}  // namespace

StorageEnd::StorageEnd(node::StoragePort storage, const Incarnation& birth, FailureOf failure)
    : storage_(storage), failure_(std::move(failure)) {
  table_.struct_size = sizeof table_;
  table_.context = this;
  table_.durable = [](const tenon_storage_host* host, std::uint64_t sequence) {
    StorageEnd& self = of(host);
    const std::lock_guard lock(self.mutex_);
    self.durable_ = sequence;
    self.changed_.notify_all();
  };
  table_.read_done = [](const tenon_storage_host* host, std::uint64_t, tenon_error error, const tenon_entry* entries,
                        std::uint64_t count, tenon_loan loan) {
    StorageEnd& self = of(host);
    const std::lock_guard lock(self.mutex_);
    self.answer_ = Answer{error, entries, count, loan};
    self.changed_.notify_all();
  };
  table_.space = [](const tenon_storage_host*, std::uint32_t) {};  // writes go on until one fails
  tenon_recovered recovered{};
  recovered.struct_size = sizeof recovered;
  std::copy(birth.begin(), birth.end(), std::begin(recovered.incarnation));
  tenon_detail why{sizeof why, {}};
  const tenon_error error = storage_.table->open(storage_.self, &table_, &recovered, &why);
  if (error != TENON_OK) throw Error(error, why.message);
  is_open_ = true;
  found_.hard_state = view(recovered.hard_state);
  found_.first_index = recovered.first_index;
  found_.last_index = recovered.last_index;
  std::copy(std::begin(recovered.incarnation), std::end(recovered.incarnation), found_.incarnation.begin());
}

StorageEnd::~StorageEnd() { close(); }

void StorageEnd::close() noexcept {
  if (!std::exchange(is_open_, false)) return;
  storage_.table->close(storage_.self);
  if (answer_) give_back(answer_->loan);  // of a read whose wait was given up
}

template <class Holds>
void StorageEnd::wait(Holds holds) {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kFailurePoll, holds)) {
    lock.unlock();  // what it asks may wait for a thread that is reporting here
    if (const std::optional<std::string> why = failure_()) throw Error(TENON_ERROR_IO, *why);
    lock.lock();
  }
}

void StorageEnd::write(tenon_write& write) {
  write.struct_size = sizeof write;
  write.sequence = ++written_;
  storage_.table->write(storage_.self, &write);
  try {
    wait([this] { return durable_ >= written_; });
  } catch (...) {
    close();  // storage has what the write points to until then, and the caller does not
    throw;
  }
}

std::unique_ptr<const StorageEnd::Read> StorageEnd::read(std::uint64_t first, std::uint64_t end) {
  storage_.table->read_entries(storage_.self, ++request_, first, end, kReadBytesMax);
  wait([this] { return answer_.has_value(); });
  std::unique_lock lock(mutex_);
  const Answer answer = *std::exchange(answer_, std::nullopt);
  lock.unlock();
  auto read = std::make_unique<const Read>(
      std::span(answer.entries, answer.error == TENON_OK ? static_cast<std::size_t>(answer.count) : 0), answer.loan);
  const auto is_next = [&, index = first](const tenon_entry& entry) mutable { return entry.index == index++; };
  const bool is_answer = !read->entries().empty() && read->entries().size() <= end - first &&
                         std::all_of(read->entries().begin(), read->entries().end(), is_next);
  if (answer.error != TENON_OK || !is_answer) {
    throw Error(answer.error != TENON_OK ? answer.error : TENON_ERROR_CORRUPT,
                "the log cannot be read from index " + std::to_string(first) +
                    (answer.error != TENON_OK ? ", error " + std::to_string(answer.error) : ": other entries came"));
  }
  return read;
}

}  // namespace tenon::server
