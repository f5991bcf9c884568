// SPDX-License-Identifier: MIT
// One instance of the plugin under check, from create() to destroy(). What a check leaves alive at its end is not torn
// down: the process ends. Control thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "runner/check_host.hpp"
#include "runner/subject.hpp"

namespace tenon::plugin_check {

class Instance {
 public:
  // Calls create() with the options of the task, `overrides` put over them. Fails the check when it does not succeed.
  Instance(Subject& subject, const std::filesystem::path& data_directory, const plugin::Options& overrides = {},
           const Identity& identity = {});
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // create() that may fail: nullptr then, and `failure` says how.
  static std::unique_ptr<Instance> try_create(Subject& subject, const std::filesystem::path& data_directory,
                                              const plugin::Options& overrides, std::string& failure);

  // Calls destroy(). Needs: not called before.
  void destroy();

  Subject& subject() const noexcept { return subject_; }
  void* self() const noexcept { return self_; }
  CheckHost& host() const noexcept { return *host_; }
  const tenon_plugin& object() const { return *subject_.plugin().object; }

 private:
  Instance(Subject& subject, std::shared_ptr<CheckHost> host) : subject_(subject), host_(std::move(host)) {}
  static std::shared_ptr<CheckHost> new_host(Subject& subject, const std::filesystem::path& data_directory,
                                             const plugin::Options& overrides, const Identity& identity);
  // Returns why there is no instance; empty: there is one.
  std::string create();

  Subject& subject_;
  const std::shared_ptr<CheckHost> host_;
  void* self_ = nullptr;
};

}  // namespace tenon::plugin_check
