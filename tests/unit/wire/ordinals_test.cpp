// SPDX-License-Identifier: MIT
// Terms and indexes that no node could count on from.
#include <cstring>
#include <functional>
#include <limits>

#include "image_bytes.hpp"
#include "raft/types.hpp"
#include "support/catch.hpp"
#include "tenon/crc32c.hpp"
#include "wire/entry_data.hpp"
#include "wire/frame.hpp"
#include "wire/hard_state.hpp"

namespace tenon::wire {
namespace {

using raft::LogIndex;
using raft::NodeId;
using raft::Term;

const Envelope kEnvelope{"orders", NodeId(1), {1, 2, 3}, NodeId(2)};

template <class Body>
bool is_accepted(const Body& body) {
  const OutgoingFrame frame = encode_frame(kEnvelope, body);
  std::string whole = frame.head;
  for (const raft::Payload& part : frame.data) whole += part.bytes;
  return std::holds_alternative<DecodedFrame>(decode_frame(std::make_shared<const std::string>(std::move(whole))));
}

// Of each the ordinals are 1 but for the one that the case is about.
std::vector<std::function<raft::Message(std::uint64_t)>> messages_with() {
  const Term term(1);
  const LogIndex index(1);
  const auto ballot = raft::Ballot::vote;
  const auto cause = raft::Cause::timeout;
  return {
      [=](std::uint64_t it) {
        return raft::VoteRequest{Term(it), ballot, cause, index, term};
      },
      [=](std::uint64_t it) {
        return raft::VoteRequest{term, ballot, cause, LogIndex(it), term};
      },
      [=](std::uint64_t it) {
        return raft::VoteRequest{term, ballot, cause, index, Term(it)};
      },
      [=](std::uint64_t it) {
        return raft::VoteReply{Term(it), ballot, true};
      },
      [=](std::uint64_t it) {
        return raft::Append{Term(it), index, term, index, {}};
      },
      [=](std::uint64_t it) {
        return raft::Append{term, LogIndex(it), term, index, {}};
      },
      [=](std::uint64_t it) {
        return raft::Append{term, index, Term(it), index, {}};
      },
      [=](std::uint64_t it) {
        return raft::Append{term, index, term, LogIndex(it), {}};
      },
      [=](std::uint64_t it) {
        const auto owner = std::make_shared<const std::string>(encode_no_op());
        return raft::Append{
            term, index, term, index, {{LogIndex(2), Term(it), raft::EntryKind::no_op, {owner, *owner}, nullptr}}};
      },
      [=](std::uint64_t it) {
        return raft::AppendAccepted{Term(it), index};
      },
      [=](std::uint64_t it) {
        return raft::AppendAccepted{term, LogIndex(it)};
      },
      [=](std::uint64_t it) {
        return raft::AppendRejected{Term(it), index, index, term};
      },
      [=](std::uint64_t it) {
        return raft::AppendRejected{term, LogIndex(it), index, term};
      },
      [=](std::uint64_t it) {
        return raft::AppendRejected{term, index, LogIndex(it), term};
      },
      [=](std::uint64_t it) {
        return raft::AppendRejected{term, index, index, Term(it)};
      },
      [=](std::uint64_t it) {
        return raft::Heartbeat{Term(it), index, 1};
      },
      [=](std::uint64_t it) {
        return raft::Heartbeat{term, LogIndex(it), 1};
      },
      [=](std::uint64_t it) {
        return raft::HeartbeatReply{Term(it), 1, index};
      },
      [=](std::uint64_t it) {
        return raft::HeartbeatReply{term, 1, LogIndex(it)};
      },
      [=](std::uint64_t it) {
        return raft::TimeoutNow{Term(it), index, term};
      },
      [=](std::uint64_t it) {
        return raft::TimeoutNow{term, LogIndex(it), term};
      },
      [=](std::uint64_t it) {
        return raft::TimeoutNow{term, index, Term(it)};
      },
      [=](std::uint64_t it) {
        return raft::ReadIndexRequest{Term(it), 1};
      },
      [=](std::uint64_t it) {
        return raft::ReadIndexReply{Term(it), 1, index};
      },
      [=](std::uint64_t it) {
        return raft::ReadIndexReply{term, 1, LogIndex(it)};
      },
      [=](std::uint64_t it) {
        return raft::Removed{Term(it), index, term};
      },
      [=](std::uint64_t it) {
        return raft::Removed{term, LogIndex(it), term};
      },
      [=](std::uint64_t it) {
        return raft::Removed{term, index, Term(it)};
      },
  };
}

TEST_CASE("a term or an index beyond what a node could count on from makes a message malformed, wherever it stands") {
  const auto messages = messages_with();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    INFO("message " << i);
    CHECK(is_accepted(messages[i](raft::kOrdinalMax)));
    CHECK_FALSE(is_accepted(messages[i](raft::kOrdinalMax + 1)));
    CHECK_FALSE(is_accepted(messages[i](std::numeric_limits<std::uint64_t>::max())));
  }
}

TEST_CASE("the same holds of pieces of images and their answers, of reports, of notices, and of a hard state") {
  const std::vector<std::string> pieces = pieces_of(encoded(header_for("raw"), "raw"));
  const auto check = [&](std::uint64_t it, bool is_good) {
    const Term term(it);
    const LogIndex index(it);
    const ImageId image = header_for("").id;
    const raft::Payload piece{nullptr, pieces[1]};
    using Status = ImageAck::Status;
    CHECK(is_accepted(ImagePiece{term, image, LogIndex(1), 1, 5000, piece}) == is_good);
    CHECK(is_accepted(ImagePiece{Term(1), image, index, 1, 5000, piece}) == is_good);
    CHECK(is_accepted(ImageAck{term, image, LogIndex(1), 1, 1, Status::receiving}) == is_good);
    CHECK(is_accepted(ImageAck{Term(1), image, index, 1, 1, Status::receiving}) == is_good);
    CHECK(is_accepted(NodeReport{term, 1, 1, {{LogIndex(1), 1}}}) == is_good);
    CHECK(is_accepted(NodeReport{Term(1), 1, 1, {{index, 1}}}) == is_good);
    const auto removed = StandingNotice::Kind::removed;
    CHECK(is_accepted(StandingNotice{removed, "", {}, {}, index, Term(1)}) == is_good);
    CHECK(is_accepted(StandingNotice{removed, "", {}, {}, LogIndex(1), term}) == is_good);
    CHECK(decode_hard_state(encode_hard_state({term, NodeId(1)})).has_value() == is_good);
  };
  check(raft::kOrdinalMax, true);
  check(raft::kOrdinalMax + 1, false);
  check(std::numeric_limits<std::uint64_t>::max(), false);
}

TEST_CASE("an image whose index or term is beyond that is refused") {
  const std::string image = encoded(header_for("raw"), "raw");
  const std::size_t index_at = kPieceHeadBytes + 4 + 4 + header_for("").cluster_id.size();  // behind format and cluster
  const std::size_t at = index_at + GENERATE(0u, sizeof(std::uint64_t));
  const auto with = [&](std::uint64_t ordinal) {
    std::string changed = image;
    std::memcpy(changed.data() + at, &ordinal, sizeof ordinal);
    const std::string header = pieces_of(changed).front();
    const std::uint32_t checksum = crc32c(std::string_view(header).substr(sizeof(std::uint32_t)));
    std::memcpy(changed.data(), &checksum, sizeof checksum);
    return decoded_in_cuts(changed);
  };
  // The hash of the whole is another one then, which only the last piece tells.
  CHECK(with(raft::kOrdinalMax).decoder.header().has_value());
  CHECK_FALSE(with(raft::kOrdinalMax + 1).decoder.header().has_value());
}

}  // namespace
}  // namespace tenon::wire
