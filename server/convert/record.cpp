// SPDX-License-Identifier: MIT
#include "convert/record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "tenon/host.hpp"

namespace tenon::server {
namespace {

constexpr std::string_view kFirstLine = "tenon conversion 1\n";
constexpr std::string_view kFrom = "from ";
constexpr std::string_view kTo = "to ";
constexpr std::size_t kRecordBytesMax = 16384;

[[noreturn]] void throw_errno(const std::string& what) {
  const int number = errno;
  throw Error(number == ENOSPC || number == EDQUOT ? TENON_ERROR_NO_SPACE : TENON_ERROR_IO,
              what + ": " + std::strerror(number));
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (value_ < 0) throw_errno(path.string() + " cannot be opened");
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(value_); }
  int value() const noexcept { return value_; }

 private:
  const int value_;
};

std::string quoted(const std::string& word) {
  const bool is_plain = std::all_of(word.begin(), word.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           std::string_view("/._-:+,@%").find(letter) != std::string_view::npos;
  });
  if (is_plain) return word;
  std::string text = "'";
  for (const char letter : word) letter == '\'' ? text += "'\\''" : text += letter;
  return text + "'";
}

// Takes one line of the form PREFIX PLUGIN:DIRECTORY from the text.
std::optional<StoragePlace> take_place(std::string_view& text, std::string_view prefix) {
  const std::size_t end = text.find('\n');
  if (!text.starts_with(prefix) || end == std::string_view::npos) return std::nullopt;
  const std::string_view place = text.substr(prefix.size(), end - prefix.size());
  text.remove_prefix(end + 1);
  const std::size_t colon = place.find(':');
  if (colon == std::string_view::npos || colon == 0 || !place.substr(colon + 1).starts_with('/')) return std::nullopt;
  return StoragePlace{std::string(place.substr(0, colon)), std::filesystem::path(place.substr(colon + 1))};
}

}  // namespace

std::string command_of(const Conversion& conversion) {
  return "tenond storage convert --from " + quoted(conversion.from.text()) + " --to " + quoted(conversion.to.text());
}

void sync_directory(const std::filesystem::path& directory) {
  const Descriptor opened(directory, O_RDONLY | O_DIRECTORY);
  if (::fsync(opened.value()) != 0) throw_errno("the directory " + directory.string() + " cannot be synced");
}

void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    throw_errno(from.string() + " cannot get the name " + to.filename().string());
  }
  sync_directory(to.parent_path());
}

void write_record(const std::filesystem::path& data_directory, const Conversion& conversion) {
  std::string text(kFirstLine);
  for (const auto& [prefix, place] : {std::pair{kFrom, conversion.from.text()}, {kTo, conversion.to.text()}}) {
    if (place.find('\n') != std::string::npos) {
      throw Error(TENON_ERROR_INVALID, "the directory '" + place + "' has a line break in its name; choose another");
    }
    text.append(prefix).append(place).append("\n");
  }
  TENON_CHECK(text.size() <= kRecordBytesMax);
  const std::filesystem::path unfinished = data_directory / (std::string(kRecordName) + ".new");
  {
    const Descriptor file(unfinished, O_WRONLY | O_CREAT | O_TRUNC);
    const ::ssize_t written = ::write(file.value(), text.data(), text.size());
    if (written < 0) throw_errno(unfinished.string() + " cannot be written");
    errno = ENOSPC;  // a short write of a few bytes has no other reason
    if (static_cast<std::size_t>(written) != text.size()) throw_errno(unfinished.string() + " cannot be written");
    if (::fsync(file.value()) != 0) throw_errno(unfinished.string() + " cannot be synced");
  }
  rename_durably(unfinished, data_directory / kRecordName);
}

std::optional<Conversion> read_record(const std::filesystem::path& data_directory) {
  const std::filesystem::path path = data_directory / kRecordName;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  std::ifstream input(path, std::ios::binary);
  std::string content(kRecordBytesMax, '\0');
  input.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(input.gcount()));
  std::string_view text = content;
  if (text.starts_with(kFirstLine)) {
    text.remove_prefix(kFirstLine.size());
    std::optional<StoragePlace> from = take_place(text, kFrom);
    std::optional<StoragePlace> to = take_place(text, kTo);
    if (from && to && text.empty()) return Conversion{*std::move(from), *std::move(to)};
  }
  throw Error(TENON_ERROR_CORRUPT, path.string() +
                                       " is not the record of a conversion that this version can read. Nothing was "
                                       "changed. Give the command of that conversion again, or remove the file");
}

void remove_record(const std::filesystem::path& data_directory) {
  std::error_code error;
  std::filesystem::remove(data_directory / (std::string(kRecordName) + ".new"), error);
  if (!std::filesystem::remove(data_directory / kRecordName, error) && !error) return;
  if (error) {
    throw Error(TENON_ERROR_IO, (data_directory / kRecordName).string() + " cannot be removed: " + error.message());
  }
  sync_directory(data_directory);
}

}  // namespace tenon::server
