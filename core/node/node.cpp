// SPDX-License-Identifier: MIT
#include "node/node.hpp"

#include <algorithm>
#include <utility>

#include "payload.hpp"
#include "tenon/bytes.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::node {
namespace {

constexpr const char* kRemoved = "this node was removed from the cluster and serves nobody; ask another";
constexpr const char* kUnled =
    "this node is no member of the cluster, and hears of no leader any more: nothing that changes reaches it; ask "
    "another";

// Operations and compares that a decoded command keeps room for, for the command that takes its place.
constexpr std::size_t kOperationsKept = 64;

raft::Settings raft_settings(const Settings& settings) {
  raft::Settings complete = settings.raft;
  complete.incarnation = settings.incarnation;
  complete.joins = settings.joins;
  complete.no_op_data = payload(wire::encode_no_op());
  return complete;
}

MemberSettings member_settings(const Settings& settings) {
  return {settings.raft.self, settings.incarnation, settings.cluster_id, settings.raft.election_timeout_max,
          settings.peers,     settings.joins};
}

}  // namespace

Node::Node(const Settings& settings, Recovered recovered, raft::Random random, StoragePort storage, PeerPort& peers,
           WorkPort& workers, Surroundings& surroundings, Now now)
    : settings_(settings),
      storage_(storage),
      workers_(workers),
      surroundings_(surroundings),
      now_(now),
      raft_(raft_settings(settings), std::move(recovered.raft), raft::Random(random.next()), now.steady),
      writer_(storage),
      links_(peers, raft_, settings.cluster_id, settings.raft.self, settings.incarnation),
      forwarded_(links_, surroundings),
      requests_(forwarded_, settings.inbox_bytes_max),
      forward_base_(random.next() >> 1),
      store_(std::move(recovered.store)),
      watches_(forwarded_, settings.watch_history_bytes_max, store_.revision()),
      channels_(forwarded_, links_),
      applied_membership_(std::move(recovered.membership)),
      clock_(now.steady, store_.cluster_time_ms()),
      states_(settings.reports.state_interval),
      log_marks_(raft_.log().boundary(), settings.images.log_mark_bytes),
      images_(storage, workers, links_, settings.cluster_id, settings.images, recovered.image,
              raft::Random(random.next()), now.steady),
      readings_(storage, workers,
                [&surroundings](OperatorAnswer answer) { surroundings.answer_operator(std::move(answer)); }),
      members_(
          member_settings(settings), raft_, links_, peers, surroundings,
          [this](raft::LogIndex match) { return missing_bytes(match); }, now.steady),
      applied_index_(raft_.log().boundary()) {
  state_age_.applied(applied_index_);
  TENON_CHECK(settings_.entry_commands_max > 0);
  TENON_CHECK(settings_.apply_entries_max > 0);
  TENON_CHECK(settings_.unapplied_entries_max > 0);
  store_.set_change_sink(watches_.sink());
}

void Node::submit(Submission submission) {
  TENON_CHECK(submission.token.queue != 0);
  if (failed_) return;
  if (members_.is_removed()) {
    return surroundings_.answer({submission.token, Outcome::refused, TENON_ERROR_NOT_LEADER, kRemoved, {}, {}});
  }
  if (submission.subscription) return channels_.open(submission, raft_.leader());
  if (submission.publication) {
    return channels_.publish(submission, raft_.membership(), settings_.raft.self, now_.steady);
  }
  // Who watches must hear it when this node is cut off, and changes come no more: then it waits like every other read.
  const bool begins_at_once = submission.watch && submission.watch->freshness == Freshness::local &&
                              submission.ordering == Ordering::free && raft_.leader() != raft::NodeId();
  if (begins_at_once) {
    watches_.open(submission, stream_view());
  } else {
    requests_.submit(std::move(submission));
  }
}

void Node::cancel(Token token) {
  if (failed_ || watches_.cancel(token, raft_.leader()) || channels_.cancel(token, raft_.leader())) return;
  requests_.cancel(token);
}

void Node::transfer_leadership(raft::NodeId target) { happened_.emplace_back(raft::Transfer{target}); }

void Node::on_durable(raft::WriteSequence sequence) {
  if (failed_) return;
  writer_.complete(sequence);
  happened_.emplace_back(raft::WriteDurable{sequence});
}

void Node::run(Now now) {
  if (failed_) return;
  now_ = now;
  more_to_do_ = false;
  handle_images();
  if (failed_) return;
  for (raft::Happening& what : std::exchange(happened_, {})) step(std::move(what));
  exchange_reports();
  if (odd_ && (raft_.role() != raft::RoleName::leader || now_.steady >= odd_->fails_at)) return fail(odd_->why);
  accept_forwards();
  manage_members();
  if (members_.is_removed()) {
    watches_.refuse_all(TENON_ERROR_NOT_LEADER, kRemoved);
    channels_.refuse_all(TENON_ERROR_NOT_LEADER, kRemoved);
  } else if (members_.own_standing().place != OwnStanding::Place::member && raft_.leader() == raft::NodeId()) {
    // A member waits for the next leader; this one may wait for ever, and whoever watches would not know.
    watches_.refuse_all(TENON_ERROR_NOT_LEADER, kUnled);
  }
  // Before anything is proposed: what is over now surely never reaches the log.
  requests_.expire(now_.steady, raft_.leader());
  if (raft_.role() == raft::RoleName::leader) {
    give_way_without_room();
    propose_writes();
    propose_clock();
  } else {
    forward_writes();
  }
  begin_reads();
  step(raft::Tick{applying_waits_since()});
  compact_log();
  perform();
  send_reports();
  if (!odd_) {
    apply_committed();
    if (failed_) return;
    answer_reads();
    if (!watches_.run(stream_view())) more_to_do_ = true;
    if (!channels_.run(store_.cluster_time_ms(), raft_.leader())) more_to_do_ = true;
    begin_image();
  }
  collect_memory();
  links_.flush();
}

std::optional<raft::Instant> Node::next_deadline() const noexcept {
  if (failed_) return std::nullopt;
  if (more_to_do_ || !happened_.empty()) return now_.steady;
  std::optional<raft::Instant> deadline = raft_.next_deadline();
  const auto take_earlier = [&](std::optional<raft::Instant> other) {
    if (other && (!deadline || *other < *deadline)) deadline = other;
  };
  take_earlier(requests_.next_expiry());
  take_earlier(images_.next_deadline(now_.steady));
  take_earlier(watches_.next_deadline());
  take_earlier(readings_.next_expiry());
  const std::optional<std::uint64_t> key_expiry_ms = store_.next_expiry_ms();
  if (key_expiry_ms && may_stamp() && clock_entry_ <= applied_index_) {
    take_earlier(clock_.reaches(*key_expiry_ms));
  }
  if (raft_.role() == raft::RoleName::leader) take_earlier(std::min(next_report_, next_look_));
  if (follows() && !own_read_waits_) take_earlier(next_own_read_);
  if (odd_) take_earlier(odd_->fails_at);
  take_earlier(members_.next_deadline());
  return deadline;
}

Status Node::status(Status before) const {
  before.membership = raft_.membership();  // mostly the same, so that there is room for it
  return {raft_.role(),
          raft_.term(),
          raft_.leader(),
          raft_.log().last_index(),
          raft_.log().durable_index(),
          raft_.commit_index(),
          applied_index_,
          store_.revision(),
          store_.key_count(),
          store_.cluster_time_ms(),
          requests_.inbox_bytes(),
          store_.state_hash(),
          space_is_short_,
          raft_.log().boundary().next(),
          log_marks_.held_bytes(),
          compaction_wanted_ != raft::LogIndex(),
          images_.status(),
          watches_.status(),
          channels_.status(),
          std::move(before.membership),
          raft_.peers(),
          state_age_.as_of(),
          members_.lags(),
          members_.own_standing(),
          raft_.log().last_term(),
          raft_.unsynced_since()};
}

void Node::manage_members() {
  const bool is_ready = is_ready_leader() || (raft_.accepts_proposals() && mutant("change-before-commit"));
  std::optional<raft::Membership> next = members_.run(now_.steady, is_ready);
  if (!next) return;
  const auto said = std::make_shared<const raft::Membership>(*std::move(next));
  const std::size_t rejected_before = effects_.rejected.size();  // of reads
  step(raft::Propose{raft::Token(), raft::EntryKind::membership, payload(wire::encode_membership(*said)), said});
  effects_.proposed.clear();
  if (effects_.rejected.size() == rejected_before) return;
  const std::string_view reason = effects_.rejected.back().reason;
  members_.rejected(reason.empty() ? "another change, or leadership, is not settled yet" : reason);
  effects_.rejected.pop_back();
}

void Node::step(raft::Happening what) { raft_.step({now_.steady, std::move(what)}, effects_); }

// What rests on a write has been held back by the core until it is durable, so messages may leave at once.
void Node::perform() {
  raft::Effects effects = std::exchange(effects_, {});
  if (effects.write) writer_.write(*std::move(effects.write));
  for (const raft::Send& send : effects.sends) links_.queue(send.to, send.message);
  links_.flush();
  for (const raft::EntriesWanted& wanted : effects.entries_wanted) {
    read_log(wanted.peer, wanted.first, wanted.end, wanted.bytes_max);
  }
  for (const raft::VoteDecided& vote : effects.votes) surroundings_.vote_decided(vote);
  for (const raft::HeartbeatAnswered& answered : effects.heartbeats) surroundings_.heartbeat_answered(answered);
  for (const raft::RoleChanged& role : effects.roles) surroundings_.role_changed(role);
  for (const raft::ReadReady& read : effects.reads) read_ready(read);
  for (const raft::Rejected& rejected : effects.rejected) read_rejected(rejected);
  for (const raft::Drop drop : effects.drops) surroundings_.message_dropped(drop);
  if (!odd_) send_images(effects.images_wanted);
}

void Node::propose_writes() {
  if (space_is_short_) {
    requests_.refuse_writes([](std::string_view command) { return kv::grows(command); }, TENON_ERROR_NO_SPACE,
                            "room for the log runs short on the node that leads; deletes and reads go on",
                            raft_.leader());
  }
  std::uint64_t backlog_bytes = writer_.backlog_bytes();
  while (may_stamp() && requests_.has_writes() && backlog_bytes < settings_.storage_backlog_bytes_max &&
         raft_.log().last_index().value() - applied_index_.value() < settings_.unapplied_entries_max &&
         requests_.unapplied_bytes(raft_.term()) < settings_.unapplied_bytes_max) {
    Batch batch = requests_.take_batch(settings_.entry_bytes_max, settings_.entry_commands_max);
    batch.proposed_at = now_.steady;
    const std::vector<std::string_view> commands(batch.commands.begin(), batch.commands.end());
    std::string data = wire::encode_commands(clock_.stamp_ms(now_.steady), commands);
    backlog_bytes += data.size();
    batch.entry_bytes = data.size();
    step(raft::Propose{raft::Token(), raft::EntryKind::commands, payload(std::move(data))});
    TENON_CHECK(effects_.proposed.size() == 1);  // a ready leader's proposal is never rejected
    requests_.proposed(effects_.proposed.front().index, effects_.proposed.front().term, std::move(batch));
    effects_.proposed.clear();
  }
}

// Keys go when applied cluster time reaches their expiry, and without writes nothing would move it.
void Node::propose_clock() {
  const std::optional<std::uint64_t> expiry_ms = store_.next_expiry_ms();
  if (!expiry_ms || !may_stamp() || clock_entry_ > applied_index_) return;
  const std::uint64_t stamp_ms = clock_.stamp_ms(now_.steady);
  if (stamp_ms < *expiry_ms) return;
  step(raft::Propose{raft::Token(), raft::EntryKind::commands, payload(wire::encode_commands(stamp_ms, {}))});
  TENON_CHECK(effects_.proposed.size() == 1);
  clock_entry_ = effects_.proposed.front().index;
  effects_.proposed.clear();
}

// To the leader, once: what it has taken is answered by it, or its outcome is unknown.
void Node::forward_writes() {
  requests_.refuse_unled(raft_.leader());
  const raft::NodeId leader = raft_.leader();
  while (leader != raft::NodeId() && requests_.has_writes()) {
    wire::Forward forward;
    for (const Requests::Forwardable& one : requests_.forwardable(settings_.forward_bytes_max, wire::kForwardedMax)) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(one.deadline - now_.steady);
      const auto left_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(left.count(), 1));
      forward.commands.push_back({forward_base_ + one.number, left_ms, one.command});
    }
    if (!links_.send(leader, forward)) return;
    if (mutant("forwarded-twice") && !links_.send(leader, forward)) return;
    requests_.forwarded(forward.commands.size(), leader);
  }
}

void Node::apply_committed() {
  const bool was_ready = may_stamp();
  const raft::LogIndex applied_before = applied_index_;
  const raft::LogIndex end = mutant("applied-before-commit") ? raft_.log().last_index() : raft_.commit_index();
  for (std::size_t count = 0; applied_index_ < end; ++count) {
    if (count == settings_.apply_entries_max) {
      more_to_do_ = true;
      break;
    }
    const raft::LogIndex next = applied_index_.next();
    const raft::Entry* entry = raft_.log().cached(next);
    if (entry == nullptr) {
      // Up to the commit index: every entry in between can be applied when the answer comes.
      read_log(LogReader(), next, raft_.commit_index().next(), settings_.log_read_bytes_max);
      break;
    }
    const raft::Payload data = entry->data;
    if (!apply(next, data.bytes)) return;
  }
  // A leadership that has become ready may propose, and so may one that has room for more entries again.
  const bool has_room = applied_before < applied_index_ && requests_.has_writes();
  if (may_stamp() && (!was_ready || has_room)) more_to_do_ = true;
}

void Node::send_read(raft::NodeId peer, std::span<const tenon_entry> entries) {
  std::uint64_t size = 0;
  for (const tenon_entry& entry : entries) size += entry.data.size;
  std::string bytes;
  bytes.reserve(size);
  for (const tenon_entry& entry : entries) bytes.append(view(entry.data));
  const raft::Payload all = payload(std::move(bytes));
  raft::EntriesRead read{peer, {}};
  std::size_t at = 0;
  for (const tenon_entry& entry : entries) {
    const raft::Payload data{all.owner, all.bytes.substr(at, entry.data.size)};
    at += entry.data.size;
    std::optional<raft::Entry> one = wire::read_entry(raft::LogIndex(entry.index), raft::Term(entry.term), data);
    if (!one) {
      return fail("the entry at index " + std::to_string(entry.index) +
                  " cannot be read: its checksum or format is not that of this version");
    }
    read.entries.push_back(*std::move(one));
  }
  happened_.emplace_back(std::move(read));
}

bool Node::apply(raft::LogIndex index, std::string_view data) {
  const std::optional<wire::DecodedEntry> entry = wire::decode_entry(data);
  if (!entry || !apply_commands(index, *entry)) {
    fail("the committed entry at index " + std::to_string(index.value()) +
         " cannot be read: its checksum or format is not that of this version");
    return false;
  }
  applied_index_ = index;
  state_age_.applied(index);
  log_marks_.applied(index, data.size());
  if (entry->kind == raft::EntryKind::membership) applied_membership_ = entry->membership;
  clock_.applied(now_.steady, store_.cluster_time_ms());
  if (states_.is_kept(index)) states_.applied(index, store_.state_hash());
  return true;
}

bool Node::apply_commands(raft::LogIndex index, const wire::DecodedEntry& entry) {
  const std::optional<raft::Term> term = raft_.log().term(index);
  TENON_CHECK(term.has_value());
  const std::optional<Batch> batch = requests_.take_applied(index, *term, raft_.leader());
  if (batch) surroundings_.proposal_applied(now_.steady - batch->proposed_at);
  TENON_CHECK(!batch || batch->waiting.size() == entry.commands.size());
  if (entry.kind == raft::EntryKind::commands) store_.begin_entry(entry.cluster_time_ms);
  for (std::size_t i = 0; i < entry.commands.size(); ++i) {
    const std::size_t ahead = i % kv::kCommandsAhead;
    if (ahead == 0 && !look_ahead(std::span(entry.commands).subspan(i))) return false;
    const kv::Command& command = ahead_[ahead];
    if (!batch && mutant("applied-twice")) store_.apply(command);
    kv::Reply reply = store_.apply(command);
    if (!batch || !batch->waiting[i].token) continue;
    if (batch->waiting[i].access == Access::logged_read) read_through_log(*batch->waiting[i].token);
    forwarded_.answer(applied_answer(*batch->waiting[i].token, std::move(reply), raft_.leader()));
  }
  for (kv::Command& used : ahead_) {
    if (used.operations.capacity() + used.otherwise.capacity() + used.compares.capacity() > kOperationsKept) used = {};
  }
  return true;
}

// Decodes the commands that are applied next. False: one cannot be read.
bool Node::look_ahead(std::span<const std::string_view> commands) {
  const std::size_t count = std::min(commands.size(), ahead_.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (!kv::decode(commands[i], ahead_[i])) return false;
  }
  store_.look_ahead(std::span(ahead_).first(count));
  return true;
}

void Node::read_through_log(Token token) {
  // What a peer has passed on is counted there.
  if (token.queue != 0) surroundings_.read_answered({ReadWay::log, ReadWay::log});
}

void Node::fail(const std::string& why) {
  failed_ = true;
  surroundings_.failed(why);
}

}  // namespace tenon::node
