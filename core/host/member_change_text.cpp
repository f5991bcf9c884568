// SPDX-License-Identifier: MIT
// Changes of the members as text.
#include <algorithm>

#include "host/status_text.hpp"
#include "tenon/option.hpp"

namespace tenon::host {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<raft::NodeId> parse_node(const std::string& word) {
  const std::optional<std::int64_t> id = parse_integer(word);
  if (!id || *id < 1) return std::nullopt;
  return raft::NodeId(static_cast<std::uint64_t>(*id));
}

// Takes a word from the end when it stands there.
bool take_last(std::vector<std::string>& words, std::string_view wanted) {
  if (words.empty() || words.back() != wanted) return false;
  words.pop_back();
  return true;
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::optional<node::MemberChangeWanted> parse_member_change(const std::string& verb, const std::string& argument) {
  using Kind = node::MemberChangeWanted::Kind;
  std::vector<std::string> words = split(argument, ' ');
  node::MemberChangeWanted wanted;
  if (verb == "member_add") {
    wanted.stays_learner = take_last(words, "learner");
  } else if (verb == "member_promote" || verb == "member_remove") {
    wanted.kind = verb == "member_remove" ? Kind::remove : Kind::promote;
    wanted.is_forced = take_last(words, "force");
  } else if (verb == "member_replace") {
    wanted.kind = Kind::replace;
  } else {
    return std::nullopt;
  }
  const bool brings_a_node = wanted.kind == Kind::add || wanted.kind == Kind::replace;
  if (brings_a_node) {
    if (words.empty()) return std::nullopt;
    wanted.addresses = split(words.back(), '|');
    words.pop_back();
    if (wanted.addresses.empty() || !valid_addresses(wanted.addresses)) return std::nullopt;
  }
  if (words.size() != (wanted.kind == Kind::replace ? 2 : 1)) return std::nullopt;
  const std::optional<raft::NodeId> node = parse_node(words.back());
  const std::optional<raft::NodeId> first = parse_node(words.front());
  if (!node || !first) return std::nullopt;
  wanted.node = *node;
  if (wanted.kind == Kind::replace) wanted.replaced = *first;
  return wanted;
}

std::string member_change_text(const node::MemberChangeDone& done) {
  std::string text = "node " + std::to_string(done.node.value()) + "\n";
  text += "standing " + std::string(done.standing ? node::standing_name(*done.standing) : "-") + "\n";
  if (done.missing_bytes) text += "missing_bytes " + std::to_string(*done.missing_bytes) + "\n";
  text += "text " + one_line(done.text) + "\n";
  for (const std::string& warning : done.warnings) text += "warning " + one_line(warning) + "\n";
  return text;
}

}  // namespace tenon::host
