// SPDX-License-Identifier: MIT
// What a watch brings, as JSON: {"change": "put" | "delete" | "expire", "record": {..}, "previous": {..}}.
#pragma once

#include <string>
#include <string_view>

#include "json_text.hpp"
#include "tenon/client_api.hpp"

namespace tenon::api_http {

std::string_view change_name(const tenon_record& record) noexcept;
// `previous` may be null.
void append_change(std::string& text, const tenon_record& record, const tenon_record* previous,
                   WithValue with_value = WithValue::kYes);
// All changes of a completion, as an array.
std::string changes_json(const tenon_completion& completion, WithValue with_value = WithValue::kYes);

}  // namespace tenon::api_http
