// SPDX-License-Identifier: MIT
// The calls of the Cluster service.
#include <Cluster.h>
#include <thrift/protocol/TMultiplexedProtocol.h>

#include <functional>
#include <utility>

#include "caller.hpp"

namespace tenon::client {
namespace {

std::uint64_t number(std::int64_t value) { return static_cast<std::uint64_t>(value); }

std::optional<std::uint64_t> number_if(bool is_set, std::int64_t value) {
  if (!is_set) return std::nullopt;
  return number(value);
}

std::optional<std::string> text_if(bool is_set, const std::string& value) {
  if (!is_set) return std::nullopt;
  return value;
}

// `send` writes the request by the generated client, `receive` reads the reply.
template <class Reply>
Reply call_cluster(Caller& caller, Effect effect, const std::function<void(thrift_api::ClusterClient&)>& send,
                   void (thrift_api::ClusterClient::*receive)(Reply&)) {
  Reply reply;
  caller.call(
      effect,
      [&](const Protocol& output) {
        thrift_api::ClusterClient client(
            std::make_shared<apache::thrift::protocol::TMultiplexedProtocol>(output, "Cluster"));
        send(client);
      },
      [&](const Protocol& input) {
        thrift_api::ClusterClient client(input);
        reply = Reply();
        (client.*receive)(reply);
      });
  return reply;
}

Member to_member(const thrift_api::Member& member) {
  const auto& isset = member.__isset;
  Member made;
  made.node_id = number(member.node_id);
  made.is_leader = isset.is_leader && member.is_leader;
  made.incarnation = text_if(isset.incarnation, member.incarnation);
  made.addresses = member.addresses;
  made.client_addresses = member.client_addresses;
  made.control_transport = text_if(isset.control_transport, member.control_transport);
  made.bulk_transport = text_if(isset.bulk_transport, member.bulk_transport);
  made.match_index = number_if(isset.match_index, member.match_index);
  made.next_index = number_if(isset.next_index, member.next_index);
  made.progress = text_if(isset.progress, member.progress);
  made.standing = text_if(isset.standing, member.standing);
  made.aim = text_if(isset.aim, member.aim);
  made.missing_bytes = number_if(isset.missing_bytes, member.missing_bytes);
  return made;
}

Snapshot to_snapshot(const thrift_api::SnapshotReply& reply) {
  const auto& isset = reply.__isset;
  return {.index = number(isset.index ? reply.index : 0),
          .bytes = number(isset.bytes ? reply.bytes : 0),
          .being_taken = isset.being_taken && reply.being_taken,
          .being_received = isset.being_received && reply.being_received,
          .applied_index = number(isset.applied_index ? reply.applied_index : 0)};
}

}  // namespace

Status Client::status() {
  auto reply = call_cluster<thrift_api::StatusReply>(
      *caller_, Effect::kRead, [](auto& client) { client.send_status(); }, &thrift_api::ClusterClient::recv_status);
  const auto& isset = reply.__isset;
  Status status;
  status.endpoint = caller_->endpoint().text();
  status.node_id = number_if(isset.node_id, reply.node_id);
  status.cluster_id = text_if(isset.cluster_id, reply.cluster_id);
  status.role = text_if(isset.role, reply.role);
  status.term = number_if(isset.term, reply.term);
  status.leader = number_if(isset.leader, reply.leader);
  status.commit_index = number_if(isset.commit_index, reply.commit_index);
  status.applied_index = number_if(isset.applied_index, reply.applied_index);
  status.revision = number_if(isset.revision, reply.revision);
  status.version = text_if(isset.version, reply.version);
  status.uptime_ms = number_if(isset.uptime_ms, reply.uptime_ms);
  status.keys = number_if(isset.keys, reply.keys);
  if (isset.other) status.other = std::move(reply.other);
  return status;
}

std::vector<Member> Client::members() {
  const auto reply = call_cluster<thrift_api::MembersReply>(
      *caller_, Effect::kRead, [](auto& client) { client.send_members(); }, &thrift_api::ClusterClient::recv_members);
  std::vector<Member> members;
  for (const thrift_api::Member& member : reply.members) members.push_back(to_member(member));
  return members;
}

Leadership Client::leadership() {
  const auto reply = call_cluster<thrift_api::LeaderReply>(
      *caller_, Effect::kRead, [](auto& client) { client.send_leader(); }, &thrift_api::ClusterClient::recv_leader);
  return {number(reply.leader), number(reply.__isset.term ? reply.term : 0), reply.client_addresses};
}

std::string Client::metrics() {
  return call_cluster<thrift_api::MetricsReply>(
             *caller_, Effect::kRead, [](auto& client) { client.send_metrics(); },
             &thrift_api::ClusterClient::recv_metrics)
      .text;
}

Snapshot Client::snapshot() {
  return to_snapshot(call_cluster<thrift_api::SnapshotReply>(
      *caller_, Effect::kRead, [](auto& client) { client.send_getSnapshot(); },
      &thrift_api::ClusterClient::recv_getSnapshot));
}

StateHash Client::state_hash() {
  const auto reply = call_cluster<thrift_api::StateHashReply>(
      *caller_, Effect::kRead, [](auto& client) { client.send_getStateHash(); },
      &thrift_api::ClusterClient::recv_getStateHash);
  const auto& isset = reply.__isset;
  return {number(isset.applied_index ? reply.applied_index : 0), number(isset.revision ? reply.revision : 0),
          reply.state_hash};
}

Snapshot Client::create_snapshot() {
  return to_snapshot(call_cluster<thrift_api::SnapshotReply>(
      *caller_, Effect::kWrite, [](auto& client) { client.send_createSnapshot(); },
      &thrift_api::ClusterClient::recv_createSnapshot));
}

std::uint64_t Client::transfer_leadership(std::uint64_t target) {
  thrift_api::TransferLeadershipRequest request;
  request.__set_target(static_cast<std::int64_t>(target));
  const auto reply = call_cluster<thrift_api::TransferLeadershipReply>(
      *caller_, Effect::kWrite, [&](auto& client) { client.send_transferLeadership(request); },
      &thrift_api::ClusterClient::recv_transferLeadership);
  return number(reply.__isset.term ? reply.term : 0);
}

}  // namespace tenon::client
