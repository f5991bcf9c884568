// SPDX-License-Identifier: MIT
// The cluster of a MapService, as its own comment says.
#pragma once

#include <Cluster.h>

#include "test_server.hpp"

namespace tenon::client {

class ClusterHandler : public thrift_api::ClusterNull {
 public:
  void status(thrift_api::StatusReply& reply) override {
    reply.__set_node_id(7);
    reply.__set_role("leader");
    reply.__set_term(3);
    reply.__set_other({{"storage", "filewal"}});
  }
  void members(thrift_api::MembersReply& reply) override {
    thrift_api::Member leader;
    leader.__set_node_id(7);
    leader.__set_is_leader(true);
    thrift_api::Member follower;
    follower.__set_node_id(8);
    follower.__set_addresses({"thrift://h:1"});
    follower.__set_control_transport("thrift");
    follower.__set_match_index(5);
    follower.__set_progress("replicate");
    reply.__set_members({leader, follower});
  }
  void metrics(thrift_api::MetricsReply& reply) override { reply.__set_text("# HELP m M.\n# TYPE m gauge\nm 1\n"); }
  void createSnapshot(thrift_api::SnapshotReply& reply) override {
    polls_ = 0;
    ++images_;
    getSnapshot(reply);
    reply.__set_applied_index(applied_);
  }
  // An image is stored when it has been asked for the second time, and the third never.
  void getSnapshot(thrift_api::SnapshotReply& reply) override {
    if (polls_++ == 2 && images_ < 3) index_ = applied_++;
    reply.__set_index(index_);
    reply.__set_bytes(100 + index_);
    reply.__set_being_taken(polls_ < 3);
    reply.__set_applied_index(applied_);
  }
  void getStateHash(thrift_api::StateHashReply& reply) override {
    reply.__set_applied_index(12);
    reply.__set_revision(4);
    reply.__set_state_hash("00ff00ff00ff00ff");
  }
  void leader(thrift_api::LeaderReply& reply) override {
    reply.__set_leader(leader_);
    reply.__set_term(term_);
    reply.__set_client_addresses({"thrift://h:2"});
  }
  void transferLeadership(thrift_api::TransferLeadershipReply& reply,
                          const thrift_api::TransferLeadershipRequest& request) override {
    reply.__set_target(request.target);
    reply.__set_term(term_);
    if (request.target == MapService::kNodeThatCannotLead) return;
    leader_ = request.target == 0 ? 8 : request.target == MapService::kNobody ? 0 : request.target;
    ++term_;
  }

 private:
  std::int64_t leader_ = 7;
  std::int64_t term_ = 3;
  std::int64_t index_ = 5;
  std::int64_t applied_ = 9;
  int images_ = 0;  // that were asked for
  int polls_ = 3;   // of the image, since the last was asked for
};

}  // namespace tenon::client
