// SPDX-License-Identifier: MIT
// docs/formats.md shows the core's formats byte by byte; this makes the same values and compares.
#include "kv/command.hpp"
#include "support/catch.hpp"
#include "support/documented_bytes.hpp"
#include "tenon/client_api.h"
#include "wire/entry_data.hpp"
#include "wire/frame.hpp"
#include "wire/hard_state.hpp"
#include "wire/image.hpp"

namespace tenon::wire {
namespace {

using support::documented_bytes;
using support::hexadecimal;

constexpr raft::Incarnation kIncarnation = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
                                            0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};
constexpr raft::Incarnation kFollower = {0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,
                                         0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f};
const Envelope kOfLeader{"orders", raft::NodeId(1), kIncarnation, raft::NodeId(2), kFollower};

TEST_CASE("the hard state, entries and command of docs/formats.md are what the core writes") {
  const raft::NodeId node(1);
  CHECK(hexadecimal(encode_hard_state({raft::Term(2), node})) == hexadecimal(documented_bytes("core hard_state")));
  const raft::Membership membership{
      {{node, kIncarnation}, {raft::NodeId(2), {}, {"tcp://b:7"}, raft::Standing::learner, raft::NodeId(2)}},
      {{raft::NodeId(3), kFollower}}};
  CHECK(hexadecimal(encode_membership(membership)) == hexadecimal(documented_bytes("core membership")));
  kv::Command command;
  command.compares.push_back({TENON_COMPARE_VERSION, TENON_EQUAL, "greeting", {}, 0});
  command.operations.push_back({TENON_PUT, TENON_WITH_PREVIOUS, "greeting", {}, "hello", {}, 0, 0});
  std::string encoded;
  kv::encode(command, encoded);
  CHECK(hexadecimal(encoded) == hexadecimal(documented_bytes("core command")));
  const std::string_view commands[] = {encoded};
  CHECK(hexadecimal(encode_commands(1'700'000'000'000, commands)) == hexadecimal(documented_bytes("core commands")));
}

std::string bytes_of(const OutgoingFrame& frame) {
  std::string whole = frame.head;
  for (const raft::Payload& part : frame.data) whole += part.bytes;
  return hexadecimal(whole);
}

TEST_CASE("the frames of docs/formats.md are what the core writes") {
  const Envelope envelope{"orders", raft::NodeId(1), kIncarnation, raft::NodeId(2)};
  const raft::Heartbeat heartbeat{raft::Term(7), raft::LogIndex(258), 3};
  CHECK(bytes_of(encode_frame(kOfLeader, raft::Message(heartbeat))) == hexadecimal(documented_bytes("core heartbeat")));
  const auto no_op = std::make_shared<const std::string>(encode_no_op());
  raft::Append append{raft::Term(7), raft::LogIndex(9), raft::Term(6), raft::LogIndex(8), {}};
  append.entries.push_back({raft::LogIndex(10), raft::Term(7), raft::EntryKind::no_op, {no_op, *no_op}});
  CHECK(bytes_of(encode_frame(kOfLeader, raft::Message(append))) == hexadecimal(documented_bytes("core append")));
  const NodeReport report{
      raft::Term(7), 1'700'000'000'000, 1'700'000'000'001, {{raft::LogIndex(1024), 0xfedcba9876543210u}}};
  CHECK(bytes_of(encode_frame(envelope, report)) == hexadecimal(documented_bytes("core node_report")));
  const Envelope from_new{"orders", raft::NodeId(4), kIncarnation, raft::NodeId(1)};
  const StandingRequest request{raft::NodeId(4), kIncarnation, true, {"tcp://d:7"}};
  CHECK(bytes_of(encode_frame(from_new, request)) == hexadecimal(documented_bytes("core standing_request")));
  const Envelope to_new{"orders", raft::NodeId(1), kIncarnation, raft::NodeId(4)};
  const StandingNotice notice{StandingNotice::Kind::welcome, {}, {{raft::NodeId(1), {"tcp://a:7"}}}};
  CHECK(bytes_of(encode_frame(to_new, notice)) == hexadecimal(documented_bytes("core standing_notice")));
  CHECK(bytes_of(encode_frame(envelope, Publication{"news", "hi"})) ==
        hexadecimal(documented_bytes("core publication")));
}

TEST_CASE("the image of docs/formats.md, and the frames that carry it, are what the core writes") {
  ImageHeader header;
  header.id = {0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f};
  header.cluster_id = "orders";
  header.index = raft::LogIndex(258);
  header.term = raft::Term(7);
  header.membership = {{{raft::NodeId(1), kIncarnation}}};
  header.raw_bytes = 5;
  std::string image;
  ImageEncoder encoder(header, kZstdLevel);
  encoder.begin(image);
  const std::size_t chunk_at = image.size();
  encoder.add("hello", image);
  encoder.finish(image);
  CHECK(hexadecimal(image) == hexadecimal(documented_bytes("core image")));

  const std::string_view chunk = std::string_view(image).substr(chunk_at, kChunkHeadBytes + 5);
  const ImagePiece piece{raft::Term(8), header.id, header.index, 1, image.size(), {nullptr, chunk}};
  CHECK(bytes_of(encode_frame(kOfLeader, piece)) == hexadecimal(documented_bytes("core image_piece")));
  const ImageAck ack{raft::Term(8), header.id, header.index, 2, chunk_at + chunk.size(), ImageAck::Status::receiving};
  CHECK(bytes_of(encode_frame({"orders", raft::NodeId(2), kIncarnation, raft::NodeId(1)}, ack)) ==
        hexadecimal(documented_bytes("core image_ack")));
}

}  // namespace
}  // namespace tenon::wire
