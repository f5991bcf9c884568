// SPDX-License-Identifier: MIT
#include "sample_storage.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "tenon/option.hpp"
#include "tenon/stamp.hpp"

namespace sample_storage {
namespace {

// The host has checked the text against the manifest, so it is a size.
std::uint64_t size_option(const tenon::Host& host, const char* name) {
  const std::optional<std::uint64_t> size = tenon::parse_size(host.option(name));
  if (!size) throw tenon::Error(TENON_ERROR_INVALID, std::string(name) + " is not a size such as 64MiB");
  return *size;
}

File lock_directory(const std::string& directory) {
  File lock(directory + "/lock", O_RDWR | O_CREAT);
  if (::flock(lock.descriptor(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) throw_system_error(lock.path(), "locked");
  throw tenon::Error(TENON_ERROR_BUSY, directory + " is used by another process; stop that one first");
}

// The host's signals are the host's; a plugin's thread takes none of them.
template <class Body>
std::thread start_thread(Body body) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread thread(body);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
}

}  // namespace

SampleStorage::SampleStorage(tenon::Host host)
    : Storage(host),
      directory_(host.data_directory()),
      dead_bytes_max_(size_option(host, "dead_bytes_max")),
      space_reserve_(size_option(host, "space_reserve")),
      images_(directory_ + "/images", [this](const tenon::Error& error) { fail(error); }) {}

tenon::Storage::Recovered SampleStorage::open(const tenon::Incarnation& birth) {
  syncs_ = host().metric("syncs_total");
  journal_bytes_ = host().metric("journal_bytes");
  find_incarnation();  // before anything is written: the directory may be another plugin's
  lock_ = lock_directory(directory_);
  const std::optional<tenon::Incarnation> found = find_incarnation();
  const tenon::Incarnation incarnation = found ? *found : bear(birth);
  journal_.emplace(directory_, incarnation, dead_bytes_max_);
  const std::uint64_t dropped = journal_->open();
  if (dropped != 0) host().info("dropped " + std::to_string(dropped) + " bytes of a write that a crash cut short");
  images_.open();
  recovered_hard_state_ = journal_->hard_state();
  const Recovered recovered{recovered_hard_state_, journal_->first_index(), journal_->last_index(), incarnation};
  thread_ = start_thread([this] { run(); });
  return recovered;
}

// Of the directory's stamp; nothing when it has none.
std::optional<tenon::Incarnation> SampleStorage::find_incarnation() const {
  const std::string path = directory_ + "/" + tenon::kStampName;
  if (!exists(path)) return std::nullopt;
  std::string encoded(tenon::kStampBytesMax + 1, '\0');
  encoded.resize(File(path, O_RDONLY).read(0, encoded));
  try {
    const tenon::Stamp stamp = tenon::decode_stamp(encoded);
    check_stamp(stamp, {kFormat, kPluginId, host().cluster_id(), host().node_id(), {}}, directory_);
    return stamp.incarnation;
  } catch (const tenon::Error& error) {
    if (error.code() != TENON_ERROR_CORRUPT) throw;
    throw tenon::Error(TENON_ERROR_CORRUPT, path + ": " + error.what());
  }
}

// Makes a directory without a stamp into one of this node. The stamp is made durable last: until then there is nothing
// that a next try could mistake for a log.
tenon::Incarnation SampleStorage::bear(const tenon::Incarnation& wanted) const {
  const std::string journal = directory_ + "/journal";
  if (exists(journal) && File(journal, O_RDONLY).size() != 0) {
    throw tenon::Error(TENON_ERROR_CORRUPT, journal +
                                                " is there without a stamp, so the stamp was lost; restore it, "
                                                "or replace this member by an empty one");
  }
  tenon::Incarnation incarnation = wanted;
  const bool is_drawn = std::all_of(wanted.begin(), wanted.end(), [](std::uint8_t byte) { return byte == 0; });
  if (is_drawn && ::getrandom(incarnation.data(), incarnation.size(), 0) != sizeof incarnation) {
    throw_system_error("/dev/urandom", "read");
  }
  Journal::create(directory_);
  sync_directory(directory_);
  const std::string stamp = directory_ + "/" + tenon::kStampName;
  {
    const File file(stamp + ".new", O_WRONLY | O_CREAT | O_TRUNC);
    file.write(0, tenon::encode_stamp({kFormat, kPluginId, host().cluster_id(), host().node_id(), incarnation}));
    file.sync();
  }
  rename_file(stamp + ".new", stamp);
  sync_directory(directory_);
  return incarnation;
}

void SampleStorage::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
  append({});  // proves all before it
  lock_.reset();
}

void SampleStorage::queue(Request request) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(request);
  }
  wake_.notify_one();
}

// The thread.
void SampleStorage::run() noexcept {
  std::vector<Request> taken;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      taken.swap(queue_);
    }
    perform(taken);
    taken.clear();
  }
}

// In order, because a read sees the log as the writes before it have left it, and none of those after it.
void SampleStorage::perform(std::span<const Request> requests) noexcept {
  std::vector<const tenon_write*> writes;
  for (const Request& request : requests) {
    if (const auto* write = std::get_if<const tenon_write*>(&request)) {
      writes.push_back(*write);
      continue;
    }
    if (!writes.empty()) append(std::exchange(writes, {}));
    answer(std::get<Read>(request));
  }
  if (!writes.empty()) append(writes);
}

void SampleStorage::append(std::span<const tenon_write* const> writes) noexcept {
  if (failed_) return;
  try {
    journal_->append(writes);
    syncs_.record(1);
    journal_bytes_.record(static_cast<double>(journal_->bytes()));
    if (!writes.empty()) durable(writes.back()->sequence);
    const bool is_short = free_bytes(directory_) < space_reserve_;
    const tenon::LogSpace space = is_short ? tenon::LogSpace::running_short : tenon::LogSpace::enough;
    if (std::exchange(space_, space) != space) report_space(space);
  } catch (const tenon::Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail({TENON_ERROR_NO_SPACE, error.what()});
  }
}

void SampleStorage::answer(const Read& read) noexcept {
  if (failed_) return read_failed(read.request, TENON_ERROR_IO);
  try {
    auto block = std::make_unique<EntryBlock>(journal_->read(read.first, read.end, read.bytes_max));
    const std::span<const tenon_entry> entries = block->entries;
    read_done(read.request, entries, tenon::lend(std::move(block)));
  } catch (const tenon::Error& error) {
    host().error(error.what());
    read_failed(read.request, error.code());
  } catch (const std::exception&) {
    read_failed(read.request, TENON_ERROR_NO_SPACE);
  }
}

// Once, whichever thread is the first. After this nothing is written and nothing is reported durable: what the system
// has dropped after a failed sync cannot be known.
void SampleStorage::fail(const tenon::Error& error) noexcept {
  if (!failed_.exchange(true)) host().failed(error.code(), error.what());
}

}  // namespace sample_storage
