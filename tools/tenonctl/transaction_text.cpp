// SPDX-License-Identifier: MIT
#include "tenonctl/transaction_text.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "tenon/option.hpp"

namespace tenon::tenonctl {
namespace {

using client::Compare;
using client::Expiry;
using client::Operation;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

bool is_blank(char one) { return one == ' ' || one == '\t' || one == '\r'; }

int hex_digit(char one) {
  if (one >= '0' && one <= '9') return one - '0';
  if (one >= 'a' && one <= 'f') return one - 'a' + 10;
  if (one >= 'A' && one <= 'F') return one - 'A' + 10;
  return -1;
}

// What the escape at the beginning of `rest`, behind its backslash, means; takes it from `rest`.
char take_escape(std::string_view& rest) {
  constexpr std::string_view kLetters = "ntr\"\\";
  constexpr std::string_view kMeanings = "\n\t\r\"\\";
  const std::size_t at = rest.empty() ? std::string_view::npos : kLetters.find(rest.front());
  if (at != std::string_view::npos) {
    rest.remove_prefix(1);
    return kMeanings[at];
  }
  const bool is_hex = rest.size() >= 3 && rest[0] == 'x' && hex_digit(rest[1]) >= 0 && hex_digit(rest[2]) >= 0;
  if (!is_hex) fail("found a backslash before what is no escape, expected \\n \\t \\r \\\" \\\\ or \\xNN");
  const int byte = hex_digit(rest[1]) * 16 + hex_digit(rest[2]);
  rest.remove_prefix(3);
  return static_cast<char>(byte);
}

std::string take_quoted(std::string_view& rest) {
  std::string field;
  while (!rest.empty()) {
    const char one = rest.front();
    rest.remove_prefix(1);
    if (one == '"') return field;
    field += one == '\\' ? take_escape(rest) : one;
  }
  fail("found a double quote that is not closed");
}

std::int64_t number_of(const std::string& text) {
  const std::optional<std::int64_t> number = parse_integer(text);
  if (!number) fail("found '" + text + "', expected a number of 64 bits");
  return *number;
}

Expiry after(const std::string& text) {
  const std::optional<std::chrono::microseconds> duration = parse_duration(text);
  const auto milliseconds = duration ? std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count() : 0;
  if (milliseconds < 1) fail("found '" + text + "', expected a duration of 1ms or more, as 500ms, 10s or 1h");
  return {Expiry::Kind::kAfter, static_cast<std::uint64_t>(milliseconds)};
}

Compare::Relation relation_of(const std::string& text) {
  if (text == "=") return Compare::Relation::kEqual;
  if (text == "!=") return Compare::Relation::kNotEqual;
  if (text == "<") return Compare::Relation::kLess;
  if (text == ">") return Compare::Relation::kGreater;
  fail("found '" + text + "', expected =, !=, < or >");
}

Compare condition_of(const std::vector<std::string>& fields) {
  const std::string what = fields.size() > 1 ? fields[1] : std::string();
  Compare made;
  if (fields.size() == 3 && (what == "absent" || what == "exists")) {
    made.key = fields[2];
    made.relation = what == "absent" ? Compare::Relation::kEqual : Compare::Relation::kNotEqual;
    return made;
  }
  constexpr std::string_view kTargets[] = {"value", "version", "create_revision", "mod_revision"};
  const auto* const target = std::find(std::begin(kTargets), std::end(kTargets), what);
  if (fields.size() != 5 || target == std::end(kTargets)) {
    fail(
        "found a condition that is none, expected if absent KEY, if exists KEY, or if value|version|create_revision|"
        "mod_revision KEY =|!=|<|> WHAT");
  }
  made.key = fields[2];
  made.target = static_cast<Compare::Target>(target - std::begin(kTargets));
  made.relation = relation_of(fields[3]);
  if (made.target == Compare::Target::kValue) {
    made.value = fields[4];
  } else {
    const std::int64_t number = number_of(fields[4]);
    if (number < 0) fail("found '" + fields[4] + "', expected a version or revision from 0 on");
    made.number = static_cast<std::uint64_t>(number);
  }
  return made;
}

struct Verb {
  std::string_view name;
  Operation::Kind kind;
  std::size_t fields_min;  // with the verb
  std::size_t fields_max;
  std::string_view usage;
};
constexpr Verb kVerbs[] = {
    {"put", Operation::Kind::kPut, 3, 4, "put KEY VALUE [DURATION]"},
    {"get", Operation::Kind::kGet, 2, 2, "get KEY"},
    {"del", Operation::Kind::kErase, 2, 2, "del KEY"},
    {"del-prefix", Operation::Kind::kEraseRange, 2, 2, "del-prefix PREFIX"},
    {"append", Operation::Kind::kAppend, 3, 3, "append KEY VALUE"},
    {"increment", Operation::Kind::kIncrement, 3, 3, "increment KEY DELTA"},
    {"expire", Operation::Kind::kExpire, 3, 3, "expire KEY DURATION"},
    {"persist", Operation::Kind::kPersist, 2, 2, "persist KEY"},
};

Operation operation_of(const std::vector<std::string>& fields) {
  const auto* const verb =
      std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const Verb& one) { return one.name == fields[0]; });
  if (verb == std::end(kVerbs)) {
    fail("found '" + fields[0] +
         "', expected if, else, put, get, del, del-prefix, append, increment, expire or persist");
  }
  if (fields.size() < verb->fields_min || fields.size() > verb->fields_max) {
    fail("found " + std::to_string(fields.size()) + " fields, expected " + std::string(verb->usage));
  }
  Operation made;
  made.kind = verb->kind;
  made.key = fields[1];
  switch (verb->kind) {
    case Operation::Kind::kPut:
      made.value = fields[2];
      if (fields.size() == 4) made.expiry = after(fields[3]);
      break;
    case Operation::Kind::kEraseRange:
      made.range.prefix = fields[1];
      break;
    case Operation::Kind::kAppend:
      made.value = fields[2];
      break;
    case Operation::Kind::kIncrement:
      made.delta = number_of(fields[2]);
      break;
    case Operation::Kind::kExpire:
      made.expiry = after(fields[2]);
      break;
    default:
      break;
  }
  return made;
}

class Parser {
 public:
  void line(std::string_view text) {
    const std::vector<std::string> fields = fields_of(text);
    if (fields.empty()) return;
    if (fields[0] == "else") {
      if (fields.size() != 1 || in_otherwise_) fail("found a second else, or something behind it");
      in_otherwise_ = true;
    } else if (fields[0] == "if") {
      if (in_otherwise_ || !made_.operations.empty())
        fail("found a condition behind an operation; conditions come first");
      made_.compares.push_back(condition_of(fields));
    } else {
      (in_otherwise_ ? made_.otherwise : made_.operations).push_back(operation_of(fields));
    }
  }
  client::Transaction take() {
    if (made_.operations.empty() && made_.otherwise.empty()) fail("found no operation");
    return std::move(made_);
  }

 private:
  client::Transaction made_;
  bool in_otherwise_ = false;
};

}  // namespace

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    if (line.empty()) return fields;
    if (line.front() == '"') {
      line.remove_prefix(1);
      fields.push_back(take_quoted(line));
      if (!line.empty() && !is_blank(line.front()))
        fail("found something right behind a double quote, expected a blank");
      continue;
    }
    const auto end = std::find_if(line.begin(), line.end(), is_blank);
    fields.emplace_back(line.begin(), end);
    line.remove_prefix(static_cast<std::size_t>(end - line.begin()));
  }
}

client::Transaction parse_transaction(std::string_view text) {
  Parser parser;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    try {
      parser.line(text.substr(0, end));
    } catch (const std::runtime_error& error) {
      fail("line " + std::to_string(number) + " of the transaction: " + error.what());
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.take();
}

}  // namespace tenon::tenonctl
