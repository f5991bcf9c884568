// SPDX-License-Identifier: MIT
// The tenon_transport of an instance under validation, and the tenon_transport_host that it is started with.
#pragma once

#include <memory>

#include "tenon/transport.h"
#include "validation/subject.hpp"

namespace tenon::validation {

class TransportCalls;

class TransportTable {
 public:
  // Keeps: subject and transport, for its life. `self` is what create() has made.
  TransportTable(Subject& subject, const tenon_transport& transport, void* self);
  TransportTable(const TransportTable&) = delete;
  TransportTable& operator=(const TransportTable&) = delete;
  // Needs: the instance was destroyed, or will never be called again.
  ~TransportTable();

  const tenon_transport* table() const noexcept;
  // What goes with the table.
  void* self() const noexcept;

 private:
  const std::unique_ptr<TransportCalls> calls_;
};

}  // namespace tenon::validation
