// SPDX-License-Identifier: MIT
// JSON that a client has sent, read member by member. Everything that it should not be throws Refused, which names the
// member.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon::api_http {

// The value of a text in which at most `depth_max` arrays and objects lie within each other; nothing that it makes is
// larger than some 20 times the text.
boost::json::value parse_json(std::string_view text, std::uint64_t depth_max);
// The same when it is to be an object.
boost::json::object parse_json_object(std::string_view text, std::uint64_t depth_max);

// An object, which must outlive it.
class JsonInput {
 public:
  // `where` begins each message: "operations[3]", or nothing.
  explicit JsonInput(const boost::json::object& object, std::string where = {})
      : object_(object), where_(std::move(where)) {}

  // Refuses members of other names.
  void require_only(std::initializer_list<std::string_view> names) const;
  [[noreturn]] void refuse_member(std::string_view name, const std::string& expected) const;

  bool has(std::string_view name) const { return object_.contains(name); }
  const boost::json::value* find(std::string_view name) const { return object_.if_contains(name); }
  std::optional<std::string> text(std::string_view name) const;
  // Of NAME as text or NAME_base64.
  std::optional<std::string> bytes(std::string_view name) const;
  // A number, or one in a string.
  std::optional<std::uint64_t> number(std::string_view name) const;
  std::optional<std::int64_t> signed_number(std::string_view name) const;
  bool flag(std::string_view name) const;
  // Of objects; an empty one when it is not there.
  std::span<const boost::json::value> array(std::string_view name) const;

 private:
  const boost::json::object& object_;
  const std::string where_;
};

}  // namespace tenon::api_http
