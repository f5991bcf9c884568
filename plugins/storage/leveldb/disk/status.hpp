// SPDX-License-Identifier: MIT
// LevelDB's statuses as errors of the waist.
#pragma once

#include <leveldb/status.h>

#include <string>

#include "tenon/host.hpp"

namespace tenon::leveldb_storage {

// CORRUPT, NO_SPACE when the disk was full, INTERNAL for what LevelDB does not support, else IO. Needs: not OK.
tenon_error code_of(const leveldb::Status& status);

// Throws what the status says, of the database or file at `path`, unless it is OK.
void check(const leveldb::Status& status, const std::string& path);

}  // namespace tenon::leveldb_storage
