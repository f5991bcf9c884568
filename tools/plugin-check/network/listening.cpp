// SPDX-License-Identifier: MIT
#include "network/listening.hpp"

#include <algorithm>

namespace tenon::plugin_check {

namespace {

bool declares(Subject& subject, const std::string& name) {
  const auto& options = subject.description().manifest.options;
  return std::any_of(options.begin(), options.end(), [&](const auto& option) { return option.name == name; });
}

}  // namespace

plugin::Options listening_at(Subject& subject, std::uint16_t port) {
  if (!declares(subject, "listen")) {
    subject.skip("the manifest declares no option `listen` (HOST:PORT), so that the check cannot give it a port");
  }
  return {{"listen", "127.0.0.1:" + std::to_string(port)}};
}

bool set_if_declared(Subject& subject, plugin::Options& options, const std::string& name, const std::string& value) {
  if (!declares(subject, name) || subject.task().options.contains(name)) return false;
  options[name] = value;
  return true;
}

std::string scheme_of(Subject& subject) {
  const plugin::Description& description = subject.description();
  const std::string stem = description.path.stem().string();
  const std::string prefix = "tenon-" + std::string(file_word(description.manifest.kind)) + "-";
  if (stem.starts_with(prefix)) return stem.substr(prefix.size());
  const std::string& id = description.manifest.id;
  return id.substr(id.rfind('.') + 1);
}

}  // namespace tenon::plugin_check
