// SPDX-License-Identifier: MIT
// The data directory: the stamp, and the two databases within. They are born under other names and get their own when
// they are whole; the stamp is the last that birth makes durable, so a directory without one holds nothing yet.
#pragma once

#include <leveldb/env.h>

#include <functional>
#include <string>

#include "tenon/stamp.hpp"

namespace tenon::leveldb_storage {

inline constexpr char kLockName[] = "lock";
inline constexpr char kLogName[] = "log";
inline constexpr char kImagesName[] = "images";
inline constexpr char kUnbornSuffix[] = ".new";

// Returns the incarnation of the directory; makes one without a stamp into one with this stamp, and with a random
// incarnation when that of the stamp is all zeros. `born` is called then, when it is durable. Needs: the directory is
// locked.
// Throws INVALID: the directory of another plugin, cluster or node. UNSUPPORTED: a newer format. CORRUPT: a damaged
// stamp, or a log without one. Nothing was changed then. IO, NO_SPACE: what is left does not hinder the next attempt.
Incarnation find_or_bear(leveldb::Env& files, const std::string& directory, Stamp own,
                         const std::function<void()>& born);

}  // namespace tenon::leveldb_storage
