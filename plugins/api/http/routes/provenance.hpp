// SPDX-License-Identifier: MIT
// Whether a request may come from where it comes from. A page of another site can make a browser send requests here: it
// names itself in Origin, or, after it has had its own name resolve to this machine, in Host.
#pragma once

#include <string>
#include <string_view>

#include "request.hpp"
#include "service.hpp"

namespace tenon::api_http {

enum class Named { kMust, kAnyhow };
enum class Origins { kKnown, kAny };

// Whether the page of this origin, `http://HOST` or `https://HOST:PORT`, came from there. Browsers leave out the port
// that the scheme has by itself.
bool is_origin_of(std::string_view origin, std::string_view authority);

// Whether it has an Origin that is neither its Host nor among `origins`.
bool is_foreign(const Service& service, const Request& request);
[[noreturn]] void refuse_foreign();

// Whether it comes from a page of another origin that is among `origins`.
bool is_shared(const Service& service, const Request& request);
// The fields with which a browser lets such a page read an answer, each with its CRLF; empty for any other request.
std::string sharing_fields(const Service& service, const Request& request);

// Throws Refused: 400 when an HTTP/1.1 request has not exactly one Host; with kKnown 403 when it is foreign; with kMust
// 421 when its Host is neither a number, nor localhost, nor this machine's name, nor among `hosts`.
void require_provenance(const Service& service, const Request& request, Named named, Origins origins);

}  // namespace tenon::api_http
