// SPDX-License-Identifier: MIT
#include "wire/frame.hpp"

#include "damage.hpp"
#include "raft/random.hpp"
#include "support/catch.hpp"
#include "tenon/client_api.h"
#include "wire/entry_data.hpp"

namespace tenon::wire {
namespace {

using raft::LogIndex;
using raft::NodeId;
using raft::Term;

const Envelope kEnvelope{"orders", NodeId(1), {1, 2, 3}, NodeId(2)};

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
  reply.reply.revision = 5;
  reply.reply.cluster_time_ms = 6;
  reply.reply.bytes = 7;
  kv::Result result{TENON_ERROR_TOO_LARGE, {}, -3, "cursor"};
  result.records.push_back({TENON_RECORD_PREVIOUS, "key", std::string("\0value", 6), 1, 2, 3});
  reply.reply.results = {result, kv::Result{}};
  return reply;
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
  CHECK(record.version == 3);
}

TEST_CASE("a frame that is cut, lengthened or has one bit wrong is never read as one") {
  for (const auto& frame :
       {joined(encode_frame(kEnvelope, raft::Message(an_append()))), joined(encode_frame(kEnvelope, a_reply())),
        joined(encode_frame(kEnvelope, Forward{{{7, 100, "first"}}}))}) {
    check_damage_is_refused(*frame, [](std::string_view damaged) {
      return std::holds_alternative<DecodedFrame>(decode_frame(std::make_shared<const std::string>(damaged)));
    });
  }
}

TEST_CASE("a frame of another version is told from a corrupt one") {
  constexpr std::size_t version_at = 8;
  const std::string head = encode_frame(kEnvelope, raft::Message(raft::HeartbeatReply{Term(1), 4, {}})).head;
  const auto result = decode_frame(std::make_shared<const std::string>(rewritten(head, version_at, 2)));
  REQUIRE(std::holds_alternative<FrameError>(result));
  CHECK(std::get<FrameError>(result) == FrameError::unknown_version);
}

TEST_CASE("heads with good checksums and random bodies are read or refused, and never crash") {
  raft::Random random(11);
  const std::string good = encode_frame(kEnvelope, raft::Message(an_append())).head;
  for (int round = 0; round < 20'000; ++round) {
    std::string head = good;
    const std::size_t changes = 1 + random.below(6);
    for (std::size_t i = 0; i < changes; ++i)
      head[9 + random.below(head.size() - 9)] = static_cast<char>(random.next());
    decode_frame(std::make_shared<const std::string>(with_valid_checksum(head) + std::string(random.below(100), 'x')));
  }
}

}  // namespace
}  // namespace tenon::wire
