// SPDX-License-Identifier: MIT
#include "fault/storage_table.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <utility>

#include "delay_line.hpp"
#include "random.hpp"
#include "tenon/host.hpp"

namespace tenon::fault {

class FaultyStorage {
 public:
  FaultyStorage(const StorageFaults& faults, const tenon_host& host, const tenon_storage& storage, void* self,
                OnFault on_fault);

  const tenon_storage* table() const noexcept { return &table_; }

 private:
  using Clock = DelayLine::Clock;
  // An image is the storage's own, and its calls name no instance.
  struct Image {
    FaultyStorage* storage;
    void* inner;
  };

  static FaultyStorage& of(void* self) noexcept { return *static_cast<FaultyStorage*>(self); }
  static FaultyStorage& of(const tenon_storage_host* host) noexcept {
    return *static_cast<FaultyStorage*>(host->context);
  }
  static Image& image_of(void* handle) noexcept { return *static_cast<Image*>(handle); }
  void fill_table() noexcept;
  void fill_image_table() noexcept;
  void fill_host_table() noexcept;

  tenon_error open(const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why);
  void close();
  void write(const tenon_write* write);
  void read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max);
  tenon_error own(tenon_error error, void* inner, void** handle);
  void durable(std::uint64_t sequence);
  void read_done(std::uint64_t request, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                 const tenon_loan& loan);
  void space(std::uint32_t is_short);
  // Called with the number of the write; true: it fails.
  bool fails(std::uint64_t sequence);
  void fail(std::uint64_t sequence);
  Clock::time_point durable_due(std::uint64_t sequence);

  const StorageFaults faults_;
  const tenon_host& host_;
  const tenon_storage& storage_;
  void* const self_;
  const OnFault on_fault_;
  tenon_storage table_{};
  tenon_storage_host host_table_{};
  const tenon_storage_host* node_ = nullptr;  // from open()
  DelayLine line_;                            // of all that is reported
  Random write_draws_;                        // the node thread's
  bool has_failed_write_ = false;             // the node thread's: no write reaches storage any more
  std::atomic<bool> is_full_{false};
  std::atomic<bool> has_failed_{false};  // set on the line, so that nothing is durable after it

  std::mutex mutex_;
  Random report_draws_;
  Clock::time_point last_due_{};  // of what was reported durable
  bool is_stall_over_ = false;
};

FaultyStorage::FaultyStorage(const StorageFaults& faults, const tenon_host& host, const tenon_storage& storage,
                             void* self, OnFault on_fault)
    : faults_(faults),
      host_(host),
      storage_(storage),
      self_(self),
      on_fault_(std::move(on_fault)),
      write_draws_(faults.seed),
      report_draws_(~faults.seed) {
  fill_table();
  fill_image_table();
  fill_host_table();
}

void FaultyStorage::fill_table() noexcept {
  table_.struct_size = sizeof table_;
  table_.open = [](void* self, const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why) {
    return of(self).open(host, found, why);
  };
  table_.close = [](void* self) { of(self).close(); };
  table_.write = [](void* self, const tenon_write* write) { of(self).write(write); };
  table_.read_entries = [](void* self, std::uint64_t request, std::uint64_t first, std::uint64_t end,
                           std::uint64_t bytes_max) { of(self).read_entries(request, first, end, bytes_max); };
  table_.image_create = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    FaultyStorage& storage = of(self);
    void* inner = nullptr;
    const tenon_error error = storage.storage_.image_create(storage.self_, image, &inner, why);
    return storage.own(error, inner, handle);
  };
  table_.image_open = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    FaultyStorage& storage = of(self);
    void* inner = nullptr;
    const tenon_error error = storage.storage_.image_open(storage.self_, image, &inner, why);
    return storage.own(error, inner, handle);
  };
}

void FaultyStorage::fill_image_table() noexcept {
  table_.image_write = [](void* handle, std::uint64_t offset, tenon_bytes data, tenon_detail* why) {
    const Image& image = image_of(handle);
    if (image.storage->is_full_.load()) {
      image.storage->on_fault_("full");
      return describe(why, TENON_ERROR_NO_SPACE, "fault injection: the disk is full (fault.storage_full_at_write)");
    }
    return image.storage->storage_.image_write(image.inner, offset, data, why);
  };
  table_.image_commit = [](void* handle, tenon_detail* why) {
    return image_of(handle).storage->storage_.image_commit(image_of(handle).inner, why);
  };
  table_.image_read = [](void* handle, std::uint64_t offset, std::uint8_t* buffer, std::uint64_t capacity,
                         std::uint64_t* size, tenon_detail* why) {
    return image_of(handle).storage->storage_.image_read(image_of(handle).inner, offset, buffer, capacity, size, why);
  };
  table_.image_close = [](void* handle) {
    const std::unique_ptr<Image> image(&image_of(handle));
    image->storage->storage_.image_close(image->inner);
  };
}

void FaultyStorage::fill_host_table() noexcept {
  host_table_.struct_size = sizeof host_table_;
  host_table_.context = this;
  host_table_.durable = [](const tenon_storage_host* host, std::uint64_t sequence) { of(host).durable(sequence); };
  host_table_.read_done = [](const tenon_storage_host* host, std::uint64_t request, tenon_error error,
                             const tenon_entry* entries, std::uint64_t count,
                             tenon_loan loan) { of(host).read_done(request, error, entries, count, loan); };
  host_table_.space = [](const tenon_storage_host* host, std::uint32_t is_short) { of(host).space(is_short); };
}

tenon_error FaultyStorage::own(tenon_error error, void* inner, void** handle) {
  if (error == TENON_OK) *handle = new Image{this, inner};
  return error;
}

tenon_error FaultyStorage::open(const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why) {
  node_ = host;
  const tenon_error error = storage_.open(self_, &host_table_, found, why);
  if (error == TENON_OK) line_.start();
  return error;
}

// What storage has said until now is said before this returns, but for what is durable and was held back for ever.
void FaultyStorage::close() {
  storage_.close(self_);
  line_.stop(DelayLine::Rest::run);
}

void FaultyStorage::write(const tenon_write* write) {
  if (has_failed_write_) return;
  if (fails(write->sequence)) {
    has_failed_write_ = true;
    return fail(write->sequence);
  }
  if (faults_.full_at_write != 0 && write->sequence >= faults_.full_at_write && !is_full_.exchange(true)) {
    on_fault_("full");
    line_.add(Clock::now(), [this] { node_->space(node_, 1); });
  }
  storage_.write(self_, write);
}

bool FaultyStorage::fails(std::uint64_t sequence) {
  constexpr std::uint64_t million = 1'000'000;
  const bool by_chance = write_draws_.happens(faults_.fail_per_million, million);
  return by_chance || (faults_.fail_at_write != 0 && sequence >= faults_.fail_at_write);
}

void FaultyStorage::fail(std::uint64_t sequence) {
  on_fault_("failure");
  const std::string why = "fault injection: the write " + std::to_string(sequence) + " failed as by EIO";
  line_.add(Clock::now(), [this, why] {
    if (!has_failed_.exchange(true)) host_.failed(&host_, TENON_ERROR_IO, why.c_str());
  });
}

// Storage has not seen what came after the write that failed.
void FaultyStorage::read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end,
                                 std::uint64_t bytes_max) {
  if (!has_failed_write_) return storage_.read_entries(self_, request, first, end, bytes_max);
  line_.add(Clock::now(), [this, request] { node_->read_done(node_, request, TENON_ERROR_IO, nullptr, 0, {}); });
}

FaultyStorage::Clock::time_point FaultyStorage::durable_due(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  Clock::time_point due = Clock::now();
  if (report_draws_.happens(faults_.sync_delay_percent, 100) && faults_.sync_delay.count() != 0) {
    due += faults_.sync_delay;
    on_fault_("sync_delay");
  }
  if (faults_.stall_at_write != 0 && sequence >= faults_.stall_at_write && !is_stall_over_) {
    is_stall_over_ = faults_.stall_time.count() != 0;
    due = is_stall_over_ ? due + faults_.stall_time : Clock::time_point::max();
    on_fault_("stall");
  }
  return last_due_ = std::max(last_due_, due);
}

void FaultyStorage::durable(std::uint64_t sequence) {
  const Clock::time_point due = durable_due(sequence);
  if (due == Clock::time_point::max()) return;
  line_.add(due, [this, sequence] {
    if (!has_failed_.load()) node_->durable(node_, sequence);
  });
}

void FaultyStorage::read_done(std::uint64_t request, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                              const tenon_loan& loan) {
  if (faults_.read_delay.count() != 0) on_fault_("read_delay");
  line_.add(Clock::now() + faults_.read_delay,
            [=, this] { node_->read_done(node_, request, error, entries, count, loan); });
}

void FaultyStorage::space(std::uint32_t is_short) {
  if (is_full_.load()) return;
  line_.add(Clock::now(), [this, is_short] {
    if (!is_full_.load()) node_->space(node_, is_short);
  });
}

StorageTable::StorageTable(const StorageFaults& faults, const tenon_host& host, const tenon_storage& storage,
                           void* self, OnFault on_fault)
    : storage_(std::make_unique<FaultyStorage>(faults, host, storage, self, std::move(on_fault))) {}

StorageTable::~StorageTable() = default;

const tenon_storage* StorageTable::table() const noexcept { return storage_->table(); }
void* StorageTable::self() const noexcept { return storage_.get(); }

}  // namespace tenon::fault
