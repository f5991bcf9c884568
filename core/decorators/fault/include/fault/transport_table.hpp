// SPDX-License-Identifier: MIT
// A transport that suffers faults: the table of another one, whose frames pass on the way to it and back.
//
// Loss and delay are what every transport may do. Frames that come twice or out of order break the contract of
// transport.h: they show what the core does with a transport that is broken. A forwarded request that has no session
// may then run twice.
#pragma once

#include <memory>

#include "fault/faults.hpp"
#include "tenon/transport.h"

namespace tenon::fault {

class FaultyTransport;

class TransportTable {
 public:
  // Keeps: transport, for its life. Control thread.
  TransportTable(const TransportFaults& faults, const tenon_transport& transport, void* self, OnFault on_fault);
  TransportTable(const TransportTable&) = delete;
  TransportTable& operator=(const TransportTable&) = delete;
  // Needs: stopped, or never started.
  ~TransportTable();

  const tenon_transport* table() const noexcept;
  // What goes with the table.
  void* self() const noexcept;

 private:
  const std::unique_ptr<FaultyTransport> transport_;
};

}  // namespace tenon::fault
