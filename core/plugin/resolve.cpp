// SPDX-License-Identifier: MIT
#include "plugin/resolve.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "directory.hpp"
#include "plugin/nearest_name.hpp"
#include "plugin/refusal.hpp"

namespace tenon::plugin {
namespace {

struct stat read_status(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return status;
  const int error = errno;
  throw Refusal(error == ENOENT || error == ENOTDIR ? RefusalKind::missing_file : RefusalKind::unreadable_file,
                path.string() + ": cannot be examined (" + std::strerror(error) +
                    "), wanted a plugin's file. Mend its path or its permissions.");
}

std::string octal(mode_t mode) {
  std::string text;
  for (mode &= 07777; mode != 0; mode >>= 3) text.insert(text.begin(), static_cast<char>('0' + (mode & 7)));
  return "0" + text;
}

void check_owner(const std::filesystem::path& path, const struct stat& status, uid_t user) {
  if (status.st_uid == 0 || status.st_uid == user) return;
  throw Refusal(RefusalKind::other_owner,
                path.string() + ": belongs to the user " + std::to_string(status.st_uid) +
                    ", wanted root or the user " + std::to_string(user) +
                    " of this process, since whoever can change it controls the node. Run `chown`, "
                    "or move the plugin.");
}

void check_mode(const std::filesystem::path& path, const struct stat& status) {
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
  if (S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0) return;
  throw Refusal(RefusalKind::writable_by_others,
                path.string() + ": is writable by others (mode " + octal(status.st_mode) +
                    "), wanted a plugin's file and all directories above it to be writable by their owner only. Run "
                    "`chmod go-w` on it, or move the plugin.");
}

void check_directories(std::filesystem::path directory, uid_t user) {
  for (;; directory = directory.parent_path()) {
    const struct stat status = read_status(directory);
    check_owner(directory, status, user);
    check_mode(directory, status);
    if (directory == directory.root_path()) return;
  }
}

std::filesystem::path real_path(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path real = std::filesystem::canonical(path, error);
  if (!error) return real;
  const bool missing = error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  throw Refusal(missing ? RefusalKind::missing_file : RefusalKind::unreadable_file,
                path.string() + ": cannot be followed to a file (" + error.message() +
                    "), wanted a plugin's file. Mend the path, a symbolic link in it, or its permissions.");
}

// The real file behind a path. Where the path itself stands is checked too: whoever could replace a symbolic link would
// choose which plugin runs.
std::filesystem::path trusted_file(const std::filesystem::path& path) {
  const uid_t user = ::geteuid();
  check_directories(real_path(path.parent_path()), user);
  std::filesystem::path real = real_path(path);
  check_location(real, user);
  return real;
}

void check_name(std::string_view name) {
  const bool valid = !name.empty() && std::all_of(name.begin(), name.end(), is_name_character);
  if (valid) return;
  throw Refusal(RefusalKind::invalid_name, "found the plugin name '" + std::string(name) +
                                               "', wanted a name of a-z, 0-9, _ and -, or the absolute path of a file. "
                                               "Correct it in the config.");
}

Refusal missing(Kind kind, std::string_view name, Directories directories) {
  std::string searched;
  std::vector<std::string> present;
  for (const std::filesystem::path& directory : directories) {
    searched += (searched.empty() ? "" : ", ") + directory.string();
    for (const PluginFile& file : search(directory).files) {
      if (file.kind == kind) present.push_back(file.name);
    }
  }
  const std::string nearest = nearest_name(name, present);
  return Refusal(RefusalKind::missing_file,
                 plugin_name(kind, name) + ": found no file " + file_name(kind, name) + ", wanted it in " +
                     (searched.empty() ? "a plugin directory, and none is configured" : "one of: " + searched) +
                     ". Install it there, or correct the name or the directories" +
                     (nearest.empty() ? "." : "; the nearest name there is '" + nearest + "'."));
}

}  // namespace

std::string file_name(Kind kind, std::string_view name) {
  return "tenon-" + std::string(file_word(kind)) + "-" + std::string(name) + ".so";
}

std::string plugin_name(Kind kind, std::string_view name) {
  return name.starts_with('/') ? std::string(name) : std::string(file_word(kind)) + "." + std::string(name);
}

void check_location(const std::filesystem::path& real_path, uid_t user) {
  const struct stat status = read_status(real_path);
  if (!S_ISREG(status.st_mode)) {
    throw Refusal(RefusalKind::not_a_regular_file, real_path.string() +
                                                       ": is not a regular file, wanted a shared "
                                                       "library. Give the path of the plugin's .so.");
  }
  check_owner(real_path, status, user);
  check_mode(real_path, status);
  check_directories(real_path.parent_path(), user);
}

std::filesystem::path resolve(Kind kind, std::string_view name, Directories directories) {
  if (name.starts_with('/')) return trusted_file(name);
  check_name(name);
  for (const std::filesystem::path& directory : directories) {
    check_absolute(directory);
    const std::filesystem::path candidate = directory / file_name(kind, name);
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::symlink_status(candidate, error);
    if (status.type() != std::filesystem::file_type::not_found) return trusted_file(candidate);
  }
  throw missing(kind, name, directories);
}

}  // namespace tenon::plugin
