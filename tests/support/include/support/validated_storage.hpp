// SPDX-License-Identifier: MIT
// A storage of the tests under validation that ends the test: one life of it, from open() to close().
#pragma once

#include "support/abort_on_finding.hpp"
#include "validation/storage_table.hpp"

namespace tenon::support {

class ValidatedStorage {
 public:
  // Keeps: storage, for its life. The calling thread is the control thread.
  ValidatedStorage(const tenon_storage& storage, void* self) : table_(subject_, storage, self) {}

  const tenon_storage* table() const noexcept { return table_.table(); }
  void* self() const noexcept { return table_.self(); }
  // A side breaks the rule on purpose.
  void tolerate(validation::Rule rule, validation::Blame blame) noexcept { reporter_.tolerate(rule, blame); }

 private:
  AbortOnFinding reporter_;
  validation::Threads threads_;
  validation::Subject subject_{threads_, reporter_};
  validation::StorageTable table_;
};

}  // namespace tenon::support
