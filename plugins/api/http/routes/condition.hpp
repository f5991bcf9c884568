// SPDX-License-Identifier: MIT
// If-Match and If-None-Match. The entity tag of a key is its mod_revision in quotes.
#pragma once

#include <optional>
#include <string>

#include "exchange.hpp"
#include "tenon/client_api.hpp"

namespace tenon::api_http {

std::string entity_tag(std::uint64_t mod_revision);

// Throws Refused when a field is there twice or has other than one entity tag or a star.
// What must hold for a write of this key; nullopt: anything.
std::optional<tenon_compare> compare_of(const Request& request, std::string_view key);

enum class ReadCondition { kHolds, kNotModified, kFailed };
// What they say of a read that found this revision.
ReadCondition condition_of(const Request& request, std::uint64_t mod_revision);

}  // namespace tenon::api_http
