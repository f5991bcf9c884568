// SPDX-License-Identifier: MIT
// A cluster that takes images of its state soon, and many of them.
#pragma once

#include <string>

#include "cluster.hpp"

namespace tenon::node {

// Images that come soon, of small chunks, and a log that is kept no longer than it must be.
inline void make_small(ImageSettings& images) {
  images.chunk_raw_bytes = 64;
  images.log_mark_bytes = 1;
  images.log_tail_bytes = 0;
  images.log_held_bytes_max = 0;
}

class SmallImages : public Cluster {
 public:
  SmallImages() {
    for (std::uint64_t id = 1; id <= 3; ++id) {
      make_small(at(NodeId(id)).settings.images);
      at(NodeId(id)).restart();
    }
  }
  void put_many(Machine& machine, int count) {
    for (int i = 0; i < count; ++i) {
      last_put = machine.put("key" + std::to_string(++keys), std::string(40, 'v'));
      for (int waited = 0; waited < 100 && !machine.answered(last_put); ++waited) pass(milliseconds(5));
      REQUIRE(machine.answered(last_put));
    }
  }
  std::uint64_t last_put = 0;
  int keys = 0;
};

inline std::uint64_t hash_of(const Machine& machine) { return machine.node->status().state_hash; }

}  // namespace tenon::node
