// SPDX-License-Identifier: MIT
// The admin verbs of a node.
#include <algorithm>
#include <iterator>

#include "host/metrics/process_metrics.hpp"
#include "host/metrics/prometheus_text.hpp"
#include "host/node_thread.hpp"
#include "tenon/option.hpp"

namespace tenon::host {
namespace {

constexpr std::size_t kEchoBytesMax = 64;

// What a client has sent, as it may stand in a message: short, and of printable characters.
std::string echo(std::string_view text) {
  std::string shown(text.substr(0, kEchoBytesMax));
  std::replace_if(
      shown.begin(), shown.end(), [](char letter) { return letter < ' ' || letter > '~'; }, '?');
  return text.size() > kEchoBytesMax ? shown + ".." : shown;
}

// The sequence behind which everything is wanted.
std::optional<std::uint64_t> sequence_of(const std::string& argument) noexcept {
  if (argument.empty()) return 0;
  const std::optional<std::int64_t> found = parse_integer(argument);
  return found && *found >= 0 ? std::optional(static_cast<std::uint64_t>(*found)) : std::nullopt;
}

AdminAnswer refused_sequence(const std::string& argument) {
  return {TENON_ERROR_INVALID,
          "found '" + echo(argument) + "', expected the sequence of the last one that is known, or nothing for all"};
}

std::string listed(const raft::Membership& membership) {
  std::string list;
  for (const raft::NodeId voter : membership.voters()) {
    list += (list.empty() ? "" : ", ") + std::to_string(voter.value());
  }
  return list;
}

}  // namespace

std::optional<AdminAnswer> NodeThread::admin(node::Token token, const std::string& verb, const std::string& argument) {
  if (verb == "snapshot_read") return admin_snapshot_read(token, argument);
  if (verb == "log_read") return admin_log_read(token, argument);
  if (verb == "compact") return admin_later({token, node::CompactionWanted{}});
  if (verb.starts_with("member_")) return admin_member_change(token, verb, argument);
  if (verb == "leader_transfer") return admin_transfer(argument);
  if (verb == "status") return admin_status();
  if (verb == "members") return AdminAnswer{TENON_OK, members_text(identity_, status(), directory_.nodes())};
  if (verb == "leader") return AdminAnswer{TENON_OK, leader_text(status(), directory_.nodes())};
  if (verb == "metrics") return AdminAnswer{TENON_OK, metrics_text()};
  if (verb == "plugins") return admin_plugins();
  if (verb == "events") return admin_events(argument);
  if (verb == "slow_operations") return admin_slow_operations(argument);
  if (verb == "snapshot") return admin_snapshot(argument);
  if (verb == "state_hash") return AdminAnswer{TENON_OK, state_hash_text(status())};
  return AdminAnswer{TENON_ERROR_UNSUPPORTED,
                     "the admin verb '" + echo(verb) +
                         "' is not in this version; there are status, members, member_add, member_promote, "
                         "member_remove, member_replace, metrics, plugins, events, slow_operations, leader, "
                         "leader_transfer, snapshot, snapshot_read, compact, log_read and state_hash"};
}

std::optional<AdminAnswer> NodeThread::admin_snapshot_read(node::Token token, const std::string& argument) {
  const std::size_t space = std::min(argument.find(' '), argument.size());
  const std::string id_text = argument.substr(0, space);
  const std::optional<std::int64_t> offset = parse_integer(argument.substr(std::min(space + 1, argument.size())));
  const std::optional<wire::ImageId> id = parse_image_id(id_text);
  if (!offset || *offset < 0 || (!id && id_text != "newest")) {
    return AdminAnswer{TENON_ERROR_INVALID, "found '" + echo(argument) +
                                                "', expected the id of an image, which is 32 hexadecimal digits, or "
                                                "newest, and behind a space the offset to read from"};
  }
  return admin_later({token, node::ImagePartWanted{id, static_cast<std::uint64_t>(*offset)}});
}

std::optional<AdminAnswer> NodeThread::admin_log_read(node::Token token, const std::string& argument) {
  std::string_view rest = argument;
  std::uint64_t numbers[3] = {};
  bool is_good = true;
  for (std::uint64_t& number : numbers) {
    const std::size_t end = rest.find(' ');
    const std::optional<std::int64_t> parsed = parse_integer(rest.substr(0, end));
    is_good = is_good && end != std::string_view::npos && parsed && *parsed >= 0;
    if (!is_good) break;
    number = static_cast<std::uint64_t>(*parsed);
    rest.remove_prefix(end + 1);
  }
  if (!is_good) {
    return AdminAnswer{TENON_ERROR_INVALID, "found '" + echo(argument) +
                                                "', expected the index and the term of the entry to go on from, the "
                                                "index of the last that is wanted or 0, and the id of the cluster"};
  }
  return admin_later({token, node::LogPartWanted{std::string(rest), raft::LogIndex(numbers[0]), raft::Term(numbers[1]),
                                                 raft::LogIndex(numbers[2])}});
}

std::optional<AdminAnswer> NodeThread::admin_member_change(node::Token token, const std::string& verb,
                                                           const std::string& argument) {
  std::optional<node::MemberChangeWanted> wanted = parse_member_change(verb, argument);
  if (wanted) return admin_later({token, *std::move(wanted)});
  return AdminAnswer{TENON_ERROR_INVALID, "found '" + echo(verb + " " + argument) +
                                              "', expected member_add ID ADDRESS|.. with learner behind it or not, "
                                              "member_promote ID and member_remove ID with force behind it or not, or "
                                              "member_replace OLD NEW ADDRESS|.."};
}

std::optional<AdminAnswer> NodeThread::admin_later(node::OperatorRequest request) {
  if (ask(std::move(request))) return std::nullopt;
  return AdminAnswer{TENON_ERROR_BUSY, "as many requests of operators wait for this node as may; try later"};
}

void NodeThread::answer_operator(node::OperatorAnswer answer) {
  events_.answered();
  const std::uint64_t queue = answer.token.queue;
  if (auto* refusal = std::get_if<node::OperatorRefusal>(&answer.what)) {
    return queue_completion(queue,
                            make_completion({answer.token, refusal->outcome, refusal->error, {}, refusal->leader, {}},
                                            std::move(refusal->why), clients_->leader_address(queue, refusal->leader)));
  }
  if (const auto* begun = std::get_if<node::CompactionBegun>(&answer.what)) {
    return queue_completion(queue, make_admin_completion(answer.token, "compact", compaction_text(*begun)));
  }
  if (const auto* done = std::get_if<node::MemberChangeDone>(&answer.what)) {
    return queue_completion(queue, make_admin_completion(answer.token, "member_change", member_change_text(*done)));
  }
  if (const auto* part = std::get_if<node::LogPart>(&answer.what)) {
    return queue_completion(queue, make_admin_completion(answer.token, "log_read", log_part_text(*part)));
  }
  queue_completion(queue, make_admin_completion(answer.token, "snapshot_read",
                                                image_part_text(std::get<node::ImagePart>(answer.what))));
}

std::string NodeThread::metrics_text() const {
  std::vector<MetricValue> values = status_metrics(status(), host::steady_now());
  const auto append = [&](std::vector<MetricValue> more) {
    values.insert(values.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  append(metrics_.values());
  append(process_metrics());
  return prometheus_text(values);
}

AdminAnswer NodeThread::admin_plugins() const {
  const std::lock_guard lock(parts_mutex_);
  return {TENON_OK, plugins_text(parts_)};
}

// A thread that waits for nothing makes no rounds, so it is given something to take: when it does not, the next status
// tells.
AdminAnswer NodeThread::admin_status() {
  const auto milliseconds = [](raft::Duration duration) {
    const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
  };
  const node::Status known = status();
  const raft::Instant now = steady_now();
  StatusAges ages;
  ages.uptime = milliseconds(now - started_);
  if (known.unsynced_since) ages.sync = milliseconds(now - *known.unsynced_since);
  {
    const std::lock_guard lock(mail_mutex_);
    if (!mail_.empty()) ages.mail = milliseconds(now - mail_since_);
  }
  nudge();
  return {TENON_OK, status_text(identity_, known, ages)};
}

AdminAnswer NodeThread::admin_events(const std::string& argument) const {
  const std::optional<std::uint64_t> since = sequence_of(argument);
  if (!since) return refused_sequence(argument);
  return {TENON_OK, events_.history().text_since(*since)};
}

AdminAnswer NodeThread::admin_slow_operations(const std::string& argument) const {
  const std::optional<std::uint64_t> since = sequence_of(argument);
  if (!since) return refused_sequence(argument);
  return {TENON_OK, clients_->slow_operations().text_since(*since)};
}

AdminAnswer NodeThread::admin_snapshot(const std::string& argument) {
  const node::Status now = status();
  if (argument == "create") {
    if (now.images.is_being_received) {
      return {TENON_ERROR_BUSY, "this node is receiving an image from the leader; ask again when it is there"};
    }
    take_image();
  } else if (argument != "list") {
    return {TENON_ERROR_INVALID, "found '" + echo(argument) + "', expected create or list"};
  }
  return {TENON_OK, snapshots_text(now)};
}

AdminAnswer NodeThread::admin_transfer(const std::string& argument) {
  const node::Status now = status();
  if (now.role != raft::RoleName::leader) {
    const std::string self = "node " + std::to_string(identity_.node_id.value()) + " does not lead; ";
    return {TENON_ERROR_NOT_LEADER,
            now.leader == raft::NodeId() ? self + "it knows of no leader, try again later"
                                         : self + "ask the leader, node " + std::to_string(now.leader.value()),
            now.leader};
  }
  raft::NodeId target;
  if (!argument.empty()) {
    const std::optional<std::int64_t> id = parse_integer(argument);
    if (id) target = raft::NodeId(static_cast<std::uint64_t>(*id));
    if (!id || !now.membership.has_voter(target)) {
      return {TENON_ERROR_INVALID, "found '" + echo(argument) + "', expected the id of a voter, which are " +
                                       listed(now.membership) + ", or nothing for the one whose log is the longest"};
    }
    if (target == identity_.node_id) {
      return {TENON_ERROR_INVALID, "node " + std::to_string(target.value()) + " leads already; name another voter"};
    }
  }
  if (now.membership.voters().size() == 1) {
    return {TENON_ERROR_INVALID, "this node is the only voter, so no other can lead"};
  }
  transfer_leadership(target);
  return {TENON_OK, leader_transfer_text(now, target)};
}

}  // namespace tenon::host
