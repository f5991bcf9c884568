// SPDX-License-Identifier: MIT
// The tables of one instance under validation, whatever its kind.
#pragma once

#include <optional>

#include "tenon/plugin.h"
#include "validation/client_api_table.hpp"
#include "validation/storage_table.hpp"
#include "validation/transport_table.hpp"

namespace tenon::validation {

class PluginTables {
 public:
  // Keeps: subject and the tables of object, for its life. `self` is what create() has made.
  PluginTables(Subject& subject, const tenon_plugin& object, void* self) : object_(object), self_(self) {
    if (object.storage != nullptr) {
      const StorageTable& made = storage_.emplace(subject, *object.storage, self);
      object_.storage = made.table();
      self_ = made.self();
    } else if (object.transport != nullptr) {
      const TransportTable& made = transport_.emplace(subject, *object.transport, self);
      object_.transport = made.table();
      self_ = made.self();
    } else if (object.client_api != nullptr) {
      const ClientApiTable& made = client_api_.emplace(subject, *object.client_api, self);
      object_.client_api = made.table();
      self_ = made.self();
    }
  }
  PluginTables(const PluginTables&) = delete;
  PluginTables& operator=(const PluginTables&) = delete;

  // The plugin's object with the table of its kind under validation. Its other functions want the plugin's own `self`.
  const tenon_plugin& object() const noexcept { return object_; }
  // What goes with the table.
  void* self() const noexcept { return self_; }

 private:
  std::optional<StorageTable> storage_;
  std::optional<TransportTable> transport_;
  std::optional<ClientApiTable> client_api_;
  tenon_plugin object_;
  void* self_;
};

}  // namespace tenon::validation
