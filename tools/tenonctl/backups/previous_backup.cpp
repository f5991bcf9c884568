// SPDX-License-Identifier: MIT
#include "backups/previous_backup.hpp"

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "backup/image_check.hpp"
#include "backup/log_file.hpp"

namespace tenon::tenonctl {
namespace {

constexpr std::size_t kReadBytes = 1u << 20;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw std::runtime_error(path.string() + " is no good backup to go on from: " + why + "; take a full backup");
}

// Feeds the rest of the file, of which `first` was read.
template <class Feed>
void feed_all(std::ifstream& file, std::vector<char>& buffer, std::string_view first, Feed feed) {
  bool is_wanted = feed(first);
  while (is_wanted && file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    is_wanted = feed({buffer.data(), static_cast<std::size_t>(file.gcount())});
  }
}

}  // namespace

backup::Position read_previous(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + ": the file cannot be opened");
  std::vector<char> buffer(kReadBytes);
  file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
  const std::string first(buffer.data(), static_cast<std::size_t>(file.gcount()));
  if (backup::is_log_file(first)) {
    backup::LogFileCheck check;
    feed_all(file, buffer, first,
             [&](std::string_view part) { return check.feed(part, [](const backup::LogFileEntry&) { return true; }); });
    if (!check.complete()) refuse(path, check.error().empty() ? check.missing() : check.error());
    return {check.header()->cluster_id, check.index(), check.term()};
  }
  backup::ImageCheck check;
  feed_all(file, buffer, first, [&](std::string_view part) { return check.feed(part); });
  if (!check.complete()) refuse(path, check.error().empty() ? check.missing() : check.error());
  return *check.position();
}

}  // namespace tenon::tenonctl
