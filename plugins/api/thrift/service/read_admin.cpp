// SPDX-License-Identifier: MIT
// The answers to admin verbs are text, line by line; what this version does not know is skipped, or kept by name where
// the interface has a place for it.
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversion.hpp"
#include "tenon/bytes.hpp"
#include "tenon/option.hpp"

namespace tenon::api_thrift {

namespace {

struct NamedText {
  std::string_view name;
  std::string_view text;
};

NamedText split_at(std::string_view line, char separator) {
  const std::size_t at = std::min(line.find(separator), line.size());
  return {line.substr(0, at), line.substr(std::min(at + 1, line.size()))};
}

// Each part that is not empty.
std::vector<std::string_view> split_all(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const NamedText first = split_at(text, separator);
    if (!first.name.empty()) parts.push_back(first.name);
    text = first.text;
  }
  return parts;
}

std::vector<std::string_view> lines_of(const tenon_completion& completion) {
  const tenon_result& result = only_result(completion);
  if (result.record_count == 0) return {};
  return split_all(view(result.records[0].value), '\n');
}

struct TextAndBytes {
  std::vector<std::string_view> lines;
  std::string_view bytes;
};

// Of an answer that is lines of text, an empty line, and bytes of any kind.
TextAndBytes text_and_bytes_of(const tenon_completion& completion) {
  constexpr std::string_view kEnd = "\n\n";
  const tenon_result& result = only_result(completion);
  if (result.record_count == 0) return {};
  const std::string_view whole = view(result.records[0].value);
  const std::size_t end = std::min(whole.find(kEnd), whole.size());
  return {split_all(whole.substr(0, end), '\n'), whole.substr(std::min(end + kEnd.size(), whole.size()))};
}

std::vector<std::string> addresses_of(std::string_view text) {
  const std::vector<std::string_view> parts = split_all(text, '|');
  return {parts.begin(), parts.end()};
}

// Takes a line of the node's status where the interface has a member for it. Returns false for any other line.
bool take_status_number(std::string_view name, std::string_view text, thrift_api::StatusReply& reply) {
  const std::optional<std::int64_t> number = parse_integer(text);
  if (!number) return false;
  if (name == "node_id") return reply.__set_node_id(*number), true;
  if (name == "term") return reply.__set_term(*number), true;
  if (name == "leader") return reply.__set_leader(*number), true;
  if (name == "commit_index") return reply.__set_commit_index(*number), true;
  if (name == "applied_index") return reply.__set_applied_index(*number), true;
  if (name == "revision") return reply.__set_revision(*number), true;
  if (name == "uptime_ms") return reply.__set_uptime_ms(*number), true;
  if (name == "keys") return reply.__set_keys(*number), true;
  return false;
}

void take_status_line(NamedText line, thrift_api::StatusReply& reply) {
  const std::string value(line.text);
  if (line.name == "cluster_id") return reply.__set_cluster_id(value);
  if (line.name == "role") return reply.__set_role(value);
  if (line.name == "version") return reply.__set_version(value);
  if (take_status_number(line.name, line.text, reply)) return;
  reply.other.insert_or_assign(std::string(line.name), value);
  reply.__isset.other = true;
}

// A field of a member. `-` is what the node does not know.
void take_member_field(NamedText field, thrift_api::Member& member) {
  const auto [name, text] = field;
  if (text == "-") return;
  if (name == "is_leader") return member.__set_is_leader(text == "yes");
  if (name == "incarnation") return member.__set_incarnation(std::string(text));
  if (name == "addresses") return member.__set_addresses(addresses_of(text));
  if (name == "clients") return member.__set_client_addresses(addresses_of(text));
  if (name == "control") return member.__set_control_transport(std::string(text));
  if (name == "bulk") return member.__set_bulk_transport(std::string(text));
  if (name == "progress") return member.__set_progress(std::string(text));
  if (name == "standing") return member.__set_standing(std::string(text));
  if (name == "aim") return member.__set_aim(std::string(text));
  const std::optional<std::int64_t> number = parse_integer(text);
  if (!number) return;
  if (name == "id") member.__set_node_id(*number);
  if (name == "match_index") member.__set_match_index(*number);
  if (name == "next_index") member.__set_next_index(*number);
  if (name == "missing_bytes") member.__set_missing_bytes(*number);
}

}  // namespace

void read(const tenon_completion& completion, const RequestShape&, thrift_api::StatusReply& reply) {
  for (const std::string_view line : lines_of(completion)) take_status_line(split_at(line, ' '), reply);
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::MembersReply& reply) {
  for (const std::string_view line : lines_of(completion)) {
    thrift_api::Member member;
    for (const std::string_view field : split_all(line, ' ')) take_member_field(split_at(field, '='), member);
    if (member.node_id != 0) reply.members.push_back(member);
  }
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::LeaderReply& reply) {
  for (const std::string_view line : lines_of(completion)) {
    const auto [name, text] = split_at(line, ' ');
    if (name == "client_address") {
      reply.client_addresses.emplace_back(text);
      reply.__isset.client_addresses = true;
    }
    const std::optional<std::int64_t> number = parse_integer(text);
    if (name == "leader" && number) reply.__set_leader(*number);
    if (name == "term" && number) reply.__set_term(*number);
  }
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::TransferLeadershipReply& reply) {
  for (const std::string_view line : lines_of(completion)) {
    const auto [name, text] = split_at(line, ' ');
    const std::optional<std::int64_t> number = parse_integer(text);
    if (name == "target" && number) reply.__set_target(*number);
    if (name == "term" && number) reply.__set_term(*number);
  }
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::ChangeMembersReply& reply) {
  for (const std::string_view line : lines_of(completion)) {
    const auto [name, text] = split_at(line, ' ');
    const std::optional<std::int64_t> number = parse_integer(text);
    if (name == "node" && number) reply.__set_node(*number);
    if (name == "missing_bytes" && number) reply.__set_missing_bytes(*number);
    if (name == "standing" && text != "-") reply.__set_standing(std::string(text));
    if (name == "text") reply.__set_text(std::string(text));
    if (name != "warning") continue;
    reply.warnings.emplace_back(text);
    reply.__isset.warnings = true;
  }
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::SnapshotReply& reply) {
  for (const std::string_view line : lines_of(completion)) {
    const auto [name, text] = split_at(line, ' ');
    if (name == "being_taken") reply.__set_being_taken(text == "yes");
    if (name == "being_received") reply.__set_being_received(text == "yes");
    const std::optional<std::int64_t> number = parse_integer(text);
    if (!number) continue;
    if (name == "index") reply.__set_index(*number);
    if (name == "bytes") reply.__set_bytes(*number);
    if (name == "taken") reply.__set_taken(*number);
    if (name == "received") reply.__set_received(*number);
    if (name == "transfers") reply.__set_transfers(*number);
    if (name == "applied_index") reply.__set_applied_index(*number);
  }
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::StateHashReply& reply) {
  for (const std::string_view line : lines_of(completion)) {
    const auto [name, text] = split_at(line, ' ');
    if (name == "state_hash") reply.__set_state_hash(std::string(text));
    const std::optional<std::int64_t> number = parse_integer(text);
    if (name == "applied_index" && number) reply.__set_applied_index(*number);
    if (name == "revision" && number) reply.__set_revision(*number);
  }
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::ReadSnapshotReply& reply) {
  const auto [lines, data] = text_and_bytes_of(completion);
  for (const std::string_view line : lines) {
    const auto [name, text] = split_at(line, ' ');
    if (name == "id") reply.__set_id(std::string(text));
    const std::optional<std::int64_t> number = parse_integer(text);
    if (!number) continue;
    if (name == "index") reply.__set_index(*number);
    if (name == "snapshot_bytes") reply.__set_snapshot_bytes(*number);
    if (name == "offset") reply.__set_offset(*number);
  }
  reply.__set_bytes(std::string(data));
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::LogReply& reply) {
  for (const std::string_view line : lines_of(completion)) {
    const auto [name, text] = split_at(line, ' ');
    if (name == "compacting") reply.__set_compacting(text == "yes");
    if (name == "being_taken") reply.__set_being_taken(text == "yes");
    const std::optional<std::int64_t> number = parse_integer(text);
    if (!number) continue;
    if (name == "applied_index") reply.__set_applied_index(*number);
    if (name == "first_index") reply.__set_first_index(*number);
    if (name == "log_bytes") reply.__set_log_bytes(*number);
  }
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::ReadLogReply& reply) {
  const auto [lines, records] = text_and_bytes_of(completion);
  for (const std::string_view line : lines) {
    const auto [name, text] = split_at(line, ' ');
    const std::optional<std::int64_t> number = parse_integer(text);
    if (name == "commit_index" && number) reply.__set_commit_index(*number);
    if (name == "commit_term" && number) reply.__set_commit_term(*number);
  }
  reply.__set_records(std::string(records));
}

void read(const tenon_completion& completion, const RequestShape&, thrift_api::MetricsReply& reply) {
  const tenon_result& result = only_result(completion);
  if (result.record_count != 0) reply.__set_text(std::string(view(result.records[0].value)));
}

}  // namespace tenon::api_thrift
