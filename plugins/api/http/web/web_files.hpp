// SPDX-License-Identifier: MIT
// The files that are built into the plugin; embed.py writes what defines this.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace tenon::api_http {

struct WebFile {
  std::string_view name;
  std::string_view content_type;
  std::string_view entity_tag;  // of these bytes, with its quotes
  const unsigned char* bytes;
  std::size_t size;
};
std::span<const WebFile> web_files() noexcept;

}  // namespace tenon::api_http
