// SPDX-License-Identifier: MIT
#include "test_server.hpp"

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
#include <cerrno>
#include <map>
#include <stdexcept>
#include <utility>

#include "cluster_handler.hpp"
#include "maintenance_handler.hpp"

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
    if (request.__isset.in_session) {
      auto& kept = of_session(request.in_session.session);
      const std::int64_t sequence = request.in_session.sequence;
      if (!kept.contains(sequence)) {
        thrift_api::PutRequest once = request;
        once.__isset.in_session = false;
        put(kept[sequence], once);
      }
      reply = kept[sequence];
      return;
    }
    if (request.return_previous && records_.contains(request.key)) reply.__set_previous(records_[request.key]);
    const std::int64_t created = records_.contains(request.key) ? records_[request.key].create_revision : revision_ + 1;
    const std::int64_t version = records_[request.key].version + 1;
    thrift_api::Record& record = records_[request.key];
    record.__set_key(request.key);
    record.__set_value(request.value);
    record.__set_create_revision(created);
    record.__set_mod_revision(++revision_);
    record.__set_version(version);
    thrift_api::Change& change = changes_.emplace_back();
    change.__set_kind(thrift_api::ChangeKind::PUT);
    change.__set_record(record);
    if (!request.keep_expiry) record.__isset.expires_at_ms = false;
    if (request.__isset.ttl_ms) record.__set_expires_at_ms(request.ttl_ms);
    reply.__set_revision(revision_);
  }
  void get(thrift_api::GetReply& reply, const thrift_api::GetRequest& request) override {
    reply.__set_revision(revision_);
    reply.__set_cluster_time_ms(400);
    if (records_.contains(request.key)) reply.__set_record(records_[request.key]);
  }
  void remove(thrift_api::RemoveReply& reply, const thrift_api::RemoveRequest& request) override {
    const std::map<std::string, thrift_api::Record>::node_type gone = records_.extract(request.key);
    reply.__set_removed(!gone.empty());
    reply.__set_revision(reply.removed ? ++revision_ : revision_);
    if (gone.empty()) return;
    thrift_api::Change& change = changes_.emplace_back();
    change.__set_kind(thrift_api::ChangeKind::REMOVED);
    change.record.__set_key(request.key);
    change.record.__set_mod_revision(revision_);
    change.__set_previous(gone.mapped());
  }
  void forget_state_of_cursors() { forgets_cursors_ = true; }
  void scan(thrift_api::ScanReply& reply, const thrift_api::ScanRequest& request) override {
    if (request.__isset.cursor && std::exchange(forgets_cursors_, false)) {
      thrift_api::TenonError error;
      error.__set_outcome(thrift_api::Outcome::DONE);
      error.__set_code(thrift_api::ErrorCode::COMPACTED);
      throw error;
    }
    reply.__set_revision(revision_);
    constexpr std::int64_t kMax = MapService::kPageRecordsMax;
    const std::int64_t page_records_max = request.limit > 0 ? std::min(request.limit, kMax) : kMax;
    std::vector<thrift_api::Record> found;
    for (const auto& [key, record] : records_) {
      if (request.__isset.prefix && !key.starts_with(request.prefix)) continue;
      if (key < request.first_key || (!request.end_key.empty() && key >= request.end_key)) continue;
      if (request.__isset.cursor && key <= request.cursor) continue;
      if (request.count_only) {
        reply.__set_count(reply.count + 1);
        continue;
      }
      if (static_cast<std::int64_t>(found.size()) == page_records_max) {
        reply.__set_cursor(found.back().key);
        break;
      }
      found.push_back(record);
      if (request.keys_only) found.back().__isset.value = false;
    }
    if (request.backward) std::reverse(found.begin(), found.end());
    reply.__set_records(found);
  }
  // Of compares it knows equal values and versions, and of operations put, get and increment.
  void transaction(thrift_api::TransactionReply& reply, const thrift_api::TransactionRequest& request) override {
    reply.__set_succeeded(true);
    for (const thrift_api::Compare& compare : request.compares) {
      const auto found = records_.find(compare.key);
      const bool exists = found != records_.end();
      const bool by_value = compare.target == thrift_api::CompareTarget::VALUE;
      const bool holds = by_value ? exists && found->second.value == compare.value
                                  : (exists ? found->second.version : 0) == compare.number;
      if (!holds) reply.__set_succeeded(false);
    }
    std::vector<thrift_api::OperationReply> replies;
    for (const thrift_api::Operation& one : reply.succeeded ? request.operations : request.otherwise) {
      thrift_api::OperationReply& made = replies.emplace_back();
      if (one.__isset.put) put(made.put, one.put);
      if (one.__isset.get) get(made.get, one.get);
      if (one.__isset.increment) increment(made.increment, one.increment);
      made.__isset.put = one.__isset.put;
      made.__isset.get = one.__isset.get;
      made.__isset.increment = one.__isset.increment;
    }
    reply.__set_replies(replies);
    reply.__set_revision(revision_);
  }
  void getMany(thrift_api::GetManyReply& reply, const thrift_api::GetManyRequest& request) override {
    reply.__set_revision(revision_);
    for (const std::string& key : request.keys) {
      reply.records.emplace_back();
      if (records_.contains(key)) reply.records.back().__set_record(records_[key]);
    }
  }
  void append(thrift_api::AppendReply& reply, const thrift_api::AppendRequest& request) override {
    write(reply, request, records_[request.key].value + request.value);
    reply.__set_length(static_cast<std::int64_t>(records_[request.key].value.size()));
  }
  void increment(thrift_api::IncrementReply& reply, const thrift_api::IncrementRequest& request) override {
    const std::string before = records_[request.key].value;
    reply.__set_number((before.empty() ? 0 : std::stoll(before)) + request.delta);
    write(reply, request, std::to_string(reply.number));
  }
  void removeRange(thrift_api::RemoveRangeReply& reply, const thrift_api::RemoveRangeRequest& request) override {
    while (true) {
      const auto begin = records_.lower_bound(request.__isset.prefix ? request.prefix : request.first_key);
      const bool in_range = begin != records_.end() &&
                            (request.__isset.prefix ? begin->first.starts_with(request.prefix)
                                                    : request.end_key.empty() || begin->first < request.end_key);
      if (!in_range) break;
      // Three keys a part, so that a test sees several parts.
      if (reply.removed == 3) {
        reply.__set_cursor(begin->first);
        break;
      }
      records_.erase(begin);
      reply.__set_removed(reply.removed + 1);
    }
    reply.__set_revision(++revision_);
  }
  void expire(thrift_api::ExpireReply& reply, const thrift_api::ExpireRequest& request) override {
    reply.__set_revision(revision_);
    reply.__set_changed(records_.contains(request.key));
    if (reply.changed) records_[request.key].__set_expires_at_ms(request.ttl_ms);
  }
  void persist(thrift_api::PersistReply& reply, const thrift_api::PersistRequest& request) override {
    reply.__set_revision(revision_);
    reply.__set_changed(records_.contains(request.key) && records_[request.key].__isset.expires_at_ms);
    if (reply.changed) records_[request.key].__isset.expires_at_ms = false;
  }
  // Never waits. Gives two changes at a time, so that a test sees several parts; none before revision 2 is kept.
  void watch(thrift_api::WatchReply& reply, const thrift_api::WatchRequest& request) override {
    const std::int64_t from = request.__isset.from_revision ? request.from_revision : revision_ + 1;
    if (from < 2) {
      thrift_api::TenonError error;
      error.__set_outcome(thrift_api::Outcome::REFUSED);
      error.__set_code(thrift_api::ErrorCode::COMPACTED);
      error.__set_message("too late");
      error.__set_oldest_revision(2);
      throw error;
    }
    reply.__set_next_revision(std::max(from, revision_ + 1));
    for (const thrift_api::Change& change : changes_) {
      const std::string& key = change.record.key;
      if (change.record.mod_revision < from) continue;
      if (request.__isset.prefix && !key.starts_with(request.prefix)) continue;
      if (key < request.first_key || (!request.end_key.empty() && key >= request.end_key)) continue;
      if (reply.changes.size() == 2) {
        reply.__set_next_revision(change.record.mod_revision);
        return;
      }
      reply.changes.push_back(change);
      if (!request.return_previous) reply.changes.back().__isset.previous = false;
    }
  }
  void openSession(thrift_api::OpenSessionReply& reply, const thrift_api::OpenSessionRequest&) override {
    reply.__set_session(++last_session_);
    replies_[last_session_];
  }
  void keepSessionAlive(thrift_api::KeepSessionAliveReply&,
                        const thrift_api::KeepSessionAliveRequest& request) override {
    of_session(request.session);
  }
  void closeSession(thrift_api::CloseSessionReply&, const thrift_api::CloseSessionRequest& request) override {
    of_session(request.session);
    replies_.erase(request.session);
  }

 private:
  std::map<std::int64_t, thrift_api::PutReply>& of_session(std::int64_t session) {
    if (replies_.contains(session)) return replies_[session];
    thrift_api::TenonError error;
    error.__set_outcome(thrift_api::Outcome::SESSION_EXPIRED);
    error.__set_code(thrift_api::ErrorCode::NOT_FOUND);
    error.__set_message("the session has expired");
    throw error;
  }
  template <class Reply, class Request>
  void write(Reply& reply, const Request& request, const std::string& value) {
    thrift_api::PutRequest made;
    made.__set_key(request.key);
    made.__set_value(value);
    thrift_api::PutReply put_reply;
    put(put_reply, made);
    reply.__set_revision(put_reply.revision);
  }

  std::map<std::int64_t, std::map<std::int64_t, thrift_api::PutReply>> replies_;  // by session and sequence, of puts
  std::int64_t last_session_ = 40;
  bool forgets_cursors_ = false;
  std::map<std::string, thrift_api::Record> records_;
  std::vector<thrift_api::Change> changes_;  // by puts and removals of one key
  std::int64_t revision_ = 0;
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
    // A client may have gone with requests under way, as a load does when its time is over.
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
    require(sent == static_cast<ssize_t>(bytes.size()), "send");
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
  std::shared_ptr<KvHandler> kv = std::make_shared<KvHandler>();
  std::shared_ptr<MaintenanceHandler> maintenance = std::make_shared<MaintenanceHandler>();
  apache::thrift::TMultiplexedProcessor processor;
};

MapService::MapService() : processors_(std::make_unique<Processors>()) {
  processors_->processor.registerDefault(std::make_shared<thrift_api::KvProcessor>(processors_->kv));
  processors_->processor.registerProcessor(
      "Cluster", std::make_shared<thrift_api::ClusterProcessor>(std::make_shared<ClusterHandler>()));
  processors_->processor.registerProcessor(
      "Maintenance", std::make_shared<thrift_api::MaintenanceProcessor>(processors_->maintenance));
}
MapService::~MapService() = default;

void MapService::keep_image(std::string image, std::size_t part_bytes) {
  processors_->maintenance->image = std::move(image);
  processors_->maintenance->part_bytes = part_bytes;
}

void MapService::forget_state_of_cursors() { processors_->kv->forget_state_of_cursors(); }

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
