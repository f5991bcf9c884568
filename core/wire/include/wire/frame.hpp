// SPDX-License-Identifier: MIT
// What travels between nodes: a head that is checked as a whole, then the data of log entries as they lie in the log,
// or a piece of an image as it is stored, each with the checksum that it was made with. docs/formats.md has the grammar
// and an example.
//
//   u32 checksum          CRC-32C of the head from the next byte to its end
//   u32 head_bytes        of the whole head, this field included; what follows it is data
//   u8  version           5
//   u8  kind              FrameKind
//   u16 zero
//   u64 from, u64 to      node ids
//   u8  incarnation[16]   of the sender's data directory
//   u8  meant[16]         the data directory of the receiver that is meant; zero: whichever has the number
//   block cluster         u32 length and the cluster's id
//   ...                   the body, by kind; integers are little-endian
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kv/reply.hpp"
#include "raft/message.hpp"
#include "wire/image.hpp"

namespace tenon::wire {

using raft::Incarnation;

// Who speaks, and to whom.
struct Envelope {
  std::string_view cluster;
  raft::NodeId from;
  Incarnation incarnation;  // of the sender
  raft::NodeId to;
  // The data directory of the receiver that is meant: in what a leader says, as its membership knows it; in a notice,
  // that of who asked. All zero, and so in all else: whichever has the number.
  Incarnation meant = {};
};

// Commands that a node which does not lead passes on to the leader, once (architecture: what a client may conclude).
struct ForwardedCommand {
  std::uint64_t request = 0;     // unlike any that its sender used before, also before a restart
  std::uint64_t timeout_ms = 0;  // what is left of it
  std::string_view command;      // as core/kv encodes it
};
struct Forward {
  // 1 to kForwardedMax, writes and reads that go through the log, in the order in which they are to take effect
  std::vector<ForwardedCommand> commands;
};
// The leader's answer to one of them.
struct ForwardReply {
  std::uint64_t request = 0;
  std::uint8_t outcome = 0;  // node::Outcome
  std::int32_t error = 0;    // tenon_error
  kv::Reply reply;           // of an outcome that is done
};
inline constexpr std::size_t kForwardedMax = 4096;

// A piece of the image that the leader sends to a node whose log it no longer has. For the lane bulk.
struct ImagePiece {
  raft::Term term;  // of the leader
  ImageId image = {};
  raft::LogIndex index;           // of the image
  std::uint64_t number = 0;       // of the piece
  std::uint64_t total_bytes = 0;  // of the stored image
  raft::Payload piece;            // its head is that of piece `number` of `image`; an ImageDecoder verifies the rest
};
// The answer to a piece, whichever it was: how far the receiver has come.
struct ImageAck {
  enum class Status : std::uint8_t {
    receiving = 1,
    installed = 2,  // the image is durable
    refused = 3,    // it cannot be taken, now or at all; nothing has changed
  };
  raft::Term term;  // of the leader
  ImageId image = {};
  raft::LogIndex index;
  std::uint64_t next_piece = 0;  // the number that is wanted
  std::uint64_t offset = 0;      // bytes of the image that the receiver holds, up to that piece
  Status status = Status::receiving;
};

// The hash of the state that a node holds once it has applied an entry.
struct StateMark {
  raft::LogIndex index;
  std::uint64_t hash = 0;  // kv::Store::state_hash()
  bool operator==(const StateMark&) const = default;
};
// What a voter says of its clock and its state. For the lane control.
struct NodeReport {
  raft::Term term;                    // of the sender
  std::uint64_t wall_ms = 0;          // its wall clock, since 1970
  std::uint64_t cluster_time_ms = 0;  // of a leader that stamps entries; 0: of anyone else
  std::vector<StateMark> states;      // kReportedStatesMax at most, their indexes ascend
};
inline constexpr std::size_t kReportedStatesMax = 16;

// A node that has no place among the members, or hears of no leader, asks how it stands. It is passed on to the leader
// by whoever does not lead. For the lane control.
struct StandingRequest {
  raft::NodeId node;                   // who asks; not always the sender
  Incarnation incarnation = {};        // of its data directory
  bool wants_to_join = false;          // it has an empty directory, and is to become a member
  std::vector<std::string> addresses;  // where it is reached, by its own word; <= kAddressesMax. None: do not dial
};
// Where a member is reached.
struct MemberPlace {
  raft::NodeId node;
  std::vector<std::string> addresses;  // raft::kAddressesMax at most
};
// What is said to a node about its place in the cluster. For the lane control.
struct StandingNotice {
  enum class Kind : std::uint8_t {
    welcome = 1,  // it is, or is about to become, a member; these are the others
    refused = 2,  // it is no member, and does not become one
    removed = 3,  // it was a member
  };
  Kind kind = Kind::welcome;
  std::string text;                 // for the operator of that node; kNoticeBytesMax at most
  std::vector<MemberPlace> places;  // raft::kMembersMax at most
  raft::LogIndex index = {};        // of removed: that is decided by what is committed up to here; else 0
  raft::Term index_term = {};       // of the entry there
};
inline constexpr std::size_t kNoticeBytesMax = 1024;

// A message for whoever listens to a channel. For the lane bulk; what is lost is not sent again.
struct Publication {
  std::string_view channel;
  std::string_view value;
};
inline constexpr std::size_t kPublicationBytesMax = 256u << 10;  // of channel and value together

using Body = std::variant<raft::Message, Forward, ForwardReply, ImagePiece, ImageAck, NodeReport, StandingRequest,
                          StandingNotice, Publication>;

// A frame as a transport takes it: the parts one after the other. Frames of entries and of pieces share their bytes.
struct OutgoingFrame {
  std::string head;
  std::vector<raft::Payload> data;
  std::uint64_t bytes = 0;  // of all parts; <= TENON_FRAME_BYTES_MAX
};

// Needs: what is encoded fits into a frame, which the node's settings see to.
OutgoingFrame encode_frame(const Envelope& envelope, const raft::Message& message);
OutgoingFrame encode_frame(const Envelope& envelope, const Forward& forward);
OutgoingFrame encode_frame(const Envelope& envelope, const ForwardReply& reply);
// Needs: the piece is whole, and is the one that `piece` names.
OutgoingFrame encode_frame(const Envelope& envelope, const ImagePiece& piece);
OutgoingFrame encode_frame(const Envelope& envelope, const ImageAck& ack);
OutgoingFrame encode_frame(const Envelope& envelope, const NodeReport& report);
// Needs, both: within the bounds.
OutgoingFrame encode_frame(const Envelope& envelope, const StandingRequest& request);
OutgoingFrame encode_frame(const Envelope& envelope, const StandingNotice& notice);
// Needs: within kPublicationBytesMax.
OutgoingFrame encode_frame(const Envelope& envelope, const Publication& publication);

struct DecodedFrame {
  Envelope envelope;  // the cluster is a view into the frame
  Body body;          // entries and pieces share the frame's bytes; commands and publications are views into them
};
enum class FrameError { corrupt, unknown_version };

// Allocates nothing from a length that it has not checked against the bytes there are.
std::variant<DecodedFrame, FrameError> decode_frame(const std::shared_ptr<const std::string>& frame);

}  // namespace tenon::wire
