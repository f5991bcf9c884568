// SPDX-License-Identifier: MIT
#include "validation/client_api_table.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "call.hpp"
#include "client_queue_calls.hpp"

namespace tenon::validation {
namespace {

constexpr const char* kStart = "tenon_client_api.start";
constexpr const char* kDrain = "tenon_client_api.drain";
constexpr const char* kStop = "tenon_client_api.stop";
constexpr const char* kQueueCreate = "tenon_client_host.queue_create";

}  // namespace

class ClientApiCalls {
 public:
  ClientApiCalls(Subject& subject, const tenon_client_api& client_api, void* self);
  ClientApiCalls(const ClientApiCalls&) = delete;
  ClientApiCalls& operator=(const ClientApiCalls&) = delete;
  ~ClientApiCalls();

  const tenon_client_api* table() const noexcept { return &table_; }

 private:
  static ClientApiCalls& of(void* self) noexcept { return *static_cast<ClientApiCalls*>(self); }
  static ClientApiCalls& of(const tenon_client_host* host) noexcept {
    ClientApiCalls& calls = *static_cast<ClientApiCalls*>(host->context);
    expect_same(calls.subject_, "tenon_client_host", host, calls.host_table_);
    return calls;
  }
  tenon_error start(const tenon_client_host* host, tenon_detail* why);
  void drain(std::uint64_t timeout_ms);
  void stop();
  tenon_error queue_create(std::uint64_t depth, const tenon_queue** queue, tenon_detail* why);

  Subject& subject_;
  const tenon_client_api& client_api_;
  void* const self_;
  tenon_client_api table_{};
  tenon_client_host host_table_{};
  const tenon_client_host* host_ = nullptr;  // from start()
  Loans loans_;                              // of completions
  std::mutex mutex_;
  std::vector<std::unique_ptr<ClientQueueCalls>> queues_;  // those that were destroyed too, so that a late call is seen
};

ClientApiCalls::ClientApiCalls(Subject& subject, const tenon_client_api& client_api, void* self)
    : subject_(subject), client_api_(client_api), self_(self), loans_(subject, Blame::plugin) {
  table_.struct_size = sizeof table_;
  table_.start = [](void* calls, const tenon_client_host* host, tenon_detail* why) {
    return of(calls).start(host, why);
  };
  table_.drain = [](void* calls, std::uint64_t timeout_ms) { of(calls).drain(timeout_ms); };
  table_.stop = [](void* calls) { of(calls).stop(); };
  host_table_.struct_size = sizeof host_table_;
  host_table_.context = this;
  host_table_.queue_create = [](const tenon_client_host* host, std::uint64_t depth, const tenon_queue** queue,
                                tenon_detail* why) { return of(host).queue_create(depth, queue, why); };
}

ClientApiCalls::~ClientApiCalls() {
  if (!subject_.is_alive()) return;
  subject_.report(Blame::host, Rule::state, "tenon_plugin.destroy", "an instance that was not stopped", "stop() first");
}

tenon_error ClientApiCalls::start(const tenon_client_host* host, tenon_detail* why) {
  const HostCall call(subject_, ThreadWord::setup, kStart, subject_.setup_busy());
  if (subject_.phase() != Phase::made) {
    subject_.report(Blame::host, Rule::state, kStart, "a second start()", "one for each instance");
    return TENON_ERROR_INVALID;
  }
  host_ = host;
  subject_.enter(Phase::opening);
  const tenon_error error = contain<tenon_error>(subject_, kStart, TENON_ERROR_INTERNAL,
                                                 [&] { return client_api_.start(self_, &host_table_, why); });
  check_detail(subject_, kStart, error, why);
  subject_.enter(error == TENON_OK ? Phase::running : Phase::ended);
  return error;
}

void ClientApiCalls::drain(std::uint64_t timeout_ms) {
  const HostCall call(subject_, ThreadWord::setup, kDrain, subject_.setup_busy());
  if (!expect_running(subject_, kDrain)) return;
  contain(subject_, kDrain, [&] { client_api_.drain(self_, timeout_ms); });
}

void ClientApiCalls::stop() {
  const HostCall call(subject_, ThreadWord::setup, kStop, subject_.setup_busy());
  if (!expect_running(subject_, kStop)) return;
  subject_.enter(Phase::closing);
  contain(subject_, kStop, [&] { client_api_.stop(self_); });
  subject_.enter(Phase::ended);
  loans_.expect_none(kStop, "of a completion before stop() returns");
  const std::lock_guard lock(mutex_);
  const auto left = std::count_if(queues_.begin(), queues_.end(), [](const std::unique_ptr<ClientQueueCalls>& queue) {
    return !queue->is_destroyed();
  });
  if (left == 0) return;
  subject_.report(Blame::plugin, Rule::state, kStop, std::to_string(left) + " queues that were not destroyed",
                  "the destruction of each before stop() returns");
}

tenon_error ClientApiCalls::queue_create(std::uint64_t depth, const tenon_queue** queue, tenon_detail* why) {
  const PluginCall call(subject_);
  if (!expect_alive(subject_, kQueueCreate)) return TENON_ERROR_CLOSED;
  const tenon_queue* made = nullptr;
  const tenon_error error = host_->queue_create(host_, depth, &made, why);
  if (error != TENON_OK) return error;
  const std::lock_guard lock(mutex_);
  queues_.push_back(std::make_unique<ClientQueueCalls>(subject_, loans_, *made, depth));
  *queue = queues_.back()->table();
  return TENON_OK;
}

ClientApiTable::ClientApiTable(Subject& subject, const tenon_client_api& client_api, void* self)
    : calls_(std::make_unique<ClientApiCalls>(subject, client_api, self)) {}

ClientApiTable::~ClientApiTable() = default;

const tenon_client_api* ClientApiTable::table() const noexcept { return calls_->table(); }
void* ClientApiTable::self() const noexcept { return calls_.get(); }

}  // namespace tenon::validation
