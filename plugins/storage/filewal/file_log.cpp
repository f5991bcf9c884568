// SPDX-License-Identifier: MIT
#include "filewal/file_log.hpp"

#include <algorithm>
#include <optional>

#include "data_directory.hpp"
#include "hard_state_file.hpp"
#include "segment.hpp"
#include "segment_scan.hpp"
#include "tenon/bytes.hpp"
#include "tenon/storage.hpp"

namespace tenon::filewal {
namespace {

constexpr std::uint64_t kCopyStep = std::uint64_t{1} << 20;
constexpr std::uint64_t kKnownParts =
    TENON_WRITE_HARD_STATE | TENON_WRITE_TRUNCATE_SUFFIX | TENON_WRITE_ENTRIES | TENON_WRITE_COMPACT_PREFIX;

// Writes the bytes [begin, end) of a segment to `target`, each to its offset less target_begin.
void copy_bytes(const File& segment, std::uint64_t begin, std::uint64_t end, File& target, std::uint64_t target_begin) {
  std::string buffer;
  for (std::uint64_t offset = begin; offset < end; offset += buffer.size()) {
    buffer.resize(static_cast<std::size_t>(std::min(kCopyStep, end - offset)));
    if (segment.read(offset, buffer) != buffer.size()) {
      throw Error(TENON_ERROR_IO, "a segment became shorter while it was read");
    }
    const std::string_view piece = buffer;
    target.write(offset - target_begin, std::span(&piece, 1));
  }
}

// Sets the bytes of a torn tail aside, durably, before they are cut. Only the latest tail is kept.
void keep_torn_tail(FileSystem& file_system, const File& segment, const ScannedSegment& scanned) {
  const std::unique_ptr<File> kept = file_system.open(kTornName, OpenMode::replace);
  copy_bytes(segment, scanned.end, scanned.torn_end, *kept, scanned.end);
  kept->sync();
  file_system.sync_directory();
}

void cut_torn_tail(FileSystem& file_system, File& segment, const ScannedSegment& scanned,
                   const LoggerFunction& logger) {
  const std::uint64_t size = scanned.torn_end - scanned.end;
  std::string line = file_system.path(kSegmentName) + ": a crash cut the last write short at offset " +
                     std::to_string(scanned.end) + ", before it was synced. ";
  if (size > 0) {
    keep_torn_tail(file_system, segment, scanned);
    segment.zero_fill(scanned.end, size);
    line += std::to_string(size) + " bytes are set aside in " + file_system.path(kTornName);
  }
  logger(TENON_SEVERITY_WARNING, line);
}

}  // namespace

class FileLog::OpenLog {
 public:
  OpenLog(std::unique_ptr<FileLock> lock, HardStateFile hard_state, std::unique_ptr<File> file, std::string path,
          ScannedSegment scanned, std::uint64_t growth_bytes, FileLogStatistics& statistics)
      : statistics_(statistics),
        lock_(std::move(lock)),
        hard_state_(std::move(hard_state)),
        segment_(std::move(file), std::move(path), std::move(scanned), growth_bytes, statistics) {}

  const Segment& segment() const noexcept { return segment_; }
  const std::string& hard_state() const noexcept { return hard_state_.payload(); }
  bool failed() const noexcept { return failed_; }

  void stage(const tenon_write& write) {
    contain_failure([&] {
      TENON_CHECK((write.parts & ~kKnownParts) == 0);
      if ((write.parts & TENON_WRITE_HARD_STATE) != 0) {
        segment_.sync();  // or a crash could keep the hard state and lose the entries before it
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
      segment_.sync();
    });
  }

  void mark() {
    contain_failure([&] { segment_.mark(); });
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
    if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0 && write.truncate_from <= segment_.entries().last()) {
      TENON_CHECK(segment_.entries().fits(write.truncate_from));
      // An entry supersedes what follows its index, so that a suffix is replaced in one step.
      if (appended.empty()) segment_.stage_truncate(write.truncate_from);
      TENON_CHECK(appended.empty() || appended.front().index == write.truncate_from);
    } else {
      TENON_CHECK(appended.empty() || appended.front().index == segment_.entries().last() + 1);
    }
    for (const tenon_entry& entry : appended) {
      TENON_CHECK(entry.index == appended.front().index + static_cast<std::uint64_t>(&entry - appended.data()));
      segment_.stage_entry(entry.index, entry.term, view(entry.data));
    }
    if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0 && write.compact_to >= segment_.entries().first()) {
      segment_.stage_compact(write.compact_to);
    }
  }

  void sync_hard_state() {
    if (!staged_hard_state_) return;
    TENON_CHECK(!segment_.has_staged());
    hard_state_.persist(*staged_hard_state_, statistics_);
    staged_hard_state_.reset();
  }

  FileLogStatistics& statistics_;
  const std::unique_ptr<FileLock> lock_;
  HardStateFile hard_state_;
  Segment segment_;
  std::optional<std::string_view> staged_hard_state_;  // when set, nothing is staged in the segment
  bool failed_ = false;
};

FileLog::FileLog(FileSystem& file_system, FileLogOptions options, LoggerFunction logger)
    : file_system_(file_system), options_(options), logger_(std::move(logger)) {
  TENON_CHECK(options_.segment_bytes >= kSegmentBytesMin);
}

FileLog::~FileLog() = default;

Recovered FileLog::open(const Identity& identity) {
  TENON_CHECK(open_ == nullptr);
  if (identity.cluster_id.size() > kClusterIdBytesMax) {
    throw Error(TENON_ERROR_INVALID, "cluster.id has " + std::to_string(identity.cluster_id.size()) +
                                         " bytes, at most " + std::to_string(kClusterIdBytesMax) + " are allowed");
  }
  std::unique_ptr<FileLock> lock = file_system_.lock(kLockName);
  std::optional<Incarnation> incarnation = find_incarnation(file_system_, identity);
  if (!incarnation) {
    incarnation = bear(file_system_, identity, options_.segment_bytes);
    logger_(TENON_SEVERITY_INFO, file_system_.path({}) + ": made a new data directory");
  }
  check_files(file_system_);

  // First everything is read, so that a refusal leaves every file as it was.
  HardStateFile hard_state(file_system_.open(kHardStateName, OpenMode::existing), file_system_.path(kHardStateName),
                           *incarnation);
  std::unique_ptr<File> segment = file_system_.open(kSegmentName, OpenMode::existing);
  ScannedSegment scanned = scan_segment(*segment, file_system_.path(kSegmentName), *incarnation, logger_);

  hard_state.repair(logger_);
  if (scanned.torn) cut_torn_tail(file_system_, *segment, scanned, logger_);
  // What is found is reported as kept, but after a kill or a sync that failed the last batch may be in memory only; and
  // a second sync alone does nothing for a page that the first one has failed to write. So it is written once more.
  copy_bytes(*segment, scanned.durable_end, scanned.end, *segment, 0);
  segment->sync();
  remove_unfinished_files(file_system_);
  file_system_.sync_directory();
  auto opened = std::make_unique<OpenLog>(std::move(lock), std::move(hard_state), std::move(segment),
                                          file_system_.path(kSegmentName), std::move(scanned), options_.segment_bytes,
                                          statistics_);
  opened->mark();
  open_ = std::move(opened);
  const EntryIndex& entries = open_->segment().entries();
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
  return open_->segment().plan_read(first, end, bytes_max);
}

std::unique_ptr<ReadEntries> FileLog::read(const ReadPlan& plan) const {
  TENON_CHECK(open_ != nullptr && !open_->failed());
  return open_->segment().read(plan);
}

void FileLog::close() {
  const std::unique_ptr<OpenLog> closing = std::move(open_);
  if (closing == nullptr || closing->failed()) return;
  closing->sync();
  closing->mark();
}

const FileLogStatistics& FileLog::statistics() const noexcept { return statistics_; }

}  // namespace tenon::filewal
