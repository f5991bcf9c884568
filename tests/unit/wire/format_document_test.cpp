// SPDX-License-Identifier: MIT
// docs/formats.md shows the core's formats byte by byte; this makes the same values and compares.
#include "kv/command.hpp"
#include "support/catch.hpp"
#include "support/documented_bytes.hpp"
#include "tenon/client_api.h"
#include "wire/entry_data.hpp"
#include "wire/frame.hpp"
#include "wire/hard_state.hpp"

namespace tenon::wire {
namespace {

using support::documented_bytes;
using support::hexadecimal;

TEST_CASE("the examples of docs/formats.md are what the core writes") {
  const raft::NodeId node(1);
  constexpr raft::Incarnation kIncarnation = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
                                              0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};
  CHECK(hexadecimal(encode_hard_state({raft::Term(2), node})) == hexadecimal(documented_bytes("core hard_state")));
  CHECK(hexadecimal(encode_membership({{{node, kIncarnation}}})) == hexadecimal(documented_bytes("core membership")));
  kv::Command command;
  command.compares.push_back({TENON_COMPARE_VERSION, TENON_EQUAL, "greeting", {}, 0});
  command.operations.push_back({TENON_PUT, TENON_WITH_PREVIOUS, "greeting", {}, "hello", {}, 0, 0});
  std::string encoded;
  kv::encode(command, encoded);
  CHECK(hexadecimal(encoded) == hexadecimal(documented_bytes("core command")));
  const std::string_view commands[] = {encoded};
  CHECK(hexadecimal(encode_commands(1'700'000'000'000, commands)) == hexadecimal(documented_bytes("core commands")));

  const Envelope envelope{"orders", node, kIncarnation, raft::NodeId(2)};
  const auto bytes_of = [](const OutgoingFrame& frame) {
    std::string whole = frame.head;
    for (const raft::Payload& part : frame.data) whole += part.bytes;
    return hexadecimal(whole);
  };
  const raft::Heartbeat heartbeat{raft::Term(7), raft::LogIndex(258), 3};
  CHECK(bytes_of(encode_frame(envelope, raft::Message(heartbeat))) == hexadecimal(documented_bytes("core heartbeat")));
  const auto no_op = std::make_shared<const std::string>(encode_no_op());
  raft::Append append{raft::Term(7), raft::LogIndex(9), raft::Term(6), raft::LogIndex(8), {}};
  append.entries.push_back({raft::LogIndex(10), raft::Term(7), raft::EntryKind::no_op, {no_op, *no_op}});
  CHECK(bytes_of(encode_frame(envelope, raft::Message(append))) == hexadecimal(documented_bytes("core append")));
}

}  // namespace
}  // namespace tenon::wire
