// SPDX-License-Identifier: MIT
// The client API role in C++: derive from ClientApi and name the class in TENON_CLIENT_API_PLUGIN(Class, manifest).
// Each function has the contract of its namesake in client_api.h; errors are thrown as tenon::Error.
#pragma once

#include <array>

#include "tenon/host.hpp"
#include "tenon/operation.hpp"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

struct GiveBackCompletion {
  void operator()(const tenon_completion* completion) const noexcept {
    const tenon_loan loan = completion->loan;  // releasing it ends the completion that holds it
    give_back(loan);
  }
};
using Completion = std::unique_ptr<const tenon_completion, GiveBackCompletion>;

inline std::span<const tenon_result> results(const tenon_completion& completion) noexcept {
  return {completion.results, static_cast<std::size_t>(completion.result_count)};
}
inline std::span<const tenon_record> records(const tenon_result& result) noexcept {
  return {result.records, result.record_count};
}

// Owns a queue of the host. submit() and cancel() from any thread, poll() from one at a time.
class Queue {
 public:
  Queue() = default;
  explicit Queue(const tenon_queue* queue) noexcept : queue_(queue) {}

  int event_fd() const noexcept { return static_cast<int>(queue_->event_fd); }
  std::size_t submit(std::span<const tenon_request> requests) const noexcept {
    return static_cast<std::size_t>(queue_->submit(queue_.get(), requests.data(), requests.size()));
  }
  // Calls answer(Completion) for each completion that waits. When answer throws, the others of its batch are lost.
  template <class Answer>
  void poll(Answer&& answer) const {
    std::array<const tenon_completion*, 64> polled;
    std::array<Completion, polled.size()> owned;
    for (std::size_t count = polled.size(); count == polled.size();) {
      count = static_cast<std::size_t>(queue_->poll(queue_.get(), polled.data(), polled.size()));
      for (std::size_t i = 0; i < count; ++i) owned[i].reset(polled[i]);
      for (std::size_t i = 0; i < count; ++i) answer(std::move(owned[i]));
    }
  }
  void cancel(std::uint64_t request) const noexcept { queue_->cancel(queue_.get(), request); }

 private:
  struct Destroy {
    void operator()(const tenon_queue* queue) const noexcept { queue->destroy(queue); }
  };
  std::unique_ptr<const tenon_queue, Destroy> queue_;
};

class ClientApi : public Instance {
 public:
  virtual void start() = 0;
  virtual void drain(std::uint64_t timeout_ms) = 0;
  virtual void stop() = 0;

 protected:
  explicit ClientApi(Host host) noexcept : Instance(host) {}

  // Needs: between start() and stop().
  Queue create_queue(std::uint64_t depth) const {
    tenon_detail why{sizeof why, {}};
    const tenon_queue* queue = nullptr;
    const tenon_error error = host_->queue_create(host_, depth, &queue, &why);
    if (error != TENON_OK) throw Error(error, why.message);
    return Queue(queue);
  }

 private:
  friend struct ClientApiTrampolines;
  const tenon_client_host* host_ = nullptr;  // from start() to stop()
};

struct ClientApiTrampolines {
  static ClientApi& of(void* self) noexcept { return *static_cast<ClientApi*>(static_cast<Instance*>(self)); }

  static tenon_error start(void* self, const tenon_client_host* host, tenon_detail* why) noexcept {
    return guard(why, [&] {
      of(self).host_ = host;
      of(self).start();
    });
  }
  static void drain(void* self, std::uint64_t timeout_ms) noexcept {
    of(self).contain([&] { of(self).drain(timeout_ms); });
  }
  static void stop(void* self) noexcept {
    of(self).contain([&] { of(self).stop(); });
  }
};

inline constexpr tenon_client_api kClientApiTable = {
    .struct_size = sizeof(tenon_client_api),
    .start = ClientApiTrampolines::start,
    .drain = ClientApiTrampolines::drain,
    .stop = ClientApiTrampolines::stop,
};

#define TENON_CLIENT_API_PLUGIN(Plugin, text) \
  TENON_ROLE_PLUGIN(Plugin, text, .storage = nullptr, .transport = nullptr, .client_api = &::tenon::kClientApiTable)

}  // namespace sdk_1
}  // namespace tenon
