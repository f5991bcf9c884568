// SPDX-License-Identifier: MIT
// Commands on keys and their expiry.
#include "command_groups.hpp"
#include "key_computations.hpp"
#include "replies.hpp"
#include "subcommand.hpp"

namespace tenon::api_resp {

namespace {

// Counts the key, or shows its record without its value.
void add_look(Plan& plan, std::string_view key, std::uint32_t flags) {
  tenon_operation& scan = plan.add(TENON_SCAN, key);
  scan.flags = TENON_RANGE_ONE | flags;
  scan.limit = 1;
}

Planned plan_del(Arguments words, Plan& plan) {
  for (const std::string_view key : words.subspan(1)) plan.add(TENON_DELETE, key);
  return plan.answer_by(reply_sum);
}

Planned plan_exists(Arguments words, Plan& plan) {
  for (const std::string_view key : words.subspan(1)) add_look(plan, key, TENON_SCAN_COUNT);
  return plan.answer_by(reply_sum);
}

void reply_type(ReplyWriter& writer, const Answer& answer) {
  writer.simple(answer.results[0].number == 0 ? "none" : "string");
}

Planned plan_type(Arguments words, Plan& plan) {
  add_look(plan, words[1], TENON_SCAN_COUNT);
  return plan.answer_by(reply_type);
}

// The time that is left, or the point in time when `first` is set, divided by `second`; -1 without one, -2 without key.
void reply_expiry(ReplyWriter& writer, const Answer& answer) {
  const tenon_result& result = answer.results[0];
  if (result.record_count == 0) return writer.integer(-2);
  const std::uint64_t expires_at = result.records[0].expires_at_ms;
  if (expires_at == 0) return writer.integer(-1);
  const bool is_absolute = answer.first != 0;
  const auto unit = static_cast<std::uint64_t>(answer.second);
  const std::uint64_t left = expires_at - std::min(expires_at, is_absolute ? 0 : answer.cluster_time_ms);
  // A duration is rounded to the nearest second, as Redis does, a point in time is not.
  writer.integer(static_cast<std::int64_t>((left + (is_absolute ? 0 : unit / 2)) / unit));
}

Planned look_at_expiry(Arguments words, Plan& plan, bool is_absolute, std::int64_t unit) {
  add_look(plan, words[1], TENON_SCAN_KEYS);
  return plan.answer_by(reply_expiry, is_absolute ? 1 : 0, unit);
}
Planned plan_ttl(Arguments words, Plan& plan) { return look_at_expiry(words, plan, false, 1000); }
Planned plan_pttl(Arguments words, Plan& plan) { return look_at_expiry(words, plan, false, 1); }
Planned plan_expiretime(Arguments words, Plan& plan) { return look_at_expiry(words, plan, true, 1000); }
Planned plan_pexpiretime(Arguments words, Plan& plan) { return look_at_expiry(words, plan, true, 1); }

Planned plan_persist(Arguments words, Plan& plan) {
  plan.add(TENON_PERSIST, words[1]);
  return plan.answer_by(reply_sum);
}

Planned expire(Arguments words, Plan& plan) {
  const ExpireRequest request = parse_expire(words);
  if (!request.error.empty()) return plan.refuse(request.error);
  if (request.is_conditional()) return Planned::kNeedsView;
  add_expire(request, words[1], plan);
  return plan.answer_by(reply_sum);
}

// What Redis would keep the value as.
void reply_encoding(ReplyWriter& writer, const Answer& answer) {
  constexpr std::size_t kEmbeddedBytesMax = 44;
  const tenon_result& result = answer.results[0];
  if (result.record_count == 0) return writer.null();
  const std::string_view value = view(result.records[0].value);
  if (parse_integer(value)) return writer.bulk("int");
  writer.bulk(value.size() <= kEmbeddedBytesMax ? "embstr" : "raw");
}

void reply_one_reference(ReplyWriter& writer, const Answer& answer) {
  answer.results[0].number == 0 ? writer.null() : writer.integer(1);
}

void reply_no_idle_time(ReplyWriter& writer, const Answer& answer) {
  answer.results[0].number == 0 ? writer.null() : writer.integer(0);
}

Planned plan_object(Arguments words, Plan& plan) {
  const bool has_key = words.size() == 3;
  if (has_key && equals(words[1], "encoding")) {
    plan.add(TENON_GET, words[2]);
    return plan.answer_by(reply_encoding);
  }
  const bool is_refcount = equals(words[1], "refcount");
  if (has_key && (is_refcount || equals(words[1], "idletime"))) {
    add_look(plan, words[2], TENON_SCAN_COUNT);
    return plan.answer_by(is_refcount ? reply_one_reference : reply_no_idle_time);
  }
  if (has_key && equals(words[1], "freq")) {
    return plan.refuse(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching "
        "between policies at runtime LRU and LFU data will take some time to adjust.");
  }
  for (const std::string_view name : {"encoding", "freq", "idletime", "refcount"}) {
    if (equals(words[1], name)) {
      return plan.refuse("ERR wrong number of arguments for 'object|" + std::string(name) + "' command");
    }
  }
  return plan.refuse(unknown_subcommand_text("object", words[1]));
}

// About what a record takes beside its key and value.
constexpr std::uint64_t kRecordBytes = 96;

void reply_memory(ReplyWriter& writer, const Answer& answer) {
  const tenon_result& result = answer.results[0];
  if (result.record_count == 0) return writer.null();
  const tenon_record& record = result.records[0];
  writer.integer(static_cast<std::int64_t>(record.key.size + record.value.size + kRecordBytes));
}

Planned plan_memory(Arguments words, Plan& plan) {
  if (!equals(words[1], "usage")) return plan.refuse(unknown_subcommand_text("memory", words[1]));
  if (words.size() == 2) return plan.refuse("ERR wrong number of arguments for 'memory|usage' command");
  const bool has_samples = words.size() == 5 && equals(words[3], "samples");
  if (words.size() != 3 && !has_samples) return plan.refuse(kSyntaxError);
  if (has_samples && !parse_integer(words[4])) return plan.refuse(kNotAnInteger);
  plan.add(TENON_GET, words[2]);
  return plan.answer_by(reply_memory);
}

constexpr Command of_key(std::string_view name, int arity, std::uint32_t flags, std::string_view since,
                         std::string_view summary, PlanFunction plan, ComputeFunction compute = nullptr) {
  return {name, arity, flags, 1, 1, 1, Group::kGeneric, since, summary, plan, compute, nullptr, nullptr};
}

constexpr Command of_keys(std::string_view name, std::uint32_t flags, std::string_view since, std::string_view summary,
                          PlanFunction plan) {
  return {name, -2, flags, 1, -1, 1, Group::kGeneric, since, summary, plan, nullptr, nullptr, nullptr};
}

constexpr Command of_two_keys(std::string_view name, int arity, std::string_view since, std::string_view summary,
                              ComputeFunction compute) {
  return {name,    arity,  kWrite | kDenyOutOfMemory, 1, 2, 1, Group::kGeneric, since, summary, nullptr, compute,
          nullptr, nullptr};
}

constexpr Command kCommands[] = {
    of_two_keys("copy", -3, "6.2.0", "Copies a key with its expiry", compute_copy),
    of_keys("del", kWrite, "1.0.0", "Deletes keys", plan_del),
    of_keys("exists", kReadOnly | kFast, "1.0.0", "How many of the keys are there", plan_exists),
    of_key("expire", -3, kWrite | kFast, "1.0.0", "Has a key expire after seconds", expire, compute_expire),
    of_key("expireat", -3, kWrite | kFast, "1.2.0", "Has a key expire at a second", expire, compute_expire),
    of_key("expiretime", 2, kReadOnly | kFast, "7.0.0", "When a key expires, in seconds", plan_expiretime),
    {"memory", -2, kReadOnly | kContainer, 2, 2, 1, Group::kServer, "4.0.0", "How much memory a key takes",
     plan_memory},
    {"object", -2, kReadOnly | kContainer, 2, 2, 1, Group::kGeneric, "2.2.3", "How a value is kept", plan_object},
    of_key("persist", 2, kWrite | kFast, "2.2.0", "Has a key expire no more", plan_persist),
    of_key("pexpire", -3, kWrite | kFast, "2.6.0", "Has a key expire after milliseconds", expire, compute_expire),
    of_key("pexpireat", -3, kWrite | kFast, "2.6.0", "Has a key expire at a millisecond", expire, compute_expire),
    of_key("pexpiretime", 2, kReadOnly | kFast, "7.0.0", "When a key expires, in milliseconds", plan_pexpiretime),
    of_key("pttl", 2, kReadOnly | kFast, "2.6.0", "The milliseconds until a key expires", plan_pttl),
    of_two_keys("rename", 3, "1.0.0", "Gives a key another name", compute_rename),
    of_two_keys("renamenx", 3, "1.0.0", "Gives a key another name that is not in use", compute_renamenx),
    of_keys("touch", kReadOnly | kFast, "3.2.1", "How many of the keys are there", plan_exists),
    of_key("ttl", 2, kReadOnly | kFast, "1.0.0", "The seconds until a key expires", plan_ttl),
    of_key("type", 2, kReadOnly | kFast, "1.0.0", "The type of a value", plan_type),
    of_keys("unlink", kWrite | kFast, "4.0.0", "Deletes keys", plan_del),
};

}  // namespace

std::span<const Command> key_commands() noexcept { return kCommands; }

}  // namespace tenon::api_resp
