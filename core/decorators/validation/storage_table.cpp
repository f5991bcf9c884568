// SPDX-License-Identifier: MIT
#include "validation/storage_table.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "call.hpp"
#include "storage_calls.hpp"
#include "tenon/bytes.hpp"

namespace tenon::validation {
namespace {

constexpr const char* kOpen = "tenon_storage.open";
constexpr const char* kClose = "tenon_storage.close";
constexpr const char* kWrite = "tenon_storage.write";
constexpr const char* kReadEntries = "tenon_storage.read_entries";
constexpr char kSpoilt = '\xee';  // what memory holds whose time is over

}  // namespace

StorageTable::StorageTable(Subject& subject, const tenon_storage& storage, void* self)
    : calls_(std::make_unique<StorageCalls>(subject, storage, self)) {}

StorageTable::~StorageTable() = default;

const tenon_storage* StorageTable::table() const noexcept { return calls_->table(); }
void* StorageTable::self() const noexcept { return calls_.get(); }

StorageCalls::StorageCalls(Subject& subject, const tenon_storage& storage, void* self)
    : subject_(subject), storage_(storage), self_(self), images_(subject, storage, self), loans_(subject, Blame::host) {
  fill_table();
  fill_host_table();
}

StorageCalls::~StorageCalls() {
  loans_.expect_none("tenon_plugin.destroy", "of read_done() before destroy() returns");
  if (!subject_.is_alive()) return;
  subject_.report(Blame::host, Rule::state, "tenon_plugin.destroy", "an instance that was not closed", "close() first");
}

void StorageCalls::fill_table() noexcept {
  table_.struct_size = sizeof table_;
  table_.open = [](void* self, const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why) {
    return of(self).open(host, found, why);
  };
  table_.close = [](void* self) { of(self).close(); };
  table_.write = [](void* self, const tenon_write* write) { of(self).write(write); };
  table_.read_entries = [](void* self, std::uint64_t request, std::uint64_t first, std::uint64_t end,
                           std::uint64_t bytes_max) {
    of(self).read_entries(request, {first, end, bytes_max});
  };
  table_.image_create = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    return of(self).images_.create(image, handle, why);
  };
  table_.image_open = [](void* self, tenon_image* image, void** handle, tenon_detail* why) {
    return of(self).images_.open(image, handle, why);
  };
  ImageHandles::fill(table_);
}

tenon_error StorageCalls::open(const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why) {
  const HostCall call(subject_, ThreadWord::setup, kOpen, subject_.setup_busy());
  if (subject_.phase() != Phase::made) {
    subject_.report(Blame::host, Rule::state, kOpen, "a second open()", "one for each instance");
    return TENON_ERROR_INVALID;
  }
  host_ = host;
  subject_.enter(Phase::opening);
  const tenon_error error = contain<tenon_error>(subject_, kOpen, TENON_ERROR_INTERNAL,
                                                 [&] { return storage_.open(self_, &host_table_, found, why); });
  check_detail(subject_, kOpen, error, why);
  if (error != TENON_OK) {
    subject_.enter(Phase::ended);
    return error;
  }
  check_recovered(*found);
  recovered_hard_state_ = view(found->hard_state);
  found->hard_state = bytes(recovered_hard_state_);
  const std::lock_guard lock(mutex_);
  log_.open(*found);
  subject_.enter(Phase::running);
  return TENON_OK;
}

void StorageCalls::check_recovered(const tenon_recovered& found) const {
  if (found.first_index == 0 || found.last_index + 1 < found.first_index) {
    subject_.report(Blame::plugin, Rule::argument, kOpen,
                    "the log from " + std::to_string(found.first_index) + " to " + std::to_string(found.last_index),
                    "a first index of at least 1, and a last of at least the first - 1");
  }
  if (found.hard_state.size > TENON_HARD_STATE_BYTES_MAX) {
    subject_.report(Blame::plugin, Rule::argument, kOpen,
                    "a hard state of " + std::to_string(found.hard_state.size) + " bytes",
                    "at most " + std::to_string(TENON_HARD_STATE_BYTES_MAX));
  }
  if (std::all_of(std::begin(found.incarnation), std::end(found.incarnation), [](auto byte) { return byte == 0; })) {
    subject_.report(Blame::plugin, Rule::argument, kOpen, "an incarnation of zeros", "that of the directory");
  }
}

void StorageCalls::close() {
  const HostCall call(subject_, ThreadWord::setup, kClose, subject_.setup_busy());
  if (!expect_running(subject_, kClose)) return;
  const std::size_t handles = images_.open_count();
  if (handles != 0) {
    subject_.report(Blame::host, Rule::image, kClose, std::to_string(handles) + " handles of images that are open",
                    "every handle closed before");
  }
  subject_.enter(Phase::closing);
  contain(subject_, kClose, [&] { storage_.close(self_); });
  subject_.enter(Phase::ended);
  const std::lock_guard lock(mutex_);
  if (!reads_.empty()) {
    subject_.report(Blame::plugin, Rule::read, kClose, std::to_string(reads_.size()) + " reads without an answer",
                    "an answer to each before close() returns");
  }
  if (durable_ != log_.last_sequence() && !subject_.has_failed()) {
    subject_.report(Blame::plugin, Rule::durable, kClose, "durable up to " + std::to_string(durable_),
                    "every write, up to " + std::to_string(log_.last_sequence()) + ", or failed()");
  }
}

void StorageCalls::write(const tenon_write* write) {
  const HostCall call(subject_, ThreadWord::core, kWrite, subject_.core_busy());
  if (!expect_running(subject_, kWrite)) return;
  std::optional<Fault> fault;
  {
    const std::lock_guard lock(mutex_);
    if (!recovered_hard_state_.empty()) std::fill(recovered_hard_state_.begin(), recovered_hard_state_.end(), kSpoilt);
    fault = log_.write(*write);
  }
  if (fault) subject_.report(Blame::host, fault->rule, kWrite, fault->found, fault->expected);
  contain_core(subject_, kWrite, [&] { storage_.write(self_, write); });
}

void StorageCalls::read_entries(std::uint64_t request, const Read& read) {
  const HostCall call(subject_, ThreadWord::core, kReadEntries, subject_.core_busy());
  if (!expect_running(subject_, kReadEntries)) return;
  std::optional<Fault> fault;
  {
    const std::lock_guard lock(mutex_);
    fault = log_.read(read.first, read.end);
    const bool is_new = reads_.emplace(request, read).second;
    if (!fault && !is_new) {
      fault = Fault{Rule::read, "a second read " + std::to_string(request) + " before the answer to the first",
                    "a number of its own"};
    }
  }
  if (fault) subject_.report(Blame::host, fault->rule, kReadEntries, fault->found, fault->expected);
  contain_core(subject_, kReadEntries,
               [&] { storage_.read_entries(self_, request, read.first, read.end, read.bytes_max); });
}

}  // namespace tenon::validation
