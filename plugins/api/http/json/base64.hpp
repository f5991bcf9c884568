// SPDX-License-Identifier: MIT
// Base64 of RFC 4648.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::api_http {

enum class Base64 {
  kStandard,  // + and /, padded
  kForUrls    // - and _, without padding
};
std::string base64_encoded(std::string_view bytes, Base64 form = Base64::kStandard);
// Of either form, padded or not; nullopt: it is none, or has bits behind its end.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace tenon::api_http
