// SPDX-License-Identifier: MIT
// Commands that go through the keys.
#include <random>

#include "client.hpp"
#include "command_groups.hpp"
#include "expiry.hpp"
#include "key_walk.hpp"
#include "service.hpp"

namespace tenon::api_resp {

namespace {

// What a scan looks at in one step, when it does not say it and at most.
constexpr std::uint64_t kScanCount = 10;
constexpr std::uint64_t kScanCountMax = 1000;

struct ScanWords {
  std::string error;
  std::uint64_t cursor = 0;
  std::uint64_t count = kScanCount;
  std::string pattern = "*";
  bool shows_strings = true;
};

// Redis reads as much of the number as there is, with a sign or spaces before it.
bool read_cursor(std::string_view text, std::uint64_t& cursor) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor);
  return error == std::errc() && end == text.data() + text.size();
}

ScanWords parse_scan(Arguments words) {
  ScanWords scan;
  if (!read_cursor(words[1], scan.cursor)) {
    scan.error = "ERR invalid cursor";
    return scan;
  }
  for (std::size_t i = 2; i < words.size() && scan.error.empty(); i += 2) {
    if (i + 1 == words.size()) {
      scan.error = kSyntaxError;
    } else if (equals(words[i], "match")) {
      scan.pattern = words[i + 1];
      if (scan.pattern.size() > kPatternBytesMax) scan.error = kPatternTooLong;
    } else if (equals(words[i], "type")) {
      scan.shows_strings = equals(words[i + 1], "string");
    } else if (equals(words[i], "count")) {
      const std::optional<std::int64_t> count = parse_integer(words[i + 1]);
      if (!count) scan.error = kNotAnInteger;
      if (count && *count < 1) scan.error = kSyntaxError;
      scan.count = std::min(static_cast<std::uint64_t>(count.value_or(1)), kScanCountMax);
    } else {
      scan.error = kSyntaxError;
    }
  }
  return scan;
}

// One step of a scan. A cursor that this node has not handed out, or has forgotten, is looked for among the keys; when
// its key is gone the scan begins anew, which shows keys again and leaves none out.
class ScanTask final : public KeyWalk {
 public:
  ScanTask(const Execution& execution, ScanWords words) : KeyWalk(execution), words_(std::move(words)) {}

  void begin() override {
    if (words_.cursor == 0) return walk_from_beginning(words_.count);
    const std::optional<std::string> key = service().scan_cursors().find(words_.cursor);
    if (key) return walk_behind(*key, words_.count);
    is_searching_ = true;
    walk_from_beginning(kScanCountMax);
  }

 private:
  void take_keys(std::span<const tenon_record> keys, bool has_more) override {
    if (is_searching_) return search(keys, has_more);
    std::vector<std::string_view> shown;
    const std::size_t looked_at = take_matching(words_.pattern, keys, [&](std::string_view key) {
      if (words_.shows_strings) shown.push_back(key);
    });
    const bool goes_on = looked_at < keys.size() || (has_more && !keys.empty());
    const std::uint64_t cursor = goes_on ? service().scan_cursors().remember(view(keys[looked_at - 1].key)) : 0;
    ReplyWriter writer = reply();
    writer.array(2);
    writer.bulk(std::to_string(cursor));
    writer.array(shown.size());
    for (const std::string_view key : shown) writer.bulk(key);
    end();
  }

  void search(std::span<const tenon_record> keys, bool has_more) {
    for (const tenon_record& record : keys) {
      if (cursor_of(view(record.key)) != words_.cursor) continue;
      is_searching_ = false;
      return walk_behind(view(record.key), words_.count);
    }
    if (has_more && !keys.empty()) return walk_behind(view(keys.back().key), kScanCountMax);
    is_searching_ = false;
    walk_from_beginning(words_.count);
  }

  const ScanWords words_;
  bool is_searching_ = false;
};

std::unique_ptr<Task> scan(const Execution& execution) {
  ScanWords words = parse_scan(execution.arguments);
  if (words.error.empty()) return std::make_unique<ScanTask>(execution, std::move(words));
  execution.reply.error(words.error);
  return nullptr;
}

// All keys that match, as far as a client may be sent at once.
class KeysTask final : public KeyWalk {
 public:
  explicit KeysTask(const Execution& execution) : KeyWalk(execution), pattern_(execution.arguments[1]) {}

  void begin() override { walk_from_beginning(kScanCountMax); }
  std::uint64_t kept_bytes() const noexcept override { return found_.size(); }

 private:
  void take_keys(std::span<const tenon_record> keys, bool has_more) override {
    ReplyWriter found(found_, client().state().protocol);
    const std::size_t looked_at = take_matching(pattern_, keys, [&](std::string_view key) {
      found.bulk(key);
      ++count_;
    });
    if (found_.size() > service().settings().channel.output_bytes_max) {
      reply().error("ERR the keys are more than output_bytes_max; go through them with SCAN");
      return end();
    }
    const bool goes_on = looked_at < keys.size() || (has_more && !keys.empty());
    if (goes_on) return walk_behind(view(keys[looked_at - 1].key), kScanCountMax);
    ReplyWriter writer = reply();
    writer.array(count_);
    writer.raw(found_);
    end();
  }

  const std::string pattern_;
  std::string found_;
  std::size_t count_ = 0;
};

std::unique_ptr<Task> keys(const Execution& execution) {
  if (execution.arguments[1].size() <= kPatternBytesMax) return std::make_unique<KeysTask>(execution);
  execution.reply.error(kPatternTooLong);
  return nullptr;
}

// A key near a place between the first and the last one that chance chooses: any, but not each as likely as another.
class RandomKeyTask final : public Task {
 public:
  explicit RandomKeyTask(const Execution& execution) : Task(execution.service, execution.client) {}

  void begin() override {
    std::array<tenon_operation, 2> ends = {operation(TENON_SCAN, {}), operation(TENON_SCAN, {})};
    for (tenon_operation& end : ends) {
      end.flags = TENON_SCAN_KEYS;
      end.limit = 1;
    }
    ends[1].flags |= TENON_SCAN_BACKWARD;
    ask_for(ends);
  }

 private:
  static constexpr std::uint64_t kNearMax = 32;

  void ask_for(std::span<const tenon_operation> operations) {
    tenon_request request{};
    request.struct_size = sizeof request;
    request.operations = service().submissions().batch().copy(operations);
    request.operation_count = operations.size();
    ask(request);
  }

  void advance(const tenon_completion& completion) override {
    if (failed(completion)) return;
    const std::span<const tenon_result> all = results(completion);
    if (all.size() == 2) {
      if (all[0].record_count == 0 || all[1].record_count == 0) return end_with(nullptr);
      last_ = view(all[1].records[0].key);
      return look_between(view(all[0].records[0].key));
    }
    const std::span<const tenon_record> near = records(all[0]);
    if (near.empty()) {
      reply().bulk(last_);
      return end();
    }
    end_with(&near[service().random() % near.size()]);
  }

  void look_between(std::string_view first) {
    const auto [at_first, at_last] = std::mismatch(first.begin(), first.end(), last_.begin(), last_.end());
    const auto common = static_cast<std::size_t>(at_last - last_.begin());
    std::string place = last_.substr(0, common);
    const auto low = at_first == first.end() ? 0u : static_cast<unsigned char>(*at_first);
    const auto high = at_last == last_.end() ? low : static_cast<unsigned char>(*at_last);
    place.push_back(static_cast<char>(low + service().random() % (high - low + 1)));
    // What follows is chosen among the bytes of the last key, as keys are often made alike.
    for (std::size_t i = common + 1; i < last_.size(); ++i)
      place.push_back(last_[common + service().random() % (last_.size() - common)]);
    tenon_operation near = operation(TENON_SCAN, {});
    near.key = service().submissions().batch().keep(place);
    near.flags = TENON_SCAN_KEYS;
    near.limit = kNearMax;
    ask_for(std::span<const tenon_operation>(&near, 1));
  }

  void end_with(const tenon_record* record) {
    record == nullptr ? reply().null() : reply().bulk(view(record->key));
    end();
  }

  std::string last_;
};

std::unique_ptr<Task> random_key(const Execution& execution) { return std::make_unique<RandomKeyTask>(execution); }

// Deletes everything, in steps of as many keys as one entry of the log may touch.
class FlushTask final : public Task {
 public:
  explicit FlushTask(const Execution& execution) : Task(execution.service, execution.client) {}

  void begin() override { remove_from({}); }

 private:
  void remove_from(tenon_bytes cursor) {
    tenon_operation remove = operation(TENON_DELETE_RANGE, {});
    remove.cursor = service().submissions().batch().keep(view(cursor));
    ask(service().request_of(remove));
  }
  void advance(const tenon_completion& completion) override {
    if (failed(completion)) return;
    const tenon_result& result = results(completion)[0];
    has_removed_ = true;
    if (result.cursor.size != 0) return remove_from(result.cursor);
    reply().ok();
    end();
  }
  // What earlier steps have deleted stays deleted, whatever became of this one.
  void fail(const tenon_completion& completion) override {
    tenon_completion told = completion;
    if (has_removed_) told.outcome = TENON_OUTCOME_UNKNOWN;
    Task::fail(told);
  }

  bool decides_writes() const noexcept override { return true; }

  bool has_removed_ = false;
};

std::unique_ptr<Task> flush(const Execution& execution) {
  const Arguments words = execution.arguments;
  const bool is_good =
      words.size() == 1 || (words.size() == 2 && (equals(words[1], "async") || equals(words[1], "sync")));
  if (is_good) return std::make_unique<FlushTask>(execution);
  execution.reply.error(kSyntaxError);
  return nullptr;
}

constexpr Command task(std::string_view name, int arity, std::uint32_t flags, Group group, std::string_view since,
                       std::string_view summary, TaskFunction function) {
  return {name, arity, flags | kNotInTransaction, 0, 0, 0, group, since, summary, nullptr, nullptr, nullptr, function};
}

constexpr Command kCommands[] = {
    task("flushall", -1, kWrite, Group::kServer, "1.0.0", "Deletes every key", flush),
    task("flushdb", -1, kWrite, Group::kServer, "1.0.0", "Deletes every key", flush),
    task("keys", 2, kReadOnly, Group::kGeneric, "1.0.0", "All keys that match a pattern", keys),
    task("randomkey", 1, kReadOnly, Group::kGeneric, "1.0.0", "Some key", random_key),
    task("scan", -2, kReadOnly, Group::kGeneric, "2.8.0", "The keys, step by step", scan),
};

}  // namespace

std::span<const Command> scan_commands() noexcept { return kCommands; }

}  // namespace tenon::api_resp
