// SPDX-License-Identifier: MIT
#include "wire/frame.hpp"

#include <cstring>
#include <optional>
#include <utility>

#include "checksum.hpp"
#include "image_piece.hpp"
#include "message_codec.hpp"
#include "ordinal.hpp"
#include "reply_codec.hpp"
#include "standing_codec.hpp"
#include "tenon/transport.h"
#include "wire/entry_data.hpp"

namespace tenon::wire {
namespace {

constexpr std::uint8_t kVersion = 5;
constexpr std::size_t kForwardedHeaderBytes = 8 + 8 + 4;
constexpr std::size_t kStateMarkBytes = 8 + 8;

enum class FrameKind : std::uint8_t {
  message = 1,
  forward = 2,
  forward_reply = 3,
  image_piece = 4,
  image_ack = 5,
  node_report = 6,
  standing_request = 7,
  standing_notice = 8,
  publication = 9,
};

// Leaves room for checksum and size, which seal() fills in.
std::string begin_head(const Envelope& envelope, FrameKind kind) {
  std::string head;
  ByteWriter writer(head);
  writer.u32(0);
  writer.u32(0);
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.raw(std::string_view("\0\0", 2));
  writer.u64(envelope.from.value());
  writer.u64(envelope.to.value());
  write_incarnation(writer, envelope.incarnation);
  write_incarnation(writer, envelope.meant);
  writer.block(envelope.cluster);
  return head;
}

OutgoingFrame seal(std::string head, std::vector<raft::Payload> data) {
  const auto size = static_cast<std::uint32_t>(head.size());
  std::memcpy(head.data() + sizeof(std::uint32_t), &size, sizeof size);
  const std::uint32_t checksum = crc32c(std::string_view(head).substr(sizeof(std::uint32_t)));
  std::memcpy(head.data(), &checksum, sizeof checksum);
  OutgoingFrame frame{std::move(head), std::move(data), 0};
  frame.bytes = frame.head.size();
  for (const raft::Payload& part : frame.data) frame.bytes += part.bytes.size();
  TENON_CHECK(frame.bytes <= TENON_FRAME_BYTES_MAX);
  return frame;
}

void write_image_id(ByteWriter& writer, const ImageId& id) {
  for (const std::uint8_t byte : id) writer.u8(byte);
}

ImageId read_image_id(ByteReader& reader) {
  ImageId id;
  for (std::uint8_t& byte : id) byte = reader.u8();
  return id;
}

// Whether the head of the piece says what the frame says, so that nothing else takes up room under its name.
bool is_named_rightly(const ImagePiece& piece) {
  const std::optional<PieceHead> head = read_piece_head(piece.piece.bytes);
  return head && head->bytes == piece.piece.bytes.size() && head->number == piece.number && head->image == piece.image;
}

std::optional<Body> read_image_piece(ByteReader& reader, const raft::Payload& data) {
  ImagePiece piece;
  piece.term = read_ordinal<raft::Term>(reader);
  piece.image = read_image_id(reader);
  piece.index = read_ordinal<raft::LogIndex>(reader);
  piece.number = reader.u64();
  piece.total_bytes = reader.u64();
  piece.piece = data;
  if (!reader.ok() || !is_named_rightly(piece)) return std::nullopt;
  return piece;
}

std::optional<Body> read_image_ack(ByteReader& reader) {
  ImageAck ack;
  ack.term = read_ordinal<raft::Term>(reader);
  ack.image = read_image_id(reader);
  ack.index = read_ordinal<raft::LogIndex>(reader);
  ack.next_piece = reader.u64();
  ack.offset = reader.u64();
  ack.status = static_cast<ImageAck::Status>(reader.u8());
  const bool is_known = ack.status == ImageAck::Status::receiving || ack.status == ImageAck::Status::installed ||
                        ack.status == ImageAck::Status::refused;
  if (!reader.ok() || !is_known) return std::nullopt;
  return ack;
}

std::optional<Body> read_node_report(ByteReader& reader) {
  NodeReport report;
  report.term = read_ordinal<raft::Term>(reader);
  report.wall_ms = reader.u64();
  report.cluster_time_ms = reader.u64();
  const std::uint32_t count = reader.u32();
  if (count > kReportedStatesMax || count * kStateMarkBytes != reader.remaining()) return std::nullopt;
  report.states.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto index = read_ordinal<raft::LogIndex>(reader);
    const raft::LogIndex previous = report.states.empty() ? raft::LogIndex() : report.states.back().index;
    if (index <= previous) return std::nullopt;
    report.states.push_back({index, reader.u64()});
  }
  if (!reader.ok()) return std::nullopt;
  return report;
}

std::optional<Body> read_body(FrameKind kind, ByteReader& reader, const raft::Payload& data) {
  switch (kind) {
    case FrameKind::message: {
      std::optional<raft::Message> message = read_message(reader, data);
      if (!message) return std::nullopt;
      return *std::move(message);
    }
    case FrameKind::forward: {
      Forward forward;
      const std::uint32_t count = reader.u32();
      if (count == 0 || count > kForwardedMax || count > reader.remaining() / kForwardedHeaderBytes) {
        return std::nullopt;
      }
      forward.commands.reserve(count);
      for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t request = reader.u64();
        const std::uint64_t timeout_ms = reader.u64();
        forward.commands.push_back({request, timeout_ms, reader.block()});
      }
      return forward;
    }
    case FrameKind::forward_reply: {
      ForwardReply reply;
      reply.request = reader.u64();
      reply.outcome = reader.u8();
      reply.error = static_cast<std::int32_t>(reader.u32());
      if (!read_reply(reader, reply.reply)) return std::nullopt;
      return reply;
    }
    case FrameKind::image_piece:
      return read_image_piece(reader, data);
    case FrameKind::image_ack:
      return read_image_ack(reader);
    case FrameKind::node_report:
      return read_node_report(reader);
    case FrameKind::standing_request:
      return read_standing_request(reader);
    case FrameKind::standing_notice:
      return read_standing_notice(reader);
    case FrameKind::publication: {
      const std::string_view channel = reader.block();
      const std::string_view value = reader.block();
      if (!reader.ok() || channel.empty() || channel.size() + value.size() > kPublicationBytesMax) return std::nullopt;
      return Publication{channel, value};
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

OutgoingFrame encode_frame(const Envelope& envelope, const raft::Message& message) {
  std::string head = begin_head(envelope, FrameKind::message);
  std::vector<raft::Payload> data;
  write_message(head, message, data);
  return seal(std::move(head), std::move(data));
}

OutgoingFrame encode_frame(const Envelope& envelope, const Forward& forward) {
  TENON_CHECK(!forward.commands.empty() && forward.commands.size() <= kForwardedMax);
  std::string head = begin_head(envelope, FrameKind::forward);
  ByteWriter writer(head);
  writer.u32(static_cast<std::uint32_t>(forward.commands.size()));
  for (const ForwardedCommand& one : forward.commands) {
    writer.u64(one.request);
    writer.u64(one.timeout_ms);
    writer.block(one.command);
  }
  return seal(std::move(head), {});
}

OutgoingFrame encode_frame(const Envelope& envelope, const ForwardReply& reply) {
  std::string head = begin_head(envelope, FrameKind::forward_reply);
  ByteWriter writer(head);
  writer.u64(reply.request);
  writer.u8(reply.outcome);
  writer.u32(static_cast<std::uint32_t>(reply.error));
  write_reply(head, reply.reply);
  return seal(std::move(head), {});
}

OutgoingFrame encode_frame(const Envelope& envelope, const ImagePiece& piece) {
  TENON_CHECK(is_named_rightly(piece));
  std::string head = begin_head(envelope, FrameKind::image_piece);
  ByteWriter writer(head);
  writer.u64(piece.term.value());
  write_image_id(writer, piece.image);
  writer.u64(piece.index.value());
  writer.u64(piece.number);
  writer.u64(piece.total_bytes);
  return seal(std::move(head), {piece.piece});
}

OutgoingFrame encode_frame(const Envelope& envelope, const ImageAck& ack) {
  std::string head = begin_head(envelope, FrameKind::image_ack);
  ByteWriter writer(head);
  writer.u64(ack.term.value());
  write_image_id(writer, ack.image);
  writer.u64(ack.index.value());
  writer.u64(ack.next_piece);
  writer.u64(ack.offset);
  writer.u8(static_cast<std::uint8_t>(ack.status));
  return seal(std::move(head), {});
}

OutgoingFrame encode_frame(const Envelope& envelope, const NodeReport& report) {
  TENON_CHECK(report.states.size() <= kReportedStatesMax);
  std::string head = begin_head(envelope, FrameKind::node_report);
  ByteWriter writer(head);
  writer.u64(report.term.value());
  writer.u64(report.wall_ms);
  writer.u64(report.cluster_time_ms);
  writer.u32(static_cast<std::uint32_t>(report.states.size()));
  for (const StateMark& mark : report.states) {
    writer.u64(mark.index.value());
    writer.u64(mark.hash);
  }
  return seal(std::move(head), {});
}

OutgoingFrame encode_frame(const Envelope& envelope, const Publication& publication) {
  TENON_CHECK(publication.channel.size() + publication.value.size() <= kPublicationBytesMax);
  std::string head = begin_head(envelope, FrameKind::publication);
  ByteWriter writer(head);
  writer.block(publication.channel);
  writer.block(publication.value);
  return seal(std::move(head), {});
}

OutgoingFrame encode_frame(const Envelope& envelope, const StandingRequest& request) {
  std::string head = begin_head(envelope, FrameKind::standing_request);
  write_standing(head, request);
  return seal(std::move(head), {});
}

OutgoingFrame encode_frame(const Envelope& envelope, const StandingNotice& notice) {
  std::string head = begin_head(envelope, FrameKind::standing_notice);
  write_standing(head, notice);
  return seal(std::move(head), {});
}

std::variant<DecodedFrame, FrameError> decode_frame(const std::shared_ptr<const std::string>& frame) {
  ByteReader outer(*frame);
  const std::uint32_t checksum = outer.u32();
  const std::uint32_t size = outer.u32();
  if (!outer.ok() || size > frame->size() || size < 2 * sizeof(std::uint32_t)) return FrameError::corrupt;
  const std::string_view head = std::string_view(*frame).substr(0, size);
  if (crc32c(head.substr(sizeof checksum)) != checksum) return FrameError::corrupt;
  ByteReader reader(head.substr(2 * sizeof(std::uint32_t)));
  const std::uint8_t version = reader.u8();
  if (reader.ok() && version != kVersion) return FrameError::unknown_version;
  const auto kind = static_cast<FrameKind>(reader.u8());
  const bool zeros = reader.raw(2) == std::string_view("\0\0", 2);
  DecodedFrame decoded;
  decoded.envelope.from = raft::NodeId(reader.u64());
  decoded.envelope.to = raft::NodeId(reader.u64());
  decoded.envelope.incarnation = read_incarnation(reader);
  decoded.envelope.meant = read_incarnation(reader);
  decoded.envelope.cluster = reader.block();
  if (!reader.ok() || !zeros) return FrameError::corrupt;
  const raft::Payload data{frame, std::string_view(*frame).substr(size)};
  std::optional<Body> body = read_body(kind, reader, data);
  const bool has_data = kind == FrameKind::message || kind == FrameKind::image_piece;
  if (!body || !reader.done() || (!has_data && !data.bytes.empty())) return FrameError::corrupt;
  decoded.body = *std::move(body);
  return decoded;
}

}  // namespace tenon::wire
