// SPDX-License-Identifier: MIT
#include "handler.hpp"

#include <algorithm>

#include "error_mapping.hpp"

namespace tenon::api_thrift {

namespace {

apache::thrift::TDelayedException* delay(const thrift_api::TenonError& error) {
  return apache::thrift::TDelayedException::delayException(error);
}

}  // namespace

void Handler::order_behind_writes(tenon_request& request) const {
  const Caller& caller = *current_.caller;
  if (caller.unfinished_writes != 0 && !caller.reordering()) request.flags |= TENON_REQUEST_AFTER_WRITES;
}

template <class Reply>
void Handler::submit(tenon_request request, std::function<void(const Reply&)> succeed, Fail fail) {
  RequestShape shape = shape_of(request);
  const bool is_write = writes(shape);
  const std::shared_ptr<Caller> caller = current_.caller;
  if (is_write) {
    ++caller->unfinished_writes;
  } else {
    order_behind_writes(request);
  }
  submissions_.add(request, [caller, is_write, shape = std::move(shape), succeed = std::move(succeed),
                             fail = std::move(fail)](Completion completion) {
    if (is_write) --caller->unfinished_writes;
    if (completion->outcome != TENON_OUTCOME_DONE || completion->error != TENON_OK) {
      return fail(delay(error_of(*completion, completion->error)));
    }
    if ((completion->flags & TENON_COMPLETION_FORGOTTEN) != 0) return fail(delay(forgotten_reply()));
    Reply reply;
    try {
      read(*completion, shape, reply);
    } catch (const thrift_api::TenonError& error) {
      return fail(delay(error));
    }
    succeed(reply);
  });
}

template <class Reply, class Request>
void Handler::take(std::function<void(const Reply&)> succeed, Fail fail, const Request& request) {
  tenon_request built{};
  try {
    built = build(submissions_.batch(), request);
  } catch (const thrift_api::TenonError& error) {
    return fail(delay(error));
  }
  submit<Reply>(built, std::move(succeed), std::move(fail));
}

template <class Reply>
void Handler::ask(std::function<void(const Reply&)> succeed, Fail fail, const std::string& verb,
                  const std::string& argument) {
  submit<Reply>(build_admin(submissions_.batch(), verb, argument), std::move(succeed), std::move(fail));
}

void KvHandler::put(std::function<void(const thrift_api::PutReply&)> succeed, Handler::Fail fail,
                    const thrift_api::PutRequest& request) {
  handler_.take<thrift_api::PutReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::get(std::function<void(const thrift_api::GetReply&)> succeed, Handler::Fail fail,
                    const thrift_api::GetRequest& request) {
  handler_.take<thrift_api::GetReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::remove(std::function<void(const thrift_api::RemoveReply&)> succeed, Handler::Fail fail,
                       const thrift_api::RemoveRequest& request) {
  handler_.take<thrift_api::RemoveReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::scan(std::function<void(const thrift_api::ScanReply&)> succeed, Handler::Fail fail,
                     const thrift_api::ScanRequest& request) {
  handler_.take<thrift_api::ScanReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::transaction(std::function<void(const thrift_api::TransactionReply&)> succeed, Handler::Fail fail,
                            const thrift_api::TransactionRequest& request) {
  handler_.take<thrift_api::TransactionReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::getMany(std::function<void(const thrift_api::GetManyReply&)> succeed, Handler::Fail fail,
                        const thrift_api::GetManyRequest& request) {
  handler_.take<thrift_api::GetManyReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::append(std::function<void(const thrift_api::AppendReply&)> succeed, Handler::Fail fail,
                       const thrift_api::AppendRequest& request) {
  handler_.take<thrift_api::AppendReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::increment(std::function<void(const thrift_api::IncrementReply&)> succeed, Handler::Fail fail,
                          const thrift_api::IncrementRequest& request) {
  handler_.take<thrift_api::IncrementReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::removeRange(std::function<void(const thrift_api::RemoveRangeReply&)> succeed, Handler::Fail fail,
                            const thrift_api::RemoveRangeRequest& request) {
  handler_.take<thrift_api::RemoveRangeReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::expire(std::function<void(const thrift_api::ExpireReply&)> succeed, Handler::Fail fail,
                       const thrift_api::ExpireRequest& request) {
  handler_.take<thrift_api::ExpireReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::persist(std::function<void(const thrift_api::PersistReply&)> succeed, Handler::Fail fail,
                        const thrift_api::PersistRequest& request) {
  handler_.take<thrift_api::PersistReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::openSession(std::function<void(const thrift_api::OpenSessionReply&)> succeed, Handler::Fail fail,
                            const thrift_api::OpenSessionRequest& request) {
  handler_.take<thrift_api::OpenSessionReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::keepSessionAlive(std::function<void(const thrift_api::KeepSessionAliveReply&)> succeed,
                                 Handler::Fail fail, const thrift_api::KeepSessionAliveRequest& request) {
  handler_.take<thrift_api::KeepSessionAliveReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::closeSession(std::function<void(const thrift_api::CloseSessionReply&)> succeed, Handler::Fail fail,
                             const thrift_api::CloseSessionRequest& request) {
  handler_.take<thrift_api::CloseSessionReply>(std::move(succeed), std::move(fail), request);
}

void KvHandler::watch(std::function<void(const thrift_api::WatchReply&)> succeed, Handler::Fail fail,
                      const thrift_api::WatchRequest& request) {
  tenon_request built{};
  try {
    built = build(handler_.submissions().batch(), request);
  } catch (const thrift_api::TenonError& error) {
    return fail(delay(error));
  }
  handler_.order_behind_writes(built);
  const std::chrono::milliseconds wait(std::min(request.wait_ms, kWatchWaitMsMax));
  watches_.add(built, handler_.caller(), wait, {std::move(succeed), std::move(fail)});
}

void KvHandler::allowReordering(std::function<void()> succeed, Handler::Fail) {
  handler_.caller()->allow_reordering();
  succeed();
}

void ClusterHandler::status(std::function<void(const thrift_api::StatusReply&)> succeed, Handler::Fail fail) {
  handler_.ask(std::move(succeed), std::move(fail), "status");
}

void ClusterHandler::members(std::function<void(const thrift_api::MembersReply&)> succeed, Handler::Fail fail) {
  handler_.ask(std::move(succeed), std::move(fail), "members");
}

void ClusterHandler::leader(std::function<void(const thrift_api::LeaderReply&)> succeed, Handler::Fail fail) {
  handler_.ask(std::move(succeed), std::move(fail), "leader");
}

void ClusterHandler::metrics(std::function<void(const thrift_api::MetricsReply&)> succeed, Handler::Fail fail) {
  handler_.ask(std::move(succeed), std::move(fail), "metrics");
}

void ClusterHandler::transferLeadership(std::function<void(const thrift_api::TransferLeadershipReply&)> succeed,
                                        Handler::Fail fail, const thrift_api::TransferLeadershipRequest& request) {
  // The node refuses what is no id of a voter.
  handler_.ask(std::move(succeed), std::move(fail), "leader_transfer",
               request.target == 0 ? std::string() : std::to_string(request.target));
}

void MaintenanceHandler::changeMembers(std::function<void(const thrift_api::ChangeMembersReply&)> succeed,
                                       Handler::Fail fail, const thrift_api::ChangeMembersRequest& request) {
  std::string verb;
  std::string argument;
  try {
    verb = member_verb_of(request);
    argument = member_argument_of(request);
  } catch (const thrift_api::TenonError& error) {
    return fail(delay(error));
  }
  handler_.ask(std::move(succeed), std::move(fail), verb, argument);
}

void ClusterHandler::createSnapshot(std::function<void(const thrift_api::SnapshotReply&)> succeed, Handler::Fail fail) {
  handler_.ask(std::move(succeed), std::move(fail), "snapshot", "create");
}

void ClusterHandler::getSnapshot(std::function<void(const thrift_api::SnapshotReply&)> succeed, Handler::Fail fail) {
  handler_.ask(std::move(succeed), std::move(fail), "snapshot", "list");
}

void ClusterHandler::getStateHash(std::function<void(const thrift_api::StateHashReply&)> succeed, Handler::Fail fail) {
  handler_.ask(std::move(succeed), std::move(fail), "state_hash");
}

void ClusterHandler::getInfo(std::function<void(const thrift_api::InfoReply&)> succeed, Handler::Fail) {
  thrift_api::InfoReply reply;
  reply.protocol_version = 1;
  reply.__set_node_id(static_cast<std::int64_t>(identity_.node_id));
  reply.__set_cluster_id(identity_.cluster_id);
  reply.__set_frame_bytes_max(static_cast<std::int64_t>(identity_.frame_bytes_max));
  succeed(reply);
}

void MaintenanceHandler::compactLog(std::function<void(const thrift_api::LogReply&)> succeed, Handler::Fail fail) {
  handler_.ask(std::move(succeed), std::move(fail), "compact");
}

void MaintenanceHandler::readSnapshot(std::function<void(const thrift_api::ReadSnapshotReply&)> succeed,
                                      Handler::Fail fail, const thrift_api::ReadSnapshotRequest& request) {
  handler_.ask(std::move(succeed), std::move(fail), "snapshot_read",
               (request.__isset.id ? request.id : std::string("newest")) + " " + std::to_string(request.offset));
}

void MaintenanceHandler::readLog(std::function<void(const thrift_api::ReadLogReply&)> succeed, Handler::Fail fail,
                                 const thrift_api::ReadLogRequest& request) {
  const std::int64_t last = request.__isset.last_index ? request.last_index : 0;
  handler_.ask(std::move(succeed), std::move(fail), "log_read",
               std::to_string(request.previous_index) + " " + std::to_string(request.previous_term) + " " +
                   std::to_string(last) + " " + request.cluster_id);
}

void MaintenanceHandler::getLog(std::function<void(const thrift_api::LogReply&)> succeed, Handler::Fail fail) {
  handler_.ask(std::move(succeed), std::move(fail), "snapshot", "list");
}

}  // namespace tenon::api_thrift
