// SPDX-License-Identifier: MIT
#include "filewal/file_wal_storage.hpp"

#include <pthread.h>
#include <signal.h>

#include <chrono>

#include "filewal/posix_file_system.hpp"
#include "tenon/option.hpp"

namespace tenon::filewal {
namespace {

FileLogOptions options_of(const Host& host) {
  const std::string_view text = host.option("segment_bytes");
  const std::optional<std::uint64_t> bytes = parse_size(text);
  if (!bytes || *bytes < kSegmentBytesMin) {
    throw Error(TENON_ERROR_INVALID, "segment_bytes is '" + std::string(text) +
                                         "', expected a size such as 64MiB, of at least " +
                                         std::to_string(kSegmentBytesMin) + " bytes");
  }
  return {.segment_bytes = *bytes};
}

LoggerFunction logger_of(const Host& host) {
  return [host](std::uint32_t severity, std::string_view line) {
    severity == TENON_SEVERITY_WARNING ? host.warning(line) : host.info(line);
  };
}

// Blocks every signal on the threads that are started while it lives.
class SignalBlock {
 public:
  SignalBlock() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;
  ~SignalBlock() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

// An image whose commit fails is a failure of the storage.
class FileWalStorage::UnfinishedImage final : public Image {
 public:
  UnfinishedImage(FileWalStorage& storage, std::unique_ptr<Image> image) noexcept
      : storage_(storage), image_(std::move(image)) {}

  void write(std::uint64_t offset, std::string_view data) override { image_->write(offset, data); }
  void commit() override {
    try {
      image_->commit();
    } catch (const Error& error) {
      if (error.code() != TENON_ERROR_INVALID) storage_.fail(error.code(), error.what());
      throw;
    }
  }
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    return image_->read(offset, buffer);
  }

 private:
  FileWalStorage& storage_;
  const std::unique_ptr<Image> image_;
};

FileWalStorage::FileWalStorage(Host host)
    : FileWalStorage(host, std::make_unique<PosixFileSystem>(host.data_directory()),
                     std::make_unique<PosixFileSystem>(std::string(host.data_directory()) + "/" + kImagesDirectory)) {}

FileWalStorage::FileWalStorage(Host host, std::unique_ptr<FileSystem> file_system,
                               std::unique_ptr<FileSystem> image_directory)
    : Storage(host),
      file_system_(std::move(file_system)),
      image_directory_(std::move(image_directory)),
      log_(*file_system_, options_of(host), logger_of(host)),
      images_(*image_directory_, {}, logger_of(host)) {}

FileWalStorage::~FileWalStorage() { TENON_CHECK(!thread_.joinable()); }

Storage::Recovered FileWalStorage::open(const Incarnation& birth) {
  sync_seconds_ = host().metric("sync_duration_seconds");
  syncs_ = host().metric("syncs_total");
  written_bytes_ = host().metric("written_bytes_total");
  writes_per_sync_ = host().metric("writes_per_sync");
  segments_bytes_ = host().metric("segments_bytes");
  filewal::Recovered recovered = log_.open({host().cluster_id(), host().node_id()}, birth);
  images_.recover();
  recovered_hard_state_ = std::move(recovered.hard_state);
  const SignalBlock block;
  thread_ = std::thread([this] { run(); });
  return {recovered_hard_state_, recovered.first_index, recovered.last_index, recovered.incarnation};
}

void FileWalStorage::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
  log_.close();
}

void FileWalStorage::write(const tenon_write& write) { queue(&write); }

void FileWalStorage::read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end,
                                  std::uint64_t bytes_max) {
  queue(Read{request, first, end, bytes_max});
}

std::unique_ptr<Image> FileWalStorage::image_create(tenon_image& image) {
  return std::make_unique<UnfinishedImage>(*this, images_.create(image));
}

std::unique_ptr<Image> FileWalStorage::image_open(tenon_image& image) { return images_.open_newest(image); }

void FileWalStorage::queue(Request request) {
  bool was_sleeping = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(request);
    was_sleeping = std::exchange(sleeping_, false);
  }
  if (was_sleeping) wake_.notify_one();
}

// Waits for something to do, and takes all requests that are queued.
FileWalStorage::Work FileWalStorage::take(std::vector<Request>& taken) {
  taken.clear();
  std::unique_lock lock(mutex_);
  while (queue_.empty() && !closing_) {
    if (wants_spare()) return Work::spare;
    sleeping_ = true;
    if (!failed_ && log_.spare_state() == SpareState::no_space) {
      wake_.wait_until(lock, spare_retry_);
    } else {
      wake_.wait(lock);
    }
  }
  sleeping_ = false;
  taken.swap(queue_);
  return taken.empty() ? Work::none : Work::requests;
}

// The thread.
void FileWalStorage::run() noexcept {
  std::vector<Request> taken;
  for (Work work = take(taken); work != Work::none; work = take(taken)) {
    if (work == Work::requests) {
      contain_failure([&] { perform(taken); });
      if (failed_) refuse_reads(taken);
    }
    contain_failure([&] { prepare_spare(work); });
  }
}

void FileWalStorage::contain_failure(const std::function<void()>& work) noexcept {
  if (failed_) return;
  tenon_detail why{};
  const tenon_error error = guard(&why, work);
  if (error != TENON_OK) fail(error, why.message);
}

// Once, whichever thread is the first.
void FileWalStorage::fail(tenon_error error, const char* why) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (failed_.exchange(true)) return;
    if (is_reporting_) {
      failure_.emplace(error, why);
      return;
    }
  }
  host().failed(error, why);
}

// Nothing is durable after a failure: one that is found elsewhere during the report is told after it.
void FileWalStorage::report_durable(std::uint64_t sequence) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    is_reporting_ = true;
  }
  durable(sequence);
  {
    const std::lock_guard lock(mutex_);
    is_reporting_ = false;
  }
  if (failure_) host().failed(failure_->code(), failure_->what());
}

// Whether a step is to be taken now that there is nothing else to do: to keep pace with the writes is soon enough, but
// who was told that room runs short waits to hear that there is some again.
bool FileWalStorage::wants_spare() const noexcept {
  if (failed_) return false;
  const SpareState state = log_.spare_state();
  if (state == SpareState::no_space) return std::chrono::steady_clock::now() >= spare_retry_;
  return log_.spare_is_behind() || (state == SpareState::unfinished && space_ == LogSpace::running_short);
}

// After writes as many steps as keep the spare in pace with them; else one, so that a write waits for no more.
void FileWalStorage::prepare_spare(Work work) {
  const auto is_due = [&] {
    if (log_.spare_state() == SpareState::no_space) return std::chrono::steady_clock::now() >= spare_retry_;
    return log_.spare_is_behind();
  };
  for (std::size_t steps = 0; work == Work::spare ? steps == 0 : steps < kSpareStepsMax && is_due(); ++steps) {
    if (log_.prepare_spare() != SpareState::no_space) continue;
    spare_retry_ = std::chrono::steady_clock::now() + kSpareRetryInterval;
    break;
  }
  const SpareState state = log_.spare_state();
  if (state == SpareState::unfinished) return;
  const LogSpace space = state == SpareState::no_space ? LogSpace::running_short : LogSpace::enough;
  if (std::exchange(space_, space) != space) report_space(space);
}

// Every read is planned at its place in the stream, and answered after the one sync that covers what it is to see.
void FileWalStorage::perform(const std::vector<Request>& taken) {
  std::vector<PlannedRead> planned;
  std::uint64_t last_sequence = 0;
  std::size_t writes = 0;
  const auto began = std::chrono::steady_clock::now();  // a write that begins a segment is synced while it is staged
  for (const Request& request : taken) {
    if (const auto* read = std::get_if<Read>(&request)) {
      planned.push_back(plan(*read));
      continue;
    }
    const tenon_write& write = *std::get<const tenon_write*>(request);
    log_.stage(write);
    last_sequence = write.sequence;
    ++writes;
  }
  if (writes > 0) {
    sync_group(writes, began);
    report_durable(last_sequence);
  }
  for (const PlannedRead& read : planned) answer(read);
}

void FileWalStorage::sync_group(std::size_t writes, std::chrono::steady_clock::time_point began) {
  log_.sync();
  sync_seconds_.record(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  const FileLogStatistics& now = log_.statistics();
  syncs_.record(static_cast<double>(now.syncs - recorded_.syncs));
  written_bytes_.record(static_cast<double>(now.written_bytes - recorded_.written_bytes));
  recorded_ = now;
  writes_per_sync_.record(static_cast<double>(writes));
  if (std::exchange(recorded_segments_bytes_, log_.segments_bytes()) != log_.segments_bytes()) {
    segments_bytes_.record(static_cast<double>(log_.segments_bytes()));
  }
}

FileWalStorage::PlannedRead FileWalStorage::plan(const Read& read) const {
  PlannedRead planned{read.request, TENON_OK, {}};
  planned.error = guard(nullptr, [&] { planned.plan = log_.plan_read(read.first, read.end, read.bytes_max); });
  return planned;
}

void FileWalStorage::answer(const PlannedRead& planned) const noexcept {
  std::unique_ptr<ReadEntries> found;
  tenon_detail why{};
  tenon_error error = planned.error;
  if (error == TENON_OK) error = guard(&why, [&] { found = log_.read(planned.plan); });
  if (error == TENON_OK) {
    const std::span<const tenon_entry> entries = found->entries;
    read_done(planned.request, entries, lend(std::move(found)));
    return;
  }
  if (why.message[0] != '\0') host().error(why.message);
  const bool known = error == TENON_ERROR_NOT_FOUND || error == TENON_ERROR_CORRUPT;
  read_failed(planned.request, known ? error : TENON_ERROR_IO);
}

void FileWalStorage::refuse_reads(const std::vector<Request>& taken) {
  tenon_error error = TENON_ERROR_IO;
  {
    const std::lock_guard lock(mutex_);
    if (closing_) error = TENON_ERROR_CLOSED;
  }
  for (const Request& request : taken) {
    if (const auto* read = std::get_if<Read>(&request)) read_failed(read->request, error);
  }
}

}  // namespace tenon::filewal
