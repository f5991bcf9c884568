// SPDX-License-Identifier: MIT
#include "node/node.hpp"

#include <algorithm>
#include <utility>

#include "tenon/bytes.hpp"

namespace tenon::node {
namespace {

raft::Payload payload(std::string data) {
  auto owner = std::make_shared<const std::string>(std::move(data));
  const std::string_view bytes = *owner;
  return {std::move(owner), bytes};
}

raft::Settings raft_settings(const Settings& settings) {
  raft::Settings complete = settings.raft;
  complete.no_op_data = payload(wire::encode_no_op());
  return complete;
}

}  // namespace

Node::Node(const Settings& settings, raft::Recovered recovered, raft::Random random, StoragePort storage,
           Surroundings& surroundings, Now now)
    : settings_(settings),
      storage_(storage),
      surroundings_(surroundings),
      now_(now),
      raft_(raft_settings(settings), std::move(recovered), random, now.steady),
      writer_(storage),
      requests_(surroundings, settings.inbox_bytes_max),
      applied_index_(raft_.log().boundary()) {
  TENON_CHECK(settings_.entry_commands_max > 0);
  TENON_CHECK(settings_.apply_entries_max > 0);
}

void Node::submit(Submission submission) {
  if (!failed_) requests_.submit(std::move(submission));
}

void Node::cancel(Token token) {
  if (!failed_) requests_.cancel(token);
}

void Node::on_durable(raft::WriteSequence sequence) {
  if (failed_) return;
  writer_.complete(sequence);
  step(raft::WriteDurable{sequence});
}

void Node::run(Now now) {
  if (failed_) return;
  now_ = now;
  more_to_do_ = false;
  step(raft::Tick{});
  apply_committed();
  // Before anything is proposed: what is over now surely never reaches the log.
  if (!failed_) requests_.expire(now_.steady, raft_.leader());
  propose_writes();
  begin_reads();
  answer_reads();
}

std::optional<raft::Instant> Node::next_deadline() const noexcept {
  if (failed_) return std::nullopt;
  if (more_to_do_) return now_.steady;
  std::optional<raft::Instant> deadline = raft_.next_deadline();
  const std::optional<raft::Instant> expiry = requests_.next_expiry();
  if (expiry && (!deadline || *expiry < *deadline)) deadline = expiry;
  return deadline;
}

Status Node::status() const noexcept {
  return {
      raft_.role(),           raft_.term(),   raft_.leader(),    raft_.log().last_index(), raft_.log().durable_index(),
      raft_.commit_index(),   applied_index_, store_.revision(), store_.key_count(),       store_.cluster_time_ms(),
      requests_.inbox_bytes()};
}

void Node::step(raft::Happening what) {
  raft::Effects effects;
  raft_.step({now_.steady, std::move(what)}, effects);
  perform(std::move(effects));
}

// In the order of durability: what must be written is on its way before anything is answered, and what rests on it has
// been held back by the core until it is durable.
void Node::perform(raft::Effects effects) {
  if (effects.write) writer_.write(*std::move(effects.write));
  for (const raft::RoleChanged& role : effects.roles) on_role(role);
  for (const raft::Proposed& proposed : effects.proposed) {
    TENON_CHECK(proposing_.has_value());
    proposing_->index = proposed.index;
    proposing_->term = proposed.term;
    requests_.proposed(*std::exchange(proposing_, std::nullopt));
  }
  for (const raft::ReadReady& read : effects.reads) requests_.read_ready(read.token, read.index);
  for (const raft::Rejected& rejected : effects.rejected) requests_.retry_reads(rejected.token);
}

void Node::on_role(const raft::RoleChanged& role) {
  leader_ready_index_.reset();
  if (role.role == raft::RoleName::leader) leader_ready_index_ = raft_.log().last_index();
  surroundings_.role_changed(role);
}

// Once the entry that began its leadership is applied, the node has seen every stamp of cluster time that its
// predecessors gave, and may give its own.
bool Node::is_ready_leader() const noexcept { return leader_ready_index_ && applied_index_ >= *leader_ready_index_; }

void Node::propose_writes() {
  while (!failed_ && is_ready_leader() && requests_.has_writes() &&
         writer_.backlog_bytes() < settings_.storage_backlog_bytes_max) {
    proposing_ = requests_.take_batch(settings_.entry_bytes_max, settings_.entry_commands_max);
    const std::vector<std::string_view> commands(proposing_->commands.begin(), proposing_->commands.end());
    std::string data = wire::encode_commands(clock_.stamp_ms(now_.steady), commands);
    step(raft::Propose{raft::Token(), raft::EntryKind::commands, payload(std::move(data))});
    TENON_CHECK(!proposing_);  // a ready leader's proposal is never rejected
  }
}

void Node::begin_reads() {
  if (!failed_ && raft_.role() == raft::RoleName::leader && requests_.has_reads()) {
    step(raft::Read{requests_.begin_reads()});
  }
}

void Node::apply_committed() {
  for (std::size_t count = 0; applied_index_ < raft_.commit_index(); ++count) {
    if (count == settings_.apply_entries_max) {
      more_to_do_ = true;
      break;
    }
    const raft::LogIndex next = applied_index_.next();
    const raft::Entry* entry = raft_.log().cached(next);
    if (entry == nullptr) {
      if (log_read_) break;
      log_read_ = ++last_log_read_;
      // Up to the commit index: every entry in between can be applied when the answer comes.
      storage_.table->read_entries(storage_.self, *log_read_, next.value(), raft_.commit_index().next().value(),
                                   settings_.log_read_bytes_max);
      break;
    }
    const raft::Payload data = entry->data;
    if (!apply(next, data.bytes)) return;
  }
}

void Node::on_entries_read(std::uint64_t request, tenon_error error, std::span<const tenon_entry> entries) {
  if (failed_) return;
  TENON_CHECK(log_read_ == request);
  log_read_.reset();
  more_to_do_ = true;
  if (error != TENON_OK) {
    fail("storage could not read the log from index " + std::to_string(applied_index_.next().value()) + ", error " +
         std::to_string(error));
    return;
  }
  for (const tenon_entry& entry : entries) {
    const raft::LogIndex index(entry.index);
    if (index <= applied_index_ || index > raft_.commit_index()) continue;
    if (index != applied_index_.next() || raft_.log().term(index) != raft::Term(entry.term)) {
      fail("storage read an entry of index " + std::to_string(entry.index) + " and term " + std::to_string(entry.term) +
           " where the log has another");
      return;
    }
    if (!apply(index, view(entry.data))) return;
  }
}

bool Node::apply(raft::LogIndex index, std::string_view data) {
  const std::optional<wire::DecodedEntry> entry = wire::decode_entry(data);
  if (!entry || (entry->kind == raft::EntryKind::commands && !apply_commands(index, *entry))) {
    fail("the committed entry at index " + std::to_string(index.value()) +
         " cannot be read: its checksum or format is not that of this version");
    return false;
  }
  applied_index_ = index;
  if (leader_ready_index_ == index) clock_.begin(now_.steady, now_.wall_ms, store_.cluster_time_ms());
  return true;
}

bool Node::apply_commands(raft::LogIndex index, const wire::DecodedEntry& entry) {
  const std::optional<Batch> batch = requests_.take_applied(index);
  TENON_CHECK(!batch || batch->waiting.size() == entry.commands.size());
  for (std::size_t i = 0; i < entry.commands.size(); ++i) {
    const std::optional<kv::Command> command = kv::decode(entry.commands[i]);
    if (!command) return false;
    kv::Reply reply = store_.apply(*command, entry.cluster_time_ms);
    if (!batch || !batch->waiting[i].token) continue;
    surroundings_.answer({*batch->waiting[i].token, Outcome::done, TENON_OK, {}, raft_.leader(), std::move(reply)});
  }
  return true;
}

void Node::answer_reads() {
  constexpr std::size_t kReadsAtOnce = 16;
  std::uint64_t answered_bytes = 0;
  while (!failed_) {
    if (answered_bytes >= settings_.answer_bytes_max) {
      more_to_do_ = true;
      return;
    }
    const std::vector<Submission> readable = requests_.take_readable(applied_index_, kReadsAtOnce);
    if (readable.empty()) return;
    for (const Submission& submission : readable) {
      const std::optional<kv::Command> command = kv::decode(submission.command);
      TENON_CHECK(command.has_value());  // it was encoded by this process
      kv::Reply reply = store_.read(*command);
      answered_bytes += reply.bytes;
      surroundings_.answer({submission.token, Outcome::done, TENON_OK, {}, raft_.leader(), std::move(reply)});
    }
  }
}

void Node::fail(const std::string& why) {
  failed_ = true;
  surroundings_.failed(why);
}

}  // namespace tenon::node
