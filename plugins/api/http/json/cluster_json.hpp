// SPDX-License-Identifier: MIT
// What a node knows of itself and of the members of its cluster, as JSON. All values are strings, as the node has them.
#pragma once

#include <string>
#include <string_view>

namespace tenon::api_http {

// {"node": {..}, "members": [{..}, ..]} of the answers to the admin verbs status and members. Addresses are arrays.
std::string cluster_json(std::string_view status, std::string_view members);

// {"plugins": [{.., "options": {..}}, ..]} of the answer to the admin verb plugins.
std::string plugins_json(std::string_view plugins);

}  // namespace tenon::api_http
