// SPDX-License-Identifier: MIT
// The storage instance that a node writes to: the table of a plugin, or of a decorator or simulator before it.
#pragma once

#include "tenon/storage.h"

namespace tenon::node {

struct StoragePort {
  const tenon_storage* table = nullptr;
  void* self = nullptr;
};

}  // namespace tenon::node
