// SPDX-License-Identifier: MIT
// What a client API asks of the channels, checked on the thread that submits it.
#pragma once

#include <variant>

#include "host/request_check.hpp"

namespace tenon::host {

constexpr bool is_of_channels(std::uint32_t kind) noexcept { return kind == TENON_SUBSCRIBE || kind == TENON_PUBLISH; }

// Needs: the first operation is whole, and is_of_channels() its kind. The request waits for nothing, so that it has no
// deadline.
std::variant<CheckedRequest, AdminRequest, RequestRefusal> check_channel_request(const tenon_request& request);

}  // namespace tenon::host
