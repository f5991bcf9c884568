// SPDX-License-Identifier: MIT
#include <boost/json.hpp>
#include <stdexcept>

#include "support/linearizability.hpp"

namespace tenon::support {
namespace {

namespace json = boost::json;

[[noreturn]] void refuse(const std::string& what) { throw std::runtime_error(what); }

// Members of an object, each of which is to be asked for; what is left in the end nobody knows.
class Members {
 public:
  explicit Members(const json::value& from) {
    if (!from.is_object()) refuse("found what is not an object, expected one");
    object_ = from.as_object();
  }

  std::optional<json::value> take(std::string_view name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return std::nullopt;
    json::value value = found->value();
    object_.erase(found);
    return value;
  }
  std::optional<std::string> text(std::string_view name) {
    const std::optional<json::value> value = take(name);
    if (!value) return std::nullopt;
    if (!value->is_string()) refuse("'" + std::string(name) + "' is not text");
    return std::string(value->as_string());
  }
  std::optional<Value> text_or_null(std::string_view name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return std::nullopt;
    if (!found->value().is_null()) return Value(text(name));
    object_.erase(found);
    return Value();
  }
  template <class Number>
  std::optional<Number> number(std::string_view name) {
    const std::optional<json::value> value = take(name);
    if (!value) return std::nullopt;
    json::error_code error;
    const Number number = value->to_number<Number>(error);
    if (error || value->is_double()) refuse("'" + std::string(name) + "' is not a whole number in its range");
    return number;
  }
  std::optional<bool> truth(std::string_view name) {
    const std::optional<json::value> value = take(name);
    if (!value) return std::nullopt;
    if (!value->is_bool()) refuse("'" + std::string(name) + "' is neither true nor false");
    return value->as_bool();
  }
  json::array list(std::string_view name) {
    const std::optional<json::value> value = take(name);
    if (!value) return {};
    if (!value->is_array()) refuse("'" + std::string(name) + "' is not a list");
    return value->as_array();
  }
  std::string needed_text(std::string_view name) {
    std::optional<std::string> found = text(name);
    if (!found) refuse("'" + std::string(name) + "' is missing");
    return *std::move(found);
  }
  void end() const {
    if (!object_.empty()) refuse("nobody knows '" + std::string(object_.begin()->key()) + "' here");
  }

 private:
  json::object object_;
};

Step parse_step(const std::string& kind, std::string key, Members& members) {
  Step step;
  step.key = std::move(key);
  if (kind == "put" || kind == "append") step.value = members.needed_text("value");
  if (kind == "increment") step.by = members.number<std::int64_t>("by").value_or(1);
  if (kind == "append" || kind == "increment") step.result = members.number<std::int64_t>("result");
  if (kind == "delete" || kind == "increment") step.changed = members.truth("changed");
  step.found = members.text_or_null("found");
  step.version = members.number<std::uint64_t>("version");
  if (kind == "get") {
    step.action = Action::get;
  } else if (kind == "put") {
    step.action = Action::put;
  } else if (kind == "append") {
    step.action = Action::append;
  } else if (kind == "increment") {
    step.action = Action::increment;
  } else if (kind == "delete") {
    step.action = Action::erase;
  } else {
    refuse("nobody knows the kind '" + kind + "' here");
  }
  return step;
}

std::vector<Step> parse_steps(const json::array& list) {
  std::vector<Step> steps;
  for (const json::value& value : list) {
    Members members(value);
    const std::string kind = members.needed_text("kind");
    steps.push_back(parse_step(kind, members.needed_text("key"), members));
    members.end();
  }
  return steps;
}

Expectation parse_expectation(std::string key, Members& members) {
  Expectation expected{std::move(key), members.text_or_null("expected"),
                       members.number<std::uint64_t>("expected_version")};
  if (!expected.value && !expected.version) refuse("neither 'expected' nor 'expected_version' is there");
  return expected;
}

// A put if the key is as expected; otherwise it is read.
void parse_conditional_put(const std::string& kind, Members& members, Operation& operation) {
  const std::string key = members.needed_text("key");
  operation.compares.push_back(kind == "cas" ? parse_expectation(key, members) : Expectation{key, Value(), {}});
  operation.succeeded = members.truth("changed");
  operation.steps.push_back(parse_step("put", key, members));
  Step read;
  read.key = key;
  read.found = operation.steps.front().found;
  read.version = operation.steps.front().version;
  operation.otherwise.push_back(std::move(read));
}

void parse_transaction(Members& members, Operation& operation) {
  members.take("key");
  for (const json::value& value : members.list("compares")) {
    Members compare(value);
    operation.compares.push_back(parse_expectation(compare.needed_text("key"), compare));
    compare.end();
  }
  operation.steps = parse_steps(members.list("steps"));
  operation.otherwise = parse_steps(members.list("otherwise"));
  operation.succeeded = members.truth("changed");
}

Outcome parse_outcome(const std::string& text) {
  if (text == "done") return Outcome::done;
  if (text == "refused") return Outcome::refused;
  if (text == "unknown") return Outcome::unknown;
  refuse("nobody knows the outcome '" + text + "', expected done, refused or unknown");
}

void parse_times(Members& members, Operation& operation) {
  const std::optional<std::int64_t> call = members.number<std::int64_t>("call");
  if (!call) refuse("'call' is missing");
  operation.call = *call;
  std::optional<std::int64_t> returned;
  const std::optional<json::value> value = members.take("return");
  if (value && !value->is_null()) returned = value->to_number<std::int64_t>();
  if (operation.outcome != Outcome::done) return;
  if (!returned) refuse("'return' is missing of an operation that is done");
  if (*returned < *call) refuse("it returned before it was called");
  operation.returned = *returned;
}

const char* name_of(Action action) {
  constexpr const char* names[] = {"get", "put", "delete", "append", "increment"};
  return names[static_cast<std::size_t>(action)];
}

json::value json_of(const Value& value) { return value ? json::value(*value) : json::value(nullptr); }

void write_report(const Step& step, json::object& object) {
  if (step.found) object["found"] = json_of(*step.found);
  if (step.version) object["version"] = *step.version;
  if (step.changed) object["changed"] = *step.changed;
  if (step.result) object["result"] = *step.result;
}

void write_step(const Step& step, Outcome outcome, json::object& object) {
  object["key"] = step.key;
  object["kind"] = name_of(step.action);
  if (step.action == Action::put || step.action == Action::append) object["value"] = step.value;
  if (step.action == Action::increment) object["by"] = step.by;
  if (outcome == Outcome::done) write_report(step, object);
}

void write_expectation(const Expectation& expected, json::object& object) {
  object["key"] = expected.key;
  if (expected.value) object["expected"] = json_of(*expected.value);
  if (expected.version) object["expected_version"] = *expected.version;
}

bool is_conditional_put(const Operation& operation) {
  return operation.compares.size() == 1 && operation.steps.size() == 1 && operation.otherwise.size() == 1 &&
         operation.steps[0].action == Action::put && operation.otherwise[0].action == Action::get &&
         operation.steps[0].key == operation.compares[0].key && operation.otherwise[0].key == operation.steps[0].key;
}

json::array json_of(const std::vector<Step>& steps, Outcome outcome) {
  json::array list;
  for (const Step& step : steps) {
    json::object object;
    write_step(step, outcome, object);
    list.push_back(std::move(object));
  }
  return list;
}

void write_what(const Operation& operation, json::object& object) {
  const bool is_done = operation.outcome == Outcome::done;
  if (operation.compares.empty() && operation.steps.size() == 1) {
    return write_step(operation.steps[0], operation.outcome, object);
  }
  if (is_conditional_put(operation)) {
    write_expectation(operation.compares[0], object);
    object["kind"] = "cas";
    object["value"] = operation.steps[0].value;
    const Step& ran = operation.succeeded == false ? operation.otherwise[0] : operation.steps[0];
    if (is_done) write_report(ran, object);
  } else {
    object["kind"] = "transaction";
    json::array compares;
    for (const Expectation& expected : operation.compares) {
      json::object compare;
      write_expectation(expected, compare);
      compares.push_back(std::move(compare));
    }
    object["compares"] = std::move(compares);
    object["steps"] = json_of(operation.steps, operation.outcome);
    object["otherwise"] = json_of(operation.otherwise, operation.outcome);
  }
  if (is_done && operation.succeeded) object["changed"] = *operation.succeeded;
}

}  // namespace

Operation parse_operation(std::string_view line) {
  json::error_code error;
  const json::value parsed = json::parse(json::string_view(line.data(), line.size()), error);
  if (error) refuse("it is no JSON: " + error.message());
  Members members(parsed);
  Operation operation;
  if (const auto client = members.take("client")) {
    operation.client = client->is_string() ? std::string(client->as_string()) : json::serialize(*client);
  }
  operation.outcome = parse_outcome(members.needed_text("outcome"));
  parse_times(members, operation);
  operation.revision = members.number<std::uint64_t>("revision");
  const std::string kind = members.needed_text("kind");
  if (kind == "cas" || kind == "put_if_absent") {
    parse_conditional_put(kind, members, operation);
  } else if (kind == "transaction") {
    parse_transaction(members, operation);
  } else {
    operation.steps.push_back(parse_step(kind, members.needed_text("key"), members));
  }
  members.end();
  if (operation.outcome == Outcome::done && !operation.compares.empty() && !operation.succeeded) {
    refuse("'changed' is missing of a conditional operation that is done");
  }
  return operation;
}

std::string text_of(const Operation& operation) {
  constexpr const char* outcomes[] = {"done", "refused", "unknown"};
  json::object object;
  object["client"] = operation.client;
  object["call"] = operation.call;
  if (operation.outcome == Outcome::done) object["return"] = operation.returned;
  object["outcome"] = outcomes[static_cast<std::size_t>(operation.outcome)];
  write_what(operation, object);
  if (operation.outcome == Outcome::done && operation.revision) object["revision"] = *operation.revision;
  return json::serialize(object);
}

}  // namespace tenon::support
