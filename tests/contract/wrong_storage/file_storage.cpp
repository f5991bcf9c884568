// SPDX-License-Identifier: MIT
#include "file_storage.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <clocale>
#include <cstdlib>
#include <filesystem>

namespace tenon::wrong {
namespace {

constexpr char kLogName[] = "log";
constexpr char kLockName[] = "lock";
constexpr char kNewName[] = "stamp.new";

// All signals blocked for as long as it lives, so that a thread that is started meanwhile blocks them for good.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t every;
    sigfillset(&every);
    if (!commits(Sin::takes_signals)) ::pthread_sigmask(SIG_SETMASK, &every, &before_);
  }
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;
  ~BlockSignals() {
    if (!commits(Sin::takes_signals)) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t before_;
};

// A copy of entries that is on loan to the host.
struct Lent {
  std::vector<std::string> data;
  std::vector<tenon_entry> entries;
};

}  // namespace

Storage::Recovered FileStorage::open(const Incarnation& born_with) {
  if (commits(Sin::changes_the_locale)) std::setlocale(LC_ALL, "C.UTF-8");
  lock_ = open_file(path(kLockName), O_RDWR | O_CREAT);
  if (!commits(Sin::shares_the_directory) && ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Error(TENON_ERROR_BUSY, directory_ + ": another process has it; stop that one first");
  }
  Recovered recovered;
  recovered.incarnation = find_or_bear(born_with);
  recover();
  const BlockSignals blocked;
  thread_ = std::thread([this] { run(); });
  if (commits(Sin::leaks_a_thread)) std::thread([] { std::this_thread::sleep_for(std::chrono::hours(1)); }).detach();
  recovered.hard_state = hard_state_;
  recovered.first_index = first_;
  recovered.last_index = first_ + entries_.size() - 1;
  return recovered;
}

Incarnation FileStorage::find_or_bear(const Incarnation& born_with) {
  Stamp own{1, "dev.tenon.test.file", host().cluster_id(), host().node_id(), born_with};
  if (std::filesystem::exists(path(kStampName))) {
    const Stamp found = decode_stamp(read_all(open_file(path(kStampName), O_RDONLY), path(kStampName)));
    if (!commits(Sin::takes_any_directory)) check_stamp(found, own, directory_);
    return found.incarnation;
  }
  if (own.incarnation == Incarnation{} && ::getrandom(own.incarnation.data(), own.incarnation.size(), 0) < 0) {
    throw Error(TENON_ERROR_IO, "no random bytes");
  }
  const Descriptor log = open_file(path(kLogName), O_RDWR | O_CREAT | O_TRUNC);
  sync_file(log, path(kLogName));
  const Descriptor stamp = open_file(path(kNewName), O_RDWR | O_CREAT | O_TRUNC);
  write_all(stamp, encode_stamp(own), path(kNewName));
  sync_file(stamp, path(kNewName));
  sync_directory(directory_);
  std::filesystem::rename(path(kNewName), path(kStampName));
  sync_directory(directory_);
  return own.incarnation;
}

void FileStorage::recover() {
  log_ = open_file(path(kLogName), O_RDWR | O_APPEND);
  const std::string content = read_all(log_, path(kLogName));
  const std::uint64_t end = scan_records(content, [&](const Record& record) { apply(record); });
  if (commits(Sin::loses_the_tail) && !entries_.empty()) entries_.pop_back();
  if (end == content.size()) return;
  std::filesystem::resize_file(path(kLogName), end);
  sync_file(log_, path(kLogName));
}

void FileStorage::apply(const Record& record) {
  const std::uint64_t behind = first_ + entries_.size();
  switch (record.kind) {
    case RecordKind::hard_state:
      hard_state_ = record.data;
      break;
    case RecordKind::truncate:
      while (!entries_.empty() && first_ + entries_.size() - 1 >= record.index) entries_.pop_back();
      break;
    case RecordKind::entry:
      entries_.push_back({record.term, std::string(record.data)});
      break;
    case RecordKind::compact:
      if (record.index < first_) break;
      entries_.erase(entries_.begin(),
                     entries_.begin() + static_cast<std::ptrdiff_t>(std::min(record.index + 1, behind) - first_));
      first_ = record.index + 1;
      break;
  }
}

void FileStorage::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  thread_.join();
  if (commits(Sin::leaks_a_descriptor)) open_file(path(kLogName), O_RDONLY).release();
  if (!commits(Sin::calls_after_close)) return;
  std::thread([this, last = last_sequence_] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    durable(last);
  }).detach();
}

void FileStorage::write(const tenon_write& write) {
  std::string records = encode_and_apply(write);
  if (commits(Sin::blocks_the_node)) sync_file(log_, path(kLogName));
  if (commits(Sin::acknowledges_before_sync)) durable(write.sequence);
  const std::lock_guard lock(mutex_);
  if (commits(Sin::grows_without_bound)) hoard_.push_back(records);
  last_sequence_ = write.sequence;
  queue_.push_back({write.sequence, std::move(records)});
  changed_.notify_all();
}

std::string FileStorage::encode_and_apply(const tenon_write& write) {
  std::string records;
  const std::lock_guard lock(mutex_);
  const auto add = [&](const Record& record) {
    append_record(records, record);
    apply(record);
  };
  if ((write.parts & TENON_WRITE_HARD_STATE) != 0) add({RecordKind::hard_state, 0, 0, view(write.hard_state)});
  if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) add({RecordKind::truncate, write.truncate_from});
  if ((write.parts & TENON_WRITE_ENTRIES) != 0) {
    for (const tenon_entry& entry : entries(write)) {
      add({RecordKind::entry, entry.index, entry.term, view(entry.data)});
      if (commits(Sin::looks_too_long)) entries_.back().borrowed = view(entry.data);
    }
  }
  if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0) add({RecordKind::compact, write.compact_to});
  return records;
}

void FileStorage::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::deque<Queued> group;
    if (commits(Sin::syncs_each_write)) {
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    } else {
      group.swap(queue_);
    }
    lock.unlock();
    contain([&] { write_group(std::move(group)); });
    lock.lock();
  }
}

// A write that failed leaves records behind that nothing may follow, so nothing is written any more.
void FileStorage::write_group(std::deque<Queued> group) {
  if (failed_) return;
  failed_ = true;
  const std::uint64_t last = group.back().sequence;
  if (commits(Sin::reorders)) std::reverse(group.begin(), group.end());
  std::string records;
  for (const Queued& queued : group) records += queued.records;
  if (commits(Sin::crashes) && last > 20) std::abort();
  write_all(log_, records, path(kLogName));
  sync_file(log_, path(kLogName));
  failed_ = false;
  if (!commits(Sin::acknowledges_before_sync)) durable(last);
}

void FileStorage::read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) {
  auto lent = std::make_unique<Lent>();
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t size = 0;
    for (std::uint64_t index = first; index < end; ++index) {
      const KeptEntry& kept = entries_.at(static_cast<std::size_t>(index - first_));
      size += kept.data.size();
      if (index != first && size > bytes_max) break;
      lent->data.emplace_back(kept.borrowed.data() == nullptr ? std::string_view(kept.data) : kept.borrowed);
      lent->entries.push_back({index, kept.term, {}});
    }
  }
  for (std::size_t entry = 0; entry < lent->entries.size(); ++entry) {
    lent->entries[entry].data = bytes(lent->data[entry]);
  }
  const std::vector<tenon_entry>& read = lent->entries;
  if (commits(Sin::answers_twice)) read_done(request, read, {});
  read_done(request, read, lend(std::move(lent)));
}

}  // namespace tenon::wrong
