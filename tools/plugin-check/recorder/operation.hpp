// SPDX-License-Identifier: MIT
// What a plugin did to the files below its data directory, in one order with what it reported to the host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::plugin_check {

// A file or a directory. The data directory itself is kRootNode.
using Node = std::uint64_t;
inline constexpr Node kRootNode = 0;

struct Place {
  Node directory = kRootNode;
  std::string name;  // within it
  bool operator==(const Place&) const = default;
  auto operator<=>(const Place&) const = default;
};

struct Operation {
  enum class Kind {
    create,      // `place` leads to the new file `node`
    make,        // `place` leads to the new directory `node`
    link,        // `place` leads to `node` too
    rename,      // `place`, which leads to `node`, is called `target` from now on
    remove,      // `place` leads nowhere any more
    write,       // `bytes`, or `length` zeros, at `offset` of `node`
    resize,      // `node` is `length` bytes long
    sync,        // `node` and all that was done to it is on the disk
    sync_names,  // `node` is a directory, and its names are on the disk
    mark         // not a call: a mark of the checker, of the kind `offset` and with the number `length`
  };
  Kind kind;
  Node node = 0;
  Place place = {};
  Place target = {};
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string bytes = {};  // of a write that is not all zeros; `length` bytes then
};
using Operations = std::vector<Operation>;

// "write 120 bytes at 64 of file 3" and the like, for messages.
std::string text_of(const Operation& operation);

}  // namespace tenon::plugin_check
