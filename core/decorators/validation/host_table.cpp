// SPDX-License-Identifier: MIT
#include "validation/host_table.hpp"

#include <string>

#include "call.hpp"

namespace tenon::validation {
namespace {

constexpr const char* kOption = "tenon_host.option";
constexpr const char* kLoggerWrite = "tenon_host.logger_write";
constexpr const char* kMetricCreate = "tenon_host.metric_create";
constexpr const char* kMetricRecord = "tenon_host.metric_record";
constexpr const char* kFailed = "tenon_host.failed";

}  // namespace

HostTable::HostTable(Subject& subject, const tenon_host& host) noexcept : subject_(subject), host_(host), table_(host) {
  table_.context = this;
  table_.get_extension = [](const tenon_host* table, const char* name) {
    const tenon_host& inner = of(table).host_;
    return inner.get_extension(&inner, name);
  };
  table_.option = [](const tenon_host* table, const char* name) { return of(table).option(name); };
  table_.logger_write = [](const tenon_host* table, std::uint32_t severity, tenon_bytes line) -> std::int32_t {
    const HostTable& self = of(table);
    if (!self.expect_not_ended(kLoggerWrite)) return 0;
    if (severity > TENON_SEVERITY_ERROR) {
      self.subject_.report(Blame::plugin, Rule::argument, kLoggerWrite, "the severity " + std::to_string(severity),
                           "one of TENON_SEVERITY_*");
    }
    return self.host_.logger_write(&self.host_, severity, line);
  };
  table_.metric_create = [](const tenon_host* table, const char* name, const char* labels) {
    return of(table).metric_create(name, labels);
  };
  table_.metric_record = [](const tenon_host* table, std::uint32_t metric, double value) {
    const HostTable& self = of(table);
    if (self.expect_not_ended(kMetricRecord)) self.host_.metric_record(&self.host_, metric, value);
  };
  table_.failed = [](const tenon_host* table, tenon_error error, const char* message) {
    of(table).failed(error, message);
  };
}

HostTable& HostTable::of(const tenon_host* table) noexcept {
  HostTable& self = *static_cast<HostTable*>(table->context);
  expect_same(self.subject_, "tenon_host", table, self.table_);
  return self;
}

bool HostTable::expect_not_ended(const char* function) const {
  const Phase phase = subject_.phase();
  if (phase == Phase::destroyed) {
    subject_.report(Blame::plugin, Rule::state, function, "a call after destroy() has returned",
                    "the last call before that");
    return false;
  }
  if (phase != Phase::ended || subject_.threads().is_control()) return true;
  subject_.report(Blame::plugin, Rule::state, function, "a call after close() or stop() has returned",
                  "the last call before that");
  return false;
}

void HostTable::expect_setup(const char* function) const {
  if (!subject_.threads().is_control()) {
    subject_.report(Blame::plugin, Rule::thread, function, "a call on another thread", "the control thread");
  } else if (subject_.phase() == Phase::running && !subject_.setup_busy().load()) {
    subject_.report(Blame::plugin, Rule::thread, function, "a call outside of every SETUP call", "it within one");
  }
}

const char* HostTable::option(const char* name) const {
  if (!expect_not_ended(kOption)) return nullptr;
  expect_setup(kOption);
  return host_.option(&host_, name);
}

std::uint32_t HostTable::metric_create(const char* name, const char* labels) const {
  expect_setup(kMetricCreate);
  const Phase phase = subject_.phase();
  if (phase != Phase::made && phase != Phase::opening) {
    subject_.report(Blame::plugin, Rule::state, kMetricCreate, std::string("the metric ") + name + " after the start",
                    "every metric before open() or start() returns");
    return 0;
  }
  return host_.metric_create(&host_, name, labels);
}

void HostTable::failed(tenon_error error, const char* message) const {
  const PluginCall call(subject_);
  if (!expect_not_ended(kFailed)) return;
  if (error >= TENON_OK) {
    subject_.report(Blame::plugin, Rule::failure, kFailed, "the error " + std::to_string(error), "an error, below 0");
  }
  if (message == nullptr) {
    subject_.report(Blame::plugin, Rule::failure, kFailed, "no message", "the reason, for the operator");
    message = "the plugin gave no reason";
  }
  if (!subject_.fail()) {
    subject_.report(Blame::plugin, Rule::failure, kFailed, std::string("a second failure: ") + message,
                    "one: the first holds for good");
    return;
  }
  host_.failed(&host_, error, message);
}

}  // namespace tenon::validation
