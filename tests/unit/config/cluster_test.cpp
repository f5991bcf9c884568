// SPDX-License-Identifier: MIT
#include "config/addresses.hpp"
#include "support.hpp"

namespace tenon::config {
namespace {

using Texts = std::vector<std::string>;

const std::string kThree =
    "[transport]\nplugin = thrift\n"
    "[cluster]\n"
    "initial_members = 9, 7, 8\n"
    "peers = 8=thrift://b:1|ws://b:2, 9 = thrift://[::1]:7201\n";

// What is refused in line 11, where [cluster] or [api] has its one line.
void check_cluster(const std::string& line, const std::string& part) {
  const std::string key = line.substr(0, line.find(' '));
  check_refusal(least("[cluster]\n" + line + "\n"), "a.conf:11: cluster." + key + ": ", part);
}
void check_advertise(const std::string& value, const std::string& part) {
  check_refusal(least("[api]\nadvertise = " + value + "\n"), "a.conf:11: api.advertise: ", part);
}

}  // namespace

TEST_CASE("a cluster of one needs neither peers nor a transport") {
  const Config config = load(least("[cluster]\nstart = new\ninitial_members = 7\n"));
  CHECK(config.start == Start::kNew);
  CHECK(config.initial_members == std::vector<std::uint64_t>{7});
  CHECK(config.transport_plugins.empty());
}

TEST_CASE("members are sorted, and each peer has its addresses in order") {
  const Config config = load(least(kThree + "start = new\n"));
  CHECK(config.initial_members == std::vector<std::uint64_t>{7, 8, 9});
  CHECK(config.peers == Peers{{8, {"thrift://b:1", "ws://b:2"}}, {9, {"thrift://[::1]:7201"}}});
}

TEST_CASE("this node may be among the peers, and after the first start the members may be left out") {
  const Config config =
      load(least("[transport]\nplugin = thrift\n[cluster]\npeers = 7=thrift://a:1, 8=thrift://b:1\n"));
  CHECK(config.peers.size() == 2);
  CHECK(config.initial_members.empty());
  CHECK(load(least("[cluster]\npeers = 7=thrift://a:1\n")).transport_plugins.empty());
}

TEST_CASE("members that cannot be are refused") {
  check_refusal(least("[cluster]\nstart = new\n"), "a.conf:11: cluster.start: ", "add initial_members to [cluster]");
  check_cluster("initial_members = 8", "node.id is 7");
  check_cluster("initial_members = x", "there is 'x'");
  check_cluster("initial_members = 7=a:1", "addresses are given in cluster.peers");
  check_cluster("initial_members = 7, 0", "there is '0'");
  check_cluster("initial_members = 7, 8, 7", "node 7 is named twice");
  check_cluster("initial_members =", "empty");
  check_cluster("initial_members = 7,,8", "empty item");
  check_cluster("initial_members = 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "at most 16");
}

TEST_CASE("peers that cannot be are refused") {
  check_cluster("peers = thrift://b:1", "does not begin with the id of a node");
  check_cluster("peers = 0=thrift://b:1", "does not begin with the id of a node");
  check_cluster("peers = 8", "does not begin with the id of a node");
  check_cluster("peers = 8=thrift://b:1, 8=ws://b:1", "node 8 is named twice");
  for (const std::string bad :
       {"8=b:1", "8=thrift://b", "8=thrift://b:0", "8=thrift://b:65536", "8=thrift://:1", "8=://b:1", "8=Thrift://b:1",
        "8=thrift://b:1|", "8=thrift://::1:7", "8=thrift://a b:1"}) {
    check_cluster("peers = " + bad, "is not of the form SCHEME://HOST:PORT");
  }
  check_cluster("peers = 8=thrift://0.0.0.0:1", "names no machine");
  check_cluster("peers = 8=thrift://[::]:1", "names no machine");
}

TEST_CASE("members and peers must fit each other, and need a transport") {
  check_refusal(least("[cluster]\ninitial_members = 7,8\n"), "a.conf:11: cluster.peers: found no address of node 8",
                "add 8=SCHEME://HOST:PORT");
  check_refusal(least("[cluster]\ninitial_members = 7,8,9\npeers = 8=thrift://b:1\n"),
                "a.conf:12: cluster.peers: found no address of node 9", "a member (a.conf:11)");
  check_refusal(least("[cluster]\ninitial_members = 7,8\nstart = new\npeers = 8=thrift://b:1, 9=thrift://c:1\n"),
                "a.conf:13: cluster.peers: found node 9", "not among cluster.initial_members (7,8, a.conf:11)");
  check_refusal(least("[cluster]\npeers = 8=thrift://b:1\n"), "a.conf:11: transport.plugin: not set",
                "add plugin = thrift to [transport]");
  check_refusal(least("[transport]\nplugin =\n"), "a.conf:11: transport.plugin: ", "empty");
}

TEST_CASE("a node that joins needs a transport, and where it is reached itself when it is to ask") {
  const std::string joins = "[transport]\nplugin = thrift\n[cluster]\nstart = join\n";
  const Config waits = load(least(joins));
  CHECK(waits.start == Start::kJoin);
  CHECK(waits.join.empty());
  const Config asks = load(least(joins + "join = 1=thrift://a:1|ws://a:2\npeers = 7=thrift://d:1\n"));
  CHECK(asks.join.at(1) == Texts{"thrift://a:1", "ws://a:2"});
  check_refusal(least(joins + "join = 1=thrift://a:1\n"), "a.conf:14: cluster.join: found '1=thrift://a:1'; ",
                "add 7=SCHEME://HOST:PORT to cluster.peers");
  check_refusal(least(joins + "join = 7=thrift://a:1\n"), "a.conf:14: cluster.join: ", "node 7 is this node");
  check_refusal(least(joins + "initial_members = 7\n"), "a.conf:14: cluster.initial_members: ", "joins a cluster");
  check_refusal(least("[cluster]\nstart = join\n"), "a.conf:11: transport.plugin: not set", "add plugin = thrift");
  CHECK(load(least("[cluster]\njoin = 1=thrift://a:1\n")).join.empty());  // without effect
  check_cluster("join = thrift://a:1", "does not begin with the id of a node");
}

TEST_CASE("after the first start there may be peers that are no initial members") {
  const Config config =
      load(least("[transport]\nplugin = thrift\n[cluster]\ninitial_members = 7\n"
                 "peers = 8=thrift://b:1\n"));
  CHECK(config.peers.size() == 1);
}

TEST_CASE("where clients reach this node is told by the name of a client API") {
  const Config config = load(least("[api]\nadvertise = thrift://a:1, thrift://[::1]:2\n"));
  CHECK(config.advertise == Texts{"thrift://a:1", "thrift://[::1]:2"});
  check_advertise("a:1", "is not of the form NAME://HOST:PORT");
  check_advertise("thrft://a:1", "The nearest name is 'thrift'");
  check_advertise("thrift://0.0.0.0:1", "names no machine");
  std::string many = "thrift://a:1";
  for (std::size_t i = 0; i < kAddressesMax; ++i) many += ",thrift://a:1";
  check_advertise(many, "at most 16");
}

TEST_CASE("the URL of a listener is the first that names a host and a port") {
  CHECK(url_of_listen("thrift", "10.0.0.1:7101") == "thrift://10.0.0.1:7101");
  CHECK(url_of_listen("http", "0.0.0.0:1, [::]:1, *:1, a:0, [::1]:8080, b:2") == "http://[::1]:8080");
  for (const std::string none : {"", ":7101", "0.0.0.0:7101", "[::]:7101", "a:0", "a", ","}) {
    CAPTURE(none);
    CHECK_FALSE(url_of_listen("thrift", none).has_value());
  }
}

TEST_CASE("a URL has at most 256 printable characters") {
  const std::string longest = "thrift://" + std::string(kAddressBytesMax - 11, 'a') + ":1";
  CHECK(is_url(longest));
  CHECK_FALSE(is_url("a" + longest));
  CHECK(is_url("ws://a:1/path"));
  CHECK(scheme_of("ws://a:1/path") == "ws");
  CHECK_FALSE(is_url("ws://a:1\n"));
  CHECK_FALSE(is_url("ws://a|b:1"));
}

}  // namespace tenon::config
