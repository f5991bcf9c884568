// SPDX-License-Identifier: MIT
#include "wire/frame.hpp"

#include <cstring>

#include "damage.hpp"
#include "image_bytes.hpp"
#include "raft/random.hpp"
#include "support/catch.hpp"
#include "tenon/client_api.h"
#include "wire/entry_data.hpp"

namespace tenon::wire {
namespace {

using raft::LogIndex;
using raft::NodeId;
using raft::Term;

const Envelope kEnvelope{"orders", NodeId(1), {1, 2, 3}, NodeId(2), {4, 5, 6}};

std::shared_ptr<const std::string> joined(const OutgoingFrame& frame) {
  std::string whole = frame.head;
  for (const raft::Payload& part : frame.data) whole += part.bytes;
  REQUIRE(whole.size() == frame.bytes);
  return std::make_shared<const std::string>(std::move(whole));
}

DecodedFrame decoded(const std::shared_ptr<const std::string>& frame) {
  auto result = decode_frame(frame);
  REQUIRE(std::holds_alternative<DecodedFrame>(result));
  return std::get<DecodedFrame>(std::move(result));
}

template <class Message>
Message round_trip(const Message& message) {
  const auto frame = joined(encode_frame(kEnvelope, raft::Message(message)));
  const DecodedFrame back = decoded(frame);
  CHECK(back.envelope.cluster == "orders");
  CHECK(back.envelope.from == NodeId(1));
  CHECK(back.envelope.incarnation == Incarnation{1, 2, 3});
  CHECK(back.envelope.to == NodeId(2));
  CHECK(back.envelope.meant == Incarnation{4, 5, 6});
  return std::get<Message>(std::get<raft::Message>(back.body));
}

raft::Entry entry(std::uint64_t index, std::uint64_t term, std::string data, raft::EntryKind kind) {
  const auto owner = std::make_shared<const std::string>(std::move(data));
  return {LogIndex(index), Term(term), kind, {owner, *owner}};
}

raft::Append an_append() {
  raft::Append append{Term(9), LogIndex(4), Term(7), LogIndex(3), {}};
  append.entries.push_back(entry(5, 8, encode_no_op(), raft::EntryKind::no_op));
  const std::string_view commands[] = {"a command", ""};
  append.entries.push_back(entry(6, 9, encode_commands(12, commands), raft::EntryKind::commands));
  append.entries.push_back(
      entry(7, 9, encode_membership({{{NodeId(1)}, {NodeId(5), {9}}}}), raft::EntryKind::membership));
  return append;
}

ForwardReply a_reply() {
  ForwardReply reply{77, 2, TENON_ERROR_BUSY, {}};
  reply.reply.took_otherwise = true;
  reply.reply.session_expired = true;
  reply.reply.revision = 5;
  reply.reply.cluster_time_ms = 6;
  reply.reply.bytes = 7;
  kv::Result result{TENON_ERROR_TOO_LARGE, {}, -3, "cursor"};
  result.records.push_back({TENON_RECORD_PREVIOUS, "key", std::string("\0value", 6), 1, 2, 3, 4});
  reply.reply.results = {result, kv::Result{}};
  return reply;
}

// Needs: the pieces live as long as it does.
ImagePiece a_piece(const std::vector<std::string>& pieces, std::size_t number) {
  return {Term(9), header_for("").id, LogIndex(258), number, 5000, {nullptr, pieces[number]}};
}

TEST_CASE("messages about votes are read back as they were written") {
  const auto request =
      round_trip(raft::VoteRequest{Term(3), raft::Ballot::pre_vote, raft::Cause::transfer, LogIndex(10), Term(2)});
  CHECK(request.term == Term(3));
  CHECK(request.ballot == raft::Ballot::pre_vote);
  CHECK(request.cause == raft::Cause::transfer);
  CHECK(request.last_index == LogIndex(10));
  CHECK(request.last_term == Term(2));
  const auto reply = round_trip(raft::VoteReply{Term(3), raft::Ballot::vote, true});
  CHECK(reply.term == Term(3));
  CHECK(reply.ballot == raft::Ballot::vote);
  CHECK(reply.granted);
  const auto timeout_now = round_trip(raft::TimeoutNow{Term(3), LogIndex(8), Term(2)});
  CHECK(timeout_now.last_index == LogIndex(8));
  CHECK(timeout_now.last_term == Term(2));
}

TEST_CASE("messages about the log and about reads are read back as they were written") {
  CHECK(round_trip(raft::AppendAccepted{Term(1), LogIndex(2)}).match_index == LogIndex(2));
  const auto rejected = round_trip(raft::AppendRejected{Term(1), LogIndex(9), LogIndex(4), Term(3)});
  CHECK(rejected.previous_index == LogIndex(9));
  CHECK(rejected.hint_index == LogIndex(4));
  CHECK(rejected.hint_term == Term(3));
  const auto heartbeat = round_trip(raft::Heartbeat{Term(1), LogIndex(2), 3});
  CHECK(heartbeat.commit_index == LogIndex(2));
  CHECK(heartbeat.round == 3);
  const auto heartbeat_reply = round_trip(raft::HeartbeatReply{Term(1), 4, LogIndex(5)});
  CHECK(heartbeat_reply.round == 4);
  CHECK(heartbeat_reply.verified_index == LogIndex(5));
  CHECK(round_trip(raft::ReadIndexRequest{Term(1), 5}).id == 5);
  const auto read_index = round_trip(raft::ReadIndexReply{Term(1), 6, LogIndex(7)});
  CHECK(read_index.id == 6);
  CHECK(read_index.index == LogIndex(7));
}

TEST_CASE("an append is read back with its entries, which share the bytes of the frame") {
  const raft::Append append = an_append();
  const OutgoingFrame frame = encode_frame(kEnvelope, raft::Message(append));
  REQUIRE(frame.data.size() == 3);
  CHECK(frame.data[1].bytes.data() == append.entries[1].data.bytes.data());
  const auto bytes = joined(frame);
  const DecodedFrame back = decoded(bytes);
  const auto& read = std::get<raft::Append>(std::get<raft::Message>(back.body));
  CHECK(read.previous_index == LogIndex(4));
  CHECK(read.previous_term == Term(7));
  CHECK(read.commit_index == LogIndex(3));
  REQUIRE(read.entries.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(read.entries[i].index == append.entries[i].index);
    CHECK(read.entries[i].term == append.entries[i].term);
    CHECK(read.entries[i].kind == append.entries[i].kind);
    CHECK(read.entries[i].data.bytes == append.entries[i].data.bytes);
    CHECK(read.entries[i].data.owner == bytes);
  }
  REQUIRE(read.entries[2].membership != nullptr);
  CHECK(*read.entries[2].membership == raft::Membership{{{NodeId(1)}, {NodeId(5), {9}}}});
}

TEST_CASE("forwarded commands and their answers are read back as they were written") {
  const auto frame = joined(encode_frame(kEnvelope, Forward{{{7, 100, "first"}, {8, 200, ""}}}));
  const DecodedFrame back = decoded(frame);
  const auto& forward = std::get<Forward>(back.body);
  REQUIRE(forward.commands.size() == 2);
  CHECK(forward.commands[0].request == 7);
  CHECK(forward.commands[0].timeout_ms == 100);
  CHECK(forward.commands[0].command == "first");
  CHECK(forward.commands[1].command.empty());

  const auto answer = joined(encode_frame(kEnvelope, a_reply()));
  const DecodedFrame answered = decoded(answer);
  const auto& reply = std::get<ForwardReply>(answered.body);
  CHECK(reply.request == 77);
  CHECK(reply.outcome == 2);
  CHECK(reply.error == TENON_ERROR_BUSY);
  CHECK(reply.reply.took_otherwise);
  CHECK(reply.reply.session_expired);
  CHECK(reply.reply.revision == 5);
  CHECK(reply.reply.cluster_time_ms == 6);
  CHECK(reply.reply.bytes == 7);
  REQUIRE(reply.reply.results.size() == 2);
  CHECK(reply.reply.results[0].error == TENON_ERROR_TOO_LARGE);
  CHECK(reply.reply.results[0].number == -3);
  CHECK(reply.reply.results[0].cursor == "cursor");
  REQUIRE(reply.reply.results[0].records.size() == 1);
  const kv::Record& record = reply.reply.results[0].records[0];
  CHECK(record.kind == TENON_RECORD_PREVIOUS);
  CHECK(record.key == "key");
  CHECK(record.value == std::string("\0value", 6));
  CHECK(record.created == 1);
  CHECK(record.modified == 2);
  CHECK(record.version == 3);
  CHECK(record.expires_at_ms == 4);
}

TEST_CASE("a piece of an image is read back, and shares the bytes of the frame") {
  const std::string raw = compressible(1000);
  const auto pieces = pieces_of(encoded(header_for(raw, 400), raw));
  for (std::size_t number = 0; number < pieces.size(); ++number) {
    const ImagePiece sent = a_piece(pieces, number);
    const OutgoingFrame frame = encode_frame(kEnvelope, sent);
    REQUIRE(frame.data.size() == 1);
    CHECK(frame.data[0].bytes.data() == sent.piece.bytes.data());
    const auto bytes = joined(frame);
    const DecodedFrame back = decoded(bytes);
    const auto& piece = std::get<ImagePiece>(back.body);
    CHECK(piece.term == Term(9));
    CHECK(piece.image == sent.image);
    CHECK(piece.index == LogIndex(258));
    CHECK(piece.number == number);
    CHECK(piece.total_bytes == 5000);
    CHECK((piece.piece.bytes == pieces[number]));
    CHECK(piece.piece.owner == bytes);
  }
}

TEST_CASE("the largest piece that an image may have fits into a frame") {
  const std::string raw = incompressible(kChunkRawBytesMax);
  const auto pieces = pieces_of(encoded(header_for(raw, kChunkRawBytesMax), raw));
  REQUIRE(pieces[1].size() == kPieceBytesMax);
  const auto frame = joined(encode_frame(kEnvelope, a_piece(pieces, 1)));
  CHECK((std::get<ImagePiece>(decoded(frame).body).piece.bytes == pieces[1]));
}

TEST_CASE("a piece under another name than its own is refused") {
  const std::string raw = compressible(1000);
  const auto pieces = pieces_of(encoded(header_for(raw, 400), raw));
  const OutgoingFrame frame = encode_frame(kEnvelope, a_piece(pieces, 1));
  const auto is_accepted = [](const std::string& head, const std::string& data) {
    const auto whole = std::make_shared<const std::string>(head + data);
    return std::holds_alternative<DecodedFrame>(decode_frame(whole));
  };
  CHECK(is_accepted(frame.head, pieces[1]));
  CHECK_FALSE(is_accepted(frame.head, pieces[2]));
  CHECK_FALSE(is_accepted(frame.head, pieces[1] + pieces[2]));
  CHECK_FALSE(is_accepted(frame.head, {}));
  CHECK_FALSE(is_accepted(frame.head, pieces[1].substr(0, kPieceHeadBytes)));
  const std::string other_image = encode_frame(kEnvelope, ImageAck{}).head;
  CHECK_FALSE(is_accepted(other_image, pieces[1]));
  constexpr std::size_t image_at = 4 + 4 + 4 + 8 + 8 + 16 + 16 + 4 + 6 + 8;
  CHECK_FALSE(is_accepted(rewritten(frame.head, image_at, 0xee), pieces[1]));
}

TEST_CASE("the answer to a piece is read back as it was written") {
  for (const auto status : {ImageAck::Status::receiving, ImageAck::Status::installed, ImageAck::Status::refused}) {
    const auto frame = joined(encode_frame(kEnvelope, ImageAck{Term(9), {4, 5}, LogIndex(258), 3, 1234, status}));
    const DecodedFrame back = decoded(frame);
    const auto& ack = std::get<ImageAck>(back.body);
    CHECK(ack.term == Term(9));
    CHECK(ack.image == ImageId{4, 5});
    CHECK(ack.index == LogIndex(258));
    CHECK(ack.next_piece == 3);
    CHECK(ack.offset == 1234);
    CHECK(ack.status == status);
  }
  const std::string head = encode_frame(kEnvelope, ImageAck{}).head;
  for (const int status : {0, 4, 255}) {
    const std::string changed = rewritten(head, head.size() - 1, static_cast<unsigned char>(status));
    CHECK(std::holds_alternative<FrameError>(decode_frame(std::make_shared<const std::string>(changed))));
  }
}

NodeReport a_report() {
  return {Term(9), 1'700'000'000'000, 1'600'000'000'000, {{LogIndex(1024), 7}, {LogIndex(2048), 0xfedcba9876543210u}}};
}

TEST_CASE("a report of a clock and of states is read back as it was written") {
  const DecodedFrame back = decoded(joined(encode_frame(kEnvelope, a_report())));
  const auto& report = std::get<NodeReport>(back.body);
  CHECK(report.term == Term(9));
  CHECK(report.wall_ms == 1'700'000'000'000);
  CHECK(report.cluster_time_ms == 1'600'000'000'000);
  CHECK(report.states == a_report().states);
  const DecodedFrame empty = decoded(joined(encode_frame(kEnvelope, NodeReport{})));
  CHECK(std::get<NodeReport>(empty.body).states.empty());
}

TEST_CASE("a report with more states than one may have, or whose indexes do not ascend, is refused") {
  const auto is_accepted = [](const std::string& head) {
    return std::holds_alternative<DecodedFrame>(decode_frame(std::make_shared<const std::string>(head)));
  };
  NodeReport full;
  for (std::uint64_t i = 1; i <= kReportedStatesMax; ++i) full.states.push_back({LogIndex(i), i});
  const std::string head = encode_frame(kEnvelope, full).head;
  CHECK(is_accepted(head));
  const std::size_t states_at = head.size() - kReportedStatesMax * 16;
  CHECK_FALSE(is_accepted(rewritten(head, states_at - 4, kReportedStatesMax - 1)));
  CHECK_FALSE(is_accepted(rewritten(head, states_at - 4, kReportedStatesMax + 1)));
  CHECK_FALSE(is_accepted(rewritten(head, states_at, 0)));       // the first is of index 0
  CHECK_FALSE(is_accepted(rewritten(head, states_at + 16, 1)));  // the second is of the first's
  std::string longer =
      rewritten(head, states_at - 4, kReportedStatesMax + 1) + std::string("\x11", 1) + std::string(15, '\0');
  std::uint32_t head_bytes = 0;
  std::memcpy(&head_bytes, longer.data() + 4, sizeof head_bytes);
  head_bytes += 16;
  std::memcpy(longer.data() + 4, &head_bytes, sizeof head_bytes);
  CHECK_FALSE(is_accepted(with_valid_checksum(longer)));
}

TEST_CASE("each flag of a reply is read back alone, and one that is not known is refused") {
  ForwardReply sent = a_reply();
  for (int flag = 0; flag < 4; ++flag) {
    sent.reply.took_otherwise = flag == 1;
    sent.reply.session_expired = flag == 2;
    sent.reply.results_forgotten = flag == 3;
    const DecodedFrame back = decoded(joined(encode_frame(kEnvelope, sent)));
    const kv::Reply& reply = std::get<ForwardReply>(back.body).reply;
    CHECK(reply.took_otherwise == sent.reply.took_otherwise);
    CHECK(reply.session_expired == sent.reply.session_expired);
    CHECK(reply.results_forgotten == sent.reply.results_forgotten);
  }
  constexpr std::size_t flags_at = 4 + 4 + 4 + 8 + 8 + 16 + 16 + 4 + 6 + 8 + 1 + 4;
  const std::string head = encode_frame(kEnvelope, sent).head;
  CHECK(head[flags_at] == 4);
  CHECK(std::holds_alternative<FrameError>(
      decode_frame(std::make_shared<const std::string>(rewritten(head, flags_at, 8)))));
}

TEST_CASE("a frame that is cut, lengthened or has one bit wrong is never read as one") {
  for (const auto& frame :
       {joined(encode_frame(kEnvelope, raft::Message(an_append()))), joined(encode_frame(kEnvelope, a_reply())),
        joined(encode_frame(kEnvelope, Forward{{{7, 100, "first"}}})), joined(encode_frame(kEnvelope, ImageAck{})),
        joined(encode_frame(kEnvelope, a_report()))}) {
    check_damage_is_refused(*frame, [](std::string_view damaged) {
      return std::holds_alternative<DecodedFrame>(decode_frame(std::make_shared<const std::string>(damaged)));
    });
  }
}

TEST_CASE("a frame of a piece that is cut, lengthened or has one bit wrong is refused, by itself or by the decoder") {
  const std::string raw = compressible(100);
  const auto pieces = pieces_of(encoded(header_for(raw), raw));
  check_damage_is_refused(*joined(encode_frame(kEnvelope, a_piece(pieces, 1))), [&](std::string_view damaged) {
    const auto result = decode_frame(std::make_shared<const std::string>(damaged));
    if (!std::holds_alternative<DecodedFrame>(result)) return false;
    const auto& piece = std::get<ImagePiece>(std::get<DecodedFrame>(result).body);
    return decoded_in_cuts(pieces[0] + std::string(piece.piece.bytes)).decoder.next_piece() == 2;
  });
}

TEST_CASE("a frame of another version is told from a corrupt one") {
  constexpr std::size_t version_at = 8;
  const std::string head = encode_frame(kEnvelope, raft::Message(raft::HeartbeatReply{Term(1), 4, {}})).head;
  const auto result = decode_frame(std::make_shared<const std::string>(rewritten(head, version_at, 1)));
  REQUIRE(std::holds_alternative<FrameError>(result));
  CHECK(std::get<FrameError>(result) == FrameError::unknown_version);
}

TEST_CASE("heads with good checksums and random bodies are read or refused, and never crash") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{9}));
  CAPTURE(seed);
  raft::Random random(seed);
  const std::string raw = compressible(100);
  const auto pieces = pieces_of(encoded(header_for(raw), raw));
  const std::vector<OutgoingFrame> goods = {encode_frame(kEnvelope, raft::Message(an_append())),
                                            encode_frame(kEnvelope, a_reply()),
                                            encode_frame(kEnvelope, a_piece(pieces, 1)),
                                            encode_frame(kEnvelope, ImageAck{}), encode_frame(kEnvelope, a_report())};
  for (int round = 0; round < 5'000; ++round) {
    const OutgoingFrame& good = goods[random.below(goods.size())];
    std::string head = good.head;
    const std::size_t changes = 1 + random.below(6);
    for (std::size_t i = 0; i < changes; ++i)
      head[9 + random.below(head.size() - 9)] = static_cast<char>(random.next());
    std::string data(random.below(100), 'x');
    if (!good.data.empty() && random.below(2) == 0) data = good.data[0].bytes;
    const auto result = decode_frame(std::make_shared<const std::string>(with_valid_checksum(head) + data));
    const auto* decoded_frame = std::get_if<DecodedFrame>(&result);
    const auto* piece = decoded_frame == nullptr ? nullptr : std::get_if<ImagePiece>(&decoded_frame->body);
    if (piece == nullptr) continue;
    // Whatever became of the frame, a piece that came out of it is the one that the frame names.
    REQUIRE(piece_bytes(piece->piece.bytes) == piece->piece.bytes.size());
    REQUIRE(piece_number(piece->piece.bytes) == piece->number);
  }
}

TEST_CASE("a message of a channel comes through as it is, up to its bound") {
  const std::string largest(kPublicationBytesMax - 1, 'v');
  for (const std::string& value : {std::string(), std::string("hello"), largest}) {
    const auto frame = joined(encode_frame(kEnvelope, Publication{"c", value}));
    const DecodedFrame back = decoded(frame);
    CHECK(std::get<Publication>(back.body).channel == "c");
    CHECK(std::get<Publication>(back.body).value == value);
  }
  // One without a channel is nobody's.
  CHECK(std::holds_alternative<FrameError>(decode_frame(joined(encode_frame(kEnvelope, Publication{"", "v"})))));
}

}  // namespace
}  // namespace tenon::wire
