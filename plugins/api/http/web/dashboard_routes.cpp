// SPDX-License-Identifier: MIT
// The dashboard: files that are built in. Its page may load and reach this node and, to hear of them and to know where
// to go when this one is lost, the members of its cluster where they say that they serve HTTP; nothing else.
#include <algorithm>

#include "admin_text.hpp"
#include "asking.hpp"
#include "handlers.hpp"
#include "web_files.hpp"

namespace tenon::api_http {

namespace {

constexpr std::string_view kPage = "index.html";
// What may stand in the address of a node, so that it adds nothing else to the policy.
constexpr std::string_view kAddressLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";

// `host`: as the client names this node; not every browser lets 'self' stand for its WebSockets too.
std::string policy(std::string_view host, std::string_view members) {
  std::vector<std::string> places = web_addresses(members);
  places.emplace_back(host);
  std::erase_if(places,
                [](const std::string& place) { return place.find_first_not_of(kAddressLetters) != place.npos; });
  std::string text =
      "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'";
  for (const std::string& place : places) text.append(" ws://").append(place).append(" wss://").append(place);
  return text;
}

std::string fields_of(const WebFile& file) {
  return field_line("ETag", file.entity_tag) +
         "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
         "Cross-Origin-Opener-Policy: same-origin\r\nX-Frame-Options: DENY\r\n";
}

Response file_response(const WebFile& file, const Request& request) {
  const std::string_view known = request.field(FieldName::if_none_match).value_or("");
  if (known.find(file.entity_tag) != known.npos) return {304, file.content_type, {}, fields_of(file)};
  return {200, file.content_type, std::string(file.bytes, file.bytes + file.size), fields_of(file)};
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

// Always whole: its policy may be another than last time though its bytes are the same.
void show_dashboard(Service& service, const std::shared_ptr<Exchange>& exchange) {
  require_shown(service);
  ask_admin(service, exchange, {"members"}, [exchange](const std::vector<std::string>& texts) {
    const WebFile& file = *find_file(kPage);
    Response response{200, file.content_type, std::string(file.bytes, file.bytes + file.size), fields_of(file)};
    response.fields += field_line("Content-Security-Policy",
                                  policy(exchange->request().field(FieldName::host).value_or(""), texts[0]));
    return response;
  });
}

void show_dashboard_file(Service& service, const std::shared_ptr<Exchange>& exchange) {
  require_shown(service);
  const WebFile* file = find_file(exchange->rest());
  if (file == nullptr || file->name == kPage || file->content_type == kJsonType) {
    refuse("the dashboard has no such file; it begins at /", "unknown_path", 404);
  }
  exchange->respond(file_response(*file, exchange->request()));
}

}  // namespace tenon::api_http
