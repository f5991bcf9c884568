// SPDX-License-Identifier: MIT
#include "plugin/nearest_name.hpp"

#include <array>

#include "support/catch.hpp"

namespace tenon::plugin {

TEST_CASE("the edit distance counts insertions, removals, replacements and swaps of neighbours") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("sync", "sync") == 0);
  CHECK(edit_distance("", "sync") == 4);
  CHECK(edit_distance("sync", "") == 4);
  CHECK(edit_distance("sync", "syncs") == 1);
  CHECK(edit_distance("sync", "snc") == 1);
  CHECK(edit_distance("sync", "sink") == 2);
  CHECK(edit_distance("sync", "snyc") == 1);
  CHECK(edit_distance("filewal", "flewall") == 2);
}

TEST_CASE("the nearest name is the first of those with the least distance") {
  const std::array<std::string, 4> names = {"listen", "threads", "linger", "listed"};
  CHECK(nearest_name("lsiten", names) == "listen");
  CHECK(nearest_name("thread", names) == "threads");
  CHECK(nearest_name("liste", names) == "listen");
  CHECK(nearest_name("linger", names) == "linger");
}

TEST_CASE("without candidates there is no nearest name") { CHECK(nearest_name("listen", {}).empty()); }

}  // namespace tenon::plugin
