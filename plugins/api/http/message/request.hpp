// SPDX-License-Identifier: MIT
// A request as a client has sent it, before anyone has asked what it means.
#pragma once

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::api_http {

using Verb = boost::beast::http::verb;
using FieldName = boost::beast::http::field;

struct Field {
  FieldName known;   // unknown: `name` alone says which
  std::string name;  // as it came
  std::string value;
};

struct Request {
  Verb verb = Verb::unknown;
  std::string method;  // as it came
  std::string target;  // as it came
  unsigned version = 11;
  std::vector<Field> fields;
  std::string body;
  bool keep_alive = true;
  bool is_upgrade = false;  // `Connection` has upgrade

  bool is_head() const noexcept { return verb == Verb::head; }
  // The value of the first field of this name; nullopt: there is none.
  std::optional<std::string_view> field(FieldName name) const noexcept {
    for (const Field& one : fields) {
      if (one.known == name) return one.value;
    }
    return std::nullopt;
  }
  // The same of a name that Beast does not know, in lower case.
  std::optional<std::string_view> field(std::string_view name) const noexcept;
  std::size_t count(FieldName name) const noexcept {
    std::size_t found = 0;
    for (const Field& one : fields) found += one.known == name ? 1 : 0;
    return found;
  }
};

}  // namespace tenon::api_http
