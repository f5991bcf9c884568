// SPDX-License-Identifier: MIT
#include "support/raft_cluster.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "support/raft_text.hpp"

namespace tenon::support {

using namespace raft;

namespace {

constexpr std::size_t kMovesMax = 20'000;  // of one verb; a cluster that does not come to rest by then is broken

Payload bytes_of(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const std::string_view view = *owner;
  return {std::move(owner), view};
}

}  // namespace

RaftCluster::RaftCluster(ClusterOptions options) : options_(std::move(options)), now_(std::chrono::hours(1)) {
  const std::size_t size = options_.voters + options_.joining;
  if (options_.voters == 0 || size > 9) throw std::invalid_argument("a cluster has a voter, and at most 9 nodes");
  Membership members;
  for (std::uint64_t id = 1; id <= options_.voters; ++id) members.members.push_back({NodeId(id)});
  nodes_.resize(size);
  for (NodeId id(1); id.value() <= size; id = id.next()) {
    Node& node = at(id);
    node.id = id;
    const bool joins = members.find(id) == nullptr;
    node.disk.image.membership = std::make_shared<const Membership>(joins ? Membership() : members);
    for (const std::uint64_t term : options_.logs[id]) {
      const LogIndex index(node.disk.entries.size() + 1);
      // The same index and term is the same entry on every disk.
      node.disk.entries.push_back(
          {index, Term(term), EntryKind::commands, bytes_of(to_text(index) + "." + std::to_string(term))});
      node.disk.hard_state.term = Term(term);
    }
    start(node);
  }
  check();
}

void RaftCluster::start(Node& node) {
  Settings settings = options_.settings;
  settings.self = node.id;
  node.disk.recover();
  const Image& image = node.disk.image;
  Recovered recovered{node.disk.hard_state, Log(image.index, image.term, *image.membership), WriteSequence()};
  for (const Entry& entry : node.disk.entries) {
    if (entry.index > image.index) recovered.log.recover(entry);
  }
  ++node.lives;
  node.raft = std::make_unique<Raft>(settings, std::move(recovered), Random(node.id.value() * 1000 + node.lives), now_);
}

void RaftCluster::stop(Node& node, std::size_t kept) {
  for (std::size_t place = 0; place < std::min(kept, node.queue.size()); ++place) node.disk.apply(node.queue[place]);
  node.queue.clear();
  node.raft.reset();
  invariants_.restarted(node.id);
}

const Raft& RaftCluster::raft(NodeId node) const {
  if (!is_running(node)) throw std::logic_error("node " + to_text(node) + " is stopped; wanted: a node that runs");
  return *at(node).raft;
}

void RaftCluster::round(Node& node, Happening what) {
  static_cast<void>(raft(node.id));
  Effects effects;
  const LogIndex committed = node.raft->commit_index();
  const bool is_alone = std::holds_alternative<Tick>(what) || std::holds_alternative<ImageReceived>(what);
  node.raft->step({now_, std::move(what)}, effects);
  const std::optional<Instant> deadline = node.raft->next_deadline();
  const bool is_quiet = node.raft->role() == RoleName::leader || !deadline || now_ < *deadline;
  if (!is_alone && is_quiet) node.raft->step({now_, Tick{}}, effects);
  perform(node, effects, committed);
  for (const EntriesWanted& wanted : effects.entries_wanted) read_entries(node, wanted);
}

void RaftCluster::perform(Node& node, const Effects& effects, LogIndex committed_before) {
  describe(node, effects, committed_before);
  if (effects.write) node.queue.push_back(*effects.write);
  for (const Send& send : effects.sends) {
    Invariants::check_sent(node.id, node.disk, send);
    if (isolated_.contains(node.id) || isolated_.contains(send.to)) continue;
    under_way_.push_back({node.id, send.to, send.message});
  }
  for (const ImageWanted& wanted : effects.images_wanted) send_image(node, wanted.peer);
  for (const Proposed& proposed : effects.proposed) outcomes_[proposed.token].proposed = proposed;
  for (const Rejected& rejected : effects.rejected) outcomes_[rejected.token].rejected = rejected.why;
  for (const ReadReady& ready : effects.reads) {
    Outcome& read = outcomes_[ready.token];
    read.read_index = ready.index;
    if (ready.index < read.must_see) {
      throw std::logic_error("I10 is broken at node " + to_text(node.id) + ": it serves a read from " +
                             to_text(ready.index) + ", and " + to_text(read.must_see) +
                             " was committed before it was asked for");
    }
  }
  for (const Drop why : effects.drops) ++node.drops[why];
  check();
}

void RaftCluster::read_entries(Node& node, const EntriesWanted& wanted) {
  EntriesRead read{wanted.peer, {}};
  std::uint64_t bytes = 0;
  // A read sees what was written before it, durable or not.
  Disk seen = node.disk;
  for (const Write& write : node.queue) seen.apply(write);
  if (node.raft->log().boundary() >= wanted.first) throw std::logic_error("entries are wanted that were compacted");
  for (LogIndex index = wanted.first; index < wanted.end; index = index.next()) {
    const Entry* found = seen.find(index);
    if (found == nullptr) throw std::logic_error("entry " + to_text(index) + " is wanted, and not on the disk");
    bytes += found->data.bytes.size();
    if (!read.entries.empty() && bytes > wanted.bytes_max) break;
    read.entries.push_back(*found);
  }
  round(node, std::move(read));
}

void RaftCluster::send_image(const Node& node, NodeId peer) {
  const Image& image = node.disk.image;
  say(node, "wants an image sent to " + to_text(peer) + ", and has that of " + to_text(image.index) + "/" +
                to_text(image.term));
  std::erase_if(images_, [&](const ImageInFlight& one) { return one.from == node.id && one.to == peer; });
  images_.push_back({node.id, peer, image});
}

void RaftCluster::take_image(NodeId node, LogIndex index) {
  const Log& log = raft(node).log();
  Image& image = at(node).disk.image;
  if (index <= image.index || index > raft(node).commit_index()) {
    throw std::logic_error("node " + to_text(node) + " has an image of " + to_text(image.index) +
                           " and has committed up to " + to_text(raft(node).commit_index()) +
                           "; wanted: one that lies between");
  }
  Image taken{index, log.term(index).value(), image.membership};
  for (LogIndex place = image.index.next(); place <= index; place = place.next()) {
    if (const auto& membership = entry(at(node), place).membership) taken.membership = membership;
  }
  image = std::move(taken);
  check();
}

void RaftCluster::compact(NodeId node, LogIndex up_to) {
  if (up_to > disk(node).image.index) {
    throw std::logic_error("node " + to_text(node) + " has an image of " + to_text(disk(node).image.index) +
                           "; wanted: one that holds " + to_text(up_to));
  }
  round(at(node), Compact{up_to});
}

std::size_t RaftCluster::deliver_images(NodeId to) {
  std::vector<ImageInFlight> arrived;
  const auto arrives = [&](const ImageInFlight& one) {
    return one.to == to && !isolated_.contains(one.to) && !isolated_.contains(one.from);
  };
  std::copy_if(images_.begin(), images_.end(), std::back_inserter(arrived), arrives);
  std::erase_if(images_, arrives);
  for (const ImageInFlight& one : arrived) {
    if (!is_running(to)) continue;
    Node& node = at(to);
    say(node,
        "has the image of " + to_text(one.image.index) + "/" + to_text(one.image.term) + " from " + to_text(one.from));
    if (one.image.index > node.raft->commit_index()) node.disk.image = one.image;
    round(node, ImageReceived{one.image.index, one.image.term, one.image.membership, one.from});
    round(node, WriteDurable{WriteSequence()});
  }
  return arrived.size();
}

std::size_t RaftCluster::drop_images(NodeId to) {
  return std::erase_if(images_, [&](const ImageInFlight& one) { return one.to == to; });
}

const Entry& RaftCluster::entry(const Node& node, LogIndex index) const {
  if (const Entry* cached = node.raft->log().cached(index)) return *cached;
  if (const Entry* found = node.disk.find(index)) return *found;
  throw std::logic_error("node " + to_text(node.id) + " does not hold entry " + to_text(index) + " any more");
}

void RaftCluster::check() {
  std::vector<Invariants::View> views;
  for (const Node& node : nodes_) views.push_back({node.id, node.raft.get(), &node.disk});
  invariants_.check(views);
}

void RaftCluster::timeout(NodeId node) {
  const std::optional<Instant> deadline = raft(node).next_deadline();
  if (!deadline) throw std::logic_error("node " + to_text(node) + " waits for no time; wanted: a deadline");
  now_ = std::max(now_, *deadline);
  round(at(node), Tick{});
}

void RaftCluster::advance(Duration by) {
  const Instant end = now_ + by;
  for (std::size_t moves = 0; moves < kMovesMax; ++moves) {
    Node* next = nullptr;
    for (Node& node : nodes_) {
      const std::optional<Instant> deadline = node.raft ? node.raft->next_deadline() : std::nullopt;
      if (!deadline || *deadline > end) continue;
      if (next == nullptr || *deadline < *next->raft->next_deadline()) next = &node;
    }
    if (next == nullptr) {
      now_ = end;
      return;
    }
    now_ = std::max(now_, *next->raft->next_deadline());
    round(*next, Tick{});
  }
  throw std::logic_error("deadlines follow each other without end");
}

void RaftCluster::run(Duration by) {
  for (const Instant end = now_ + by; now_ < end;) {
    advance(std::min<Duration>(std::chrono::milliseconds(10), end - now_));
    stabilize();
  }
}

std::vector<std::size_t> RaftCluster::select(const Selection& which) const {
  std::vector<std::size_t> places;
  std::size_t passed = 0;
  for (std::size_t place = 0; place < under_way_.size(); ++place) {
    const InFlight& one = under_way_[place];
    if (which.from != NodeId() && which.from != one.from) continue;
    if (which.to != NodeId() && which.to != one.to) continue;
    if (!which.kind.empty() && which.kind != kind_of(one.message)) continue;
    if (passed++ < which.skip) continue;
    if (which.count && places.size() == *which.count) break;
    places.push_back(place);
  }
  return places;
}

std::vector<InFlight> RaftCluster::under_way(const Selection& which) const {
  std::vector<InFlight> found;
  for (const std::size_t place : select(which)) found.push_back(under_way_[place]);
  return found;
}

std::vector<InFlight> RaftCluster::take(const Selection& which) {
  std::vector<InFlight> taken = under_way(which);
  // From the last on, so that the places before it stay what they are.
  for (std::vector<std::size_t> places = select(which); !places.empty(); places.pop_back()) {
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(places.back()));
  }
  return taken;
}

std::size_t RaftCluster::deliver(const Selection& which) {
  std::vector<InFlight> taken = take(which);
  for (InFlight& one : taken) {
    if (!is_running(one.to)) continue;
    say(at(one.to), "hears " + to_text(one.from) + ": " + to_text(one.message));
    round(at(one.to), Received{one.from, std::move(one.message)});
  }
  return taken.size();
}

std::size_t RaftCluster::drop(const Selection& which) { return take(which).size(); }

std::size_t RaftCluster::write_durable(NodeId node, std::size_t count) {
  Node& writing = at(node);
  const std::size_t done = std::min(count, writing.queue.size());
  if (done == 0) return 0;
  const WriteSequence last = writing.queue[done - 1].sequence;
  for (std::size_t place = 0; place < done; ++place) {
    writing.disk.apply(writing.queue.front());
    writing.queue.pop_front();
  }
  round(writing, WriteDurable{last});
  return done;
}

void RaftCluster::stabilize() {
  for (std::size_t moves = 0; moves < kMovesMax;) {
    std::size_t moved = deliver();
    for (const Node& node : nodes_) moved += deliver_images(node.id) + write_durable(node.id);
    if (moved == 0) return;
    moves += moved;
  }
  throw std::logic_error("the cluster does not come to rest");
}

void RaftCluster::crash(NodeId node, std::size_t kept) {
  static_cast<void>(raft(node));
  stop(at(node), kept);
}

void RaftCluster::fail_write(NodeId node) {
  crash(node, 0);
  at(node).failed = true;
}

void RaftCluster::restart(NodeId node) {
  if (is_running(node) || at(node).failed) {
    throw std::logic_error("node " + to_text(node) + " runs or has failed; wanted: one that was stopped");
  }
  start(at(node));
  check();
}

Token RaftCluster::propose(NodeId node, const std::string& text) {
  return propose(node, Propose{{}, EntryKind::commands, bytes_of(text)});
}

Token RaftCluster::propose_membership(NodeId node, Membership membership) {
  std::string text = to_text(membership);
  auto said = std::make_shared<const Membership>(std::move(membership));
  return propose(node, Propose{{}, EntryKind::membership, bytes_of(std::move(text)), std::move(said)});
}

Token RaftCluster::pin(NodeId node, NodeId member, std::uint8_t number) {
  Membership changed = raft(node).membership();
  for (Member& one : changed.members) {
    if (one.id == member) one.incarnation.fill(number);
  }
  return propose_membership(node, std::move(changed));
}

Token RaftCluster::add_learner(NodeId node, NodeId learner) {
  return propose_membership(node, with_learner(raft(node).membership(), {learner}));
}

Token RaftCluster::remove_learner(NodeId node, NodeId learner) {
  return propose_membership(node, without_learner(raft(node).membership(), learner));
}

Token RaftCluster::enter_joint(NodeId node, const std::vector<NodeId>& voters) {
  return propose_membership(node, entering_joint(raft(node).membership(), voters));
}

Token RaftCluster::leave_joint(NodeId node) { return propose_membership(node, leaving_joint(raft(node).membership())); }

Token RaftCluster::propose(NodeId node, Propose propose) {
  last_token_ = last_token_.next();
  outcomes_[last_token_] = {};
  propose.token = last_token_;
  round(at(node), std::move(propose));
  return last_token_;
}

Token RaftCluster::read(NodeId node, ReadProof proof) {
  last_token_ = last_token_.next();
  outcomes_[last_token_].must_see = invariants_.committed();
  round(at(node), Read{last_token_, proof});
  return last_token_;
}

void RaftCluster::transfer(NodeId node, NodeId target) { round(at(node), Transfer{target}); }

void RaftCluster::disconnected(NodeId node, NodeId peer) { round(at(node), Disconnected{peer}); }

void RaftCluster::inject(NodeId from, NodeId to, Message message) {
  under_way_.push_back({from, to, std::move(message)});
}

void RaftCluster::isolate(NodeId node) {
  isolated_.insert(node);
  drop({.from = node});
  drop({.to = node});
}

void RaftCluster::elect(NodeId node) {
  timeout(node);
  stabilize();
}

std::size_t RaftCluster::dropped(NodeId node, Drop why) const {
  const auto counted = at(node).drops.find(why);
  return counted == at(node).drops.end() ? 0 : counted->second;
}

std::vector<std::string> RaftCluster::texts(NodeId node) const {
  std::vector<std::string> found;
  const Log& log = raft(node).log();
  for (LogIndex index = log.boundary().next(); index <= log.last_index(); index = index.next()) {
    const Entry& held = entry(at(node), index);
    found.push_back(held.kind == EntryKind::no_op ? "-" : std::string(held.data.bytes));
    if (held.membership) found.back() = "[" + found.back() + "]";
  }
  return found;
}

std::vector<std::uint64_t> RaftCluster::terms(NodeId node) const {
  std::vector<std::uint64_t> found;
  const Log& log = raft(node).log();
  for (LogIndex index = log.boundary().next(); index <= log.last_index(); index = index.next()) {
    found.push_back(log.term(index).value().value());
  }
  return found;
}

}  // namespace tenon::support
