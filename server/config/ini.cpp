// SPDX-License-Identifier: MIT
#include "ini.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace tenon::config {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r";

[[noreturn]] void refuse_line(const File& file, std::size_t line, const std::string& explanation) {
  throw ConfigError(file.name + ":" + std::to_string(line) + ": " + explanation);
}

std::string_view without_comment(std::string_view line) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool begins = at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t';
    if (line[at] == '#' && begins) return line.substr(0, at);
  }
  return line;
}

bool is_name(std::string_view text, std::string_view beside) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           beside.find(letter) != std::string_view::npos;
  });
}

class Reader {
 public:
  explicit Reader(const File& file) : file_(file) {}

  void line(std::string_view text) {
    ++number_;
    for (const char letter : text) {
      const auto code = static_cast<unsigned char>(letter);
      if ((code < 0x20 && letter != '\t' && letter != '\r') || code == 0x7f) {
        refuse_line(file_, number_, "found a control character; a configuration is plain text");
      }
    }
    text = trimmed(text);
    if (text.empty() || text.front() == ';') return;
    text = trimmed(without_comment(text));
    if (text.empty()) return;
    if (text.front() == '[') return section(text);
    entry(text);
  }

  Ini take() { return std::move(ini_); }

 private:
  void section(std::string_view text) {
    const std::string_view name = text.back() == ']' ? trimmed(text.substr(1, text.size() - 2)) : std::string_view();
    if (!is_name(name, "_-.")) {
      refuse_line(file_, number_, "found '" + std::string(text) + "', expected a section such as [node]");
    }
    ini_.sections.push_back({std::string(name), number_});
  }

  void entry(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view key = trimmed(text.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(key, "_-.")) {
      refuse_line(file_, number_, "found '" + std::string(text) + "', expected [section] or key = value");
    }
    if (ini_.sections.empty()) {
      refuse_line(file_, number_, std::string(key) + ": the key is in no section; write a line such as [node] above");
    }
    const std::string& in = ini_.sections.back().name;
    const auto [first, is_new] = lines_.try_emplace({in, std::string(key)}, number_);
    if (!is_new) {
      refuse_line(file_, number_,
                  in + "." + std::string(key) + ": the key is set already in line " + std::to_string(first->second) +
                      "; remove one of the two");
    }
    ini_.entries.push_back({in, std::string(key), std::string(trimmed(text.substr(equals + 1))), number_});
  }

  const File& file_;
  std::size_t number_ = 0;
  Ini ini_;
  std::map<std::pair<std::string, std::string>, std::size_t> lines_;  // where each key was first set
};

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

Ini read_ini(const File& file) {
  Reader reader(file);
  std::string_view rest = file.text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    reader.line(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return reader.take();
}

}  // namespace tenon::config
