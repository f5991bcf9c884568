// SPDX-License-Identifier: MIT
#include "key_slot.hpp"

#include "node_list.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {

TEST_CASE("slots are those of Redis Cluster") {
  CHECK(crc16("123456789") == 0x31c3);
  CHECK(key_slot("foo") == 12182);
  CHECK(key_slot("somekey") == 11058);
  CHECK(key_slot("") == 0);
  CHECK(key_slot("{user1000}.following") == key_slot("{user1000}.followers"));
  CHECK(key_slot("foo{}{bar}") == static_cast<std::uint16_t>(crc16("foo{}{bar}") % kSlotCount));
  CHECK(key_slot("foo{{bar}}zap") == key_slot("{bar"));
  CHECK(key_slot("foo{bar}{zap}") == key_slot("bar"));
}

TEST_CASE("nodes are found with the address where they serve this protocol") {
  const std::vector<ListedNode> nodes = parse_members(
      "id=1 is_leader=no clients=thrift://10.0.0.1:7101|resp://10.0.0.1:6379 standing=voter\n"
      "id=2 is_leader=yes clients=resp://[::1]:6380\n"
      "id=3 is_leader=no clients=-\n");
  REQUIRE(nodes.size() == 3);
  CHECK((nodes[0].host == "10.0.0.1" && nodes[0].port == 6379 && !nodes[0].leads));
  CHECK((nodes[1].host == "::1" && nodes[1].port == 6380 && nodes[1].leads));
  CHECK((nodes[2].host.empty() && nodes[2].port == 0));
  CHECK(node_name("c", 2).size() == 40);
  CHECK(node_name("c", 2) != node_name("d", 2));
}

}  // namespace tenon::api_resp
