// SPDX-License-Identifier: MIT
// What faults may take from a cluster for good, so that all that it promises must still hold: never so many disks that
// less than a majority is left of those that the cluster knows and that are whole. A disk that is damaged counts as
// gone until its node has started from it and found nothing. Clusters of one and two have none to spare.
#pragma once

#include <memory>
#include <vector>

#include "machine.hpp"

namespace tenon::sim {

using Machines = std::vector<std::unique_ptr<Machine>>;

// Its disk is whole, and the one that the cluster knows.
bool is_sound(const Machine& machine);
// Whether the others are enough without this one.
bool may_spoil(const Machines& machines, const Machine& machine);
// The same, and every other has it in its log for good which disk this node is known by: before that nobody could tell
// an empty one from it.
bool may_wipe(const Machines& machines, const Machine& machine);

}  // namespace tenon::sim
