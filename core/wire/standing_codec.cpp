// SPDX-License-Identifier: MIT
#include "standing_codec.hpp"

#include <utility>

#include "message_codec.hpp"
#include "ordinal.hpp"

namespace tenon::wire {
namespace {

void write_addresses(ByteWriter& writer, const std::vector<std::string>& addresses) {
  TENON_CHECK(addresses.size() <= raft::kAddressesMax);
  writer.u32(static_cast<std::uint32_t>(addresses.size()));
  for (const std::string& address : addresses) writer.block(address);
}

bool read_addresses(ByteReader& reader, std::vector<std::string>& addresses) {
  const std::uint32_t count = reader.u32();
  if (count > raft::kAddressesMax) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view address = reader.block();
    if (!reader.ok() || address.empty() || address.size() > raft::kAddressBytesMax) return false;
    addresses.emplace_back(address);
  }
  return reader.ok();
}

bool is_known(StandingNotice::Kind kind) noexcept {
  return kind == StandingNotice::Kind::welcome || kind == StandingNotice::Kind::refused ||
         kind == StandingNotice::Kind::removed;
}

}  // namespace

void write_standing(std::string& to, const StandingRequest& request) {
  ByteWriter writer(to);
  writer.u64(request.node.value());
  write_incarnation(writer, request.incarnation);
  writer.u8(request.wants_to_join ? 1 : 0);
  write_addresses(writer, request.addresses);
}

void write_standing(std::string& to, const StandingNotice& notice) {
  TENON_CHECK(notice.text.size() <= kNoticeBytesMax && notice.places.size() <= raft::kMembersMax);
  ByteWriter writer(to);
  writer.u8(static_cast<std::uint8_t>(notice.kind));
  writer.u64(notice.index.value());
  writer.u64(notice.index_term.value());
  writer.block(notice.text);
  writer.u32(static_cast<std::uint32_t>(notice.places.size()));
  for (const MemberPlace& place : notice.places) {
    writer.u64(place.node.value());
    write_addresses(writer, place.addresses);
  }
}

std::optional<StandingRequest> read_standing_request(ByteReader& reader) {
  StandingRequest request;
  request.node = raft::NodeId(reader.u64());
  request.incarnation = read_incarnation(reader);
  const std::uint8_t wants_to_join = reader.u8();
  request.wants_to_join = wants_to_join == 1;
  if (!read_addresses(reader, request.addresses) || wants_to_join > 1 || request.node == raft::NodeId()) {
    return std::nullopt;
  }
  return request;
}

std::optional<StandingNotice> read_standing_notice(ByteReader& reader) {
  StandingNotice notice;
  notice.kind = static_cast<StandingNotice::Kind>(reader.u8());
  notice.index = read_ordinal<raft::LogIndex>(reader);
  notice.index_term = read_ordinal<raft::Term>(reader);
  notice.text = std::string(reader.block());
  const std::uint32_t count = reader.u32();
  if (!reader.ok() || !is_known(notice.kind) || notice.text.size() > kNoticeBytesMax || count > raft::kMembersMax) {
    return std::nullopt;
  }
  const bool is_removal = notice.kind == StandingNotice::Kind::removed;
  if ((notice.index != raft::LogIndex()) != is_removal) return std::nullopt;
  for (std::uint32_t i = 0; i < count; ++i) {
    MemberPlace place{raft::NodeId(reader.u64()), {}};
    if (!read_addresses(reader, place.addresses) || place.node == raft::NodeId()) return std::nullopt;
    notice.places.push_back(std::move(place));
  }
  return notice;
}

}  // namespace tenon::wire
