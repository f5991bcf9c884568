// SPDX-License-Identifier: MIT
#include "plugin_fixture.hpp"

#include "tenon/option.hpp"

namespace tenon::api_http {

std::optional<ScriptedCompletion> at_once(const ScriptedRequest& request) {
  ScriptedCompletion completion;
  completion.results.resize(request.operations.size());
  return completion;
}

std::map<std::string, std::string> options_with(const std::map<std::string, std::string>& others) {
  std::map<std::string, std::string> all = {
      {"listen", "127.0.0.1:0"},
      {"connections_max", "100"},
      {"connections_per_address_max", "100"},
      {"header_bytes_max", "256KiB"},
      {"header_fields_max", "32"},
      {"body_bytes_max", "1MiB"},
      {"header_timeout", "10s"},
      {"body_timeout", "10s"},
      {"idle_timeout", "30s"},
      {"output_bytes_max", "4MiB"},
      {"pipelined_requests_max", "16"},
      {"buffer_bytes_max", "64MiB"},
      {"queue_depth", "1000"},
      {"compatibility", "yes"},
      {"message_bytes_max", "4KiB"},
      {"subscriptions_max", "4"},
      {"events_bytes_max", "64KiB"},
      {"dashboard", "yes"},
      {"dashboard_writes", "no"},
      {"parameters_max", "16"},
      {"json_depth_max", "8"},
      {"calls_max", "3"},
      {"id_bytes_max", "32"},
      {"upgrade_field_bytes_max", "256"},
  };
  for (const auto& [name, value] : others) all[name] = value;
  return all;
}

std::uint16_t port_of(const testing::FakeHost& host) {
  constexpr std::string_view prefix = "listening on 127.0.0.1:";
  for (const testing::LoggerLine& line : host.logger_lines()) {
    if (line.text.starts_with(prefix)) {
      return static_cast<std::uint16_t>(parse_integer(std::string_view(line.text).substr(prefix.size())).value());
    }
  }
  throw std::runtime_error("the plugin said no port");
}

RunningPlugin::RunningPlugin(testing::FakeClientHost::Answer answer, const std::map<std::string, std::string>& options)
    : node_(std::make_unique<testing::FakeClientHost>(std::move(answer))) {
  host_ = std::make_unique<testing::FakeHost>("/nonexistent", options_with(options), 7, "cluster-of-test");
  tenon_detail why{sizeof why, {}};
  validated_host_.emplace(subject_, *host_->table());
  if (tenon_static_plugin_api_http.create(validated_host_->table(), &self_, &why) != TENON_OK) {
    throw std::runtime_error(std::string("create: ") + why.message);
  }
  validated_.emplace(subject_, *tenon_static_plugin_api_http.client_api, self_);
  if (table().start(validated_->self(), node_->table(), &why) != TENON_OK) {
    tenon_static_plugin_api_http.destroy(self_);
    throw std::runtime_error(std::string("start: ") + why.message);
  }
}

RunningPlugin::~RunningPlugin() {
  stop();
  tenon_static_plugin_api_http.destroy(self_);
}

void RunningPlugin::stop() {
  if (!stopped_) table().stop(validated_->self());
  stopped_ = true;
}

std::uint16_t RunningPlugin::port() const { return port_of(*host_); }

bool RunningPlugin::wait_for_metric(const std::string& name, double value) const {
  return eventually([&] { return host_->metric(name) == value; });
}

bool RunningPlugin::wait_for_line(const std::string& part) const {
  return eventually([&] { return host_->logged(part); });
}

}  // namespace tenon::api_http
