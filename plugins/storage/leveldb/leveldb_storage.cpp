// SPDX-License-Identifier: MIT
#include "leveldb_storage/leveldb_storage.hpp"

#include <fcntl.h>

#include <array>

#include "data_directory.hpp"
#include "database.hpp"
#include "image_store.hpp"
#include "log_store.hpp"
#include "posix.hpp"
#include "tenon/option.hpp"

namespace tenon::leveldb_storage {
namespace {

std::uint64_t size_option(const Host& host, const char* name, std::uint64_t min) {
  const std::string_view text = host.option(name);
  const std::optional<std::uint64_t> bytes = parse_size(text);
  if (bytes && *bytes >= min) return *bytes;
  throw Error(TENON_ERROR_INVALID, std::string(name) + " is '" + std::string(text) +
                                       "', expected a size such as 64MiB, of at least " + std::to_string(min) +
                                       " bytes");
}

int files_option(const Host& host) {
  constexpr std::int64_t kMin = 74;  // LevelDB wants so many, ten of them for itself
  constexpr std::int64_t kMax = 50000;
  const std::string_view text = host.option("open_files_max");
  const std::optional<std::int64_t> files = parse_integer(text);
  if (files && *files >= kMin && *files <= kMax) return static_cast<int>(*files);
  throw Error(TENON_ERROR_INVALID, "open_files_max is '" + std::string(text) + "', expected a number from " +
                                       std::to_string(kMin) + " to " + std::to_string(kMax));
}

Database::LoggerFunction logger_of(const Host& host) {
  return [host](std::uint32_t severity, std::string_view line) {
    severity == TENON_SEVERITY_WARNING ? host.warning(line) : host.debug(line);
  };
}

}  // namespace

struct LevelDbStorage::Options {
  explicit Options(const Host& host)
      : log{size_option(host, "write_buffer_bytes", std::uint64_t{64} << 10), files_option(host)},
        space_reserve_bytes(size_option(host, "space_reserve_bytes", 0)) {}

  DatabaseOptions log;
  DatabaseOptions images = {std::uint64_t{4} << 20, log.open_files_max};
  std::uint64_t space_reserve_bytes;
};

struct LevelDbStorage::Metrics {
  explicit Metrics(const Host& host)
      : sync_seconds(host.metric("sync_duration_seconds")),
        syncs(host.metric("syncs_total")),
        written_bytes(host.metric("written_bytes_total")),
        writes_per_sync(host.metric("writes_per_sync")),
        stalls(host.metric("stalls_total")),
        stall_seconds(host.metric("stall_seconds_total")),
        log_bytes(host.metric("database_bytes", "database=\"log\"")),
        image_bytes(host.metric("database_bytes", "database=\"images\"")) {
    for (std::size_t level = 0; level < levels.size(); ++level) {
      levels[level] = host.metric("log_files", ("level=\"" + std::to_string(level) + "\"").c_str());
    }
  }

  Metric sync_seconds;
  Metric syncs;
  Metric written_bytes;
  Metric writes_per_sync;
  Metric stalls;
  Metric stall_seconds;
  Metric log_bytes;
  Metric image_bytes;
  std::array<Metric, Database::kLevels> levels;
};

// What an open directory has; its members go in reverse order.
struct LevelDbStorage::Open {
  explicit Open(const std::string& directory) : lock_file(directory + "/" + kLockName, O_RDWR | O_CREAT) {
    take_lock(lock_file, directory);
  }

  Descriptor lock_file;
  std::optional<Database> log_database;
  std::optional<Database> image_database;
  std::optional<LogStore> log;
  std::optional<ImageStore> images;
};

struct LevelDbStorage::PlannedRead {
  std::uint64_t request;
  ReadPlan plan;
};

// An image whose failure is one of the database ends the storage.
class LevelDbStorage::WatchedImage final : public Image {
 public:
  WatchedImage(LevelDbStorage& storage, std::unique_ptr<Image> image) noexcept
      : storage_(storage), image_(std::move(image)) {}

  void write(std::uint64_t offset, std::string_view data) override {
    watched([&] { image_->write(offset, data); });
  }
  void commit() override {
    watched([&] { image_->commit(); });
  }
  std::size_t read(std::uint64_t offset, std::span<std::uint8_t> buffer) override {
    return image_->read(offset, buffer);
  }

 private:
  template <class Body>
  void watched(Body&& body) {
    try {
      body();
    } catch (...) {
      storage_.contain_failure([&] { storage_.open_->images->check_health(); });
      throw;
    }
  }

  LevelDbStorage& storage_;
  const std::unique_ptr<Image> image_;
};

LevelDbStorage::LevelDbStorage(Host host) : LevelDbStorage(host, {nullptr}) {}

LevelDbStorage::LevelDbStorage(Host host, Surroundings surroundings)
    : Storage(host), surroundings_(std::move(surroundings)), options_(std::make_unique<const Options>(host)) {}

LevelDbStorage::~LevelDbStorage() { TENON_CHECK(!writer_.joinable() && !housekeeper_.joinable()); }

Storage::Recovered LevelDbStorage::open(const Incarnation& birth) {
  const std::string directory = host().data_directory();
  const Stamp own{kFormat, std::string(kPluginId), host().cluster_id(), host().node_id(), birth};
  check_stamp_names(own);
  leveldb::Env& files = surroundings_.files != nullptr ? *surroundings_.files : *leveldb::Env::Default();
  metrics_ = std::make_unique<Metrics>(host());
  auto opened = std::make_unique<Open>(directory);
  const Incarnation incarnation =
      find_or_bear(files, directory, own, [&] { host().info(directory + ": made a new data directory"); });
  const auto logger = logger_of(host());
  opened->log_database.emplace(files, directory + "/" + kLogName, incarnation, options_->log, logger);
  opened->image_database.emplace(files, directory + "/" + kImagesName, incarnation, options_->images, logger);
  opened->log.emplace(*opened->log_database);
  opened->images.emplace(*opened->image_database, [this] { check_room_for_images(); });
  opened->log_database->mark();
  opened->image_database->mark();
  open_ = std::move(opened);
  const LogStore& log = *open_->log;
  first_index_ = log.first_index();
  const SignalBlock block;
  writer_ = std::thread([this] { run_writer(); });
  housekeeper_ = std::thread([this] { run_housekeeper(); });
  return {log.hard_state(), log.first_index(), log.last_index(), incarnation};
}

void LevelDbStorage::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  wake_keeper_.notify_one();
  writer_.join();
  housekeeper_.join();
  // So that the next open() can tell damage to the last writes from a torn one.
  contain_failure([&] {
    open_->log_database->mark();
    open_->image_database->mark();
  });
  open_.reset();
}

void LevelDbStorage::write(const tenon_write& write) { queue(&write); }

void LevelDbStorage::read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end,
                                  std::uint64_t bytes_max) {
  queue(Read{request, first, end, bytes_max});
}

std::unique_ptr<Image> LevelDbStorage::image_create(tenon_image& image) {
  try {
    return std::make_unique<WatchedImage>(*this, open_->images->create(image));
  } catch (...) {
    contain_failure([&] { open_->images->check_health(); });
    throw;
  }
}

std::unique_ptr<Image> LevelDbStorage::image_open(tenon_image& image) { return open_->images->open_newest(image); }

void LevelDbStorage::queue(Request request) {
  bool was_sleeping = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(request);
    was_sleeping = std::exchange(sleeping_, false);
  }
  if (was_sleeping) wake_.notify_one();
}

// Waits for something to do, and takes all requests that are queued.
LevelDbStorage::Work LevelDbStorage::take(std::vector<Request>& taken) {
  taken.clear();
  std::unique_lock lock(mutex_);
  while (queue_.empty() && !closing_) {
    if (!failed_ && open_->log->has_compacted()) return Work::removal;
    sleeping_ = true;
    wake_.wait(lock);
  }
  sleeping_ = false;
  taken.swap(queue_);
  return taken.empty() ? Work::none : Work::requests;
}

// The writer.
void LevelDbStorage::run_writer() noexcept {
  std::vector<Request> taken;
  for (Work work = take(taken); work != Work::none; work = take(taken)) {
    if (work == Work::removal) {
      contain_failure([&] { open_->log->remove_compacted(); });
      continue;
    }
    contain_failure([&] { perform(taken); });
    if (failed_) refuse_reads(taken);
  }
}

// Every read is planned at its place in the stream, and answered once the batch that it stands in is durable.
void LevelDbStorage::perform(const std::vector<Request>& taken) {
  LogStore& log = *open_->log;
  std::vector<PlannedRead> reads;
  std::uint64_t sequence = 0;
  std::size_t writes = 0;
  for (const Request& request : taken) {
    if (const auto* read = std::get_if<Read>(&request)) {
      reads.push_back({read->request, log.plan_read(read->first, read->end, read->bytes_max)});
      continue;
    }
    const tenon_write& write = *std::get<const tenon_write*>(request);
    log.stage(write);
    sequence = write.sequence;
    ++writes;
    if (log.staged_bytes() < kBatchBytesMax) continue;
    commit(sequence, std::exchange(writes, 0));
  }
  if (writes > 0) commit(sequence, writes);
  for (PlannedRead& read : reads) answer(read);
}

void LevelDbStorage::commit(std::uint64_t sequence, std::size_t writes) {
  using Seconds = std::chrono::duration<double>;
  const Database& database = *open_->log_database;
  const std::size_t size = open_->log->staged_bytes();
  const auto synced_before = database.sync_time();
  const auto began = std::chrono::steady_clock::now();
  open_->log->commit();
  const auto taken = std::chrono::steady_clock::now() - began;
  report_durable(sequence);
  first_index_ = open_->log->first_index();
  metrics_->sync_seconds.record(Seconds(taken).count());
  metrics_->syncs.record(1);
  metrics_->written_bytes.record(static_cast<double>(size));
  metrics_->writes_per_sync.record(static_cast<double>(writes));
  const auto waited = taken - (database.sync_time() - synced_before);
  if (waited < kStall) return;
  metrics_->stalls.record(1);
  metrics_->stall_seconds.record(Seconds(waited).count());
}

void LevelDbStorage::answer(PlannedRead& planned) const noexcept {
  std::unique_ptr<ReadEntries> found;
  tenon_detail why{};
  const tenon_error error = guard(&why, [&] { found = open_->log->read(std::move(planned.plan)); });
  if (error == TENON_OK) {
    const std::span<const tenon_entry> entries = found->entries;
    read_done(planned.request, entries, lend(std::move(found)));
    return;
  }
  host().error(why.message);
  read_failed(planned.request, error == TENON_ERROR_CORRUPT ? error : TENON_ERROR_IO);
}

void LevelDbStorage::refuse_reads(const std::vector<Request>& taken) {
  tenon_error error = TENON_ERROR_IO;
  {
    const std::lock_guard lock(mutex_);
    if (closing_) error = TENON_ERROR_CLOSED;
  }
  for (const Request& request : taken) {
    if (const auto* read = std::get_if<Read>(&request)) read_failed(read->request, error);
  }
}

// The housekeeper.
void LevelDbStorage::run_housekeeper() noexcept {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    lock.unlock();
    contain_failure([&] { keep_house(); });
    lock.lock();
    if (!closing_) wake_keeper_.wait_for(lock, kHousekeepingInterval);
  }
}

void LevelDbStorage::keep_house() {
  Database& log = *open_->log_database;
  Database& images = *open_->image_database;
  watch_space();
  log.check_health();
  images.check_health();
  const auto is_closing = [&] {
    const std::lock_guard lock(mutex_);
    return closing_;
  };
  std::size_t removed = 0;
  while (const std::size_t step = is_closing() ? 0 : open_->images->remove_step()) removed += step;
  if (removed > 0 && !is_closing()) open_->images->give_room_back();
  const std::string begin = entry_key(0);
  const std::string end = entry_key(first_index_);
  if (log.bytes(begin, end) > kRemovedBytesMax && !is_closing()) log.compact(begin, end);
  for (int level = 0; level < Database::kLevels; ++level) {
    metrics_->levels[static_cast<std::size_t>(level)].record(static_cast<double>(log.files_at_level(level)));
  }
  metrics_->log_bytes.record(static_cast<double>(log.bytes()));
  metrics_->image_bytes.record(static_cast<double>(images.bytes()));
}

std::uint64_t LevelDbStorage::free_bytes() const {
  const std::string directory = host().data_directory();
  return surroundings_.free_bytes ? surroundings_.free_bytes(directory) : leveldb_storage::free_bytes(directory);
}

// Enough only with a quarter more than is short, so that the two do not take turns.
void LevelDbStorage::watch_space() {
  const std::uint64_t reserve = options_->space_reserve_bytes;
  const std::uint64_t wanted = space_ == LogSpace::enough ? reserve : reserve + reserve / 4;
  const LogSpace space = free_bytes() < wanted ? LogSpace::running_short : LogSpace::enough;
  if (std::exchange(space_, space) != space) report_space(space);
}

// Half of the reserve is the log's alone, so that an image that fills the disk takes nothing from it.
void LevelDbStorage::check_room_for_images() const {
  const std::uint64_t wanted = options_->space_reserve_bytes / 2;
  const std::uint64_t found = free_bytes();
  if (found >= wanted) return;
  throw Error(TENON_ERROR_NO_SPACE, std::string(host().data_directory()) + ": " + std::to_string(found) +
                                        " bytes are free, and " + std::to_string(wanted) +
                                        " are kept for the log, so there is no room for an image");
}

void LevelDbStorage::contain_failure(const std::function<void()>& work) noexcept {
  if (failed_) return;
  tenon_detail why{};
  const tenon_error error = guard(&why, work);
  if (error != TENON_OK) fail(error, why.message);
}

// Once, whichever thread is the first.
void LevelDbStorage::fail(tenon_error error, const char* why) noexcept {
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
void LevelDbStorage::report_durable(std::uint64_t sequence) {
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

}  // namespace tenon::leveldb_storage
