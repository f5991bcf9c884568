// SPDX-License-Identifier: MIT
// A node that takes images and shortens its log, and one that is sent an image by its leader, crash at each call that
// they make on a disk: the state of both disks after each of the calls is rebuilt, without what was not synced, with
// all of it, and with a part, and the node is started from it. A start finds exactly one image, the newest that was
// durable or the next, and a log that goes on from it or is emptied behind it; and nothing that was acknowledged before
// the call is missing.
#include <algorithm>
#include <list>
#include <map>

#include "machine.hpp"
#include "stored_node.hpp"
#include "two_disks.hpp"

namespace tenon::crash {
namespace {

using node::Access;
using raft::LogIndex;
using raft::NodeId;
using std::chrono::milliseconds;
using support::MemoryFileSystem;

std::string key_of(std::uint64_t number) { return "key " + std::to_string(number); }
std::string value_of(std::uint64_t number) { return std::string(100, 'v') + std::to_string(number); }
std::string put_of(std::uint64_t number) {
  const std::string key = key_of(number);
  const std::string value = value_of(number);
  return node::encoded({TENON_PUT, 0, key, {}, value, {}, 0, 0});
}

std::optional<std::string> value_in(const kv::Store& store, std::uint64_t number) {
  const std::string key = key_of(number);
  kv::Command get;
  get.operations.push_back({TENON_GET, 0, key, {}, {}, {}, 0, 0});
  const auto records = store.read(get).results.at(0).records;
  return records.empty() ? std::nullopt : std::optional(records.front().value);
}

void submit(StoredNode& node, std::uint64_t number) {
  node.node().submit({{1, number},
                      Access::write,
                      node::Ordering::free,
                      node::Forwarding::allowed,
                      put_of(number),
                      node.now.steady + std::chrono::hours(1)});
}

void pass(StoredNode& node, milliseconds time) {
  for (const raft::Instant end = node.now.steady + time; node.now.steady < end; node.now.steady += milliseconds(20)) {
    node.settle();
  }
}

// The disks of a node that was just born.
struct Newborn {
  Contents log_files;
  Contents image_files;
};
Newborn newborn(const node::Settings& settings, const raft::Membership& members) {
  MemoryFileSystem log_disk(1);
  MemoryFileSystem image_disk(2);
  { const StoredNode node(log_disk, image_disk, settings, members); }
  return {log_disk.contents(), image_disk.contents()};
}

// Counts what the starts were like, so that a test cannot pass for want of cases.
struct Starts {
  std::uint64_t with_image = 0;
  std::uint64_t after_reset = 0;
  std::uint64_t with_next_image = 0;  // that nobody knew of yet
  std::uint64_t after_install = 0;    // that the leader knew of
};

// A start from these disks, and what must hold of it whatever came before.
void check_start(StoredNode& node, const MemoryFileSystem& image_disk, const Expectation& expected, Starts& starts) {
  const std::vector<std::string> names = image_disk.list();
  const auto is_committed = [](const std::string& name) { return name.ends_with(".image"); };
  const std::uint64_t image = node.index_of_image();
  REQUIRE(std::count_if(names.begin(), names.end(), is_committed) == (image == 0 ? 0 : 1));
  REQUIRE(image >= expected.image);
  const raft::Log& log = node.node().raft().log();
  REQUIRE(log.boundary() == LogIndex(image));
  REQUIRE(log.last_index() >= LogIndex(expected.match));
  REQUIRE(node.node().raft().term() >= expected.term);
  if (image > 0) ++starts.with_image;
  if (image > expected.image) ++starts.with_next_image;
  // The leader was told of the image's last entry: then the log that goes on from it was on the disk as well.
  if (image > 0 && expected.match >= image) {
    REQUIRE_FALSE(node.was_reset());
    ++starts.after_install;
  }
  if (node.was_reset()) {
    REQUIRE(log.last_index() == log.boundary());
    ++starts.after_reset;
  }
}

// Starts, crashes at each call that the start makes, and starts again. `check` looks at the last start.
template <class Check>
void start_and_crash(const node::Settings& settings, const raft::Membership& members, const Contents& log_files,
                     const Contents& image_files, Check check) {
  Recording recording(log_files, image_files);
  {
    Told told;
    told.has_called_storage = [&] { recording.note_calls(); };
    const StoredNode node(recording.log_disk, recording.image_disk, settings, members, told);
  }
  recording.for_each_cut([&](const Contents& log, const Contents& images, const Expectation&) {
    MemoryFileSystem log_disk(1, log);
    MemoryFileSystem image_disk(2, images);
    StoredNode node(log_disk, image_disk, settings, members);
    check(node, image_disk);
  });
}

TEST_CASE("wherever a node crashes that takes images, it starts from one of them with all that it acknowledged") {
  const raft::Membership members{{{NodeId(1)}}};
  node::Settings settings = small_settings(NodeId(1));
  settings.entry_commands_max = 1;
  const Newborn born = newborn(settings, members);
  Recording recording(born.log_files, born.image_files);
  constexpr std::uint64_t kPuts = 75;
  std::uint64_t images = 0;
  {
    Told told;
    told.answered = [&](const node::Answer& answer) {
      REQUIRE(answer.outcome == node::Outcome::done);
      recording.expect().puts_done = answer.token.request;
    };
    told.image_committed = [&](const node::ImageStatus& status) {
      recording.expect().image = status.index.value();
      ++images;
    };
    told.has_called_storage = [&] { recording.note_calls(); };
    StoredNode node(recording.log_disk, recording.image_disk, settings, members, told);
    pass(node, milliseconds(1'500));
    for (std::uint64_t number = 1; number <= kPuts; number += 3) {
      for (std::uint64_t i = 0; i < 3; ++i) submit(node, number + i);
      pass(node, milliseconds(60));
    }
    REQUIRE_FALSE(node.failure().has_value());
    REQUIRE(node.node().raft().log().boundary() > LogIndex(1));
  }
  REQUIRE(images >= 2);
  Starts starts;
  const auto check = [&](const Contents& log_files, const Contents& image_files, const Expectation& expected) {
    start_and_crash(settings, members, log_files, image_files,
                    [&](StoredNode& node, const MemoryFileSystem& disk) { check_start(node, disk, expected, starts); });
    MemoryFileSystem log_disk(1, log_files);
    MemoryFileSystem image_disk(2, image_files);
    for (int start = 0; start < 2; ++start) {
      StoredNode node(log_disk, image_disk, settings, members);
      check_start(node, image_disk, expected, starts);
      if (start == 1) {
        REQUIRE_FALSE(node.was_reset());
        pass(node, milliseconds(1'200));
        for (std::uint64_t i = 1; i <= expected.puts_done; ++i)
          REQUIRE(value_in(node.node().store(), i) == value_of(i));
        REQUIRE_FALSE(node.failure().has_value());
      }
    }
  };
  const std::size_t tried = recording.for_each_cut(check);
  WARN("taking: " << tried << " crashes, " << images << " images, " << starts.with_image << " starts with an image, "
                  << starts.with_next_image << " with one that nobody knew of, " << starts.after_reset << " resets");
  CHECK(starts.with_image > 100);
  CHECK(starts.with_next_image > 0);
}

// Nodes 1 and 3 on storage by hand, and node 2, whose calls are recorded.
class Trio {
 public:
  explicit Trio(Recording& recording, const node::Settings& settings) : recording_(recording) {
    for (const std::uint64_t id : {1u, 3u}) {
      node::Machine& machine = machines_.emplace_back(NodeId(id), members());
      machine.settings.images = settings.images;
      machine.settings.images.log_bytes = std::uint64_t{1} << 30;  // when the test says so
      machine.restart();
    }
    Told told;
    told.sent = [this](NodeId to, const std::shared_ptr<const std::string>& frame) {
      if (is_cut) return;
      expect_what_it_says(frame);
      sent_.emplace_back(to, frame);
    };
    told.image_committed = [this](const node::ImageStatus& status) {
      recording_.expect().image = status.index.value();
    };
    told.has_called_storage = [this] { recording_.note_calls(); };
    stored_ = std::make_unique<StoredNode>(recording.log_disk, recording.image_disk, settings, members(), told);
  }

  static raft::Membership members() { return {{{NodeId(1)}, {NodeId(2)}, {NodeId(3)}}}; }
  void pass(milliseconds time) {
    for (const raft::Instant end = now_.steady + time; now_.steady < end; now_.steady += milliseconds(5)) round();
  }
  node::Machine* leader() {
    for (node::Machine& machine : machines_) {
      if (machine.node->status().role == raft::RoleName::leader) return &machine;
    }
    return nullptr;
  }
  node::Machine& elect() {
    for (int i = 0; i < 100 && leader() == nullptr; ++i) pass(milliseconds(100));
    REQUIRE(leader() != nullptr);
    pass(milliseconds(200));
    return *leader();
  }
  void put(node::Machine& machine, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      machine.submit(Access::write, put_of(++puts));
      pass(milliseconds(10));
    }
  }
  StoredNode& stored() { return *stored_; }
  // The term of an entry that was in the log of a leader.
  raft::Term term_of(std::uint64_t index) const { return raft::Term(terms_.at(index)); }

  bool is_cut = false;
  std::uint64_t puts = 0;

 private:
  void round() {
    for (node::Machine& machine : machines_) {
      machine.now = now_;
      machine.run();
      while (!machine.storage.queued.empty()) machine.sync_one();
      while (!machine.storage.reads.empty()) machine.answer_read();
      while (!machine.workers.waiting.empty()) machine.work_one();
      const bool leads = machine.node->status().role == raft::RoleName::leader;
      for (const auto& [index, stored] : machine.storage.log) {
        if (leads) terms_[index] = stored.term;
      }
    }
    stored_->now = now_;
    stored_->settle();
    for (node::Machine& machine : machines_) {
      for (const auto& sent : std::exchange(machine.peers.sent, {})) {
        if (sent.to != NodeId(2)) {
          other_than(machine).node->receive(machine.settings.raft.self, sent.frame);
        } else if (!is_cut) {
          stored_->node().receive(machine.settings.raft.self, sent.frame);
        }
      }
    }
    for (const auto& [to, frame] : std::exchange(sent_, {})) {
      for (node::Machine& machine : machines_) {
        if (machine.settings.raft.self == to) machine.node->receive(NodeId(2), frame);
      }
    }
  }
  node::Machine& other_than(const node::Machine& machine) {
    return &machine == &machines_.front() ? machines_.back() : machines_.front();
  }
  void expect_what_it_says(const std::shared_ptr<const std::string>& frame) {
    const auto decoded = wire::decode_frame(frame);
    const wire::Body& body = std::get<wire::DecodedFrame>(decoded).body;
    const auto* message = std::get_if<raft::Message>(&body);
    const auto* accepted = message == nullptr ? nullptr : std::get_if<raft::AppendAccepted>(message);
    if (accepted == nullptr) return;
    Expectation& expected = recording_.expect();
    expected.match = accepted->match_index.value();
    expected.term = accepted->term;
  }

  Recording& recording_;
  std::list<node::Machine> machines_;
  std::vector<std::pair<NodeId, std::shared_ptr<const std::string>>> sent_;  // by node 2
  std::map<std::uint64_t, std::uint64_t> terms_;                             // of the entries of leaders, by index
  node::Now now_{raft::Instant(std::chrono::hours(600)), 1'700'000'000'000};
  std::unique_ptr<StoredNode> stored_;
};

// What node 2 holds when the image comes.
enum class Before { behind, other_entries };

TEST_CASE("wherever a node crashes that is sent an image, nothing that it told its leader was untrue") {
  const Before before = GENERATE(Before::behind, Before::other_entries);
  node::Settings settings = small_settings(NodeId(2));
  settings.entry_commands_max = 1;
  settings.images.log_bytes = 6'000;
  const Newborn born = newborn(settings, Trio::members());
  Recording recording(born.log_files, born.image_files);
  Trio trio(recording, settings);
  trio.put(trio.elect(), 4);
  if (before == Before::other_entries) {
    for (int i = 0; i < 50 && trio.stored().node().status().role != raft::RoleName::leader; ++i) {
      if (node::Machine* leader = trio.leader()) leader->node->transfer_leadership(NodeId(2));
      trio.pass(milliseconds(100));
    }
    REQUIRE(trio.stored().node().status().role == raft::RoleName::leader);
    trio.pass(milliseconds(100));
  }
  trio.is_cut = true;
  const LogIndex last_shared = trio.stored().node().status().last_index;
  if (before == Before::other_entries) {
    for (std::uint64_t i = 1; i <= 30; ++i) submit(trio.stored(), 1'000 + i);
    trio.pass(milliseconds(100));
    REQUIRE(trio.stored().node().status().last_index >= LogIndex(last_shared.value() + 30));
  }
  trio.pass(milliseconds(3'000));
  node::Machine& leader = trio.elect();
  trio.put(leader, 12);
  leader.node->take_image();
  trio.pass(milliseconds(500));
  REQUIRE(leader.node->status().first_index > last_shared.next());
  trio.is_cut = false;
  trio.pass(milliseconds(2'000));
  trio.put(trio.elect(), 6);
  trio.pass(milliseconds(500));
  REQUIRE(trio.stored().node().status().images.received == 1);
  REQUIRE(trio.stored().node().status().state_hash == trio.leader()->node->status().state_hash);

  Starts starts;
  const auto check = [&](const Contents& log_files, const Contents& image_files, const Expectation& expected) {
    const auto check_one = [&](StoredNode& node, const MemoryFileSystem& images) {
      check_start(node, images, expected, starts);
      const raft::Log& log = node.node().raft().log();
      if (expected.match == 0 || LogIndex(expected.match) < log.boundary()) return;
      REQUIRE(log.term(LogIndex(expected.match)) == trio.term_of(expected.match));
    };
    start_and_crash(settings, Trio::members(), log_files, image_files, check_one);
    MemoryFileSystem log_disk(1, log_files);
    MemoryFileSystem image_disk(2, image_files);
    for (int start = 0; start < 2; ++start) {
      StoredNode node(log_disk, image_disk, settings, Trio::members());
      check_one(node, image_disk);
      if (start == 1) REQUIRE_FALSE(node.was_reset());
    }
  };
  const std::size_t tried = recording.for_each_cut(check);
  WARN("receiving: " << tried << " crashes, " << starts.with_image << " starts with an image, "
                     << starts.with_next_image << " with one that nobody knew of, " << starts.after_reset << " resets");
  CHECK(starts.with_image > 50);
  CHECK(starts.after_reset > 0);
  CHECK(starts.after_install > 0);
}

}  // namespace
}  // namespace tenon::crash
