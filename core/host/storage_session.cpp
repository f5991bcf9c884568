// SPDX-License-Identifier: MIT
#include "host/storage_session.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>

#include "tenon/host.hpp"

namespace tenon::host {
namespace {

constexpr std::uint64_t kReadBytesMax = 16u << 20;     // of one read of the log
constexpr std::chrono::milliseconds kFailurePoll(50);  // how soon a failure of storage ends a wait
constexpr std::chrono::seconds kProgressInterval(2);   // between lines that say how far the reading is

}  // namespace

// The reports that come while nothing but this session listens; the control thread waits for them.
class StorageSession::BootEvents final : public StorageEvents {
 public:
  struct Read {
    tenon_error error = TENON_OK;
    const tenon_entry* entries = nullptr;
    std::uint64_t count = 0;
    tenon_loan loan = {};
  };

  void durable(std::uint64_t sequence) override {
    const std::lock_guard lock(mutex_);
    durable_ = sequence;
    changed_.notify_all();
  }
  void read_done(std::uint64_t, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                 tenon_loan loan) override {
    const std::lock_guard lock(mutex_);
    read_ = Read{error, entries, count, loan};
    changed_.notify_all();
  }

  void space(bool) override {}  // the session keeps it for who comes next

  void closed() override {
    if (read_) give_back(std::exchange(read_, std::nullopt)->loan);
  }

  void wait_durable(std::uint64_t sequence, const std::function<bool()>& failed) {
    wait(failed, [&] { return durable_ >= sequence; });
  }
  Read wait_read(const std::function<bool()>& failed) {
    wait(failed, [&] { return read_.has_value(); });
    const std::lock_guard lock(mutex_);
    return *std::exchange(read_, std::nullopt);
  }

 private:
  template <class Holds>
  void wait(const std::function<bool()>& failed, Holds holds) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kFailurePoll, holds)) {
      lock.unlock();  // what it asks may wait for a thread that is reporting here
      if (failed()) throw Error(TENON_ERROR_IO, "storage failed while the node was starting");
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t durable_ = 0;
  std::optional<Read> read_;
};

// Storage may use it until it is durable, or else until close(): also when the wait for it was given up.
struct StorageSession::BirthWrite {
  explicit BirthWrite(node::Birth of_member)
      : birth(std::move(of_member)), entry{birth.index.value(), birth.term.value(), bytes(birth.entry_data)} {
    write.struct_size = sizeof write;
    write.sequence = 1;
    write.parts = TENON_WRITE_HARD_STATE | TENON_WRITE_ENTRIES;
    write.hard_state = bytes(birth.hard_state);
    write.entries = &entry;
    write.entry_count = 1;
  }
  BirthWrite(const BirthWrite&) = delete;
  BirthWrite& operator=(const BirthWrite&) = delete;

  const node::Birth birth;
  const tenon_entry entry;
  tenon_write write{};
};

StorageSession::StorageSession(node::StoragePort storage, Logger& logger)
    : storage_(storage),
      logger_(logger),
      boot_events_(std::make_unique<BootEvents>()),
      events_(boot_events_.get()),
      writer_(storage) {
  table_.struct_size = sizeof table_;
  table_.context = this;
  table_.durable = [](const tenon_storage_host* host, std::uint64_t sequence) {
    static_cast<StorageSession*>(host->context)->events_.load()->durable(sequence);
  };
  table_.read_done = [](const tenon_storage_host* host, std::uint64_t request, tenon_error error,
                        const tenon_entry* entries, std::uint64_t count, tenon_loan loan) {
    static_cast<StorageSession*>(host->context)->events_.load()->read_done(request, error, entries, count, loan);
  };
  table_.space = [](const tenon_storage_host* host, std::uint32_t is_short) {
    static_cast<StorageSession*>(host->context)->report_space(is_short != 0);
  };
  found_.struct_size = sizeof found_;
  tenon_detail why{sizeof why, {}};
  const tenon_error error = storage_.table->open(storage_.self, &table_, &found_, &why);
  if (error != TENON_OK) throw Error(error, why.message);
}

StorageSession::~StorageSession() {
  storage_.table->close(storage_.self);
  events_.load()->closed();
}

void StorageSession::connect(StorageEvents& events) {
  const std::lock_guard lock(space_mutex_);
  events_.store(&events);
  events.space(space_is_short_);
}

void StorageSession::report_space(bool is_short) {
  const std::lock_guard lock(space_mutex_);
  if (is_short == space_is_short_) return;
  space_is_short_ = is_short;
  logger_.write(is_short ? TENON_SEVERITY_WARNING : TENON_SEVERITY_INFO, "storage",
                is_short
                    ? "room for the log runs short: this node gives up leadership and refuses what makes the state "
                      "grow; deletes go on in the room that is set aside. Make room on the disk of the data directory"
                    : "there is room for the log again");
  events_.load()->space(is_short);
}

raft::Incarnation StorageSession::incarnation() const noexcept {
  raft::Incarnation incarnation{};
  std::copy(std::begin(found_.incarnation), std::end(found_.incarnation), incarnation.begin());
  return incarnation;
}

node::Recovered StorageSession::boot(const StorageBoot& boot, const std::function<bool()>& failed) {
  std::string hard_state(view(found_.hard_state));
  std::optional<node::LoadedImage> image = load_image(boot.cluster_id);
  raft::WriteSequence last_sequence;
  const bool waits_to_join = boot.joins && found_.last_index == 0 && !image;
  if (found_.last_index == 0 && !image && !waits_to_join) {
    if (!boot.new_members) {
      throw Error(TENON_ERROR_INVALID,
                  "the data directory is empty, and cluster.start is not set: set cluster.start = new to begin a new "
                  "cluster or join to enter one, or name the data directory of the node that is to start again");
    }
    give_birth(*boot.new_members, hard_state, failed);
    last_sequence = raft::WriteSequence(1);
    hard_state = birth_write_->birth.hard_state;
    found_.last_index = 1;
  }
  if (hard_state.empty() && !waits_to_join) {
    throw Error(TENON_ERROR_CORRUPT,
                "there is a log but no hard state: the node's vote is lost, so it cannot start again");
  }
  node::Boot reading(hard_state, boot.log_cache_bytes_max, std::move(image));
  read_log(reading, failed);
  if (reading.error()) throw Error(TENON_ERROR_CORRUPT, *reading.error());
  if (std::optional<raft::Write> reset = reading.reset(raft::LogIndex(found_.last_index), last_sequence.next())) {
    last_sequence = reset->sequence;
    reset_log(*std::move(reset), failed);
  }
  std::optional<node::Recovered> recovered = reading.finish(last_sequence);
  if (!recovered) throw Error(TENON_ERROR_CORRUPT, *reading.error());
  return *std::move(recovered);
}

// An image that cannot be used is passed over when the log still holds all that it was made of.
std::optional<node::LoadedImage> StorageSession::load_image(const std::string& cluster_id) {
  auto last_line = std::chrono::steady_clock::now();
  const auto progress = [&](std::uint64_t read, std::uint64_t end) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_line < kProgressInterval) return;
    last_line = now;
    logger_.write(TENON_SEVERITY_INFO, "node",
                  "loading the image: " + std::to_string(read) + " of " + std::to_string(end) + " bytes");
  };
  try {
    std::optional<node::LoadedImage> image = node::load_newest_image(storage_, cluster_id, progress);
    if (image) {
      logger_.write(TENON_SEVERITY_INFO, "node",
                    "loaded the image of index " + std::to_string(image->identity.index.value()) + ", " +
                        std::to_string(image->store->key_count()) + " keys");
    }
    return image;
  } catch (const Error& error) {
    const bool log_is_whole = found_.first_index == 1 && found_.last_index > 0;
    if (error.code() != TENON_ERROR_CORRUPT || !log_is_whole) throw;
    logger_.write(TENON_SEVERITY_WARNING, "node",
                  std::string(error.what()) + "; the log still begins at index 1, so the state is built from it");
    return std::nullopt;
  }
}

void StorageSession::reset_log(raft::Write write, const std::function<bool()>& failed) {
  const raft::WriteSequence sequence = write.sequence;
  logger_.write(TENON_SEVERITY_WARNING, "node",
                "the log does not go on from the image, which was received just before a crash: it is emptied up to "
                "index " +
                    std::to_string(write.compact_to->value()));
  writer_.write(std::move(write));
  boot_events_->wait_durable(sequence.value(), failed);
}

void StorageSession::expect_empty() const {
  if (found_.last_index == 0 && !node::ImageFile::open_newest(storage_)) return;
  throw Error(TENON_ERROR_INVALID,
              "the data directory holds a node already, and nothing of it is overwritten; name an empty directory, or "
              "remove this one first");
}

void StorageSession::begin_at(raft::Term term) {
  raft::Write write;
  write.sequence = raft::WriteSequence(1);
  write.hard_state = raft::HardState{term, raft::NodeId()};
  writer_.write(std::move(write));
  boot_events_->wait_durable(1, [] { return false; });
}

void StorageSession::give_birth(const raft::Membership& members, const std::string& hard_state,
                                const std::function<bool()>& failed) {
  birth_write_ = std::make_unique<BirthWrite>(node::birth(members));
  // A crash during an earlier birth may have left the hard state that it wrote; any other has lost its log.
  if (!hard_state.empty() && hard_state != birth_write_->birth.hard_state) {
    throw Error(TENON_ERROR_CORRUPT,
                "there is a hard state but no log: what the node had acknowledged is lost, so it cannot start again");
  }
  storage_.table->write(storage_.self, &birth_write_->write);
  boot_events_->wait_durable(birth_write_->write.sequence, failed);
  logger_.write(TENON_SEVERITY_INFO, "node", "began a new cluster in an empty data directory");
}

void StorageSession::read_log(node::Boot& boot, const std::function<bool()>& failed) {
  auto last_line = std::chrono::steady_clock::now();
  std::uint64_t request = 0;
  for (std::uint64_t next = found_.first_index; next <= found_.last_index && !boot.error();) {
    storage_.table->read_entries(storage_.self, ++request, next, found_.last_index + 1, kReadBytesMax);
    const BootEvents::Read read = boot_events_->wait_read(failed);
    if (read.error != TENON_OK || read.count == 0) {
      throw Error(read.error != TENON_OK ? read.error : TENON_ERROR_IO, "storage could not read the log from index " +
                                                                            std::to_string(next) + ", error " +
                                                                            std::to_string(read.error));
    }
    for (std::uint64_t i = 0; i < read.count; ++i) {
      const tenon_entry& entry = read.entries[i];
      boot.feed(raft::LogIndex(entry.index), raft::Term(entry.term), view(entry.data));
    }
    next += read.count;
    give_back(read.loan);
    const auto now = std::chrono::steady_clock::now();
    if (now - last_line < kProgressInterval) continue;
    last_line = now;
    logger_.write(
        TENON_SEVERITY_INFO, "node",
        "reading the log: " + std::to_string(next - 1) + " of " + std::to_string(found_.last_index) + " entries");
  }
}

}  // namespace tenon::host
