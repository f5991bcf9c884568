// SPDX-License-Identifier: MIT
// The dashboard: files that are built in. Its page may load and reach this node and nothing else. To hear of the other
// members, and to know where to go when this one is lost, it opens connections by way of an empty frame, whose policy
// lets it reach the members where they say that they serve HTTP. A policy is fixed once a document is loaded; the frame
// can be loaded anew when there is a member more, and the page stays.
#include <algorithm>

#include "admin_text.hpp"
#include "asking.hpp"
#include "handlers.hpp"
#include "web_files.hpp"

namespace tenon::api_http {

namespace {

constexpr std::string_view kPage = "index.html";
constexpr std::string_view kReach = "reach.html";
// A browser keeps it, and asks each time whether it is still so.
constexpr std::string_view kCaching = "no-cache";
// What may stand in the address of a node, so that it adds nothing else to the policy.
constexpr std::string_view kAddressLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";

void append_sockets(std::string& policy, std::string_view place) {
  if (place.empty() || place.find_first_not_of(kAddressLetters) != place.npos) return;
  policy.append(" ws://").append(place).append(" wss://").append(place);
}

// `host`: as the client names this node; not every browser lets 'self' stand for its WebSockets too.
std::string page_policy(std::string_view host) {
  std::string text =
      "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'";
  append_sockets(text, host);
  return text;
}

// Without `connect-src` nothing at all could be reached, for default-src stands in for it.
std::string reach_policy(std::string_view members) {
  const std::vector<std::string> places = web_addresses(members);
  std::string sockets;
  for (const std::string& place : places) append_sockets(sockets, place);
  return "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'" +
         (sockets.empty() ? sockets : "; connect-src" + sockets);
}

std::string fields_of(const WebFile& file) {
  const std::string_view framing = file.name == kReach ? "SAMEORIGIN" : "DENY";
  return field_line("ETag", file.entity_tag) + field_line("X-Frame-Options", framing) +
         "Referrer-Policy: no-referrer\r\nCross-Origin-Opener-Policy: same-origin\r\n";
}

Response file_response(const WebFile& file, const Request& request) {
  const std::string_view known = request.field(FieldName::if_none_match).value_or("");
  if (known.find(file.entity_tag) != known.npos) return {304, file.content_type, {}, fields_of(file), kCaching};
  return {200, file.content_type, std::string(file.bytes, file.bytes + file.size), fields_of(file), kCaching};
}

// Always whole: its policy may be another than last time though its bytes are the same.
Response document_response(const WebFile& file, const std::string& policy) {
  Response response{200, file.content_type, std::string(file.bytes, file.bytes + file.size), fields_of(file)};
  response.fields += field_line("Content-Security-Policy", policy);
  return response;
}

const WebFile* find_file(std::string_view name) noexcept {
  const auto files = web_files();
  const auto found = std::find_if(files.begin(), files.end(), [&](const WebFile& file) { return file.name == name; });
  return found == files.end() ? nullptr : &*found;
}

void require_shown(const Service& service) {
  if (!service.settings.dashboard) refuse("the dashboard is switched off by the option dashboard", "unknown_path", 404);
}

}  // namespace

void show_dashboard(Service& service, const std::shared_ptr<Exchange>& exchange) {
  require_shown(service);
  const std::string_view host = exchange->request().field(FieldName::host).value_or("");
  exchange->respond(document_response(*find_file(kPage), page_policy(host)));
}

void show_dashboard_file(Service& service, const std::shared_ptr<Exchange>& exchange) {
  require_shown(service);
  if (exchange->rest() == kReach) {
    return ask_admin(service, exchange, {"members"}, [](const std::vector<std::string>& texts) {
      return document_response(*find_file(kReach), reach_policy(texts[0]));
    });
  }
  const WebFile* file = find_file(exchange->rest());
  if (file == nullptr || file->name == kPage || file->content_type == kJsonType) {
    refuse("the dashboard has no such file; it begins at /", "unknown_path", 404);
  }
  exchange->respond(file_response(*file, exchange->request()));
}

}  // namespace tenon::api_http
