// SPDX-License-Identifier: MIT
#include "node_list.hpp"

#include <algorithm>
#include <cstdio>

#include "scan_cursors.hpp"
#include "tenon/option.hpp"

namespace tenon::api_resp {

namespace {

constexpr std::string_view kScheme = "resp://";

// The text up to `end`, which is taken off with the separator.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t size = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return taken;
}

void read_address(std::string_view addresses, ListedNode& node) {
  while (!addresses.empty()) {
    std::string_view address = take_until(addresses, '|');
    if (!address.starts_with(kScheme)) continue;
    address.remove_prefix(kScheme.size());
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos) continue;
    std::string_view host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    node.host = host;
    node.port = static_cast<std::uint16_t>(tenon::parse_integer(address.substr(colon + 1)).value_or(0));
    return;
  }
}

}  // namespace

std::vector<ListedNode> parse_members(std::string_view text) {
  std::vector<ListedNode> nodes;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    ListedNode node{0, false, {}, 0};
    while (!line.empty()) {
      std::string_view value = take_until(line, ' ');
      const std::string_view name = take_until(value, '=');
      if (name == "id") node.id = static_cast<std::uint64_t>(tenon::parse_integer(value).value_or(0));
      if (name == "is_leader") node.leads = value == "yes";
      if (name == "clients") read_address(value, node);
    }
    if (node.id != 0) nodes.push_back(std::move(node));
  }
  return nodes;
}

std::string node_name(std::string_view cluster_id, std::uint64_t node_id) {
  char digits[41];
  std::snprintf(digits, sizeof digits, "%016llx%024llx", static_cast<unsigned long long>(cursor_of(cluster_id)),
                static_cast<unsigned long long>(node_id));
  return digits;
}

}  // namespace tenon::api_resp
