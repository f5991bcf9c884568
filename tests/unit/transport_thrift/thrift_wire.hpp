// SPDX-License-Identifier: MIT
// What the tests of the Thrift transport say byte for byte.
#pragma once

#include <string>
#include <string_view>

#include "handshake.hpp"
#include "test_node.hpp"

namespace tenon::transport_thrift {

// A message with its length before it.
std::string framed(std::string_view payload);

}  // namespace tenon::transport_thrift
