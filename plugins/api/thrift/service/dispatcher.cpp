// SPDX-License-Identifier: MIT
#include "dispatcher.hpp"

#include <thrift/TApplicationException.h>

#include "handler.hpp"
#include "request_protocol.hpp"

namespace tenon::api_thrift {

namespace {

using apache::thrift::TApplicationException;
using apache::thrift::protocol::T_CALL;
using apache::thrift::protocol::T_EXCEPTION;
using apache::thrift::protocol::T_ONEWAY;

constexpr std::string_view kKvPrefix = "Kv:";
constexpr std::string_view kClusterPrefix = "Cluster:";
constexpr std::string_view kMaintenancePrefix = "Maintenance:";
// A name is repeated in the answer, so it may not be any length.
constexpr std::size_t kNameBytesMax = 128;

}  // namespace

struct Dispatcher::Services {
  Services(net::Submissions& submissions, const CurrentCall& current, NodeIdentity identity)
      : watches(submissions),
        kv(std::make_shared<KvHandler>(submissions, current, watches)),
        cluster(std::make_shared<ClusterHandler>(submissions, current, std::move(identity))),
        maintenance(std::make_shared<MaintenanceHandler>(submissions, current)) {}

  WaitingWatches watches;
  thrift_api::KvAsyncProcessor kv;
  thrift_api::ClusterAsyncProcessor cluster;
  thrift_api::MaintenanceAsyncProcessor maintenance;
  // One for all replies: a processor writes a reply in one go and then reports that it has ended.
  const std::shared_ptr<ReplyTransport> transport = std::make_shared<ReplyTransport>();
  const std::shared_ptr<ReplyProtocol> reply = std::make_shared<ReplyProtocol>(transport);
};

struct Dispatcher::Call {
  std::shared_ptr<Caller> caller;
  std::uint64_t slot = 0;
  MessageHeader header;
  std::shared_ptr<RequestProtocol> input;  // while the request is read
};

Dispatcher::Dispatcher(net::Submissions& submissions, const Host& host, std::uint64_t frame_bytes_max)
    : requests_(host.metric("requests_total")),
      services_(std::make_unique<Services>(submissions, current_,
                                           NodeIdentity{host.node_id(), host.cluster_id(), frame_bytes_max})) {}

Dispatcher::~Dispatcher() = default;

std::optional<std::string> Dispatcher::take(std::string_view frame, const std::shared_ptr<Caller>& caller) {
  const auto call = std::make_shared<Call>();
  try {
    call->input = std::make_shared<RequestProtocol>(frame);
  } catch (const apache::thrift::TException& error) {
    return std::string("the frame is not a Thrift message in the strict binary protocol: ") + error.what();
  }
  call->header = call->input->header();
  if (call->header.name.size() > kNameBytesMax) {
    return "the method's name has " + std::to_string(call->header.name.size()) + " bytes";
  }
  // Its reply could not leave before that of a watch.
  if (caller->waiting_watches != 0 && !caller->reordering()) hurry(*caller);
  call->caller = caller;
  call->slot = caller->open_slot();
  requests_.record(1);
  current_.caller = caller;
  process(call);
  current_.caller = nullptr;
  call->input = nullptr;  // it refers to the frame, which ends with this call
  return std::nullopt;
}

std::optional<std::chrono::steady_clock::time_point> Dispatcher::next_deadline() const {
  return services_->watches.next_deadline();
}

void Dispatcher::expire(std::chrono::steady_clock::time_point now) { services_->watches.expire(now); }
void Dispatcher::drain() { services_->watches.drain(); }
void Dispatcher::hurry(const Caller& caller) { services_->watches.hurry(caller); }
void Dispatcher::forget(const Caller& caller) { services_->watches.forget(caller); }

void Dispatcher::process(const std::shared_ptr<Call>& call) {
  if (call->header.type != T_CALL && call->header.type != T_ONEWAY) {
    return end_with(*call, TApplicationException::INVALID_MESSAGE_TYPE, "the message is neither a call nor oneway");
  }
  const std::string& name = call->header.name;
  const auto is_for = [&](std::string_view prefix) {
    if (!name.starts_with(prefix)) return false;
    call->input->set_method(name.substr(prefix.size()));
    return true;
  };
  apache::thrift::async::TAsyncProcessor* processor = &services_->kv;
  if (is_for(kClusterPrefix)) {
    processor = &services_->cluster;
  } else if (is_for(kMaintenancePrefix)) {
    processor = &services_->maintenance;
  } else {
    is_for(kKvPrefix);
  }
  const auto ended = [this, call](bool ok) { end(*call, ok); };
  try {
    processor->process(ended, call->input, services_->reply);
  } catch (const apache::thrift::TException&) {
    // Only the arguments of an unknown method are read outside the processor's own care, before anything has ended.
    end(*call, false);
  }
}

void Dispatcher::end(const Call& call, bool ok) {
  if (ok) return deliver(call);
  const bool reading = call.input != nullptr;
  const std::string why =
      reading && !call.input->failure().empty() ? call.input->failure() : "they are not what the interface says";
  end_with(call, reading ? TApplicationException::PROTOCOL_ERROR : TApplicationException::INTERNAL_ERROR,
           reading ? "cannot read the arguments: " + why : "cannot write the reply");
}

void Dispatcher::end_with(const Call& call, int type, const std::string& why) {
  services_->transport->clear();
  services_->reply->writeMessageBegin(call.header.name, T_EXCEPTION, call.header.sequence_id);
  TApplicationException(static_cast<TApplicationException::TApplicationExceptionType>(type), why)
      .write(services_->reply.get());
  services_->reply->writeMessageEnd();
  deliver(call);
}

void Dispatcher::deliver(const Call& call) {
  const bool wanted = call.header.type != T_ONEWAY;
  call.caller->reply(call.slot, wanted ? services_->transport->written() : std::string_view());
  services_->transport->clear();
}

}  // namespace tenon::api_thrift
