// SPDX-License-Identifier: MIT
#include "change_json.hpp"

namespace tenon::api_http {

std::string_view change_name(const tenon_record& record) noexcept {
  switch (record.kind) {
    case TENON_RECORD_DELETED:
      return "delete";
    case TENON_RECORD_EXPIRED:
      return "expire";
    default:
      return "put";
  }
}

void append_change(std::string& text, const tenon_record& record, const tenon_record* previous, WithValue with_value) {
  JsonObject object(text);
  object.text("change", change_name(record));
  object.name("record");
  append_record(text, record, record.kind == TENON_RECORD_CURRENT ? with_value : WithValue::kNo);
  if (previous == nullptr) return;
  object.name("previous");
  append_record(text, *previous, with_value);
}

std::string changes_json(const tenon_completion& completion, WithValue with_value) {
  std::string text = "[";
  for (const tenon_result& result : results(completion)) {
    const std::span<const tenon_record> all = records(result);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const tenon_record* const change = &all[i];
      const bool has_previous = i + 1 < all.size() && all[i + 1].kind == TENON_RECORD_PREVIOUS;
      if (has_previous) ++i;
      if (text.size() != 1) text += ',';
      append_change(text, *change, has_previous ? &all[i] : nullptr, with_value);
    }
  }
  return text += ']';
}

}  // namespace tenon::api_http
