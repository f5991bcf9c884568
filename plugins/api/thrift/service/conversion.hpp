// SPDX-License-Identifier: MIT
// Requests of the interface as requests of the waist, and its completions as replies.
#pragma once

#include <string>
#include <vector>

#include "maintenance_types.h"
#include "net/client/request_batch.hpp"
#include "tenon/client_api.hpp"
#include "tenon_types.h"

namespace tenon::api_thrift {

// Each makes a request from what the batch then keeps, and throws thrift_api::TenonError (REFUSED) when the request
// contradicts the interface. Whether a key or value is acceptable is the node's to say.
tenon_request build(net::RequestBatch& batch, const thrift_api::PutRequest& put);
tenon_request build(net::RequestBatch& batch, const thrift_api::GetRequest& get);
tenon_request build(net::RequestBatch& batch, const thrift_api::RemoveRequest& remove);
tenon_request build(net::RequestBatch& batch, const thrift_api::ScanRequest& scan);
tenon_request build(net::RequestBatch& batch, const thrift_api::TransactionRequest& transaction);
tenon_request build(net::RequestBatch& batch, const thrift_api::GetManyRequest& get);
tenon_request build(net::RequestBatch& batch, const thrift_api::AppendRequest& append);
tenon_request build(net::RequestBatch& batch, const thrift_api::IncrementRequest& increment);
tenon_request build(net::RequestBatch& batch, const thrift_api::RemoveRangeRequest& remove);
tenon_request build(net::RequestBatch& batch, const thrift_api::ExpireRequest& expire);
tenon_request build(net::RequestBatch& batch, const thrift_api::PersistRequest& persist);
tenon_request build(net::RequestBatch& batch, const thrift_api::OpenSessionRequest& open);
tenon_request build(net::RequestBatch& batch, const thrift_api::KeepSessionAliveRequest& keep_alive);
tenon_request build(net::RequestBatch& batch, const thrift_api::CloseSessionRequest& close);
tenon_request build(net::RequestBatch& batch, const thrift_api::WatchRequest& watch);
// An admin verb and its argument, as core/host knows them.
tenon_request build_admin(net::RequestBatch& batch, const std::string& verb, const std::string& argument);

// The verb that changes the members so, and its argument. Both throw thrift_api::TenonError (REFUSED) when the request
// contradicts the interface.
std::string member_verb_of(const thrift_api::ChangeMembersRequest& request);
std::string member_argument_of(const thrift_api::ChangeMembersRequest& request);

// What a reader needs to know of a request whose memory is gone.
struct OperationShape {
  std::uint32_t kind;
  std::uint32_t flags;
};
struct RequestShape {
  std::vector<OperationShape> operations;
  std::vector<OperationShape> otherwise;
};
RequestShape shape_of(const tenon_request& request);
// Whether the request can change anything.
bool writes(const RequestShape& shape) noexcept;

// The result of a request that asked for one operation. Throws thrift_api::TenonError when the operation failed.
const tenon_result& only_result(const tenon_completion& completion);

// Each reads a completion of a request of this shape that is DONE without error and has its results. Throws
// thrift_api::TenonError when one of its operations failed.
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::PutReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::GetReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::RemoveReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::ScanReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::TransactionReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::GetManyReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::AppendReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::IncrementReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::RemoveRangeReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::ExpireReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::PersistReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::OpenSessionReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::KeepSessionAliveReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::CloseSessionReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::StatusReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::MembersReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::LeaderReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::TransferLeadershipReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::ChangeMembersReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::MetricsReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::SnapshotReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::StateHashReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::ReadSnapshotReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::ReadLogReply& reply);
void read(const tenon_completion& completion, const RequestShape& shape, thrift_api::LogReply& reply);

// Reads a completion of a watch that is not its final one.
void read(const tenon_completion& completion, thrift_api::WatchReply& reply);

}  // namespace tenon::api_thrift
