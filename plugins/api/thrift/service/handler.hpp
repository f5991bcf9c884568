// SPDX-License-Identifier: MIT
// The services of the interface: what their generated processors call with each request that they have read.
#pragma once

#include <functional>
#include <string>

#include "Cluster.h"
#include "Kv.h"
#include "Maintenance.h"
#include "calls.hpp"
#include "conversion.hpp"
#include "net/client/submissions.hpp"
#include "waiting_watches.hpp"

namespace tenon::api_thrift {

// What this node says of itself without asking the cluster.
struct NodeIdentity {
  std::uint64_t node_id;
  std::string cluster_id;
  std::uint64_t frame_bytes_max;
};

// What the services share: a request becomes a submission, its completion the reply or the error.
class Handler {
 public:
  using Fail = std::function<void(apache::thrift::TDelayedException*)>;

  Handler(net::Submissions& submissions, const CurrentCall& current) : submissions_(submissions), current_(current) {}

  // Has a read see the writes before it, where the client may expect that.
  void order_behind_writes(tenon_request& request) const;

  template <class Reply>
  void submit(tenon_request request, std::function<void(const Reply&)> succeed, Fail fail);
  // Builds the request and submits it, or answers why it cannot be.
  template <class Reply, class Request>
  void take(std::function<void(const Reply&)> succeed, Fail fail, const Request& request);

  // Submits an admin verb.
  template <class Reply>
  void ask(std::function<void(const Reply&)> succeed, Fail fail, const std::string& verb,
           const std::string& argument = {});

  net::Submissions& submissions() noexcept { return submissions_; }
  const std::shared_ptr<Caller>& caller() const noexcept { return current_.caller; }

 private:
  net::Submissions& submissions_;
  const CurrentCall& current_;
};

class KvHandler : public thrift_api::KvCobSvIf {
 public:
  KvHandler(net::Submissions& submissions, const CurrentCall& current, WaitingWatches& watches)
      : handler_(submissions, current), watches_(watches) {}

  void put(std::function<void(const thrift_api::PutReply&)> succeed, Handler::Fail fail,
           const thrift_api::PutRequest& request) override;
  void get(std::function<void(const thrift_api::GetReply&)> succeed, Handler::Fail fail,
           const thrift_api::GetRequest& request) override;
  void remove(std::function<void(const thrift_api::RemoveReply&)> succeed, Handler::Fail fail,
              const thrift_api::RemoveRequest& request) override;
  void scan(std::function<void(const thrift_api::ScanReply&)> succeed, Handler::Fail fail,
            const thrift_api::ScanRequest& request) override;
  void transaction(std::function<void(const thrift_api::TransactionReply&)> succeed, Handler::Fail fail,
                   const thrift_api::TransactionRequest& request) override;
  void getMany(std::function<void(const thrift_api::GetManyReply&)> succeed, Handler::Fail fail,
               const thrift_api::GetManyRequest& request) override;
  void append(std::function<void(const thrift_api::AppendReply&)> succeed, Handler::Fail fail,
              const thrift_api::AppendRequest& request) override;
  void increment(std::function<void(const thrift_api::IncrementReply&)> succeed, Handler::Fail fail,
                 const thrift_api::IncrementRequest& request) override;
  void removeRange(std::function<void(const thrift_api::RemoveRangeReply&)> succeed, Handler::Fail fail,
                   const thrift_api::RemoveRangeRequest& request) override;
  void expire(std::function<void(const thrift_api::ExpireReply&)> succeed, Handler::Fail fail,
              const thrift_api::ExpireRequest& request) override;
  void persist(std::function<void(const thrift_api::PersistReply&)> succeed, Handler::Fail fail,
               const thrift_api::PersistRequest& request) override;
  void openSession(std::function<void(const thrift_api::OpenSessionReply&)> succeed, Handler::Fail fail,
                   const thrift_api::OpenSessionRequest& request) override;
  void keepSessionAlive(std::function<void(const thrift_api::KeepSessionAliveReply&)> succeed, Handler::Fail fail,
                        const thrift_api::KeepSessionAliveRequest& request) override;
  void closeSession(std::function<void(const thrift_api::CloseSessionReply&)> succeed, Handler::Fail fail,
                    const thrift_api::CloseSessionRequest& request) override;
  void watch(std::function<void(const thrift_api::WatchReply&)> succeed, Handler::Fail fail,
             const thrift_api::WatchRequest& request) override;
  void allowReordering(std::function<void()> succeed, Handler::Fail fail) override;

 private:
  Handler handler_;
  WaitingWatches& watches_;
};

class ClusterHandler : public thrift_api::ClusterCobSvIf {
 public:
  ClusterHandler(net::Submissions& submissions, const CurrentCall& current, NodeIdentity identity)
      : handler_(submissions, current), identity_(std::move(identity)) {}

  void status(std::function<void(const thrift_api::StatusReply&)> succeed, Handler::Fail fail) override;
  void members(std::function<void(const thrift_api::MembersReply&)> succeed, Handler::Fail fail) override;
  void leader(std::function<void(const thrift_api::LeaderReply&)> succeed, Handler::Fail fail) override;
  void metrics(std::function<void(const thrift_api::MetricsReply&)> succeed, Handler::Fail fail) override;
  void transferLeadership(std::function<void(const thrift_api::TransferLeadershipReply&)> succeed, Handler::Fail fail,
                          const thrift_api::TransferLeadershipRequest& request) override;
  void createSnapshot(std::function<void(const thrift_api::SnapshotReply&)> succeed, Handler::Fail fail) override;
  void getSnapshot(std::function<void(const thrift_api::SnapshotReply&)> succeed, Handler::Fail fail) override;
  void getStateHash(std::function<void(const thrift_api::StateHashReply&)> succeed, Handler::Fail fail) override;
  void getInfo(std::function<void(const thrift_api::InfoReply&)> succeed, Handler::Fail fail) override;

 private:
  Handler handler_;
  const NodeIdentity identity_;
};

class MaintenanceHandler : public thrift_api::MaintenanceCobSvIf {
 public:
  MaintenanceHandler(net::Submissions& submissions, const CurrentCall& current) : handler_(submissions, current) {}

  void readSnapshot(std::function<void(const thrift_api::ReadSnapshotReply&)> succeed, Handler::Fail fail,
                    const thrift_api::ReadSnapshotRequest& request) override;
  void readLog(std::function<void(const thrift_api::ReadLogReply&)> succeed, Handler::Fail fail,
               const thrift_api::ReadLogRequest& request) override;
  void changeMembers(std::function<void(const thrift_api::ChangeMembersReply&)> succeed, Handler::Fail fail,
                     const thrift_api::ChangeMembersRequest& request) override;
  void compactLog(std::function<void(const thrift_api::LogReply&)> succeed, Handler::Fail fail) override;
  void getLog(std::function<void(const thrift_api::LogReply&)> succeed, Handler::Fail fail) override;

 private:
  Handler handler_;
};

}  // namespace tenon::api_thrift
