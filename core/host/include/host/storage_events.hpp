// SPDX-License-Identifier: MIT
// Where storage's reports go. Before the node runs they are waited for, after that they wake it.
#pragma once

#include <cstdint>

#include "tenon/storage.h"

namespace tenon::host {

// All functions: any thread, at any time between open() and close(); none may call storage.
class StorageEvents {
 public:
  virtual ~StorageEvents() = default;
  virtual void durable(std::uint64_t sequence) = 0;
  // Takes over the loan; entries live until it is given back.
  virtual void read_done(std::uint64_t request, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                         tenon_loan loan) = 0;
  // Room for the log runs short, or is enough again.
  virtual void space(bool is_short) = 0;
  // Storage is closed and reports nothing more. Gives back every loan that is still held. Control thread, once.
  virtual void closed() = 0;
};

}  // namespace tenon::host
