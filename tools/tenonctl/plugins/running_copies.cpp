// SPDX-License-Identifier: MIT
#include "running_copies.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "tenon/option.hpp"

namespace tenon::tenonctl {
namespace {

constexpr std::string_view kDeleted = " (deleted)";
// Both times are in whole seconds, and a process loads its plugins a moment after its start.
constexpr std::int64_t kStartUncertaintySeconds = 2;

// When the system was started, in seconds since 1970; 0: unknown.
std::int64_t boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    std::int64_t seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

// In seconds since 1970; 0: unknown.
std::int64_t start_time(const std::filesystem::path& process, std::int64_t boot) {
  std::ifstream file(process / "stat");
  std::string line;
  std::getline(file, line);
  // The second field is the program's name, in which anything may stand; the start is the twenty-second.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  constexpr int kStartField = 22;
  for (int number = 3; number <= kStartField; ++number) fields >> field;
  const std::optional<std::int64_t> ticks = parse_integer(field);
  return ticks ? boot + *ticks / ::sysconf(_SC_CLK_TCK) : 0;
}

// A line is: addresses, permissions, offset, device, inode, blanks, path.
std::optional<RunningCopy::State> find_mapping(const std::filesystem::path& process, const std::string& library,
                                               const struct stat& file, std::int64_t boot) {
  std::ifstream maps(process / "maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t path_begin = line.find('/');
    if (path_begin == std::string::npos) continue;
    const std::string path = line.substr(path_begin);
    if (path == library + std::string(kDeleted)) return RunningCopy::State::replaced;
    if (path != library) continue;
    std::istringstream fields(line);
    std::string word;
    std::uint64_t inode = 0;
    fields >> word >> word >> word >> word >> inode;
    if (inode != file.st_ino) return RunningCopy::State::replaced;
    const std::int64_t started = start_time(process, boot);
    const bool changed = started != 0 && file.st_mtim.tv_sec > started + kStartUncertaintySeconds;
    return changed ? RunningCopy::State::overwritten : RunningCopy::State::current;
  }
  return std::nullopt;
}

}  // namespace

std::vector<RunningCopy> running_copies(const std::filesystem::path& library) {
  struct stat file {};
  if (::stat(library.c_str(), &file) != 0) return {};
  const std::int64_t boot = boot_time();
  std::vector<RunningCopy> found;
  std::error_code error;
  for (std::filesystem::directory_iterator process("/proc", error), end; process != end; process.increment(error)) {
    const std::optional<std::int64_t> number = parse_integer(process->path().filename().string());
    if (!number) continue;
    const std::optional<RunningCopy::State> state = find_mapping(process->path(), library.string(), file, boot);
    if (state) found.push_back({static_cast<pid_t>(*number), *state});
  }
  std::sort(found.begin(), found.end(),
            [](const auto& left, const auto& right) { return left.process < right.process; });
  return found;
}

}  // namespace tenon::tenonctl
