// SPDX-License-Identifier: MIT
// The tenon_storage of an instance under validation, and the tenon_storage_host that it is opened with.
#pragma once

#include <memory>

#include "tenon/storage.h"
#include "validation/subject.hpp"

namespace tenon::validation {

class StorageCalls;

class StorageTable {
 public:
  // Keeps: subject and storage, for its life. `self` is what create() has made.
  StorageTable(Subject& subject, const tenon_storage& storage, void* self);
  StorageTable(const StorageTable&) = delete;
  StorageTable& operator=(const StorageTable&) = delete;
  // Reports what the host has not given back. Needs: the instance was destroyed, or will never be called again.
  ~StorageTable();

  const tenon_storage* table() const noexcept;
  // What goes with the table.
  void* self() const noexcept;

 private:
  const std::unique_ptr<StorageCalls> calls_;
};

}  // namespace tenon::validation
