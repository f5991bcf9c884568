// SPDX-License-Identifier: MIT
#include "new_plugin.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "template_files.hpp"

namespace tenon::tenonctl {
namespace {

constexpr std::string_view kTemplateName = "sample";
constexpr std::string_view kTemplateType = "Sample";
constexpr std::size_t kNameSizeMax = 40;

bool is_lower(char character) { return character >= 'a' && character <= 'z'; }
bool is_digit(char character) { return character >= '0' && character <= '9'; }
char upper(char character) { return is_lower(character) ? static_cast<char>(character - 'a' + 'A') : character; }

void check_name(const std::string& name) {
  const auto is_allowed = [](char character) { return is_lower(character) || is_digit(character) || character == '_'; };
  const bool is_name = !name.empty() && name.size() <= kNameSizeMax && is_lower(name.front()) &&
                       std::all_of(name.begin(), name.end(), is_allowed) && name.find("__") == std::string::npos;
  if (is_name) return;
  throw std::runtime_error("plugin new: found the name '" + name + "', expected at most " +
                           std::to_string(kNameSizeMax) + " of a-z, 0-9 and single _, a letter first");
}

// my_log -> MyLog
std::string type_name(const std::string& name) {
  std::string type;
  bool is_first = true;
  for (const char character : name) {
    if (character != '_') type += is_first ? upper(character) : character;
    is_first = character == '_';
  }
  return type;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) throw std::runtime_error(path.string() + " cannot be written");
}

}  // namespace

std::vector<std::string> write_project(const std::string& name, const std::filesystem::path& directory) {
  check_name(name);
  if (std::filesystem::exists(directory) && !std::filesystem::is_empty(directory)) {
    throw std::runtime_error(directory.string() + " is there and not empty; give the path of a new directory");
  }
  const std::string type = type_name(name);
  const auto renamed = [&](std::string_view text) {
    return replaced(replaced(std::string(text), kTemplateName, name), kTemplateType, type);
  };
  std::vector<std::string> written;
  for (const TemplateFile& file : template_files()) {
    written.push_back(renamed(file.path));
    write_file(directory / written.back(), renamed(file.content));
  }
  return written;
}

}  // namespace tenon::tenonctl
