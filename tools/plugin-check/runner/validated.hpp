// SPDX-License-Identifier: MIT
// An instance under check behind core/decorators/validation: whichever check is running fails at the first finding,
// also at one that blames the check itself.
#pragma once

#include <optional>

#include "runner/subject.hpp"
#include "validation/host_table.hpp"
#include "validation/plugin_tables.hpp"

namespace tenon::plugin_check {

class Validated {
 public:
  // Keeps: host, for its life. Control thread.
  Validated(Subject& subject, const tenon_host& host) : reporter_(subject), host_(validated_, host) {}
  Validated(const Validated&) = delete;
  Validated& operator=(const Validated&) = delete;

  // What create() is given.
  const tenon_host* host() const noexcept { return host_.table(); }
  // The instance is there. Needs: called once.
  void wrap(const tenon_plugin& object, void* self) { tables_.emplace(validated_, object, self); }
  // destroy() has returned: from now on every call of the plugin fails the check.
  void set_destroyed() noexcept { validated_.enter(validation::Phase::destroyed); }
  // Needs: wrap() was called.
  const validation::PluginTables& tables() const noexcept { return *tables_; }

  // While it lives, the calling thread is what a call of this kind is made on.
  class Turn {
   public:
    Turn(Validated& validated, ThreadWord word) noexcept : threads_(validated.threads_), word_(word) {
      if (word == ThreadWord::setup) threads_.enter_control();
      if (word == ThreadWord::core) threads_.enter_node();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (word_ == ThreadWord::core) threads_.leave_node();
    }

   private:
    validation::Threads& threads_;
    const ThreadWord word_;
  };

 private:
  class Reporter final : public validation::Reporter {
   public:
    explicit Reporter(Subject& subject) : subject_(subject) {}
    void report(const validation::Finding& finding) noexcept override {
      if (!is_on_purpose(finding)) subject_.fail(finding.text());
    }
    void slow_call(const char*, std::chrono::nanoseconds) noexcept override {}

   private:
    // What the plugin must bear though a host may not do it: a check commits an image that is older than the newest,
    // and one ends a request in an outcome that nobody knows.
    static bool is_on_purpose(const validation::Finding& finding) noexcept {
      return finding.blame == validation::Blame::host &&
             (finding.rule == validation::Rule::image || finding.rule == validation::Rule::completion);
    }

    Subject& subject_;
  };

  Reporter reporter_;
  validation::Threads threads_;
  validation::Subject validated_{threads_, reporter_};
  const validation::HostTable host_;
  std::optional<validation::PluginTables> tables_;
};

}  // namespace tenon::plugin_check
