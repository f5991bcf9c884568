// SPDX-License-Identifier: MIT
// How code that reads a request says that it is no good.
#pragma once

#include <string>
#include <utility>

#include "response.hpp"

namespace tenon::api_http {

// Thrown by whoever reads a request, and caught where it was given to a route.
struct Refused {
  Failure failure;
};
[[noreturn]] inline void refuse(std::string message, std::string code = "invalid", unsigned status = 400) {
  throw Refused{{status, std::move(code), std::move(message)}};
}

}  // namespace tenon::api_http
