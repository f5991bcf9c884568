// SPDX-License-Identifier: MIT
#include "condition.hpp"

#include <charconv>

#include "tenon/operation.hpp"

namespace tenon::api_http {

namespace {

struct Tag {
  bool is_star = false;
  std::uint64_t mod_revision = 0;  // 0: a tag that no key ever has
};

std::optional<Tag> tag_of(const Request& request, FieldName name) {
  const auto field = request.field(name);
  if (!field) return std::nullopt;
  const auto malformed = [&] {
    const auto text = boost::beast::http::to_string(name);
    refuse(std::string(text.data(), text.size()) +
           " is there twice, or is neither * nor one entity tag such as \"12\"");
  };
  if (request.count(name) != 1) malformed();
  if (*field == "*") return Tag{true, 0};
  std::string_view text = *field;
  const bool is_weak = text.starts_with("W/");
  if (is_weak) text.remove_prefix(2);
  const bool is_quoted = text.size() >= 2 && text.starts_with('"') && text.ends_with('"');
  if (!is_quoted || text.substr(1, text.size() - 2).find('"') != std::string_view::npos) malformed();
  text = text.substr(1, text.size() - 2);
  Tag tag;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tag.mod_revision);
  const bool is_ours = error == std::errc() && end == text.data() + text.size();
  // A weak tag matches nothing that is to be written.
  if (!is_ours || (is_weak && name == FieldName::if_match)) tag.mod_revision = 0;
  return tag;
}

}  // namespace

std::string entity_tag(std::uint64_t mod_revision) { return '"' + std::to_string(mod_revision) + '"'; }

std::optional<tenon_compare> compare_of(const Request& request, std::string_view key) {
  const std::optional<Tag> match = tag_of(request, FieldName::if_match);
  const std::optional<Tag> none_match = tag_of(request, FieldName::if_none_match);
  if (match && none_match) refuse("the request has both If-Match and If-None-Match; expected at most one");
  if (match) {
    if (match->is_star) return compare_number(key, TENON_COMPARE_VERSION, TENON_NOT_EQUAL, 0);
    // Of a tag that no key has, one that never holds.
    if (match->mod_revision == 0) return compare_number(key, TENON_COMPARE_VERSION, TENON_LESS, 0);
    return compare_number(key, TENON_COMPARE_MODIFIED, TENON_EQUAL, match->mod_revision);
  }
  if (!none_match) return std::nullopt;
  if (none_match->is_star) return absent(key);
  if (none_match->mod_revision == 0) return std::nullopt;
  return compare_number(key, TENON_COMPARE_MODIFIED, TENON_NOT_EQUAL, none_match->mod_revision);
}

ReadCondition condition_of(const Request& request, std::uint64_t mod_revision) {
  const auto holds = [&](const Tag& tag) { return tag.is_star || tag.mod_revision == mod_revision; };
  const std::optional<Tag> match = tag_of(request, FieldName::if_match);
  const std::optional<Tag> none_match = tag_of(request, FieldName::if_none_match);
  if (match && !holds(*match)) return ReadCondition::kFailed;
  if (none_match && holds(*none_match)) return ReadCondition::kNotModified;
  return ReadCondition::kHolds;
}

}  // namespace tenon::api_http
