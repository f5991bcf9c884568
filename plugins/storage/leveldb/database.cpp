// SPDX-License-Identifier: MIT
#include "database.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "posix.hpp"
#include "status.hpp"
#include "write_ahead_log.hpp"

namespace tenon::leveldb_storage {
namespace {

constexpr std::size_t kTableBytes = std::size_t{8} << 20;

std::unique_ptr<leveldb::DB> open(const leveldb::Options& options, const std::string& directory) {
  leveldb::DB* opened = nullptr;
  check(leveldb::DB::Open(options, directory, &opened), directory);
  return std::unique_ptr<leveldb::DB>(opened);
}

}  // namespace

// LevelDB's own lines, which would go to a file that grows.
class Database::HostLogger final : public leveldb::Logger {
 public:
  HostLogger(LoggerFunction logger, std::string directory)
      : logger_(std::move(logger)), directory_(std::move(directory)) {}

  void Logv(const char* format, std::va_list arguments) noexcept override {
    char line[512];
    const int size = std::vsnprintf(line, sizeof line, format, arguments);
    if (size < 0) return;
    logger_(TENON_SEVERITY_DEBUG, directory_ + ": " + line);
  }

 private:
  const LoggerFunction logger_;
  const std::string directory_;
};

void Database::create(leveldb::Env& files, const std::string& directory, const Incarnation& incarnation,
                      const std::function<void(leveldb::WriteBatch&)>& content) {
  check(files.CreateDir(directory), directory);
  HostLogger logger([](std::uint32_t, std::string_view) {}, directory);
  Environment environment(files, directory);
  leveldb::Options options;
  options.create_if_missing = true;
  options.error_if_exists = true;
  options.env = &environment;
  options.info_log = &logger;
  const std::unique_ptr<leveldb::DB> database = open(options, directory);
  leveldb::WriteBatch batch;
  batch.Put(slice(mark_key(1)), slice(encode_mark({1, environment.synced_place(), incarnation})));
  content(batch);
  leveldb::WriteOptions durable;
  durable.sync = true;
  check(database->Write(durable, &batch), directory);
}

bool Database::is_as_born(leveldb::Env& files, const std::string& directory) {
  HostLogger logger([](std::uint32_t, std::string_view) {}, directory);
  Environment environment(files, directory);
  leveldb::Options options;
  options.paranoid_checks = true;
  options.env = &environment;
  options.info_log = &logger;
  const std::unique_ptr<leveldb::DB> database = open(options, directory);
  std::string value;
  const leveldb::Status second = database->Get({}, slice(mark_key(2)), &value);
  if (!second.IsNotFound()) return check(second, directory), false;
  check(database->Get({}, slice(mark_key(1)), &value), directory);
  const std::optional<Mark> mark = decode_mark(mark_key(1), value);
  return mark && mark->batch == 1;
}

Database::Database(leveldb::Env& files, std::string directory, const Incarnation& incarnation,
                   const DatabaseOptions& options, LoggerFunction logger)
    : directory_(std::move(directory)),
      incarnation_(incarnation),
      logger_(std::make_unique<HostLogger>(logger, directory_)),
      environment_(files, directory_) {
  mend_write_ahead_logs(files, directory_, [&](const std::string& line) { logger(TENON_SEVERITY_WARNING, line); });
  database_ = open(leveldb_options(options), directory_);
  recover_marks();
}

Database::~Database() = default;

leveldb::Options Database::leveldb_options(const DatabaseOptions& options) {
  leveldb::Options result;
  result.create_if_missing = false;
  result.paranoid_checks = true;
  result.env = &environment_;
  result.info_log = logger_.get();
  result.write_buffer_size = static_cast<std::size_t>(options.write_buffer_bytes);
  result.max_open_files = options.open_files_max;
  result.max_file_size = kTableBytes;
  result.compression = leveldb::kNoCompression;  // what the core gives is compressed where that pays
  return result;
}

void Database::recover_marks() {
  std::array<std::optional<Mark>, 2> marks;
  for (std::uint64_t parity = 0; parity < marks.size(); ++parity) {
    const std::string key = mark_key(parity);
    const std::optional<std::string> value = get(key);
    if (!value) continue;
    marks[parity] = decode_mark(key, *value);
    if (!marks[parity]) throw Error(TENON_ERROR_CORRUPT, directory_ + ": a mark is not what was written");
    if (marks[parity]->incarnation != incarnation_) {
      throw Error(TENON_ERROR_CORRUPT, directory_ + ": the database belongs to another data directory than the stamp");
    }
    last_batch_ = std::max(last_batch_, marks[parity]->batch);
  }
  const std::optional<Mark>& before = marks[(last_batch_ + 1) % 2];
  const std::uint64_t number_before = before ? before->batch : 0;
  if (last_batch_ == 0 || number_before != last_batch_ - 1) {
    throw Error(TENON_ERROR_CORRUPT, directory_ + ": batch " + std::to_string(last_batch_) + " follows batch " +
                                         std::to_string(number_before) +
                                         ", so what lies between was lost. Restore the directory, or replace this node "
                                         "by a new one");
  }
}

void Database::begin(leveldb::WriteBatch& batch) const {
  batch.Clear();
  const std::uint64_t number = last_batch_ + 1;
  batch.Put(slice(mark_key(number)), slice(encode_mark({number, environment_.synced_place(), incarnation_})));
}

void Database::write(leveldb::WriteBatch& batch, Durability durability) {
  check_health();
  leveldb::WriteOptions options;
  options.sync = durability == Durability::now;
  check(database_->Write(options, &batch), directory_);
  ++last_batch_;
}

void Database::mark() {
  leveldb::WriteBatch batch;
  begin(batch);
  write(batch, Durability::now);
}

void Database::check_health() const { check(environment_.failure(), directory_); }

std::optional<std::string> Database::get(std::string_view key) const {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  std::string value;
  const leveldb::Status status = database_->Get(options, slice(key), &value);
  if (status.IsNotFound()) return {};
  check(status, directory_);
  return value;
}

std::unique_ptr<leveldb::Iterator> Database::iterate(const leveldb::Snapshot* snapshot) const {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  options.snapshot = snapshot;
  return std::unique_ptr<leveldb::Iterator>(database_->NewIterator(options));
}

void Database::check_iterator(const leveldb::Iterator& iterator) const { check(iterator.status(), directory_); }

std::shared_ptr<const leveldb::Snapshot> Database::snapshot() const {
  return {database_->GetSnapshot(), [this](const leveldb::Snapshot* taken) { database_->ReleaseSnapshot(taken); }};
}

void Database::compact(std::string_view begin, std::string_view end) {
  const leveldb::Slice first = slice(begin);
  const leveldb::Slice last = slice(end);
  database_->CompactRange(&first, &last);
}

std::uint64_t Database::bytes(std::string_view begin, std::string_view end) const {
  const leveldb::Range range(slice(begin), slice(end));
  std::uint64_t size = 0;
  database_->GetApproximateSizes(&range, 1, &size);
  return size;
}

std::uint64_t Database::files_at_level(int level) const {
  std::string value;
  if (!database_->GetProperty("leveldb.num-files-at-level" + std::to_string(level), &value)) return 0;
  return std::stoull(value);
}

}  // namespace tenon::leveldb_storage
