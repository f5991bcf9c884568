// SPDX-License-Identifier: MIT
#include "format.hpp"

#include <algorithm>
#include <ostream>
#include <string_view>

#include "tenonctl/text.hpp"

namespace tenon::tenonctl {
namespace {

constexpr std::size_t kNumberWidth = 14;
constexpr std::size_t kKeyWidthMin = 3;  // of the heading

// A column: the text, and blanks up to the width in characters, at least two.
std::string column(std::string_view text, std::size_t width) {
  const auto characters = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char letter) { return (letter & 0xc0) != 0x80; }));
  return std::string(text) + std::string(characters < width ? width - characters + 2 : 2, ' ');
}

std::string quoted(std::uint64_t number) { return "\"" + std::to_string(number) + "\""; }

void print_table_heading(std::ostream& output, std::size_t key_width, client::ScanContent content) {
  if (content == client::ScanContent::kKeys) {
    output << "KEY\n";
    return;
  }
  output << column("KEY", key_width) << column("VERSION", kNumberWidth) << column("MOD_REVISION", kNumberWidth)
         << "VALUE\n";
}

void print_table_row(std::ostream& output, std::size_t key_width, client::ScanContent content,
                     const client::Record& record) {
  if (content == client::ScanContent::kKeys) {
    output << escaped(record.key) << "\n";
    return;
  }
  output << column(escaped(record.key), key_width) << column(std::to_string(record.version), kNumberWidth)
         << column(std::to_string(record.mod_revision), kNumberWidth) << escaped(record.value) << "\n";
}

}  // namespace

std::string json_record(const client::Record& record, client::ScanContent content) {
  const bool is_text = is_utf8(record.key) && is_utf8(record.value);
  const auto bytes = [&](const std::string& value) { return json_string(is_text ? value : to_base64(value)); };
  std::string text = "{\"key\":" + bytes(record.key);
  if (content == client::ScanContent::kKeysAndValues) text += ",\"value\":" + bytes(record.value);
  if (!is_text) text += ",\"encoding\":\"base64\"";
  return text + ",\"create_revision\":" + quoted(record.create_revision) +
         ",\"mod_revision\":" + quoted(record.mod_revision) + ",\"version\":" + quoted(record.version) +
         (record.expires_at_ms ? ",\"expires_at_ms\":" + quoted(*record.expires_at_ms) : "") + "}";
}

void print_write(std::ostream& output, Format format, const std::string& done, const std::string& members,
                 std::uint64_t revision) {
  switch (format) {
    case Format::kTable:
      output << done << " (revision " << revision << ")\n";
      return;
    case Format::kJson:
      output << "{" << members << "\"revision\":" << quoted(revision) << "}\n";
      return;
    case Format::kSimple:
      output << revision << "\n";
      return;
  }
}

void print_outcome(std::ostream& output, Format format, const WriteOutcome& outcome) {
  const bool wants_previous = outcome.wanted == client::Previous::kWanted;
  const std::optional<client::Record>& previous = outcome.previous;
  if (format == Format::kSimple) {
    output << (outcome.simple.empty() ? std::to_string(outcome.revision) : outcome.simple);
    if (wants_previous && previous) output << "\t" << escaped(previous->value);
    output << "\n";
    return;
  }
  std::string members = outcome.members;
  if (wants_previous) {
    members += "\"previous\":" +
               (previous ? json_record(*previous, client::ScanContent::kKeysAndValues) : std::string("null")) + ",";
  }
  print_write(output, format, outcome.done, members, outcome.revision);
  if (format != Format::kTable || !wants_previous) return;
  output << (previous ? "before: " + escaped(previous->value) : std::string("before: there was no such key")) << "\n";
}

void print_transaction(std::ostream& output, Format format, const client::TransactionResult& result) {
  constexpr auto kContent = client::ScanContent::kKeysAndValues;
  constexpr std::string_view kNames[] = {"put", "get", "del", "del-prefix", "append", "increment", "expire", "persist"};
  using Kind = client::Operation::Kind;
  const bool is_json = format == Format::kJson;
  if (is_json) {
    output << "{\"succeeded\":" << (result.succeeded ? "true" : "false") << ",\"results\":[";
  } else {
    output << (result.succeeded ? "then" : "else") << "\n";
  }
  const char* separator = "\n";
  for (const client::OperationResult& one : result.results) {
    const std::string name(kNames[static_cast<std::size_t>(one.kind)]);
    if (is_json) {
      output << separator << "{\"operation\":\"" << name << "\"";
      if (one.kind == Kind::kGet)
        output << ",\"record\":" << (one.record ? json_record(*one.record, kContent) : "null");
      if (one.kind != Kind::kGet && one.kind != Kind::kPut) output << ",\"number\":\"" << one.number << "\"";
      output << "}";
      separator = ",\n";
      continue;
    }
    output << name;
    if (one.record) output << "\t" << escaped(one.record->key) << "\t" << escaped(one.record->value);
    if (one.kind != Kind::kGet && one.kind != Kind::kPut) output << "\t" << one.number;
    output << "\n";
  }
  if (is_json) output << "],\"revision\":" << quoted(result.revision) << "}\n";
}

void print_get(std::ostream& output, Format format, OutputDevice device, const client::GetResult& result) {
  constexpr auto kContent = client::ScanContent::kKeysAndValues;
  switch (format) {
    case Format::kTable: {
      const std::size_t width = std::max(escaped(result.record->key).size(), kKeyWidthMin);
      print_table_heading(output, width, kContent);
      print_table_row(output, width, kContent, *result.record);
      return;
    }
    case Format::kJson:
      output << "{\"record\":" << json_record(*result.record, kContent) << ",\"revision\":" << quoted(result.revision)
             << "}\n";
      return;
    case Format::kSimple:
      output << result.record->value;
      if (device == OutputDevice::kTerminal) output << "\n";
      return;
  }
}

void ScanPrinter::page(const std::vector<client::Record>& records) {
  if (is_first_ && format_ == Format::kJson) output_ << "{\"records\":[";
  if (is_first_ && format_ == Format::kTable) {
    key_width_ = kKeyWidthMin;
    for (const client::Record& record : records) key_width_ = std::max(key_width_, escaped(record.key).size());
    print_table_heading(output_, key_width_, content_);
  }
  bool is_first_record = is_first_;
  is_first_ = false;
  for (const client::Record& record : records) {
    if (format_ == Format::kTable) print_table_row(output_, key_width_, content_, record);
    if (format_ == Format::kJson) output_ << (is_first_record ? "\n" : ",\n") << json_record(record, content_);
    if (format_ == Format::kSimple) {
      output_ << escaped(record.key);
      if (content_ == client::ScanContent::kKeysAndValues) output_ << "\t" << escaped(record.value);
      output_ << "\n";
    }
    is_first_record = false;
  }
}

void ScanPrinter::end(std::uint64_t revision, const std::string& cursor) {
  if (format_ != Format::kJson) return;
  output_ << "],\"cursor\":" << (cursor.empty() ? "null" : json_string(to_base64(cursor)))
          << ",\"revision\":" << quoted(revision) << "}\n";
}

}  // namespace tenon::tenonctl
