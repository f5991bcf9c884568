// SPDX-License-Identifier: MIT
// Memory of the store that nothing can see any more. To free it takes time in proportion to its size, so it is handed
// out to be freed where nobody waits.
#pragma once

#include <memory>

namespace tenon::kv {

struct RetiredParts;

// May be destroyed on any thread; that frees the memory.
class Retired {
 public:
  Retired() noexcept;
  explicit Retired(std::unique_ptr<RetiredParts> parts) noexcept;
  Retired(Retired&&) noexcept;
  Retired& operator=(Retired&&) noexcept;
  ~Retired();

  bool empty() const noexcept;

 private:
  std::unique_ptr<RetiredParts> parts_;  // null: nothing
};

}  // namespace tenon::kv
