// SPDX-License-Identifier: MIT
#include <stdexcept>

#include "file_storage.hpp"

namespace {

// The skin lets nothing out, so what throws stands before it.
void write_or_throw(void* self, const tenon_write* write) {
  if (tenon::wrong::commits(tenon::wrong::Sin::throws)) throw std::runtime_error("thrown on purpose");
  tenon::kStorageTable.write(self, write);
}

constexpr tenon_storage with_write(tenon_storage table) {
  table.write = write_or_throw;
  return table;
}
constexpr tenon_storage kTable = with_write(tenon::kStorageTable);

}  // namespace

TENON_ROLE_PLUGIN(tenon::wrong::FileStorage, R"([plugin]
id = dev.tenon.test.file
kind = storage
version = 1.0
summary = a storage for the tests of tenon-plugin-check, with or without a sin
)",
                  .storage = &kTable, .transport = nullptr, .client_api = nullptr)
