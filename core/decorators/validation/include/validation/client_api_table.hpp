// SPDX-License-Identifier: MIT
// The tenon_client_api of an instance under validation, the tenon_client_host that it is started with, and the queues
// that it makes there.
#pragma once

#include <memory>

#include "tenon/client_api.h"
#include "validation/subject.hpp"

namespace tenon::validation {

class ClientApiCalls;

class ClientApiTable {
 public:
  // Keeps: subject and client_api, for its life. `self` is what create() has made.
  ClientApiTable(Subject& subject, const tenon_client_api& client_api, void* self);
  ClientApiTable(const ClientApiTable&) = delete;
  ClientApiTable& operator=(const ClientApiTable&) = delete;
  // Needs: the instance was destroyed, or will never be called again.
  ~ClientApiTable();

  const tenon_client_api* table() const noexcept;
  // What goes with the table.
  void* self() const noexcept;

 private:
  const std::unique_ptr<ClientApiCalls> calls_;
};

}  // namespace tenon::validation
