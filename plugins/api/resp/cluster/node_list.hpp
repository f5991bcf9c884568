// SPDX-License-Identifier: MIT
// The nodes of the cluster as cluster-aware clients are told of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::api_resp {

struct ListedNode {
  std::uint64_t id;
  bool leads;
  std::string host;    // where it serves this protocol; empty: not known
  std::uint16_t port;  // 0: not known
};

// From the text of the node's admin verb `members`: a line for each, of words NAME=VALUE.
std::vector<ListedNode> parse_members(std::string_view text);

// 40 hexadecimal digits, as Redis names nodes.
std::string node_name(std::string_view cluster_id, std::uint64_t node_id);

}  // namespace tenon::api_resp
