// SPDX-License-Identifier: MIT
// The calls of the Maintenance service.
#include <Maintenance.h>
#include <thrift/protocol/TMultiplexedProtocol.h>

#include <functional>
#include <utility>

#include "caller.hpp"

namespace tenon::client {
namespace {

using Calls = thrift_api::MaintenanceClient;

std::uint64_t number(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// `send` writes the request by the generated client, `receive` reads the reply.
template <class Reply>
Reply call_maintenance(Caller& caller, Effect effect, const std::function<void(Calls&)>& send,
                       void (Calls::*receive)(Reply&)) {
  Reply reply;
  caller.call(
      effect,
      [&](const Protocol& output) {
        Calls calls(std::make_shared<apache::thrift::protocol::TMultiplexedProtocol>(output, "Maintenance"));
        send(calls);
      },
      [&](const Protocol& input) {
        Calls calls(input);
        reply = Reply();
        (calls.*receive)(reply);
      });
  return reply;
}

Log to_log(const thrift_api::LogReply& reply) {
  return {number(reply.applied_index), number(reply.first_index), number(reply.log_bytes), reply.compacting,
          reply.being_taken};
}

thrift_api::MemberChange::type to_kind(MemberChangeKind kind) noexcept {
  switch (kind) {
    case MemberChangeKind::kPromote:
      return thrift_api::MemberChange::PROMOTE;
    case MemberChangeKind::kRemove:
      return thrift_api::MemberChange::REMOVE;
    case MemberChangeKind::kReplace:
      return thrift_api::MemberChange::REPLACE;
    default:
      return thrift_api::MemberChange::ADD;
  }
}

}  // namespace

SnapshotPart Client::read_snapshot(const std::string& id, std::uint64_t offset) {
  thrift_api::ReadSnapshotRequest request;
  if (!id.empty()) request.__set_id(id);
  request.__set_offset(static_cast<std::int64_t>(offset));
  auto reply = call_maintenance<thrift_api::ReadSnapshotReply>(
      *caller_, Effect::kRead, [&](Calls& calls) { calls.send_readSnapshot(request); }, &Calls::recv_readSnapshot);
  return {reply.id, number(reply.index), number(reply.snapshot_bytes), number(reply.offset), std::move(reply.bytes)};
}

LogPart Client::read_log(const std::string& cluster_id, std::uint64_t previous_index, std::uint64_t previous_term,
                         std::uint64_t last_index) {
  thrift_api::ReadLogRequest request;
  request.__set_cluster_id(cluster_id);
  request.__set_previous_index(static_cast<std::int64_t>(previous_index));
  request.__set_previous_term(static_cast<std::int64_t>(previous_term));
  if (last_index != 0) request.__set_last_index(static_cast<std::int64_t>(last_index));
  auto reply = call_maintenance<thrift_api::ReadLogReply>(
      *caller_, Effect::kRead, [&](Calls& calls) { calls.send_readLog(request); }, &Calls::recv_readLog);
  return {number(reply.commit_index), number(reply.commit_term), std::move(reply.records)};
}

Log Client::compact_log() {
  return to_log(call_maintenance<thrift_api::LogReply>(
      *caller_, Effect::kWrite, [](Calls& calls) { calls.send_compactLog(); }, &Calls::recv_compactLog));
}

Log Client::log() {
  return to_log(call_maintenance<thrift_api::LogReply>(
      *caller_, Effect::kRead, [](Calls& calls) { calls.send_getLog(); }, &Calls::recv_getLog));
}

MemberChangeResult Client::change_members(const MemberChange& change) {
  thrift_api::ChangeMembersRequest request;
  request.__set_change(to_kind(change.kind));
  request.__set_node(static_cast<std::int64_t>(change.node));
  if (!change.addresses.empty()) request.__set_addresses(change.addresses);
  if (change.replaced != 0) request.__set_replaced(static_cast<std::int64_t>(change.replaced));
  if (change.stays_learner) request.__set_stays_learner(true);
  if (change.force) request.__set_force(true);
  const auto reply = call_maintenance<thrift_api::ChangeMembersReply>(
      *caller_, Effect::kWrite, [&](Calls& calls) { calls.send_changeMembers(request); }, &Calls::recv_changeMembers);
  const auto& isset = reply.__isset;
  return {number(reply.node), isset.standing ? std::optional(reply.standing) : std::nullopt,
          isset.missing_bytes ? std::optional(number(reply.missing_bytes)) : std::nullopt,
          isset.text ? reply.text : std::string(), isset.warnings ? reply.warnings : std::vector<std::string>()};
}

}  // namespace tenon::client
