// SPDX-License-Identifier: MIT
// docs/formats.md shows the core's formats byte by byte; this makes the same values and compares.
#include "kv/command.hpp"
#include "support/catch.hpp"
#include "support/documented_bytes.hpp"
#include "tenon/client_api.h"
#include "wire/entry_data.hpp"
#include "wire/hard_state.hpp"

namespace tenon::wire {
namespace {

using support::documented_bytes;
using support::hexadecimal;

TEST_CASE("the examples of docs/formats.md are what the core writes") {
  const raft::NodeId node(1);
  CHECK(hexadecimal(encode_hard_state({raft::Term(2), node})) == hexadecimal(documented_bytes("core hard_state")));
  CHECK(hexadecimal(encode_membership({{node}})) == hexadecimal(documented_bytes("core membership")));
  kv::Command command;
  command.compares.push_back({TENON_COMPARE_VERSION, TENON_EQUAL, "greeting", {}, 0});
  command.operations.push_back({TENON_PUT, TENON_WITH_PREVIOUS, "greeting", {}, "hello", {}, 0, 0});
  std::string encoded;
  kv::encode(command, encoded);
  CHECK(hexadecimal(encoded) == hexadecimal(documented_bytes("core command")));
  const std::string_view commands[] = {encoded};
  CHECK(hexadecimal(encode_commands(1'700'000'000'000, commands)) == hexadecimal(documented_bytes("core commands")));
}

}  // namespace
}  // namespace tenon::wire
