// SPDX-License-Identifier: MIT
// The tenon_host of an instance under validation.
#pragma once

#include "tenon/plugin.h"
#include "validation/subject.hpp"

namespace tenon::validation {

class HostTable {
 public:
  // Keeps: subject and host, for its life, which is longer than that of the instance.
  HostTable(Subject& subject, const tenon_host& host) noexcept;
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  // What create() is given.
  const tenon_host* table() const noexcept { return &table_; }

 private:
  static HostTable& of(const tenon_host* table) noexcept;
  // After the end only the control thread may still be in the plugin, in destroy().
  bool expect_not_ended(const char* function) const;
  void expect_setup(const char* function) const;
  const char* option(const char* name) const;
  std::uint32_t metric_create(const char* name, const char* labels) const;
  void failed(tenon_error error, const char* message) const;

  Subject& subject_;
  const tenon_host& host_;
  tenon_host table_;
};

}  // namespace tenon::validation
