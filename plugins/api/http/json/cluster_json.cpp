// SPDX-License-Identifier: MIT
#include "cluster_json.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "admin_text.hpp"
#include "json_text.hpp"
#include "response.hpp"
#include "target.hpp"

namespace tenon::api_http {

namespace {

constexpr std::string_view kOption = "option ";

std::string list_json(std::string_view text) {
  std::string list = "[";
  for (const std::string_view one : split(text, '|')) list.append(list.size() == 1 ? "" : ",").append(quoted(one));
  return list += ']';
}

void append_members(JsonObject& object, const NamedTexts& texts) {
  for (const auto& [name, value] : texts) {
    const bool is_list = name == "addresses" || name == "clients";
    object.raw(name, is_list ? list_json(value) : quoted(value));
  }
}

void append_texts(std::string& text, const NamedTexts& texts) {
  JsonObject object(text);
  append_members(object, texts);
}

}  // namespace

std::string plugins_json(std::string_view plugins) {
  std::vector<std::pair<NamedTexts, NamedTexts>> parts;  // with their options
  for (std::string_view line : split(plugins, '\n')) {
    if (!line.starts_with(' ')) {
      for (NamedTexts& fields : read_table(line)) parts.push_back({std::move(fields), {}});
      continue;
    }
    line.remove_prefix(1);
    if (parts.empty()) continue;
    const bool is_option = line.starts_with(kOption);
    if (is_option) line.remove_prefix(kOption.size());
    const std::size_t space = std::min(line.find(' '), line.size());
    NamedTexts& texts = is_option ? parts.back().second : parts.back().first;
    texts.emplace(line.substr(0, space), line.substr(std::min(space + 1, line.size())));
  }
  std::string text = "{\"plugins\":[";
  for (const auto& [fields, options] : parts) {
    if (!text.ends_with('[')) text += ',';
    JsonObject object(text);
    append_members(object, fields);
    object.name("options");
    append_texts(text, options);
  }
  return text += "]}";
}

std::vector<SlowOperationJson> slow_operations_json(std::string_view operations) {
  std::vector<SlowOperationJson> found;
  for (const NamedTexts& fields : read_table(operations)) {
    std::string text;
    JsonObject object(text);
    for (const auto& [name, value] : fields) {
      if (name == "key" || name == "trace") {
        object.bytes(name, percent_decoded(value).value_or(""));
      } else {
        object.text(name, value);
      }
    }
    object.end();
    found.push_back({number_at(fields, "sequence"), std::move(text)});
  }
  return found;
}

std::string cluster_json(std::string_view status, std::string_view members) {
  std::string text;
  JsonObject object(text);
  object.name("node");
  append_texts(text, read_lines(status));
  object.name("members");
  text += '[';
  bool is_first = true;
  for (const NamedTexts& member : read_table(members)) {
    if (!is_first) text += ',';
    is_first = false;
    append_texts(text, member);
  }
  text += ']';
  object.end();
  return text;
}

}  // namespace tenon::api_http
