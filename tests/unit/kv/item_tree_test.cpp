// SPDX-License-Identifier: MIT
#include "item_tree.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <vector>

#include "keyspace.hpp"
#include "look_ahead.hpp"
#include "raft/random.hpp"
#include "support/catch.hpp"

namespace tenon::kv {
namespace {

using Model = std::map<std::string, std::uint64_t, std::less<>>;  // the revision that last changed each key

// Keys whose beginnings are shared by many, by few, and by none, of lengths around those that nodes treat apart.
std::string random_key(raft::Random& random) {
  const std::string number = std::to_string(random.below(6'000));
  switch (random.below(7)) {
    case 0:
      return number;
    case 1:
      return "key:" + std::string(8 - number.size(), '0') + number;
    case 2:
      return std::string(30, 'x') + number;
    case 3:
      return std::string(random.below(40), '\0');
    case 4:
      return number + std::string(random.below(3), '\0');
    case 5:
      return std::string(random.below(40), '\xff');
    default:
      return "a longer beginning " + number;
  }
}

void check_same(const TreeView& view, const Model& model) {
  TreeWalk walk(view);
  walk.to_first();
  for (const auto& [key, modified] : model) {
    REQUIRE(walk.item() != nullptr);
    REQUIRE(walk.item()->key() == key);
    REQUIRE(walk.item()->modified == modified);
    walk.forward();
  }
  REQUIRE(walk.item() == nullptr);
  walk.to_last();
  for (auto at = model.rbegin(); at != model.rend(); ++at) {
    REQUIRE(walk.item() != nullptr);
    REQUIRE(walk.item()->key() == at->first);
    walk.backward();
  }
  REQUIRE(walk.item() == nullptr);
}

void check_seeks(const TreeView& view, const Model& model, raft::Random& random) {
  for (int i = 0; i < 300; ++i) {
    const std::string key = random_key(random);
    const auto at = model.lower_bound(key);
    TreeWalk walk(view);
    walk.to_at_least(key);
    REQUIRE((walk.item() == nullptr) == (at == model.end()));
    if (at != model.end()) REQUIRE(walk.item()->key() == at->first);
    walk.to_below(key);
    REQUIRE((walk.item() == nullptr) == (at == model.begin()));
    if (at != model.begin()) REQUIRE(walk.item()->key() == std::prev(at)->first);
    const Item* const found = view.find(key);
    REQUIRE((found != nullptr) == model.contains(key));
  }
}

// Every node as it has to be; returns how many there are.
std::size_t check_nodes(const Node& node) {
  REQUIRE(node.count > 0);
  REQUIRE(node.count <= kSlots);
  std::size_t nodes = 1;
  for (std::size_t slot = 0; slot < node.count; ++slot) {
    REQUIRE(node.items[slot]->key().starts_with(node.common_beginning()));
    if (slot > 0) REQUIRE(node.items[slot - 1]->key() < node.items[slot]->key());
    if (slot > 0) REQUIRE(node.windows[slot - 1] <= node.windows[slot]);
    if (node.is_leaf()) continue;
    const Node& child = *inner(node).children[slot];
    REQUIRE(child.level + 1 == node.level);
    REQUIRE(child.items[0] == node.items[slot]);
    nodes += check_nodes(child);
  }
  const auto is_closed = [](std::uint64_t window) { return window == kNoWindow; };
  REQUIRE(std::all_of(node.windows.begin() + node.count, node.windows.end(), is_closed));
  return nodes;
}

// Where look_ahead() goes, whose steps show nothing of themselves.
const Item* likely_item(const Node* node, std::string_view key) {
  while (!node->is_leaf()) node = inner(*node).children[child_slot(*node, key)];
  return node->items[likely_slot(*node, key)];
}

struct Held {
  std::shared_ptr<Pin> pin;
  TreeView view;
  Model model;
};

class Run {
 public:
  explicit Run(std::uint64_t seed) : random(seed) {}

  void change(std::uint64_t puts_of_ten) {
    const std::string key = random_key(random);
    if (random.below(10) < puts_of_ten) {
      put(key, [&](OwnedItem item) { return keyspace.put(std::move(item)); });
    } else {
      erase(key);
    }
  }
  template <class Put>
  void put(const std::string& key, Put put_item) {
    ++revision;
    OwnedItem before = put_item(make_item({key, key, {}, revision, revision, 1, random.below(3)}));
    REQUIRE((before != nullptr) == model.contains(key));
    if (before != nullptr) keyspace.retire(std::move(before));
    model[key] = revision;
  }
  void erase(const std::string& key) {
    OwnedItem before = keyspace.erase(key);
    REQUIRE((before != nullptr) == (model.erase(key) == 1));
    if (before != nullptr) keyspace.retire(std::move(before));
  }
  void hold() { held.push_back({keyspace.pin(revision), keyspace.tree(), model}); }
  void release(std::size_t at) {
    check_same(held[at].view, held[at].model);
    held[at].pin->released = true;
    held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
  }

  raft::Random random;
  Keyspace keyspace;
  Model model;
  std::uint64_t revision = 0;
  std::vector<Held> held;
};

}  // namespace

TEST_CASE("a tree and all its pins hold what a map held at their time, while it grows and shrinks") {
  const std::uint64_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  Run run(seed);
  for (const std::uint64_t puts_of_ten : {10u, 5u, 8u, 1u, 9u, 0u}) {
    for (int i = 0; i < 12'000; ++i) {
      run.change(puts_of_ten);
      if (run.random.below(500) == 0) run.hold();
      if (run.held.size() > 8 || (!run.held.empty() && run.random.below(700) == 0)) {
        run.release(run.random.below(run.held.size()));
        run.keyspace.collect();
      }
    }
    for (const Held& held : run.held) check_same(held.view, held.model);
    check_same(run.keyspace.tree(), run.model);
    check_seeks(run.keyspace.tree(), run.model, run.random);
    if (!run.model.empty()) check_nodes(*run.keyspace.tree().root());
    REQUIRE(run.keyspace.size() == run.model.size());
  }
}

TEST_CASE("what is loaded ahead for a key is the item that is found by it") {
  Run run(4);
  for (int i = 0; i < 5'000; ++i) run.change(9);
  for (const auto& [key, modified] : run.model) {
    REQUIRE(likely_item(run.keyspace.tree().root(), key) == run.keyspace.tree().find(key));
  }
}

TEST_CASE("keys that were looked for ahead are found where they are, and changed there, whatever changed meanwhile") {
  Run run(5);
  std::vector<std::string> keys(kKeysAhead);
  std::size_t recalled = 0;
  for (int i = 0; i < 6'000; ++i) {
    constexpr std::array<std::uint64_t, 3> kPutsOfTen = {9, 5, 1};
    const std::uint64_t puts_of_ten = kPutsOfTen[static_cast<std::size_t>(i) / 1'000 % 3];
    for (std::string& key : keys) key = random_key(run.random);
    run.keyspace.look_ahead(std::vector<std::string_view>(keys.begin(), keys.end()));
    for (std::string& key : keys) {
      // What comes between: other keys are changed, all is pinned, another key lies at the address.
      if (run.random.below(60) == 0) run.change(puts_of_ten);
      if (run.random.below(500) == 0) run.hold();
      if (!run.held.empty() && run.random.below(400) == 0) run.release(run.random.below(run.held.size()));
      if (run.random.below(20) == 0 && !key.empty()) key.back() = static_cast<char>(run.random.below(256));
      if (run.random.below(10) == 0) continue;
      const Place at = run.keyspace.locate(key);
      REQUIRE(at.item == run.keyspace.tree().find(key));
      recalled += at.item != nullptr ? 1u : 0u;
      if (run.random.below(10) < puts_of_ten) {
        run.put(key, [&](OwnedItem item) { return run.keyspace.put(std::move(item), at); });
        const Item* const found = run.keyspace.tree().find(key);
        REQUIRE((found != nullptr && found->modified == run.revision));
      } else {
        run.erase(key);
      }
    }
    run.keyspace.collect();
    if (i % 500 == 0 && !run.model.empty()) check_nodes(*run.keyspace.tree().root());
  }
  for (const Held& held : run.held) check_same(held.view, held.model);
  check_same(run.keyspace.tree(), run.model);
  REQUIRE(recalled > 50'000);
}

TEST_CASE("keys that come in order fill their nodes, and nodes that lose their keys join") {
  Keyspace keyspace;
  const auto key = [](std::uint64_t number) { return "key:" + std::to_string(1'000'000 + number); };
  constexpr std::uint64_t kKeys = 20'000;
  for (std::uint64_t i = 0; i < kKeys; ++i) keyspace.put(make_item({key(i), {}, {}, 1, 1, 1, 0}));
  const std::size_t full = check_nodes(*keyspace.tree().root());
  CHECK(full <= kKeys / kSlots * 105 / 100 + 2);
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    if (i % 20 != 0) keyspace.erase(key(i));
  }
  CHECK(keyspace.size() == kKeys / 20);
  CHECK(check_nodes(*keyspace.tree().root()) <= full / 4);
}

TEST_CASE("what one pin alone sees is free when it is released, also between other pins") {
  Keyspace keyspace;
  std::uint64_t revision = 0;
  const auto put = [&] {
    ++revision;
    OwnedItem before = keyspace.put(make_item({"k", "v", {}, 1, revision, revision, 0}));
    if (before != nullptr) keyspace.retire(std::move(before));
  };
  put();
  const std::shared_ptr<Pin> first = keyspace.pin(revision);
  put();
  const std::shared_ptr<Pin> second = keyspace.pin(revision);
  put();
  const std::shared_ptr<Pin> third = keyspace.pin(revision);
  put();
  CHECK(keyspace.collect().empty());
  second->released = true;
  CHECK_FALSE(keyspace.collect().empty());  // the item of the second, and its leaf
  CHECK(keyspace.collect().empty());
  first->released = true;
  CHECK_FALSE(keyspace.collect().empty());
  third->released = true;
  CHECK_FALSE(keyspace.collect().empty());
  CHECK(keyspace.collect().empty());
}

TEST_CASE("without pins what is replaced is freed at once") {
  Retirement retirement;
  retirement.retire(make_item({"k", "v", {}, 1, 1, 1, 0}).release());
  retirement.retire(make_node(0, retirement.generation()));
  CHECK(retirement.collect().empty());
}

}  // namespace tenon::kv
