// SPDX-License-Identifier: MIT
#include "lifecycle/role.hpp"

#include "tenon/testing/client_host.hpp"
#include "tenon/testing/transport_host.hpp"

namespace tenon::plugin_check {
namespace {

constexpr std::uint64_t kDrainMilliseconds = 1000;

class StorageRole final : public Role {
 public:
  explicit StorageRole(Instance& instance) : Role(instance), host_(std::make_shared<tenon_storage_host>()) {
    host_->struct_size = sizeof *host_;
    host_->durable = [](const tenon_storage_host*, std::uint64_t) {};
    host_->read_done = [](const tenon_storage_host*, std::uint64_t, tenon_error, const tenon_entry*, std::uint64_t,
                          tenon_loan loan) { give_back(loan); };
    host_->space = [](const tenon_storage_host*, std::uint32_t) {};
    instance.subject().keep(host_);
  }
  std::string try_start() override {
    tenon_recovered found{};
    found.struct_size = sizeof found;
    tenon_detail why = new_detail();
    const tenon_error error = instance_.call("storage.open()", ThreadWord::setup, [&] {
      return instance_.object().storage->open(instance_.self(), host_.get(), &found, &why);
    });
    return error == TENON_OK ? "" : "storage.open() returned " + text_of(error, why);
  }
  void stop() override {
    instance_.call("storage.close()", ThreadWord::setup, [&] { instance_.object().storage->close(instance_.self()); });
  }

 private:
  const std::shared_ptr<tenon_storage_host> host_;
};

class TransportRole final : public Role {
 public:
  explicit TransportRole(Instance& instance) : Role(instance), host_(std::make_shared<testing::FakeTransportHost>()) {
    instance.subject().keep(host_);
  }
  std::string try_start() override {
    tenon_detail why = new_detail();
    const tenon_error error = instance_.call("transport.start()", ThreadWord::setup, [&] {
      return instance_.object().transport->start(instance_.self(), host_->table(), &why);
    });
    return error == TENON_OK ? "" : "transport.start() returned " + text_of(error, why);
  }
  void stop() override {
    instance_.call("transport.stop()", ThreadWord::setup,
                   [&] { instance_.object().transport->stop(instance_.self()); });
  }

 private:
  const std::shared_ptr<testing::FakeTransportHost> host_;
};

// There are no clients, so nothing is submitted that would want an answer.
std::optional<testing::ScriptedCompletion> leave_open(const testing::ScriptedRequest&) { return std::nullopt; }

class ClientApiRole final : public Role {
 public:
  explicit ClientApiRole(Instance& instance)
      : Role(instance), host_(std::make_shared<testing::FakeClientHost>(leave_open)) {
    instance.subject().keep(host_);
  }
  std::string try_start() override {
    tenon_detail why = new_detail();
    const tenon_error error = instance_.call("client_api.start()", ThreadWord::setup, [&] {
      return instance_.object().client_api->start(instance_.self(), host_->table(), &why);
    });
    return error == TENON_OK ? "" : "client_api.start() returned " + text_of(error, why);
  }
  void stop() override {
    instance_.call("client_api.drain()", ThreadWord::setup,
                   [&] { instance_.object().client_api->drain(instance_.self(), kDrainMilliseconds); });
    instance_.call("client_api.stop()", ThreadWord::setup,
                   [&] { instance_.object().client_api->stop(instance_.self()); });
  }

 private:
  const std::shared_ptr<testing::FakeClientHost> host_;
};

}  // namespace

std::unique_ptr<Role> Role::make(Instance& instance) {
  switch (instance.subject().plugin().manifest.kind) {
    case plugin::Kind::storage:
      return std::make_unique<StorageRole>(instance);
    case plugin::Kind::transport:
      return std::make_unique<TransportRole>(instance);
    case plugin::Kind::client_api:
      break;
  }
  return std::make_unique<ClientApiRole>(instance);
}

void Role::start() {
  const std::string failure = try_start();
  instance_.subject().expect(failure.empty(), failure + "; expected OK with the options that --set gives");
}

}  // namespace tenon::plugin_check
