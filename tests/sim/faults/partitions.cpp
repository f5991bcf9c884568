// SPDX-License-Identifier: MIT
#include "faults/partitions.hpp"

#include <algorithm>
#include <map>

#include "majority.hpp"

namespace tenon::sim {
namespace {

std::vector<NodeId> shuffled(std::vector<NodeId> nodes, Stream& random) {
  for (std::size_t i = nodes.size(); i > 1; --i) std::swap(nodes[i - 1], nodes[random.between(0, i - 1)]);
  return nodes;
}

}  // namespace

const char* name_of(Shape shape) noexcept {
  constexpr const char* names[] = {"healed", "isolate one", "halves", "one hears not all", "not all hear one",
                                   "ring",   "bridge",      "chain",  "any links"};
  static_assert(std::size(names) == static_cast<std::size_t>(Shape::count));
  return names[static_cast<std::size_t>(shape)];
}

void partition(Network& network, Shape shape, const std::vector<NodeId>& nodes, NodeId chosen, Stream& random) {
  network.heal_cuts();
  std::map<NodeId, bool> side;
  for (const NodeId node : nodes) side[node] = random.coin();
  const std::vector<NodeId> order = shuffled(nodes, random);
  std::map<NodeId, std::size_t> place;
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  const auto is_cut = [&](NodeId from, NodeId to) {
    const std::size_t apart = std::max(place[from], place[to]) - std::min(place[from], place[to]);
    switch (shape) {
      case Shape::isolated:
        return (from == chosen) != (to == chosen);
      case Shape::halves:
        return side[from] != side[to];
      case Shape::deaf:
        return to == chosen && side[from];
      case Shape::mute:
        return from == chosen && side[to];
      case Shape::ring:
        return apart != 1 && apart != order.size() - 1;
      case Shape::bridge:
        return from != chosen && to != chosen && side[from] != side[to];
      case Shape::chain:
        return apart != 1;
      case Shape::any:
        return random.between(0, 2) == 0;
      default:
        return false;
    }
  };
  for (const NodeId from : nodes) {
    for (const NodeId to : nodes) {
      if (from != to && is_cut(from, to)) network.cut(from, to);
    }
  }
}

const char* name_of(Connection connection) noexcept {
  return connection == Connection::clique          ? "a majority hears each other"
         : connection == Connection::neighbourhood ? "only the neighbours of one are a majority"
                                                   : "no node and its neighbours are a majority";
}

Connection connection_of(const Network& network, const std::vector<NodeId>& nodes) {
  const std::size_t majority = majority_of(nodes.size());
  Connection found = Connection::none;
  for (std::uint64_t set = 0; set < (std::uint64_t{1} << nodes.size()); ++set) {
    std::vector<NodeId> members;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if ((set >> i & 1) != 0) members.push_back(nodes[i]);
    }
    if (members.size() < majority) continue;
    const auto hears_all = [&](NodeId one) {
      return std::all_of(members.begin(), members.end(),
                         [&](NodeId other) { return one == other || network.are_linked(one, other); });
    };
    if (std::all_of(members.begin(), members.end(), hears_all)) return Connection::clique;
    if (std::any_of(members.begin(), members.end(), hears_all)) found = Connection::neighbourhood;
  }
  return found;
}

}  // namespace tenon::sim
