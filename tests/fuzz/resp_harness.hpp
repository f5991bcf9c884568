// SPDX-License-Identifier: MIT
// One client of the Redis API between a socket that a target writes to and a node that answers as the target chooses.
// No thread but the caller's runs.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <string>

#include "client.hpp"
#include "fuzz_input.hpp"
#include "service.hpp"
#include "tenon/testing/client_host.hpp"
#include "tenon/testing/host.hpp"

namespace tenon::fuzz {

class RespHarness final : public api_resp::ServiceOwner {
 public:
  using Tcp = boost::asio::ip::tcp;

  explicit RespHarness(Input& input) : input_(input) {
    Tcp::acceptor acceptor(context_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    socket_.connect(acceptor.local_endpoint());
    Tcp::socket accepted = acceptor.accept();
    accepted.non_blocking(true);
    socket_.non_blocking(true);
    service_.subscriptions().listen();
    client_ = std::make_shared<api_resp::Client>(service_, 1);
    service_.clients().emplace(1, client_);
    client_->start(std::make_shared<api_resp::Channel>(std::move(accepted), *admission_.admit("127.0.0.1"),
                                                       environment_, *client_));
  }
  ~RespHarness() {
    client_->close(net::CloseReason::kShutdown);
    context_.poll();
  }

  void send(std::string_view bytes) {
    boost::system::error_code ignored;  // the client may have been closed
    socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), ignored);
    run();
  }
  // The node ends what it has not answered yet, in an order of the target's choice.
  void answer_everything() {
    while (!unanswered_.empty()) {
      const auto chosen = std::next(unanswered_.begin(), static_cast<std::ptrdiff_t>(input_.below(unanswered_.size())));
      const testing::ScriptedRequest request = chosen->second;
      unanswered_.erase(chosen);
      node_.complete(request.id, answer_to(request));
      run();
    }
  }
  // What the client was sent.
  const std::string& received() const noexcept { return received_; }
  bool is_closed() const noexcept { return client_->channel().closed(); }
  bool is_settled() const noexcept { return client_->settled() && client_->channel().input_bytes() == 0; }

  void finish_later(api_resp::Client& client) override {
    is_to_be_finished_ = is_to_be_finished_ || &client == client_.get();
  }
  void on_settled() override {}
  void try_again_later() override {}
  void on_closed(api_resp::Client&, const api_resp::Closing&) override { service_.clients().clear(); }

 private:
  static constexpr std::uint64_t kDepth = 4;
  // Turns that what one piece of input brings may take. A client that goes round without an end takes more.
  static constexpr int kTurnsMax = 5000;

  static Queue make_queue(const testing::FakeClientHost& node) {
    const tenon_queue* queue = nullptr;
    TENON_CHECK(node.table()->queue_create(node.table(), kDepth + api_resp::kStreamsMax, &queue, nullptr) == TENON_OK);
    return Queue(queue);
  }

  void run() {
    int turns = 0;
    for (bool is_at_rest = false; !is_at_rest; ++turns) {
      TENON_CHECK(turns < kTurnsMax);
      const std::size_t unfinished = submissions_.unfinished();
      is_at_rest = context_.poll() == 0;
      submissions_.poll();
      is_at_rest = is_at_rest && !is_to_be_finished_ && unfinished == submissions_.unfinished();
      if (std::exchange(is_to_be_finished_, false)) client_->go_on();
      service_.use_credit();
      submissions_.submit();
      client_->flush();
      receive();
    }
  }
  void receive() {
    std::array<char, 4096> room;
    boost::system::error_code error;
    while (!error) received_.append(room.data(), socket_.read_some(boost::asio::buffer(room), error));
  }

  std::optional<testing::ScriptedCompletion> answer_now_or_later(const testing::ScriptedRequest& request) {
    const std::uint32_t kind = request.operations.front().kind;
    if (kind == TENON_WATCH || kind == TENON_SUBSCRIBE) return std::nullopt;
    if (input_.below(2) == 0) return answer_to(request);
    unanswered_.emplace(request.id, request);
    return std::nullopt;
  }
  testing::ScriptedCompletion answer_to(const testing::ScriptedRequest& request) {
    testing::ScriptedCompletion completion;
    completion.outcome = input_.below(32) == 31 ? TENON_OUTCOME_REFUSED : TENON_OUTCOME_DONE;
    if (completion.outcome == TENON_OUTCOME_REFUSED) completion.error = TENON_ERROR_BUSY;
    if (completion.outcome == TENON_OUTCOME_REFUSED) return completion;
    const bool is_else = !request.compares.empty() && input_.below(4) == 3;
    if (is_else) completion.flags = TENON_COMPLETION_ELSE;
    for (const testing::ScriptedOperation& operation : is_else ? request.otherwise : request.operations) {
      completion.results.push_back(result_of(operation));
    }
    return completion;
  }
  testing::ScriptedResult result_of(const testing::ScriptedOperation& operation) {
    constexpr std::uint32_t kReads[] = {TENON_GET, TENON_SCAN, TENON_ADMIN};
    testing::ScriptedResult result;
    if (operation.kind != TENON_ADMIN && input_.below(16) == 15) {
      result.error = operation.kind == TENON_INCREMENT ? TENON_ERROR_WRONG_TYPE : TENON_ERROR_TOO_LARGE;
      return result;
    }
    result.number = static_cast<std::int64_t>(input_.below(3));
    const bool is_read = std::find(std::begin(kReads), std::end(kReads), operation.kind) != std::end(kReads);
    if (operation.kind != TENON_ADMIN && (!is_read || input_.below(2) == 0)) return result;
    testing::ScriptedRecord record;
    record.key = operation.key.empty() ? "key" : operation.key;
    record.value = operation.kind == TENON_ADMIN ? "role leader\nkeys 1\n" : "12";
    record.modified = 1 + input_.below(2);
    result.records.push_back(record);
    if (operation.kind == TENON_SCAN && input_.below(4) == 3) result.cursor = "more";
    return result;
  }

  Input& input_;
  testing::FakeHost host_{"/nonexistent", {}};
  std::map<std::uint64_t, testing::ScriptedRequest> unanswered_;
  testing::FakeClientHost node_{
      [this](const testing::ScriptedRequest& request) { return answer_now_or_later(request); }};
  const api_resp::Settings settings_{.listen = {},
                                     .connections_max = 1,
                                     .connections_per_address_max = 1,
                                     .channel = {65536, 1 << 20, std::chrono::milliseconds(0)},
                                     .request = {64, 512, 256},
                                     .buffer_bytes_max = 1 << 20,
                                     .pipelined_requests_max = 3,
                                     .transaction_commands_max = 8,
                                     .transaction_bytes_max = 4096,
                                     .watched_keys_max = 4,
                                     .subscriptions_max = 4,
                                     .scan_cursors_max = 4,
                                     .queue_depth = kDepth,
                                     .consistency = TENON_READ_LINEARIZABLE,
                                     .redirect = api_resp::Redirect::kForward,
                                     .keyspace_events = ""};
  boost::asio::io_context context_;
  Tcp::socket socket_{context_};
  api_resp::ChannelEnvironment environment_{settings_.channel, settings_.buffer_bytes_max,
                                            net::Traffic::create(Host(host_.table()))};
  net::Admission admission_{1, 1, environment_.traffic};
  api_resp::Submissions submissions_{make_queue(node_), kDepth};
  api_resp::Service service_{Host(host_.table()), settings_, submissions_, {1, "fuzzed", 1}, *this};
  std::shared_ptr<api_resp::Client> client_;
  std::string received_;
  bool is_to_be_finished_ = false;
};

}  // namespace tenon::fuzz
