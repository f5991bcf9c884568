// SPDX-License-Identifier: MIT
// A storage that suffers faults: the table of another one, whose calls pass on the way to it and back.
//
// What it does stays within the contract of storage.h: what is reported durable is durable, in order; a failure is
// final, and the write that failed and all after it never reach the disk; every read is answered.
#pragma once

#include <memory>

#include "fault/faults.hpp"
#include "tenon/plugin.h"

namespace tenon::fault {

class FaultyStorage;

class StorageTable {
 public:
  // Keeps: host and storage, for its life; host is told of failures. Control thread.
  StorageTable(const StorageFaults& faults, const tenon_host& host, const tenon_storage& storage, void* self,
               OnFault on_fault);
  StorageTable(const StorageTable&) = delete;
  StorageTable& operator=(const StorageTable&) = delete;
  // Needs: closed, or never opened.
  ~StorageTable();

  const tenon_storage* table() const noexcept;
  // What goes with the table.
  void* self() const noexcept;

 private:
  const std::unique_ptr<FaultyStorage> storage_;
};

}  // namespace tenon::fault
