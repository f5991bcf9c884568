// SPDX-License-Identifier: MIT
// The three roles of a plugin, and how each is spelled. A file is called tenon-KIND-NAME.so, and KIND.NAME is also the
// section of the config that holds the plugin's options.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace tenon::plugin {

enum class Kind { storage, transport, client_api };
inline constexpr std::array kKinds = {Kind::storage, Kind::transport, Kind::client_api};

// As in the manifest: storage, transport, client_api.
constexpr std::string_view manifest_word(Kind kind) noexcept {
  return kind == Kind::storage ? "storage" : kind == Kind::transport ? "transport" : "client_api";
}
// As in file names and in the config: storage, transport, api.
constexpr std::string_view file_word(Kind kind) noexcept {
  return kind == Kind::client_api ? "api" : manifest_word(kind);
}

// Each returns nullopt for a word that names no kind.
constexpr std::optional<Kind> kind_of_manifest_word(std::string_view word) noexcept {
  for (const Kind kind : kKinds) {
    if (manifest_word(kind) == word) return kind;
  }
  return std::nullopt;
}
constexpr std::optional<Kind> kind_of_file_word(std::string_view word) noexcept {
  for (const Kind kind : kKinds) {
    if (file_word(kind) == word) return kind;
  }
  return std::nullopt;
}

}  // namespace tenon::plugin
