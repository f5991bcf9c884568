// SPDX-License-Identifier: MIT
// Shapes of partitions: which directed links of a network are cut.
#pragma once

#include <utility>
#include <vector>

#include "network.hpp"

namespace tenon::sim {

enum class Shape {
  healed,
  isolated,  // one node hears nobody, and nobody hears it
  halves,
  deaf,    // one node hears none of some
  mute,    // some hear nothing of one node
  ring,    // each has two neighbours
  bridge,  // two halves, and one node that both hear
  chain,   // each has those beside it
  any,     // any link
  count,
};

const char* name_of(Shape shape) noexcept;

// Cuts links of `network` in this shape, and heals all others. `chosen` is the node that is alone, or the bridge; the
// rest is drawn.
void partition(Network& network, Shape shape, const std::vector<NodeId>& nodes, NodeId chosen, Stream& random);

// What is left of a network, as far as links that work in both directions go.
enum class Connection {
  clique,         // a majority of the nodes hear each other: they must have a leader
  neighbourhood,  // some node and its neighbours are a majority: it can lead when its log is not behind theirs
  none,           // nobody can
};
const char* name_of(Connection connection) noexcept;
Connection connection_of(const Network& network, const std::vector<NodeId>& nodes);

}  // namespace tenon::sim
