// SPDX-License-Identifier: MIT
// Commands on values that operations alone can say.
#include "command_groups.hpp"
#include "expiry.hpp"
#include "replies.hpp"
#include "set_options.hpp"
#include "string_computations.hpp"

namespace tenon::api_resp {

namespace {

constexpr std::uint32_t kGrows = kWrite | kDenyOutOfMemory;

void reply_length(ReplyWriter& writer, const Answer& answer) {
  const tenon_result& result = answer.results[0];
  writer.integer(result.record_count == 0 ? 0 : static_cast<std::int64_t>(result.records[0].value.size));
}

void reply_part(ReplyWriter& writer, const Answer& answer) {
  const tenon_result& result = answer.results[0];
  const std::string_view value = result.record_count == 0 ? std::string_view() : view(result.records[0].value);
  writer.bulk(part_of(value, answer.first, answer.second));
}

Planned plan_get(Arguments words, Plan& plan) {
  plan.add(TENON_GET, words[1]);
  return plan.answer_by(reply_value);
}

Planned plan_set(Arguments words, Plan& plan) {
  const SetOptions options = parse_set_options(words);
  if (!options.error.empty()) return plan.refuse(options.error);
  const bool is_conditional = options.if_absent || options.if_present;
  if (is_conditional && (options.returns_previous || !plan.may_compare())) return Planned::kNeedsView;
  tenon_operation& put = plan.add(TENON_PUT, words[1]);
  put.value = plan.keep(words[2]);
  options.apply_to(put);
  if (options.returns_previous) {
    put.flags |= TENON_WITH_PREVIOUS;
    return plan.answer_by(reply_value);
  }
  if (!is_conditional) return plan.answer_by(reply_ok);
  const std::uint32_t relation = options.if_absent ? TENON_EQUAL : TENON_NOT_EQUAL;
  plan.require(compare_number(words[1], TENON_COMPARE_VERSION, relation, 0));
  return plan.answer_by(reply_ok_if);
}

Planned plan_setnx(Arguments words, Plan& plan) {
  if (!plan.may_compare()) return Planned::kNeedsView;
  plan.add(TENON_PUT, words[1]).value = plan.keep(words[2]);
  plan.require(absent(words[1]));
  return plan.answer_by(reply_one_if);
}

Planned set_expiring(Arguments words, Plan& plan, const ExpiryUnit& unit) {
  const ParsedExpiry expiry = parse_expiry(words[2], unit, words[0]);
  if (!expiry.error.empty()) return plan.refuse(expiry.error);
  if (expiry.milliseconds <= 0) return plan.refuse(invalid_expire_text(words[0]));
  tenon_operation& put = plan.add(TENON_PUT, words[1]);
  put.value = plan.keep(words[3]);
  put.expiry_ms = static_cast<std::uint64_t>(expiry.milliseconds);
  return plan.answer_by(reply_ok);
}
Planned plan_setex(Arguments words, Plan& plan) { return set_expiring(words, plan, {false, 1000}); }
Planned plan_psetex(Arguments words, Plan& plan) { return set_expiring(words, plan, {false, 1}); }

Planned plan_getset(Arguments words, Plan& plan) {
  tenon_operation& put = plan.add(TENON_PUT, words[1]);
  put.value = plan.keep(words[2]);
  put.flags = TENON_WITH_PREVIOUS;
  return plan.answer_by(reply_value);
}

Planned plan_getdel(Arguments words, Plan& plan) {
  plan.add(TENON_DELETE, words[1]).flags = TENON_WITH_PREVIOUS;
  return plan.answer_by(reply_value);
}

// What is done to the expiry follows the read, so that a point in time that has passed still shows the value.
Planned plan_getex(Arguments words, Plan& plan) {
  const GetexOptions options = parse_getex_options(words);
  if (!options.error.empty()) return plan.refuse(options.error);
  plan.add(TENON_GET, words[1]);
  if (options.persists) {
    plan.add(TENON_PERSIST, words[1]);
  } else if (options.unit) {
    tenon_operation& expire = plan.add(TENON_EXPIRE, words[1]);
    expire.expiry_ms = static_cast<std::uint64_t>(options.milliseconds);
    if (options.unit->is_absolute) expire.flags = TENON_EXPIRY_ABSOLUTE;
  }
  return plan.answer_by(reply_value);
}

Planned plan_mget(Arguments words, Plan& plan) {
  for (const std::string_view key : words.subspan(1)) plan.add(TENON_GET, key);
  return plan.answer_by(reply_values);
}

Planned put_pairs(Arguments words, Plan& plan) {
  if (words.size() % 2 == 0) {
    return plan.refuse("ERR wrong number of arguments for '" + lower(words[0]) + "' command");
  }
  for (std::size_t i = 1; i < words.size(); i += 2) plan.add(TENON_PUT, words[i]).value = plan.keep(words[i + 1]);
  return plan.answer_by(reply_ok);
}

Planned plan_msetnx(Arguments words, Plan& plan) {
  if (!plan.may_compare() && words.size() % 2 != 0) return Planned::kNeedsView;
  const Planned planned = put_pairs(words, plan);
  if (planned != Planned::kOperations) return planned;
  for (std::size_t i = 1; i < words.size(); i += 2) plan.require(absent(words[i]));
  return plan.answer_by(reply_one_if);
}

Planned plan_append(Arguments words, Plan& plan) {
  plan.add(TENON_APPEND, words[1]).value = plan.keep(words[2]);
  plan.answer_by(reply_sum);
  plan.reply.makes_value = true;
  return Planned::kOperations;
}

Planned plan_strlen(Arguments words, Plan& plan) {
  plan.add(TENON_GET, words[1]);
  return plan.answer_by(reply_length);
}

Planned plan_getrange(Arguments words, Plan& plan) {
  const std::optional<std::int64_t> first = parse_integer(words[2]);
  const std::optional<std::int64_t> last = parse_integer(words[3]);
  if (!first || !last) return plan.refuse(kNotAnInteger);
  plan.add(TENON_GET, words[1]);
  return plan.answer_by(reply_part, *first, *last);
}

Planned increment(Arguments words, Plan& plan, std::int64_t delta) {
  plan.add(TENON_INCREMENT, words[1]).delta = delta;
  return plan.answer_by(reply_sum);
}
Planned plan_incr(Arguments words, Plan& plan) { return increment(words, plan, 1); }
Planned plan_decr(Arguments words, Plan& plan) { return increment(words, plan, -1); }
Planned plan_incrby(Arguments words, Plan& plan) {
  const std::optional<std::int64_t> delta = parse_integer(words[2]);
  return delta ? increment(words, plan, *delta) : plan.refuse(kNotAnInteger);
}
Planned plan_decrby(Arguments words, Plan& plan) {
  const std::optional<std::int64_t> delta = parse_integer(words[2]);
  if (!delta) return plan.refuse(kNotAnInteger);
  if (*delta == std::numeric_limits<std::int64_t>::min()) return plan.refuse("ERR decrement would overflow");
  return increment(words, plan, -*delta);
}

constexpr Command of_value(std::string_view name, int arity, std::uint32_t flags, std::string_view since,
                           std::string_view summary, PlanFunction plan, ComputeFunction compute = nullptr) {
  return {name, arity, flags, 1, 1, 1, Group::kString, since, summary, plan, compute, nullptr, nullptr};
}

constexpr Command of_pairs(std::string_view name, std::string_view since, std::string_view summary, PlanFunction plan,
                           ComputeFunction compute) {
  return {name, -3, kGrows, 1, -1, 2, Group::kString, since, summary, plan, compute, nullptr, nullptr};
}

constexpr Command kCommands[] = {
    of_value("append", 3, kGrows | kFast, "2.0.0", "Adds bytes to the end of a value", plan_append),
    of_value("decr", 2, kGrows | kFast, "1.0.0", "Takes one from a number", plan_decr),
    of_value("decrby", 3, kGrows | kFast, "1.0.0", "Takes a number from a number", plan_decrby),
    of_value("get", 2, kReadOnly | kFast, "1.0.0", "The value of a key", plan_get),
    of_value("getdel", 2, kWrite | kFast, "6.2.0", "The value of a key that is deleted", plan_getdel),
    of_value("getex", -2, kWrite | kFast, "6.2.0", "The value of a key whose expiry is set", plan_getex),
    of_value("getrange", 4, kReadOnly, "2.4.0", "A part of a value", plan_getrange),
    of_value("getset", 3, kGrows | kFast, "1.0.0", "Puts a value and shows the one before", plan_getset),
    of_value("incr", 2, kGrows | kFast, "1.0.0", "Adds one to a number", plan_incr),
    of_value("incrby", 3, kGrows | kFast, "1.0.0", "Adds a number to a number", plan_incrby),
    of_value("incrbyfloat", 3, kGrows | kFast, "2.6.0", "Adds a number with a fraction to a number", nullptr,
             compute_incrbyfloat),
    {"mget", -2, kReadOnly | kFast, 1, -1, 1, Group::kString, "1.0.0", "The values of keys", plan_mget},
    of_pairs("mset", "1.0.1", "Puts values, all or none", put_pairs, nullptr),
    of_pairs("msetnx", "1.0.1", "Puts values if none of the keys is there", plan_msetnx, compute_msetnx),
    of_value("psetex", 4, kGrows, "2.6.0", "Puts a value that expires after milliseconds", plan_psetex),
    of_value("set", -3, kGrows, "1.0.0", "Puts a value", plan_set, compute_set),
    of_value("setex", 4, kGrows, "2.0.0", "Puts a value that expires after seconds", plan_setex),
    of_value("setnx", 3, kGrows | kFast, "1.0.0", "Puts a value if the key is not there", plan_setnx, compute_setnx),
    of_value("setrange", 4, kGrows, "2.2.0", "Overwrites a part of a value", nullptr, compute_setrange),
    of_value("strlen", 2, kReadOnly | kFast, "2.2.0", "How many bytes a value has", plan_strlen),
    of_value("substr", 4, kReadOnly, "1.0.0", "A part of a value", plan_getrange),
};

}  // namespace

std::span<const Command> string_commands() noexcept { return kCommands; }

}  // namespace tenon::api_resp
