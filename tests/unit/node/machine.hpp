// SPDX-License-Identifier: MIT
// A node on storage by hand: the test decides when a write is durable, when a read of the log is answered, what time it
// is, and when the machine crashes.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>

#include "manual_ports.hpp"
#include "manual_storage.hpp"
#include "node/boot.hpp"
#include "node/node.hpp"
#include "support/catch.hpp"
#include "tenon/operation.hpp"

namespace tenon::node {

using raft::LogIndex;
using raft::NodeId;
using raft::RoleName;
using raft::Term;

inline const raft::Membership kMembers{{{NodeId(1)}}};

class Recorder final : public Surroundings {
 public:
  void answer(Answer answer) override {
    REQUIRE_FALSE(answers.contains(answer.token.request));
    if (answer.loan) {
      streams[answer.token.request].push_back(std::move(answer));
    } else {
      answers.emplace(answer.token.request, std::move(answer));
    }
  }
  raft::Instant steady_now() override { return now_at_answers ? *now_at_answers : machine_now->steady; }
  void read_answered(const ServedRead& read) override { reads.push_back(read); }
  void answer_operator(OperatorAnswer answer) override {
    const std::uint64_t request = answer.token.request;
    REQUIRE(operator_answers.emplace(request, std::move(answer)).second);
  }
  void role_changed(const raft::RoleChanged& role) override { roles.push_back(role.role); }
  void frame_dropped(FrameDrop why, NodeId) override { frame_drops.push_back(why); }
  void message_dropped(raft::Drop why) override { message_drops.push_back(why); }
  void image_committed(const ImageStatus& status) override { images.push_back(status); }
  void image_trouble(const std::string& what) override { troubles.push_back(what); }
  void states_compared(std::uint64_t count) override { compared += count; }
  void states_differ(const std::string& what) override { differences.push_back(what); }
  void failed(const std::string& why) override { failure = why; }

  const Now* machine_now = nullptr;
  std::optional<raft::Instant> now_at_answers;  // the process is stopped for a while before it looks at the clock again
  std::vector<ServedRead> reads;
  std::map<std::uint64_t, Answer> answers;
  std::map<std::uint64_t, std::vector<Answer>> streams;  // what watches were sent before their last answer
  std::map<std::uint64_t, OperatorAnswer> operator_answers;
  std::vector<RoleName> roles;
  std::vector<FrameDrop> frame_drops;
  std::vector<raft::Drop> message_drops;
  std::vector<ImageStatus> images;
  std::vector<std::string> troubles;
  std::uint64_t compared = 0;
  std::vector<std::string> differences;
  std::optional<std::string> failure;
};

inline std::string encoded(const kv::Operation& operation) {
  kv::Command command;
  command.operations.push_back(operation);
  std::string data;
  kv::encode(command, data);
  return data;
}

// A node on its storage, restarted as often as a test likes.
class Machine {
 public:
  explicit Machine(NodeId self = NodeId(1), const raft::Membership& members = kMembers,
                   std::optional<raft::Duration> lease_drift = std::nullopt) {
    settings.raft.lease_drift = lease_drift;
    recorder.machine_now = &now;
    settings.raft.self = self;
    settings.cluster_id = "machines";
    settings.incarnation = {static_cast<std::uint8_t>(self.value()), 0xaa};
    const Birth born = birth(members);
    storage.hard_state = born.hard_state;
    storage.log[born.index.value()] = {born.term.value(), born.entry_data};
    boot();
  }

  // What a crash leaves is what is durable.
  void restart() {
    workers.waiting.clear();
    node.reset();
    REQUIRE(storage.open_images == 0);
    storage.queued.clear();
    storage.reads.clear();
    storage.last_sequence = 0;
    boot();
  }
  void run() { node->run(now); }
  void sync_one() { node->on_durable(storage.sync_one()); }
  void work_one() { node->on_work_done(workers.finish_one()); }
  void answer_read() {
    REQUIRE_FALSE(storage.reads.empty());
    const ManualStorage::Read read = storage.reads.front();
    storage.reads.pop_front();
    std::vector<tenon_entry> entries;
    for (std::uint64_t index = read.first; index < read.end && entries.size() < read_entries_max; ++index) {
      entries.push_back({index, storage.log.at(index).term, bytes(storage.log.at(index).data)});
    }
    node->on_entries_read(read.request, TENON_OK, entries);
  }
  // Until nothing moves any more.
  void settle() {
    for (run();; run()) {
      if (!storage.queued.empty()) {
        sync_one();
      } else if (!storage.reads.empty()) {
        answer_read();
      } else if (!workers.waiting.empty()) {
        work_one();
      } else if (node->next_deadline() != now.steady) {
        return;
      }
    }
  }
  std::uint64_t submit(Access access, std::string command, Ordering ordering = Ordering::free) {
    node->submit(
        {{1, ++last_request}, access, ordering, Forwarding::allowed, std::move(command), now.steady + timeout});
    return last_request;
  }
  std::uint64_t put(std::string_view key, std::string_view value) {
    return submit(Access::write, encoded({TENON_PUT, 0, key, {}, value, {}, 0, 0}));
  }
  std::uint64_t get(std::string_view key, Ordering ordering = Ordering::free) {
    return submit(Access::read, encoded({TENON_GET, 0, key, {}, {}, {}, 0, 0}), ordering);
  }
  std::uint64_t get(std::string_view key, Consistency consistency,
                    std::optional<std::chrono::milliseconds> max_age = std::nullopt) {
    node->submit({{1, ++last_request},
                  Access::read,
                  Ordering::free,
                  Forwarding::allowed,
                  encoded({TENON_GET, 0, key, {}, {}, {}, 0, 0}),
                  now.steady + timeout,
                  nullptr,
                  consistency,
                  max_age});
    return last_request;
  }
  std::uint64_t get_through_log(std::string_view key) {
    return submit(Access::logged_read, encoded({TENON_GET, 0, key, {}, {}, {}, 0, 0}));
  }
  std::uint64_t watch(WatchRequest watch) {
    node->submit({{1, ++last_request},
                  Access::read,
                  Ordering::free,
                  Forwarding::allowed,
                  {},
                  now.steady + timeout,
                  std::make_unique<const WatchRequest>(std::move(watch))});
    return last_request;
  }
  std::uint64_t erase(std::string_view key) {
    return submit(Access::write, encoded({TENON_DELETE, 0, key, {}, {}, {}, 0, 0}));
  }
  // The value that a finished get has found; nullopt: none.
  std::optional<std::string> found(std::uint64_t request) {
    const Answer& answer = recorder.answers.at(request);
    REQUIRE(answer.outcome == Outcome::done);
    const auto& records = answer.reply.results.at(0).records;
    return records.empty() ? std::nullopt : std::optional(records.at(0).value);
  }
  bool answered(std::uint64_t request) const { return recorder.answers.contains(request); }

  ManualStorage storage;
  ManualWorkers workers;
  Recorder recorder;
  ManualPeers peers;
  Now now{raft::Instant(std::chrono::hours(600)), 1'000'000};
  Settings settings;
  std::chrono::milliseconds timeout = std::chrono::seconds(5);
  std::size_t read_entries_max = 7;
  std::uint64_t cache_bytes_max = 1u << 20;
  std::uint64_t last_request = 0;
  std::function<void(kv::Store&)> damage;  // done to the state that the next starts begin with; nothing: null
  int resets = 0;                          // starts at which the log did not go on from the image
  std::optional<Node> node;

 private:
  void boot() {
    settings.raft.log_cache_bytes_max = cache_bytes_max;
    Boot reading(storage.hard_state, cache_bytes_max,
                 load_newest_image(storage.port(), settings.cluster_id, [](std::uint64_t, std::uint64_t) {}));
    for (const auto& [index, stored] : storage.log) reading.feed(LogIndex(index), Term(stored.term), stored.data);
    REQUIRE_FALSE(reading.error().has_value());
    if (const std::optional<raft::Write> reset = reading.reset(storage.last_index(), raft::WriteSequence(1))) {
      if (reset->truncate_from)
        storage.log.erase(storage.log.lower_bound(reset->truncate_from->value()), storage.log.end());
      storage.log.erase(storage.log.begin(), storage.log.upper_bound(reset->compact_to->value()));
      storage.compacted_to = reset->compact_to->value();
      ++resets;
    }
    std::optional<Recovered> recovered = reading.finish(raft::WriteSequence());
    REQUIRE(recovered.has_value());
    if (damage) damage(recovered->store);
    peers.sent.clear();
    node.emplace(settings, *std::move(recovered), raft::Random(settings.raft.self.value() + 100 * ++starts_),
                 storage.port(), peers, workers, recorder, now);
  }

  std::uint64_t starts_ = 0;
};

}  // namespace tenon::node
