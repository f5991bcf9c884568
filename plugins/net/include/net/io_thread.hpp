// SPDX-License-Identifier: MIT
// The one thread of a network plugin, and the event loop that it runs.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>

namespace tenon::net {

// Runs an io_context on a thread of its own, on which all signals are blocked. start() and stop() are for the thread
// that owns this object.
class IoThread {
 public:
  using Context = boost::asio::io_context;

  // `failed` is called on the I/O thread when a handler lets an exception escape; the loop has ended then.
  explicit IoThread(std::function<void(const std::string&)> failed) : failed_(std::move(failed)), context_(1) {}
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;
  ~IoThread() { stop(); }

  Context& context() noexcept { return context_; }

  // Needs: not started before. Throws std::system_error when there is no thread to be had.
  void start();
  // Ends the loop after the handler that runs, and joins. Handlers that wait are destroyed with this object. Harmless
  // when not started, and the second time.
  void stop();
  // Runs `body` on the I/O thread and returns when it has run. Returns false without running it when the loop has
  // ended. Needs: started; not called on the I/O thread.
  template <class Body>
  bool run(Body&& body) {
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> ran = done->get_future();
    boost::asio::post(context_, [done, &body] {
      body();
      done->set_value();
    });
    return wait(ran);
  }

 private:
  void loop();
  bool wait(std::future<void>& ran) const;

  const std::function<void(const std::string&)> failed_;
  Context context_;
  std::optional<boost::asio::executor_work_guard<Context::executor_type>> work_;
  std::thread thread_;
};

}  // namespace tenon::net
