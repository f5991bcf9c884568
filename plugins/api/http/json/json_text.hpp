// SPDX-License-Identifier: MIT
// How keys, values and records stand in JSON. Numbers of 64 bits are strings, for JavaScript's own are not exact; bytes
// that are UTF-8 are a string under their name, and others base64 under NAME_base64.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/client_api.h"

namespace tenon::api_http {

bool is_utf8(std::string_view bytes) noexcept;

// Writes an object, member by member.
class JsonObject {
 public:
  explicit JsonObject(std::string& text) : text_(text) { text_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() { end(); }

  // Ends the object before its time.
  void end() {
    if (!is_ended_) text_ += '}';
    is_ended_ = true;
  }

  // Begins a member; its value is to be appended to the text.
  void name(std::string_view name);
  void text(std::string_view name, std::string_view value);
  void bytes(std::string_view name, std::string_view value);
  void big(std::string_view name, std::uint64_t number);  // as a string
  void big(std::string_view name, std::int64_t number);
  void flag(std::string_view name, bool value);
  void raw(std::string_view name, std::string_view json);

 private:
  std::string& text_;
  bool is_first_ = true;
  bool is_ended_ = false;
};

enum class WithValue { kYes, kNo };
void append_record(std::string& text, const tenon_record& record, WithValue with_value);

}  // namespace tenon::api_http
