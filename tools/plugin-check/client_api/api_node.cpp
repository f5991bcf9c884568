// SPDX-License-Identifier: MIT
#include "client_api/api_node.hpp"

#include "network/listening.hpp"

namespace tenon::plugin_check {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStartsMax = 5;  // another process may have taken a port that was free
constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
constexpr std::chrono::milliseconds kSending{20'000};

}  // namespace

ApiNode::ApiNode(Subject& subject, ScriptedHost::Script script, plugin::Options options)
    : subject_(subject), script_(std::move(script)), options_(std::move(options)) {
  std::string failure;
  for (int i = 0; i < kStartsMax; ++i) {
    if (try_start(failure)) return;
  }
  subject.fail("start() failed at " + std::to_string(kStartsMax) + " ports; expected it to listen; " + failure);
}

bool ApiNode::try_start(std::string& failure) {
  port_ = chaos::free_port();
  plugin::Options options = listening_at(subject_, port_);
  options.insert(options_.begin(), options_.end());
  instance_ = std::make_unique<Instance>(subject_, subject_.new_directory("node"), options);
  host_ = std::make_shared<ScriptedHost>(script_);
  subject_.keep(host_);
  tenon_detail why = new_detail();
  const tenon_error error = instance_->call("client_api.start()", ThreadWord::setup, [&] {
    return instance_->object().client_api->start(instance_->self(), host_->table(), &why);
  });
  if (error == TENON_OK) return true;
  failure = "start() returned " + text_of(error, why);
  subject_.expect(error == TENON_ERROR_IO, failure + "; expected OK, for the options fit the manifest");
  instance_->destroy();
  return false;
}

std::chrono::milliseconds ApiNode::drain(std::chrono::milliseconds timeout) {
  const Clock::time_point begin = Clock::now();
  instance_->call("client_api.drain()", ThreadWord::setup, [&] {
    instance_->object().client_api->drain(instance_->self(), static_cast<std::uint64_t>(timeout.count()));
  });
  return std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begin);
}

void ApiNode::stop() {
  instance_->call("client_api.stop()", ThreadWord::setup,
                  [&] { instance_->object().client_api->stop(instance_->self()); });
  stopped_ = true;
}

void ApiNode::destroy() {
  if (!stopped_) stop();
  if (!std::exchange(destroyed_, true)) instance_->destroy();
}

std::uint64_t Client::put(std::string_view key, std::string_view value) {
  return send(driver_.put(sent_ + 1, key, value));
}

std::uint64_t Client::get(std::string_view key) { return send(driver_.get(sent_ + 1, key)); }

std::uint64_t Client::send(const std::string& request) {
  ++sent_;
  return socket_.send(request, kSending) ? sent_ : 0;
}

std::optional<Reply> Client::receive(std::chrono::milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  while (true) {
    std::optional<Reply> reply = driver_.take_reply(input_, answered_);
    if (reply) {
      ++answered_;
      return reply;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return std::nullopt;
    const std::optional<std::string> bytes = socket_.receive(kReadBytes, left);
    if (!bytes || bytes->empty()) return std::nullopt;
    input_ += *bytes;
  }
}

std::unique_ptr<Driver> require_driver(Subject& subject) {
  const std::string scheme = scheme_of(subject);
  std::unique_ptr<Driver> driver = driver_for(scheme);
  if (!driver) {
    subject.skip("there is no driver for the protocol '" + scheme +
                 "', by which the check could speak to the plugin as a client");
  }
  return driver;
}

std::string value_of_key(std::string_view key) { return "value of " + std::string(key); }

ScriptedCompletion answer_to(const ScriptedRequest& request) {
  ScriptedCompletion completion;
  for (const testing::ScriptedOperation& operation : request.operations) {
    testing::ScriptedResult& result = completion.results.emplace_back();
    result.number = 1;
    if (operation.kind == TENON_GET) result.records.push_back({operation.key, value_of_key(operation.key)});
  }
  return completion;
}

}  // namespace tenon::plugin_check
