// SPDX-License-Identifier: MIT
#include "status.hpp"

#include <cerrno>
#include <system_error>

namespace tenon::leveldb_storage {

// LevelDB keeps no error number, only the operating system's words for it.
tenon_error code_of(const leveldb::Status& status) {
  if (status.IsCorruption()) return TENON_ERROR_CORRUPT;
  if (status.IsNotSupportedError() || status.IsInvalidArgument()) return TENON_ERROR_INTERNAL;
  const std::string text = status.ToString();
  for (const int number : {ENOSPC, EDQUOT}) {
    if (text.find(std::generic_category().message(number)) != std::string::npos) return TENON_ERROR_NO_SPACE;
  }
  return TENON_ERROR_IO;
}

void check(const leveldb::Status& status, const std::string& path) {
  if (status.ok()) return;
  const tenon_error code = code_of(status);
  const std::string message = path + ": " + status.ToString();
  if (code != TENON_ERROR_CORRUPT) throw Error(code, message);
  throw Error(code, message + ". Restore the directory, or replace this node by a new one");
}

}  // namespace tenon::leveldb_storage
