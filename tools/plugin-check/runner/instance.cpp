// SPDX-License-Identifier: MIT
#include "runner/instance.hpp"

namespace tenon::plugin_check {

Instance::Instance(Subject& subject, const std::filesystem::path& data_directory, const plugin::Options& overrides,
                   const Identity& identity)
    : Instance(subject, new_host(subject, data_directory, overrides, identity)) {
  const std::string failure = create();
  subject_.expect(failure.empty(), failure + "; expected an instance, for the options fit the manifest");
}

Instance::Instance(Subject& subject, std::shared_ptr<CheckHost> host)
    : subject_(subject), host_(std::move(host)), validated_(std::make_shared<Validated>(subject, *host_->table())) {
  subject.keep(validated_);  // like the host
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
  const tenon_plugin& plugin = *subject_.plugin().object;
  const tenon_error error =
      call("create()", ThreadWord::setup, [&]() noexcept { return plugin.create(validated_->host(), &self_, &why); });
  if (error != TENON_OK) return "create() returned " + text_of(error, why);
  if (self_ == nullptr) return "create() returned OK and no instance";
  validated_->wrap(plugin, self_);
  return "";
}

const void* Instance::get_extension(const char* name) const { return object().get_extension(self_, name); }

void Instance::destroy() {
  call("destroy()", ThreadWord::setup, [&]() noexcept { object().destroy(self_); });
  validated_->set_destroyed();
}

}  // namespace tenon::plugin_check
