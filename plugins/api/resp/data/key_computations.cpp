// SPDX-License-Identifier: MIT
#include "key_computations.hpp"

#include <limits>

namespace tenon::api_resp {

namespace {

constexpr std::string_view kNoSuchKey = "ERR no such key";

ExpiryUnit unit_of(std::string_view command) noexcept {
  const bool is_absolute = command.size() > 2 && equals(command.substr(command.size() - 2), "at");
  const bool is_in_milliseconds = lower(command.front()) == 'p';
  return {is_absolute, is_in_milliseconds ? 1 : 1000};
}

void put_copy(const KeyState& state, std::string_view key, Plan& plan) {
  tenon_operation& put = plan.add(TENON_PUT, key);
  put.value = plan.keep(state.value);
  if (state.expires_at_ms == 0) return;
  put.expiry_ms = state.expires_at_ms;
  put.flags = TENON_EXPIRY_ABSOLUTE;
}

void rename(Arguments words, const KeyView& keys, Plan& plan) {
  if (words[1] == words[2]) return;
  put_copy(keys.at(words[1]), words[2], plan);
  plan.add(TENON_DELETE, words[1]);
}

}  // namespace

ExpireRequest parse_expire(Arguments words) {
  ExpireRequest request;
  request.unit = unit_of(words[0]);
  for (const std::string_view word : words.subspan(3)) {
    if (equals(word, "nx")) {
      request.if_none = true;
    } else if (equals(word, "xx")) {
      request.if_any = true;
    } else if (equals(word, "gt")) {
      request.if_later = true;
    } else if (equals(word, "lt")) {
      request.if_earlier = true;
    } else {
      request.error = "ERR Unsupported option " + std::string(word);
      return request;
    }
  }
  if (request.if_none && (request.if_any || request.if_later || request.if_earlier)) {
    request.error = "ERR NX and XX, GT or LT options at the same time are not compatible";
  } else if (request.if_later && request.if_earlier) {
    request.error = "ERR GT and LT options at the same time are not compatible";
  } else {
    const ParsedExpiry expiry = parse_expiry(words[2], request.unit, words[0]);
    request.milliseconds = expiry.milliseconds;
    request.error = expiry.error;
  }
  return request;
}

void add_expire(const ExpireRequest& request, std::string_view key, Plan& plan) {
  if (request.milliseconds <= 0) {
    plan.add(TENON_DELETE, key);
    return;
  }
  tenon_operation& operation = plan.add(TENON_EXPIRE, key);
  operation.expiry_ms = static_cast<std::uint64_t>(request.milliseconds);
  if (request.unit.is_absolute) operation.flags = TENON_EXPIRY_ABSOLUTE;
}

void compute_expire(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply) {
  const ExpireRequest request = parse_expire(words);
  if (!request.error.empty()) return reply.error(request.error);
  const KeyState& state = keys.at(words[1]);
  // A key that never expires counts as one that does so later than any other.
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  const bool has_one = state.expires_at_ms != 0;
  const std::int64_t now = has_one ? static_cast<std::int64_t>(state.expires_at_ms) : kNever;
  std::int64_t wanted = request.milliseconds;
  const auto cluster_time = static_cast<std::int64_t>(keys.cluster_time_ms());
  if (!request.unit.is_absolute && __builtin_add_overflow(cluster_time, wanted, &wanted)) {
    return reply.error(invalid_expire_text(words[0]));
  }
  const bool holds = state.exists && !(request.if_none && has_one) && !(request.if_any && !has_one) &&
                     !(request.if_later && (!has_one || wanted <= now)) && !(request.if_earlier && wanted >= now);
  if (holds) add_expire(request, words[1], plan);
  reply.integer(holds ? 1 : 0);
}

void compute_rename(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply) {
  if (!keys.at(words[1]).exists) return reply.error(kNoSuchKey);
  rename(words, keys, plan);
  reply.ok();
}

void compute_renamenx(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply) {
  if (!keys.at(words[1]).exists) return reply.error(kNoSuchKey);
  const bool is_free = !keys.at(words[2]).exists;
  if (is_free) rename(words, keys, plan);
  reply.integer(is_free ? 1 : 0);
}

void compute_copy(Arguments words, const KeyView& keys, Plan& plan, ReplyWriter& reply) {
  bool replaces = false;
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (equals(words[i], "replace")) {
      replaces = true;
    } else if (equals(words[i], "db") && i + 1 < words.size()) {
      const std::optional<std::int64_t> database = parse_integer(words[++i]);
      if (!database) return reply.error(kNotAnInteger);
      if (*database != 0) return reply.error("ERR DB index is out of range");
    } else {
      return reply.error(kSyntaxError);
    }
  }
  if (words[1] == words[2]) return reply.error("ERR source and destination objects are the same");
  const KeyState& from = keys.at(words[1]);
  const bool copies = from.exists && (replaces || !keys.at(words[2]).exists);
  if (copies) put_copy(from, words[2], plan);
  reply.integer(copies ? 1 : 0);
}

}  // namespace tenon::api_resp
