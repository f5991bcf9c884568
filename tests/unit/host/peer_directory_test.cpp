// SPDX-License-Identifier: MIT
#include "host/peer_directory.hpp"

#include "support/catch.hpp"

namespace tenon::host {
namespace {

const raft::NodeId kSelf(1);
const raft::NodeId kPeer(2);

TEST_CASE("what a node says of itself is kept once it is known, and the newest counts") {
  PeerDirectory directory(kSelf);
  const raft::Incarnation incarnation{7};
  CHECK_FALSE(directory.knows(kPeer));
  CHECK_FALSE(directory.introduce(kPeer, incarnation, {"thrift://two:1"}));
  directory.set_addresses(kPeer, {"thrift://two:7201"});
  CHECK(directory.knows(kPeer));
  CHECK(directory.client_address(kPeer, "thrift").empty());
  CHECK(directory.introduce(kPeer, incarnation, {"http://two:8080", "thrift://two:1", "thrift://other:1"}));
  CHECK(directory.client_address(kPeer, "thrift") == "two:1");
  CHECK(directory.client_address(kPeer, "thri").empty());
  CHECK(directory.introduce(kPeer, incarnation, {"thrift://two:2"}));
  CHECK(directory.client_address(kPeer, "thrift") == "two:2");
  CHECK(directory.client_address(kPeer, "http").empty());
  REQUIRE(directory.nodes().size() == 2);
  CHECK(directory.nodes()[0].id == kSelf);
  CHECK(directory.nodes()[1].incarnation == incarnation);
  CHECK(directory.nodes()[1].addresses == std::vector<std::string>{"thrift://two:7201"});
}

TEST_CASE("addresses that are malformed, too long or too many are not kept") {
  PeerDirectory directory(kSelf);
  CHECK(directory.introduce(kSelf, {}, {"thrift://one:1"}));
  const std::string longest = "thrift://" + std::string(kAddressBytesMax - 9, 'a');
  for (const std::string bad :
       {"", "thrift", "://one:1", "thrift://", "thrift://a b", "thrift://a\nb", "thrift://a|b"}) {
    CAPTURE(bad);
    CHECK_FALSE(directory.introduce(kSelf, {}, {bad}));
  }
  CHECK_FALSE(directory.introduce(kSelf, {}, {longest + "a"}));
  CHECK_FALSE(directory.introduce(kSelf, {}, std::vector<std::string>(kAddressesMax + 1, "thrift://two:2")));
  CHECK(directory.client_address(kSelf, "thrift") == "one:1");
  CHECK(directory.introduce(kSelf, {}, std::vector<std::string>(kAddressesMax, longest)));
}

TEST_CASE("the transport in use is known for each lane") {
  PeerDirectory directory(kSelf);
  directory.set_addresses(kPeer, {});
  directory.set_lane(kPeer, node::Lane::bulk, "thrift");
  CHECK(directory.nodes()[1].lanes == std::array<std::string, 2>{"", "thrift"});
  directory.set_lane(kPeer, node::Lane::bulk, {});
  CHECK(directory.nodes()[1].lanes == std::array<std::string, 2>{});
}

}  // namespace
}  // namespace tenon::host
