// SPDX-License-Identifier: MIT
#include "test_server.hpp"

#include <Cluster.h>
#include <Kv.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thrift/processor/TMultiplexedProcessor.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace tenon::client {
namespace {

using apache::thrift::transport::TMemoryBuffer;

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

bool wait_readable(int descriptor, const std::atomic<bool>& stop) {
  while (!stop) {
    pollfd wanted{descriptor, POLLIN, 0};
    if (::poll(&wanted, 1, 10) > 0) return true;
  }
  return false;
}

class KvHandler : public thrift_api::KvNull {
 public:
  void put(thrift_api::PutReply& reply, const thrift_api::PutRequest& request) override {
    const std::int64_t created = records_.contains(request.key) ? records_[request.key].create_revision : revision_ + 1;
    const std::int64_t version = records_[request.key].version + 1;
    thrift_api::Record& record = records_[request.key];
    record.__set_key(request.key);
    record.__set_value(request.value);
    record.__set_create_revision(created);
    record.__set_mod_revision(++revision_);
    record.__set_version(version);
    reply.__set_revision(revision_);
  }
  void get(thrift_api::GetReply& reply, const thrift_api::GetRequest& request) override {
    reply.__set_revision(revision_);
    if (records_.contains(request.key)) reply.__set_record(records_[request.key]);
  }
  void remove(thrift_api::RemoveReply& reply, const thrift_api::RemoveRequest& request) override {
    reply.__set_removed(records_.erase(request.key) == 1);
    reply.__set_revision(reply.removed ? ++revision_ : revision_);
  }
  void scan(thrift_api::ScanReply& reply, const thrift_api::ScanRequest& request) override {
    reply.__set_revision(revision_);
    constexpr std::int64_t kMax = MapService::kPageRecordsMax;
    const std::int64_t page_records_max = request.limit > 0 ? std::min(request.limit, kMax) : kMax;
    std::vector<thrift_api::Record> found;
    for (const auto& [key, record] : records_) {
      if (request.__isset.prefix && !key.starts_with(request.prefix)) continue;
      if (key < request.first_key || (!request.end_key.empty() && key >= request.end_key)) continue;
      if (request.__isset.cursor && key <= request.cursor) continue;
      if (static_cast<std::int64_t>(found.size()) == page_records_max) {
        reply.__set_cursor(found.back().key);
        break;
      }
      found.push_back(record);
      if (request.keys_only) found.back().__isset.value = false;
    }
    reply.__set_records(found);
  }
  // Of transactions, what a compare-and-swap needs: one compare, one put, one get.
  void transaction(thrift_api::TransactionReply& reply, const thrift_api::TransactionRequest& request) override {
    const thrift_api::Compare& compare = request.compares.at(0);
    const bool exists = records_.contains(compare.key);
    const bool by_value = compare.target == thrift_api::CompareTarget::VALUE;
    reply.__set_succeeded(by_value ? exists && records_[compare.key].value == compare.value
                                   : !exists && compare.number == 0);
    thrift_api::OperationReply made;
    if (reply.succeeded) {
      thrift_api::PutReply put_reply;
      put(put_reply, request.operations.at(0).put);
      made.__set_put(put_reply);
    } else {
      thrift_api::GetReply get_reply;
      get(get_reply, request.otherwise.at(0).get);
      made.__set_get(get_reply);
    }
    reply.__set_replies({made});
    reply.__set_revision(revision_);
  }

 private:
  std::map<std::string, thrift_api::Record> records_;
  std::int64_t revision_ = 0;
};

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
};

}  // namespace

TestServer::TestServer(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(listener_ >= 0, "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  require(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
  require(::listen(listener_, 8) == 0, "listen");
  require(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

TestServer::~TestServer() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

void TestServer::run() {
  while (wait_readable(listener_, stop_)) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    ++connections_;
    serve(connection);
    ::close(connection);
  }
}

void TestServer::serve(int connection) {
  while (true) {
    unsigned char length[4];
    if (!receive(connection, reinterpret_cast<char*>(length), sizeof length)) return;
    std::string request(static_cast<std::size_t>(length[0] << 24 | length[1] << 16 | length[2] << 8 | length[3]), '\0');
    if (!receive(connection, request.data(), request.size())) return;
    ++requests_;
    const Answer answer = behaviour_(std::move(request));
    if (answer.kind == Answer::Kind::kClose) return;
    if (answer.kind == Answer::Kind::kSilence) continue;
    std::string bytes = answer.bytes;
    if (answer.kind != Answer::Kind::kRawBytes) {
      std::string header;
      for (const int shift : {24, 16, 8, 0}) header.push_back(static_cast<char>((bytes.size() >> shift) & 0xff));
      bytes.insert(0, header);
    }
    require(::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()), "send");
    if (answer.kind == Answer::Kind::kReplyAndClose) return;
  }
}

bool TestServer::receive(int connection, char* data, std::size_t size) {
  while (size > 0) {
    if (!wait_readable(connection, stop_)) return false;
    const ssize_t received = ::recv(connection, data, size, 0);
    if (received <= 0) return false;
    data += received;
    size -= static_cast<std::size_t>(received);
  }
  return true;
}

struct MapService::Processors {
  apache::thrift::TMultiplexedProcessor processor;
};

MapService::MapService() : processors_(std::make_unique<Processors>()) {
  processors_->processor.registerDefault(std::make_shared<thrift_api::KvProcessor>(std::make_shared<KvHandler>()));
  processors_->processor.registerProcessor(
      "Cluster", std::make_shared<thrift_api::ClusterProcessor>(std::make_shared<ClusterHandler>()));
}
MapService::~MapService() = default;

std::string MapService::answer(std::string request) {
  using apache::thrift::protocol::TBinaryProtocol;
  const auto input = std::make_shared<TMemoryBuffer>(reinterpret_cast<std::uint8_t*>(request.data()),
                                                     static_cast<std::uint32_t>(request.size()));
  const auto output = std::make_shared<TMemoryBuffer>();
  processors_->processor.process(std::make_shared<TBinaryProtocol>(input), std::make_shared<TBinaryProtocol>(output),
                                 nullptr);
  return output->getBufferAsString();
}

}  // namespace tenon::client
