// SPDX-License-Identifier: MIT
#include "json_text.hpp"

#include "base64.hpp"
#include "response.hpp"
#include "tenon/bytes.hpp"

namespace tenon::api_http {

namespace {

// How many bytes the character has that begins here; 0: none does.
std::size_t character_size(std::string_view bytes) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || bytes.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Longer than needed, a half of a pair, or beyond the last character.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
  if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
  return size;
}

}  // namespace

bool is_utf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t size = character_size(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

void JsonObject::name(std::string_view name) {
  if (!is_first_) text_ += ',';
  is_first_ = false;
  text_.append("\"").append(name).append("\":");
}

void JsonObject::text(std::string_view name, std::string_view value) { raw(name, quoted(value)); }

void JsonObject::bytes(std::string_view name, std::string_view value) {
  if (is_utf8(value)) return text(name, value);
  raw(std::string(name) + "_base64", '"' + base64_encoded(value) + '"');
}

void JsonObject::big(std::string_view name, std::uint64_t number) { raw(name, '"' + std::to_string(number) + '"'); }
void JsonObject::big(std::string_view name, std::int64_t number) { raw(name, '"' + std::to_string(number) + '"'); }
void JsonObject::flag(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }

void JsonObject::raw(std::string_view name, std::string_view json) {
  this->name(name);
  text_ += json;
}

void append_record(std::string& text, const tenon_record& record, WithValue with_value) {
  JsonObject object(text);
  object.bytes("key", view(record.key));
  if (with_value == WithValue::kYes) object.bytes("value", view(record.value));
  object.big("create_revision", record.created);
  object.big("mod_revision", record.modified);
  object.big("version", record.version);
  if (record.expires_at_ms != 0) object.big("expires_at_ms", record.expires_at_ms);
}

}  // namespace tenon::api_http
