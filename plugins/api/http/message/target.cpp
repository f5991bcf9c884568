// SPDX-License-Identifier: MIT
#include "target.hpp"

#include <algorithm>
#include <boost/url/error_types.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace tenon::api_http {

namespace {

namespace urls = boost::urls;

constexpr std::string_view kHexadecimal = "0123456789ABCDEF";

int digit_of(char letter) noexcept {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

Failure refusal(std::string message) { return {400, "malformed_target", std::move(message)}; }

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

std::optional<Failure> take_parameters(std::string_view query, std::uint64_t parameters_max, Target& target) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    // The whole was found to be well encoded before.
    Parameter made{percent_decoded(pair.substr(0, equals)).value_or(""),
                   percent_decoded(pair.substr(std::min(equals + 1, pair.size()))).value_or("")};
    if (target.find(made.name) != nullptr) return refusal("a parameter is there twice; expected each once");
    if (target.parameters.size() >= parameters_max) {
      Failure failure =
          refusal("the target has more than " + std::to_string(parameters_max) + " parameters (parameters_max)");
      failure.limit = Limit{"parameters_max", parameters_max};
      return failure;
    }
    target.parameters.push_back(std::move(made));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = digit_of(text[i + 1]);
    const int low = digit_of(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

std::string percent_encoded(std::string_view bytes) {
  std::string text;
  for (const char letter : bytes) {
    const bool is_plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                          (letter >= 'A' && letter <= 'Z') || letter == '-' || letter == '.' || letter == '_';
    if (is_plain) {
      text += letter;
    } else {
      const auto byte = static_cast<unsigned char>(letter);
      text.append({'%', kHexadecimal[byte >> 4], kHexadecimal[byte & 15]});
    }
  }
  return text;
}

std::variant<Target, Failure> parse_target(std::string_view text, std::uint64_t parameters_max) {
  const auto parsed = text.starts_with("/") ? urls::parse_origin_form(text) : urls::parse_absolute_uri(text);
  if (!parsed) {
    return refusal(
        "the target is no path that begins with a slash, of characters that a URI may have; percent-encode "
        "the others");
  }
  if (parsed->has_scheme() && parsed->scheme_id() != urls::scheme::http && parsed->scheme_id() != urls::scheme::https) {
    return refusal("the target has a scheme other than http and https");
  }
  Target target;
  const std::string_view path(parsed->encoded_path().data(), parsed->encoded_path().size());
  target.path = path.empty() ? "/" : path;
  if (has_dot_segment(target.path)) {
    return refusal(
        "the path has a segment . or .., which clients and proxies read in different ways; in a key write "
        "%2E for the first dot");
  }
  const std::string_view query(parsed->encoded_query().data(), parsed->encoded_query().size());
  if (auto refused = take_parameters(query, parameters_max, target)) return *std::move(refused);
  return target;
}

}  // namespace tenon::api_http
