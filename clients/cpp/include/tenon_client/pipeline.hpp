// SPDX-License-Identifier: MIT
// Requests ahead of their answers, on one connection and without waiting: for programs that have many in flight and a
// loop of their own. Client is simpler, and goes on elsewhere when a node cannot serve.
//
// Model. A request is queued with a number of the caller's choice, flush() sends what is queued, receive() hands out
// the answers that have arrived, in any order. The caller waits on descriptor(), for input always and for output
// after a flush() that left something. Every request is answered at most once; those that are not when the connection
// is lost have an outcome that nobody knows.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tenon_client/endpoint.hpp"
#include "tenon_client/error.hpp"

namespace tenon::client {

enum class AnswerOutcome {
  kDone,
  kRefused,     // surely not applied
  kOverloaded,  // surely not applied: the node is at its bounds
  kUnknown,     // of a write: perhaps applied; of a read: failed
};

struct PipelineAnswer {
  std::uint32_t number = 0;
  AnswerOutcome outcome = AnswerOutcome::kDone;
  ErrorCode error = ErrorCode::kInternal;  // unless done
};

class Connection;

// For one thread at a time.
class Pipeline {
 public:
  // Connects, and asks the node to answer in the order that suits it. Throws NoConnection, Refused.
  Pipeline(const Endpoint& endpoint, std::chrono::milliseconds timeout);
  ~Pipeline();
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;

  int descriptor() const noexcept;

  // Queue a request; the caller bounds how many. Needs: no request of this number is in flight.
  // A time to live of 0: the key never expires.
  void put(std::uint32_t number, std::string_view key, std::string_view value,
           std::chrono::milliseconds time_to_live = std::chrono::milliseconds(0));
  void get(std::uint32_t number, std::string_view key);

  // Sends what is queued; true: all of it. Throws NoConnection: the connection is lost.
  bool flush();
  // Reads what has arrived and hands out each answer that is complete; returns how many. Throws NoConnection: the
  // connection is lost, or what came is no answer.
  std::size_t receive(const std::function<void(const PipelineAnswer&)>& take);

 private:
  void queue(std::string_view method, std::uint32_t number, std::string_view key, const std::string_view* value,
             std::int64_t ttl_ms);
  std::size_t take_answers(const std::function<void(const PipelineAnswer&)>& take);

  std::unique_ptr<Connection> connection_;
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  std::string input_;
  std::size_t received_ = 0;  // of input_; the rest is room
};

}  // namespace tenon::client
