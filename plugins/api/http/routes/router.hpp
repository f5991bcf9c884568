// SPDX-License-Identifier: MIT
// Which function answers which request.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <variant>

#include "exchange.hpp"
#include "provenance.hpp"
#include "service.hpp"

namespace tenon::api_http {

// Reads the request and either answers it or asks the node and answers later. Throws Refused.
using Handler = void (*)(Service&, const std::shared_ptr<Exchange>&);

enum class Shown { kAlways, kForCompatibility };

struct Route {
  Verb verb;
  std::string_view path;  // one that ends with a slash takes what stands behind it, which is not empty, as its rest
  Handler handler;
  std::span<const std::string_view> parameters;  // that it knows
  bool is_private;                               // the client must have named this node as its user would
  Shown shown = Shown::kAlways;
  Origins origins = Origins::kKnown;  // kAny: the handler looks at it
};

std::span<const Route> routes() noexcept;

// The route of a request for this path, or why there is none: 404, 405 with `Allow`, 501 for an unknown method.
std::variant<const Route*, Failure> find_route(Verb verb, std::string_view path, const Settings& settings);

// Answers a request, now or later. What it needs of the body it has read when this returns.
void serve(Service& service, const std::shared_ptr<Exchange>& exchange);

}  // namespace tenon::api_http
