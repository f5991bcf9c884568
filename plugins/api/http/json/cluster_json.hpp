// SPDX-License-Identifier: MIT
// What a node knows of itself and of the members of its cluster, as JSON. All values are strings, as the node has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::api_http {

// {"node": {..}, "members": [{..}, ..]} of the answers to the admin verbs status and members. Addresses are arrays.
std::string cluster_json(std::string_view status, std::string_view members);

// {"plugins": [{.., "options": {..}}, ..]} of the answer to the admin verb plugins.
std::string plugins_json(std::string_view plugins);

// Each of the answer to the admin verb slow_operations, with its sequence; the key as its bytes.
struct SlowOperationJson {
  std::uint64_t sequence;
  std::string json;
};
std::vector<SlowOperationJson> slow_operations_json(std::string_view operations);

}  // namespace tenon::api_http
