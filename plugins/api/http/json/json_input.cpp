// SPDX-License-Identifier: MIT
#include "json_input.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>

#include "base64.hpp"
#include "refused.hpp"

namespace tenon::api_http {

namespace json = boost::json;

namespace {

constexpr std::size_t kNameBytesShown = 64;  // of a member; a longer name is not repeated

template <class Number>
std::optional<Number> number_in(std::string_view text) noexcept {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <class Number>
std::optional<Number> number_of(const json::value& value) {
  if (const json::string* text = value.if_string()) return number_in<Number>({text->data(), text->size()});
  boost::system::error_code error;
  const Number number = value.to_number<Number>(error);
  if (error || !(value.is_int64() || value.is_uint64())) return std::nullopt;
  return number;
}

}  // namespace

json::value parse_json(std::string_view text, std::uint64_t depth_max) {
  json::parse_options options;
  options.max_depth = static_cast<std::size_t>(depth_max);
  boost::system::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error == json::error::too_deep) {
    throw Refused{{400, "too_deep",
                   "the JSON is nested more than " + std::to_string(depth_max) + " deep (json_depth_max)",
                   Limit{"json_depth_max", depth_max}}};
  }
  if (error) refuse("this is no JSON: " + error.message(), "malformed_json");
  return value;
}

json::object parse_json_object(std::string_view text, std::uint64_t depth_max) {
  json::value value = parse_json(text, depth_max);
  if (!value.is_object()) refuse("expected a JSON object", "malformed_json");
  return std::move(value.get_object());
}

void JsonInput::require_only(std::initializer_list<std::string_view> names) const {
  std::string list;
  for (const std::string_view name : names) list.append(list.empty() ? "" : ", ").append(name);
  for (const auto& member : object_) {
    const std::string_view name = member.key();
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string found = name.size() <= kNameBytesShown ? "the member " + std::string(name) : "a member";
    refuse((where_.empty() ? "the object" : where_) + " has " + found + ", which is not known here; expected " + list,
           "unknown_member");
  }
}

void JsonInput::refuse_member(std::string_view name, const std::string& expected) const {
  refuse((where_.empty() ? "" : where_ + ": ") + std::string(name) + " is not of its form; expected " + expected);
}

std::optional<std::string> JsonInput::text(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse_member(name, "a string");
  return std::string(value->get_string().data(), value->get_string().size());
}

std::optional<std::string> JsonInput::bytes(std::string_view name) const {
  const std::string encoded_name = std::string(name) + "_base64";
  const std::optional<std::string> encoded = text(encoded_name);
  if (!encoded) return text(name);
  if (has(name)) refuse_member(name, "either " + std::string(name) + " or " + encoded_name);
  std::optional<std::string> decoded = base64_decoded(*encoded);
  if (!decoded) refuse_member(encoded_name, "base64");
  return decoded;
}

std::optional<std::uint64_t> JsonInput::number(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::uint64_t> number = number_of<std::uint64_t>(*value);
  if (!number) refuse_member(name, "a whole number that is not negative, or one in a string");
  return number;
}

std::optional<std::int64_t> JsonInput::signed_number(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::int64_t> number = number_of<std::int64_t>(*value);
  if (!number) refuse_member(name, "a whole number of 64 bits, or one in a string");
  return number;
}

bool JsonInput::flag(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_bool()) refuse_member(name, "true or false");
  return value->get_bool();
}

std::span<const json::value> JsonInput::array(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return {};
  const bool is_good = value->is_array() && std::all_of(value->get_array().begin(), value->get_array().end(),
                                                        [](const json::value& one) { return one.is_object(); });
  if (!is_good) refuse_member(name, "an array of objects");
  return {value->get_array().data(), value->get_array().size()};
}

}  // namespace tenon::api_http
