// SPDX-License-Identifier: MIT
#include "churn.hpp"

#include <algorithm>

#include "support/raft_text.hpp"

namespace tenon::support {

using namespace raft;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kNodes = 5;
constexpr std::size_t kSteps = 4000;
constexpr std::size_t kStretch = 250;  // steps for which faults come or stay away

// Small bounds, so that what they are for happens: reads from the disk, many Appends, short farewells.
ClusterOptions options_of(std::uint64_t seed) {
  Random random(seed * 7919);
  ClusterOptions options;
  options.voters = 1 + random.below(kNodes);
  options.joining = kNodes - options.voters;
  Settings& settings = options.settings;
  if (random.below(2) == 0) settings.log_cache_bytes_max = 0;
  if (random.below(2) == 0) settings.append_entries_max = 2;
  if (random.below(3) == 0) settings.window_appends_max = 1;
  if (random.below(2) == 0) settings.farewell_max = milliseconds(1500);
  if (random.below(2) == 0) settings.lease_drift = Duration::zero();
  return options;
}

[[noreturn]] void fail(const std::string& what) { throw std::logic_error(what); }

}  // namespace

Churn::Churn(std::uint64_t seed) : random_(seed), cluster_(options_of(seed)) {}

void Churn::run() {
  for (std::size_t step = 0; step < kSteps; ++step) {
    if (step % kStretch == 0) begin_stretch();
    move();
  }
  if (one_in(2)) leave_one_behind();
  check_rest(come_to_rest());
  for (const Token read : reads_) {
    if (cluster_.outcome(read).read_index) ++reached_.reads;
  }
}

std::vector<NodeId> Churn::all() const {
  std::vector<NodeId> nodes;
  for (std::uint64_t id = 1; id <= cluster_.size(); ++id) nodes.emplace_back(id);
  return nodes;
}

std::optional<NodeId> Churn::newest_leader() const {
  std::optional<NodeId> newest;
  for (const NodeId node : all()) {
    if (!cluster_.is_running(node) || cluster_.raft(node).role() != RoleName::leader) continue;
    if (!newest || cluster_.raft(node).term() > cluster_.raft(*newest).term()) newest = node;
  }
  return newest;
}

// Every second stretch is without faults, for otherwise little would ever be decided.
void Churn::begin_stretch() {
  is_calm_ = one_in(2);
  if (!is_calm_) return;
  end_isolation();
  for (const NodeId node : all()) {
    if (!cluster_.is_running(node)) restart(node);
  }
}

void Churn::move() {
  const std::uint64_t choice = random_.below(100);
  const NodeId node = any();
  if (choice < 45) {
    pass_message();
  } else if (choice < 65) {
    cluster_.write_durable(node, 1 + random_.below(3));
  } else if (choice < 72) {
    cluster_.advance(milliseconds(random_.below(25)));
  } else if (choice < 75) {
    send_images_again();
    reached_.images += cluster_.deliver_images(node);
  } else if (choice < 80) {
    if (!is_calm_) trouble(node);
  } else if (cluster_.is_running(node)) {
    ask(node);
  }
}

void Churn::pass_message() {
  const std::vector<InFlight> under_way = cluster_.under_way();
  if (under_way.empty()) return cluster_.advance(milliseconds(random_.below(25)));
  const std::size_t place = one_in(4) ? random_.below(under_way.size()) : 0;
  const Selection one{.skip = place, .count = 1};
  if (is_calm_) {
    cluster_.deliver(one);
    return;
  }
  if (one_in(20)) cluster_.inject(under_way[place].from, under_way[place].to, under_way[place].message);
  one_in(12) ? cluster_.drop(one) : cluster_.deliver(one);
}

void Churn::trouble(NodeId node) {
  if (!cluster_.is_running(node)) {
    restart(node);
  } else if (one_in(4)) {
    cluster_.crash(node, random_.below(3));
  } else if (one_in(3)) {
    cluster_.isolate(node);
    isolated_.push_back(node);
  } else if (one_in(3)) {
    end_isolation();
  }
}

// A transport that has lost a peer says so when it has found it again, at the latest.
void Churn::end_isolation() {
  cluster_.heal();
  for (const NodeId node : isolated_) {
    for (const NodeId peer : all()) {
      if (peer == node) continue;
      if (cluster_.is_running(peer)) cluster_.disconnected(peer, node);
      if (cluster_.is_running(node)) cluster_.disconnected(node, peer);
    }
  }
  isolated_.clear();
}

void Churn::restart(NodeId node) {
  cluster_.restart(node);
  for (const NodeId peer : all()) {
    if (peer != node && cluster_.is_running(peer)) cluster_.disconnected(peer, node);
  }
}

// As core/node does: an image is sent as long as its peer waits for one, for what acknowledges it may be lost. A peer
// that has not answered yet may be in an earlier term, and would not take it.
void Churn::send_images_again() {
  for (const NodeId node : all()) {
    if (!cluster_.is_running(node)) continue;
    for (const PeerStatus& peer : cluster_.raft(node).peers()) {
      const auto is_its = [&](const ImageInFlight& one) { return one.from == node && one.to == peer.id; };
      const std::vector<ImageInFlight>& sent = cluster_.images_under_way();
      if (peer.state != ProgressState::snapshot || !peer.has_answered) continue;
      if (std::none_of(sent.begin(), sent.end(), is_its)) {
        cluster_.inject_image(node, peer.id);
      }
    }
  }
}

void Churn::ask(NodeId node) {
  const Raft& core = cluster_.raft(node);
  const std::uint64_t choice = random_.below(100);
  if (choice < 4) {
    if (core.next_deadline() && core.role() != RoleName::leader) cluster_.timeout(node);
  } else if (choice < 12) {
    take_image(node);
  } else if (choice < 16) {
    cluster_.transfer(node, one_in(2) ? NodeId() : any());
  } else if (choice < 45) {
    cluster_.propose(one_in(4) ? node : newest_leader().value_or(node), "text");
  } else if (choice < 60) {
    reads_.push_back(cluster_.read(node, one_in(2) ? ReadProof::lease : ReadProof::round));
  } else {
    change(one_in(6) ? node : newest_leader().value_or(node));
  }
}

void Churn::take_image(NodeId node) {
  const Raft& core = cluster_.raft(node);
  const LogIndex index = std::min(core.commit_index(), core.log().durable_index());
  if (index <= cluster_.disk(node).image.index || index <= core.log().boundary()) return;
  cluster_.take_image(node, index);
  cluster_.compact(node, index);
}

void Churn::change(NodeId node) {
  const Token token = propose_change(node);
  if (!cluster_.outcome(token).proposed) return;
  ++reached_.changes;
  if (cluster_.raft(node).membership().is_joint()) ++reached_.joint;
}

// It need not be legal, nor need the node lead.
Token Churn::propose_change(NodeId node) {
  const Membership& members = cluster_.raft(node).membership();
  if (one_in(10)) return cluster_.propose_membership(node, any_membership(members));
  if (members.is_joint() && !one_in(6)) return cluster_.leave_joint(node);
  if (one_in(2)) return cluster_.add_learner(node, any());
  if (one_in(8)) return cluster_.remove_learner(node, any());
  std::vector<NodeId> voters;
  for (const Member& member : members.members) {
    if (!one_in(3)) voters.push_back(member.id);
  }
  return cluster_.enter_joint(node, voters);
}

// Other nodes count in it than before, which takes a joint membership.
Membership Churn::any_membership(const Membership& from) {
  Membership to;
  for (const NodeId node : all()) {
    if (one_in(2)) to.members.push_back({node});
  }
  for (const FormerMember& before : from.former) {
    if (to.find(before.id) == nullptr) to.former.push_back(before);
  }
  for (const Member& before : from.members) {
    if (to.find(before.id) == nullptr) to.former.push_back({before.id, before.incarnation});
  }
  return to;
}

// One is removed, and another, who knows that, is cut off. The first is taken in again, and the two are to be the only
// voters: that is in its log, and behind it an entry that nobody else has.
void Churn::leave_one_behind() {
  calm_down();
  std::optional<NodeId> leader;
  for (int tries = 0; tries < 5 && !leader; ++tries) leader = settle();
  if (!leader) return;
  std::vector<NodeId> others = all();
  std::erase(others, *leader);
  const auto take = [&] {
    const auto taken = others.begin() + static_cast<std::ptrdiff_t>(random_.below(others.size()));
    const NodeId node = *taken;
    others.erase(taken);
    return node;
  };
  const NodeId returning = take();
  const NodeId behind = take();
  const NodeId third = take();
  if (!make_voters(*leader, {*leader, behind, third})) return;
  cluster_.isolate(behind);
  isolated_.push_back(behind);
  if (!make_voters(*leader, {*leader, behind, returning})) return;
  // The leader leaves as well, and could not decide anything any more.
  if (!cluster_.outcome(cluster_.enter_joint(*leader, {behind, returning})).proposed) return;
  cluster_.stabilize();
  cluster_.propose(*leader, "of one alone");
  cluster_.deliver({.from = *leader, .to = returning});
  cluster_.write_durable(returning);
  cluster_.crash(*leader, 0);
  ++reached_.behind;
}

// By as many changes as it takes. Returns whether they are decided.
bool Churn::make_voters(NodeId leader, const std::vector<NodeId>& voters) {
  const auto pass = [&] {
    send_images_again();
    cluster_.run(milliseconds(300));
    return cluster_.is_running(leader) && cluster_.raft(leader).role() == RoleName::leader;
  };
  for (const NodeId node : voters) {
    if (cluster_.raft(leader).membership().find(node) != nullptr) continue;
    cluster_.add_learner(leader, node);
    if (!pass()) return false;
  }
  cluster_.enter_joint(leader, voters);
  if (!pass()) return false;
  cluster_.leave_joint(leader);
  if (!pass()) return false;
  const Raft& core = cluster_.raft(leader);
  std::vector<NodeId> wanted = voters;
  std::sort(wanted.begin(), wanted.end());
  return !core.membership().is_joint() && core.membership().voters() == wanted &&
         core.log().membership_index() <= core.commit_index();
}

void Churn::calm_down() {
  is_calm_ = true;
  end_isolation();
  for (const NodeId node : all()) {
    if (!cluster_.is_running(node)) restart(node);
  }
}

// A membership that is joint is left, as a node does it. Returns who leads, when it is not.
std::optional<NodeId> Churn::settle() {
  send_images_again();
  cluster_.run(milliseconds(2000));
  const std::optional<NodeId> leader = newest_leader();
  if (!leader || !cluster_.raft(*leader).membership().is_joint()) return leader;
  cluster_.leave_joint(*leader);
  return std::nullopt;
}

// All faults end, and then a write is decided.
NodeId Churn::come_to_rest() {
  calm_down();
  for (int tries = 0; tries < 30; ++tries) {
    const std::optional<NodeId> leader = settle();
    if (!leader) continue;
    const LogIndex last = cluster_.raft(*leader).log().last_index();
    cluster_.propose(*leader, "last");
    cluster_.run(milliseconds(200));
    if (cluster_.is_running(*leader) && cluster_.raft(*leader).commit_index() > last) return *leader;
  }
  fail("liveness: no write is decided, though all nodes run and hear each other");
}

// The members have one log, and nobody else stands, unless all that it knows have left as well: it asks them, and
// nobody else.
void Churn::check_rest(NodeId leader) {
  cluster_.run(milliseconds(20'000));
  const Raft& leading = cluster_.raft(leader);
  if (leading.role() != RoleName::leader) fail("rest: node " + to_text(leader) + " leads no more");
  const Membership& members = leading.membership();
  if (!members.has_voter(leader)) fail("rest: node " + to_text(leader) + " leads and is no voter");
  for (const NodeId node : all()) {
    const Raft& core = cluster_.raft(node);
    if (members.find(node) == nullptr) {
      const std::vector<NodeId> known = core.membership().voters();
      const bool asks_members =
          std::any_of(known.begin(), known.end(), [&](NodeId one) { return members.find(one) != nullptr; });
      if (core.role() == RoleName::leader || (asks_members && core.next_deadline())) {
        fail("removed: node " + to_text(node) + " is no member, and does not know");
      }
    } else if (core.leader() != leader || core.is_removed() || core.commit_index() != leading.commit_index() ||
               core.membership() != members) {
      fail("rest: node " + to_text(node) + " is not where its leader " + to_text(leader) + " is");
    }
  }
}

}  // namespace tenon::support
