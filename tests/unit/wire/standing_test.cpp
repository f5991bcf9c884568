// SPDX-License-Identifier: MIT
#include <string>

#include "raft/membership.hpp"
#include "support/catch.hpp"
#include "wire/frame.hpp"

namespace tenon::wire {
namespace {

const Envelope kEnvelope{"cluster", raft::NodeId(4), {7}, raft::NodeId(1)};

std::shared_ptr<const std::string> bytes_of(const OutgoingFrame& frame) {
  CHECK(frame.data.empty());
  return std::make_shared<const std::string>(frame.head);
}

template <class What>
std::optional<What> read(const std::shared_ptr<const std::string>& frame) {
  auto decoded = decode_frame(frame);
  if (!std::holds_alternative<DecodedFrame>(decoded)) return std::nullopt;
  return std::get<What>(std::get<DecodedFrame>(decoded).body);
}

TEST_CASE("a question about a node's place is read back, with as many addresses as there may be") {
  const std::vector<std::string> most(raft::kAddressesMax, std::string(raft::kAddressBytesMax, 'a'));
  for (const std::vector<std::string>& addresses : {std::vector<std::string>{}, {"x://a:1"}, most}) {
    const StandingRequest said{raft::NodeId(4), {9}, true, addresses};
    const auto heard = read<StandingRequest>(bytes_of(encode_frame(kEnvelope, said)));
    REQUIRE(heard.has_value());
    CHECK(heard->node == said.node);
    CHECK(heard->incarnation == said.incarnation);
    CHECK(heard->wants_to_join);
    CHECK(heard->addresses == said.addresses);
  }
}

TEST_CASE("a word about a node's place is read back, with where the others are") {
  using Kind = StandingNotice::Kind;
  for (const Kind kind : {Kind::welcome, Kind::refused, Kind::removed}) {
    StandingNotice said{kind, std::string(kNoticeBytesMax, 't'), {{raft::NodeId(1), {"x://a:1", "y://a:2"}}}};
    if (kind == Kind::removed) said.index = raft::LogIndex(258);
    if (kind == Kind::removed) said.index_term = raft::Term(7);
    const auto heard = read<StandingNotice>(bytes_of(encode_frame(kEnvelope, said)));
    REQUIRE(heard.has_value());
    CHECK(heard->kind == kind);
    CHECK(heard->text == said.text);
    CHECK(heard->index == said.index);
    CHECK(heard->index_term == said.index_term);
    REQUIRE(heard->places.size() == 1);
    CHECK(heard->places[0].node == raft::NodeId(1));
    CHECK(heard->places[0].addresses == said.places[0].addresses);
  }
}

TEST_CASE("what is beyond the bounds, or of no kind, is corrupt") {
  StandingNotice notice{static_cast<StandingNotice::Kind>(4), {}, {}};
  CHECK(std::holds_alternative<FrameError>(decode_frame(bytes_of(encode_frame(kEnvelope, notice)))));
  notice = {StandingNotice::Kind::welcome, {}, {{raft::NodeId(), {"x://a:1"}}}};
  CHECK(std::holds_alternative<FrameError>(decode_frame(bytes_of(encode_frame(kEnvelope, notice)))));
  notice = {StandingNotice::Kind::removed, {}, {}};  // by nothing that is committed
  CHECK(std::holds_alternative<FrameError>(decode_frame(bytes_of(encode_frame(kEnvelope, notice)))));
  notice = {StandingNotice::Kind::refused, {}, {}, raft::LogIndex(1)};
  CHECK(std::holds_alternative<FrameError>(decode_frame(bytes_of(encode_frame(kEnvelope, notice)))));
  const std::string too_long(raft::kAddressBytesMax + 1, 'a');
  for (const StandingRequest& request :
       {StandingRequest{raft::NodeId(), {}, false, {}}, StandingRequest{raft::NodeId(4), {}, false, {too_long}},
        StandingRequest{raft::NodeId(4), {}, false, {""}}}) {
    CHECK(std::holds_alternative<FrameError>(decode_frame(bytes_of(encode_frame(kEnvelope, request)))));
  }
}

}  // namespace
}  // namespace tenon::wire
