// SPDX-License-Identifier: MIT
#include "string_computations.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "number.hpp"
#include "set_options.hpp"

namespace tenon::api_resp {

namespace {

constexpr std::size_t kFloatBytesMax = 256;

// All of the text, without spaces around it; neither infinite nor without a value.
std::optional<long double> parse_float(std::string_view text) {
  if (text.empty() || text.size() >= kFloatBytesMax || std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    return std::nullopt;
  }
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  const long double value = std::strtold(copy.c_str(), &end);
  const bool is_out_of_range = errno == ERANGE && (value == HUGE_VALL || value == -HUGE_VALL || value == 0);
  if (end != copy.c_str() + copy.size() || is_out_of_range || std::isnan(value)) return std::nullopt;
  return value;
}

// With 17 digits behind the point, less the zeros at the end.
std::string text_of(long double value) {
  std::array<char, 5 * 1024> room;
  const int size = std::snprintf(room.data(), room.size(), "%.17Lf", value);
  std::string text(room.data(), static_cast<std::size_t>(size));
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

void put(Plan& plan, std::string_view key, std::string_view value, std::uint32_t flags = 0) {
  tenon_operation& operation = plan.add(TENON_PUT, key);
  operation.value = plan.keep(value);
  operation.flags = flags;
}

}  // namespace

void compute_set(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply) {
  const SetOptions options = parse_set_options(words);
  if (!options.error.empty()) return reply.error(options.error);
  const KeyState& state = keys.at(words[1]);
  const bool is_put = !(options.if_absent && state.exists) && !(options.if_present && !state.exists);
  if (options.returns_previous) {
    state.exists ? reply.bulk(state.value) : reply.null();
  } else {
    is_put ? reply.ok() : reply.null();
  }
  if (!is_put) return;
  tenon_operation& operation = plan.add(TENON_PUT, words[1]);
  operation.value = plan.keep(words[2]);
  options.apply_to(operation);
}

void compute_setnx(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply) {
  const bool is_absent = !keys.at(words[1]).exists;
  if (is_absent) put(plan, words[1], words[2]);
  reply.integer(is_absent ? 1 : 0);
}

void compute_msetnx(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply) {
  bool all_are_absent = true;
  for (std::size_t i = 1; i < words.size(); i += 2) all_are_absent = all_are_absent && !keys.at(words[i]).exists;
  for (std::size_t i = 1; all_are_absent && i < words.size(); i += 2) put(plan, words[i], words[i + 1]);
  reply.integer(all_are_absent ? 1 : 0);
}

void compute_setrange(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply) {
  const std::optional<std::int64_t> offset = parse_integer(words[2]);
  if (!offset) return reply.error(kNotAnInteger);
  if (*offset < 0) return reply.error("ERR offset is out of range");
  const KeyState& state = keys.at(words[1]);
  const std::string_view part = words[3];
  if (part.empty()) return reply.integer(static_cast<std::int64_t>(state.value.size()));
  const auto offset_max = static_cast<std::int64_t>(keys.value_bytes_max()) - static_cast<std::int64_t>(part.size());
  if (*offset > offset_max) {
    return reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  }
  const auto at = static_cast<std::size_t>(*offset);
  std::string value = state.value;
  value.resize(std::max(value.size(), at + part.size()));
  value.replace(at, part.size(), part);
  put(plan, words[1], value, TENON_EXPIRY_KEEP);
  reply.integer(static_cast<std::int64_t>(value.size()));
}

void compute_incrbyfloat(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply) {
  const KeyState& state = keys.at(words[1]);
  const std::optional<long double> before = state.exists ? parse_float(state.value) : 0;
  const std::optional<long double> delta = parse_float(words[2]);
  if (!before || !delta) return reply.error("ERR value is not a valid float");
  const long double sum = *before + *delta;
  if (std::isnan(sum) || std::isinf(sum)) return reply.error("ERR increment would produce NaN or Infinity");
  const std::string text = text_of(sum);
  put(plan, words[1], text, TENON_EXPIRY_KEEP);
  reply.bulk(text);
}

}  // namespace tenon::api_resp
