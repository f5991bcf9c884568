// SPDX-License-Identifier: MIT
// A command that takes several steps, each of them a request to the node.
#pragma once

#include <cstdint>

#include "reply_writer.hpp"
#include "submissions.hpp"

namespace tenon::api_resp {

class Client;
class Service;

// Runs while its client waits for nothing else. One request at a time is unfinished. Its client destroys it when it has
// ended, or when the connection is closed; what it has asked for by then goes on without it.
class Task : public Waiter {
 public:
  Task(Service& service, Client& client) noexcept : service_(service), client_(client) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task();

  // The first step; asks for something, or ends.
  virtual void begin() = 0;
  void take(std::uint64_t number, const tenon_completion& completion) final;
  // About what it takes beside the object.
  virtual std::uint64_t kept_bytes() const noexcept { return 0; }

 protected:
  // The answer to the last request, which was done; asks for something more, or ends.
  virtual void advance(const tenon_completion& completion) = 0;
  // The last request was not done. Tells the client so and ends, unless the task knows better.
  virtual void fail(const tenon_completion& completion);

  // Adds a request whose bytes lie in the batch. A read sees the client's own writes.
  void ask(tenon_request request);
  // Where the reply goes.
  ReplyWriter reply();
  // Whether an operation failed within a request that was done. The error is the reply then, and this object is
  // destroyed: nothing may follow.
  bool failed(const tenon_completion& completion);
  // The reply is written. Destroys this object: nothing may follow.
  void end();

  // Whether what is read says what will be written, or something is written at once.
  virtual bool decides_writes() const noexcept { return false; }

  Service& service() noexcept { return service_; }
  Client& client() noexcept { return client_; }

 private:
  Service& service_;
  Client& client_;
  std::uint64_t request_ = 0;  // 0: none is unfinished
};

}  // namespace tenon::api_resp
