// SPDX-License-Identifier: MIT
// What a storage keeps of a node, copied into another and compared there: the newest image, the hard state, and every
// entry of the log. An unfinished image is not copied: its sender sends it again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "convert/storage_end.hpp"
#include "node/images/image_file.hpp"

namespace tenon::server {

enum class ProgressUnit { kBytes, kEntries };
// How far a step is: what it does, as in "copying the log".
using ShowProgress =
    std::function<void(std::string_view what, ProgressUnit unit, std::uint64_t done, std::uint64_t total)>;

// What was copied, or found equal.
struct Copied {
  std::uint64_t first_index = 1;
  std::uint64_t last_index = 0;              // >= first_index - 1; equal when there are no entries
  std::optional<node::ImageIdentity> image;  // nullopt: none was ever committed
};

// Copies in steps of a few MiB. Everything is durable on return. Throws tenon::Error: INVALID: the source holds no
// node; IO, CORRUPT, NO_SPACE: what either said. Needs: a target that was born in its open().
void copy_node(StorageEnd& from, StorageEnd& to, const ShowProgress& show);

// Compares all bytes of both, and the incarnation. Throws CORRUPT: the first difference; IO.
Copied compare_nodes(StorageEnd& from, StorageEnd& to, const ShowProgress& show);

}  // namespace tenon::server
