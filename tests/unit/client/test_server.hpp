// SPDX-License-Identifier: MIT
// A server of one thread that takes one connection at a time, and does with each frame what the test tells it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "tenon_client/endpoint.hpp"

namespace tenon::client {

// What the server does with a request.
struct Answer {
  enum class Kind { kReply, kRawBytes, kClose, kReplyAndClose, kSilence };
  Kind kind = Kind::kReply;
  std::string bytes;  // of kReply a frame without its length, of kRawBytes all that is sent
};

class TestServer {
 public:
  using Behaviour = std::function<Answer(std::string request)>;

  explicit TestServer(Behaviour behaviour);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  Endpoint endpoint() const { return {"127.0.0.1", port_}; }
  int requests() const { return requests_; }
  int connections() const { return connections_; }

 private:
  void run();
  void serve(int connection);
  bool receive(int connection, char* data, std::size_t size);

  Behaviour behaviour_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<int> requests_ = 0;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

// Keys and values as an ordered map behind the generated processors of both services. It is node 7, which leads term 3
// until leadership is handed over. Its cluster time stands still at 400 ms; a session keeps the replies to its puts.
class MapService {
 public:
  static constexpr int kPageRecordsMax = 10;  // of a scan
  // As the target of a transfer: the first stays without effect, after the second there is no leader.
  static constexpr int kNodeThatCannotLead = 9;
  static constexpr int kNobody = 99;

  MapService();
  ~MapService();
  // Runs one request and returns the reply. Needs: one thread at a time.
  std::string answer(std::string request);
  // The next scan with a cursor fails as COMPACTED. Needs: no request is running.
  // What the service Maintenance reads to whoever asks, in parts of `part_bytes`.
  void keep_image(std::string image, std::size_t part_bytes);
  void forget_state_of_cursors();

 private:
  struct Processors;
  std::unique_ptr<Processors> processors_;
};

}  // namespace tenon::client
