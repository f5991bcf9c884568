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
#include "runner/validated.hpp"

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
  CheckHost& host() const noexcept { return *host_; }
  // The tables of the plugin as validation passes them on, and what their functions take as `self`.
  const tenon_plugin& object() const noexcept { return validated_->tables().object(); }
  void* self() const noexcept { return validated_->tables().self(); }
  const void* get_extension(const char* name) const;

  // Calls a function of the plugin and shows it as under way: `name` is TABLE.FUNCTION. Any thread: for the time of the
  // call it is the one that `word` asks for.
  template <class Body>
  auto call(std::string_view name, ThreadWord word, Body&& body) const {
    const Progress::Step step(subject_.progress(), name, word);
    const Validated::Turn turn(*validated_, word);
    return std::forward<Body>(body)();
  }

 private:
  Instance(Subject& subject, std::shared_ptr<CheckHost> host);
  static std::shared_ptr<CheckHost> new_host(Subject& subject, const std::filesystem::path& data_directory,
                                             const plugin::Options& overrides, const Identity& identity);
  // Returns why there is no instance; empty: there is one.
  std::string create();

  Subject& subject_;
  const std::shared_ptr<CheckHost> host_;
  const std::shared_ptr<Validated> validated_;
  void* self_ = nullptr;  // the plugin's own
};

}  // namespace tenon::plugin_check
