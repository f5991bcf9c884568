// SPDX-License-Identifier: MIT
#include "session_names.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tenon/option.hpp"

namespace tenon::tenonctl {
namespace {

constexpr std::size_t kNameBytesMax = 64;

bool is_letter(char one) { return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z'); }
bool is_digit(char one) { return one >= '0' && one <= '9'; }

bool is_name(const std::string& text) {
  const auto fits = [](char one) { return is_letter(one) || is_digit(one) || one == '-' || one == '_' || one == '.'; };
  return !text.empty() && text.size() <= kNameBytesMax && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), fits);
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  const std::optional<std::int64_t> number = parse_integer(text);
  if (!number || *number < 1) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

}  // namespace

std::optional<std::uint64_t> SessionNames::find(const std::string& text) const {
  if (const std::optional<std::uint64_t> number = number_of(text)) return number;
  const std::string file_path = path(text);
  std::ifstream file(file_path);
  if (!file) return std::nullopt;
  std::string line;
  std::getline(file, line);
  const std::optional<std::uint64_t> kept = number_of(line);
  if (!kept) {
    throw std::runtime_error(file_path + ": found no number of a session; remove the file and open another session");
  }
  return kept;
}

void SessionNames::keep(const std::string& name, std::uint64_t session) const {
  const std::string file_path = path(name);
  const std::string fresh_path = file_path + "~";
  std::error_code ignored;  // the write below says what is wrong
  std::filesystem::create_directories(std::filesystem::path(file_path).parent_path(), ignored);
  std::ofstream file(fresh_path);
  file << session << "\n";
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(fresh_path, file_path, error);
  if (!file || error) {
    throw std::runtime_error(file_path + ": the name of session " + std::to_string(session) +
                             " cannot be kept; use its number");
  }
}

void SessionNames::forget(const std::string& text) const {
  if (number_of(text)) return;
  std::error_code ignored;  // a name that stays leads to a session that has ended, which says so
  std::filesystem::remove(path(text), ignored);
}

std::string SessionNames::path(const std::string& name) const {
  if (!is_name(name)) {
    throw std::runtime_error("found '" + name +
                             "' for a session, expected its number, or a name of a letter and at most 63 letters, "
                             "digits, '-', '_' and '.'");
  }
  if (!directory_) {
    throw std::runtime_error(
        "there is no place for names of sessions, because neither XDG_STATE_HOME nor HOME is set; "
        "use the number of the session");
  }
  return *directory_ + "/tenonctl/sessions/" + name;
}

}  // namespace tenon::tenonctl
