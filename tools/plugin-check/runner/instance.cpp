// SPDX-License-Identifier: MIT
#include "runner/instance.hpp"

namespace tenon::plugin_check {

Instance::Instance(Subject& subject, const std::filesystem::path& data_directory, const plugin::Options& overrides,
                   const Identity& identity)
    : Instance(subject, new_host(subject, data_directory, overrides, identity)) {
  const std::string failure = create();
  subject_.expect(failure.empty(), failure + "; expected an instance, for the options fit the manifest");
}

std::unique_ptr<Instance> Instance::try_create(Subject& subject, const std::filesystem::path& data_directory,
                                               const plugin::Options& overrides, std::string& failure) {
  std::unique_ptr<Instance> made(new Instance(subject, new_host(subject, data_directory, overrides, {})));
  failure = made->create();
  if (!failure.empty()) made.reset();
  return made;
}

std::shared_ptr<CheckHost> Instance::new_host(Subject& subject, const std::filesystem::path& data_directory,
                                              const plugin::Options& overrides, const Identity& identity) {
  plugin::Options options = subject.plugin().options;
  for (const auto& [name, value] : overrides) options[name] = value;
  auto host = std::make_shared<CheckHost>(subject, data_directory, std::move(options), identity);
  subject.keep(host);  // a plugin that calls after destroy() must find somebody to tell
  return host;
}

std::string Instance::create() {
  tenon_detail why = new_detail();
  const tenon_error error =
      call(subject_, "create()", ThreadWord::setup, [&] { return object().create(host_->table(), &self_, &why); });
  if (error != TENON_OK) return "create() returned " + text_of(error, why);
  return self_ == nullptr ? "create() returned OK and no instance" : "";
}

void Instance::destroy() {
  call(subject_, "destroy()", ThreadWord::setup, [&] { object().destroy(self_); });
  host_->set_destroyed();
}

}  // namespace tenon::plugin_check
