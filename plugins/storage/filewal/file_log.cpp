// SPDX-License-Identifier: MIT
#include "filewal/file_log.hpp"

#include <algorithm>
#include <optional>

#include "data_directory.hpp"
#include "hard_state_file.hpp"
#include "log_reader.hpp"
#include "log_writer.hpp"
#include "recovery.hpp"
#include "tenon/bytes.hpp"
#include "tenon/storage.hpp"

namespace tenon::filewal {
namespace {

constexpr std::uint64_t kKnownParts =
    TENON_WRITE_HARD_STATE | TENON_WRITE_TRUNCATE_SUFFIX | TENON_WRITE_ENTRIES | TENON_WRITE_COMPACT_PREFIX;

}  // namespace

class FileLog::OpenLog {
 public:
  OpenLog(FileSystem& file_system, std::unique_ptr<FileLock> lock, const Incarnation& incarnation,
          HardStateFile hard_state, RecoveredSegments recovered, std::uint64_t segment_bytes,
          FileLogStatistics& statistics)
      : statistics_(statistics),
        lock_(std::move(lock)),
        hard_state_(std::move(hard_state)),
        log_(file_system, incarnation, std::move(recovered), segment_bytes, statistics) {}

  const LogWriter& log() const noexcept { return log_; }
  const std::string& hard_state() const noexcept { return hard_state_.payload(); }
  bool failed() const noexcept { return failed_; }

  void stage(const tenon_write& write) {
    contain_failure([&] {
      TENON_CHECK((write.parts & ~kKnownParts) == 0);
      if ((write.parts & TENON_WRITE_HARD_STATE) != 0) {
        log_.sync();  // or a crash could keep the hard state and lose the entries before it
        staged_hard_state_ = view(write.hard_state);
      }
      if ((write.parts & ~std::uint64_t{TENON_WRITE_HARD_STATE}) == 0) return;
      sync_hard_state();
      stage_log_parts(write);
    });
  }

  void sync() {
    contain_failure([&] {
      sync_hard_state();
      log_.sync();
    });
  }

  void mark() {
    contain_failure([&] { log_.mark(); });
  }

  SpareState prepare_spare() {
    SpareState state = SpareState::unfinished;
    contain_failure([&] { state = log_.prepare_spare(); });
    return state;
  }

 private:
  template <class Body>
  void contain_failure(Body&& body) {
    TENON_CHECK(!failed_);
    failed_ = true;
    body();
    failed_ = false;
  }

  void stage_log_parts(const tenon_write& write) {
    const auto appended = (write.parts & TENON_WRITE_ENTRIES) != 0 ? entries(write) : std::span<const tenon_entry>();
    if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0 && write.truncate_from <= log_.entries().last()) {
      TENON_CHECK(log_.entries().fits(write.truncate_from));
      // An entry supersedes what follows its index, so that a suffix is replaced in one step.
      if (appended.empty()) log_.stage_truncate(write.truncate_from);
      TENON_CHECK(appended.empty() || appended.front().index == write.truncate_from);
    } else {
      TENON_CHECK(appended.empty() || appended.front().index == log_.entries().last() + 1);
    }
    for (const tenon_entry& entry : appended) {
      TENON_CHECK(entry.index == appended.front().index + static_cast<std::uint64_t>(&entry - appended.data()));
      log_.stage_entry(entry.index, entry.term, view(entry.data));
    }
    if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0 && write.compact_to >= log_.entries().first()) {
      log_.stage_compact(write.compact_to);
    }
  }

  void sync_hard_state() {
    if (!staged_hard_state_) return;
    TENON_CHECK(!log_.has_staged());
    hard_state_.persist(*staged_hard_state_, statistics_);
    staged_hard_state_.reset();
  }

  FileLogStatistics& statistics_;
  const std::unique_ptr<FileLock> lock_;
  HardStateFile hard_state_;
  LogWriter log_;
  std::optional<std::string_view> staged_hard_state_;  // when set, nothing is staged in the log
  bool failed_ = false;
};

FileLog::FileLog(FileSystem& file_system, FileLogOptions options, LoggerFunction logger)
    : file_system_(file_system), options_(options), logger_(std::move(logger)) {
  TENON_CHECK(options_.segment_bytes >= kSegmentBytesMin);
}

FileLog::~FileLog() = default;

Recovered FileLog::open(const Identity& identity, const Incarnation& birth) {
  TENON_CHECK(open_ == nullptr);
  if (identity.cluster_id.size() > kClusterIdBytesMax) {
    throw Error(TENON_ERROR_INVALID, "cluster.id has " + std::to_string(identity.cluster_id.size()) +
                                         " bytes, at most " + std::to_string(kClusterIdBytesMax) + " are allowed");
  }
  std::unique_ptr<FileLock> lock = file_system_.lock(kLockName);
  std::optional<Incarnation> incarnation = find_incarnation(file_system_, identity);
  if (!incarnation) {
    incarnation = bear(file_system_, identity, birth, options_.segment_bytes);
    logger_(TENON_SEVERITY_INFO, file_system_.path({}) + ": made a new data directory");
  }
  // First everything is read, so that a refusal leaves every file as it was.
  const std::vector<std::uint64_t> segments = check_files(file_system_);
  HardStateFile hard_state(file_system_.open(kHardStateName, OpenMode::existing), file_system_.path(kHardStateName),
                           *incarnation);
  RecoveredSegments recovered = read_segments(file_system_, segments, *incarnation, logger_);

  hard_state.repair(logger_);
  // Before what is torn is set aside: on a full disk the spare is the room for it.
  remove_unfinished_files(file_system_);
  mend_last_segment(file_system_, recovered, logger_);
  file_system_.sync_directory();
  auto opened = std::make_unique<OpenLog>(file_system_, std::move(lock), *incarnation, std::move(hard_state),
                                          std::move(recovered), options_.segment_bytes, statistics_);
  opened->mark();
  open_ = std::move(opened);
  const EntryIndex& entries = open_->log().entries();
  return {open_->hard_state(), entries.first(), entries.last(), *incarnation};
}

void FileLog::stage(const tenon_write& write) {
  TENON_CHECK(open_ != nullptr);
  open_->stage(write);
}

void FileLog::sync() {
  TENON_CHECK(open_ != nullptr);
  open_->sync();
}

ReadPlan FileLog::plan_read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const {
  TENON_CHECK(open_ != nullptr && !open_->failed());
  return open_->log().plan_read(first, end, bytes_max);
}

std::unique_ptr<ReadEntries> FileLog::read(const ReadPlan& plan) const {
  TENON_CHECK(open_ != nullptr && !open_->failed());
  return read_entries(plan);
}

SpareState FileLog::prepare_spare() {
  TENON_CHECK(open_ != nullptr);
  return open_->prepare_spare();
}

SpareState FileLog::spare_state() const noexcept { return open_->log().spare_state(); }

bool FileLog::spare_is_behind() const noexcept { return open_->log().spare_is_behind(); }

std::uint64_t FileLog::segments_bytes() const noexcept { return open_->log().segments_bytes(); }

void FileLog::close() {
  const std::unique_ptr<OpenLog> closing = std::move(open_);
  if (closing == nullptr || closing->failed()) return;
  closing->sync();
  closing->mark();
}

const FileLogStatistics& FileLog::statistics() const noexcept { return statistics_; }

}  // namespace tenon::filewal
