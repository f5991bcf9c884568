// SPDX-License-Identifier: MIT
#include "convert/directories.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "tenon/host.hpp"

namespace tenon::server {
namespace {

constexpr std::string_view kRetiredSuffix = ".retired";

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  const bool found = std::filesystem::exists(std::filesystem::symlink_status(path, error));
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(TENON_ERROR_IO, path.string() + " cannot be looked at: " + error.message());
  }
  return found;
}

bool is_empty_directory(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error) && std::filesystem::is_empty(path, error) && !error;
}

void remove_tree(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw Error(TENON_ERROR_IO, path.string() + " cannot be removed: " + error.message());
}

// Whether something of a conversion is left below the data directory.
bool has_remains(const std::filesystem::path& data_directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(data_directory, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool is_retired = name.starts_with(std::string(kStorageName) + ".") && name.ends_with(kRetiredSuffix);
    if (is_retired || name == kConvertingName || name == kConvertedName || name == kRecordName) return true;
  }
  if (error) {
    throw Error(TENON_ERROR_IO, data_directory.string() + " cannot be looked at: " + error.message());
  }
  return false;
}

}  // namespace

DataDirectoryLock::DataDirectoryLock(const std::filesystem::path& data_directory)
    : descriptor_(::open(data_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw Error(TENON_ERROR_IO, "the directory " + data_directory.string() +
                                    " cannot be opened: " + std::strerror(errno) + "; name one that is there");
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int number = errno;
  ::close(descriptor_);
  if (number == EWOULDBLOCK) {
    throw Error(TENON_ERROR_BUSY, "another process has the data directory " + data_directory.string() +
                                      " open, a node or a conversion; stop that process, or name another directory");
  }
  throw Error(TENON_ERROR_IO,
              "the directory " + data_directory.string() + " cannot be locked: " + std::strerror(number));
}

DataDirectoryLock::~DataDirectoryLock() { ::close(descriptor_); }

std::optional<std::filesystem::path> left_copy(const std::filesystem::path& data_directory) {
  for (const char* const name : {kConvertingName, kConvertedName}) {
    if (is_there(data_directory / name)) return data_directory / name;
  }
  return std::nullopt;
}

void check_is_startable(const std::filesystem::path& data_directory) {
  if (is_there(data_directory / kStorageName) || !has_remains(data_directory)) return;
  const std::string place = data_directory.string();
  const std::optional<Conversion> conversion = read_record(data_directory);
  if (!conversion) {
    throw Error(TENON_ERROR_INVALID,
                place +
                    " has no directory 'storage', but one of a conversion, so what the node kept is elsewhere. "
                    "Nothing was changed. Give the command of that conversion again, or name that directory");
  }
  const StoragePlace& to = conversion->to;
  const bool has_left = conversion->from.data_directory != to.data_directory &&
                        is_there(retired_directory(*conversion)) && is_there(to.data_directory / kStorageName);
  if (has_left) {
    throw Error(TENON_ERROR_INVALID, "what the node kept in " + place + " was converted to " + to.text() +
                                         ", and two of one node must never run: set storage.plugin = " + to.plugin +
                                         " and node.data_directory = " + to.data_directory.string());
  }
  throw Error(TENON_ERROR_INVALID, "a conversion of what is kept in " + conversion->from.data_directory.string() +
                                       " was interrupted. Go on with: " + command_of(*conversion));
}

std::filesystem::path retired_directory(const Conversion& conversion) {
  return conversion.from.data_directory /
         (std::string(kStorageName) + "." + conversion.from.plugin + std::string(kRetiredSuffix));
}

ConversionDirectories::ConversionDirectories(Conversion conversion, BeforeStep before_step)
    : conversion_(std::move(conversion)),
      before_step_(std::move(before_step)),
      source_(conversion_.from.data_directory / kStorageName),
      target_(conversion_.to.data_directory / kStorageName),
      converting_(conversion_.to.data_directory / kConvertingName),
      converted_(conversion_.to.data_directory / kConvertedName),
      retired_(retired_directory(conversion_)) {}

ConversionStage ConversionDirectories::stage() const {
  const std::optional<Conversion> recorded = read_record(conversion_.from.data_directory);
  const bool is_begun = recorded == conversion_;
  // In one directory the copy has the name that the source had; else that name is free once the source is retired.
  const bool source_is_there = is_there(source_) && !(is_in_place() && is_begun && is_there(retired_));
  if (source_is_there) return ConversionStage::source_in_place;
  if (is_begun && is_there(retired_) && (is_there(converted_) || is_there(target_))) {
    return ConversionStage::source_retired;
  }
  check_is_startable(conversion_.from.data_directory);
  throw Error(TENON_ERROR_INVALID, source_.string() +
                                       " is not there, so there is nothing to convert; name the directory that "
                                       "node.data_directory says, as in --from filewal:/var/lib/tenon");
}

void ConversionDirectories::step(const std::string& what, const std::function<void()>& action) const {
  if (before_step_) before_step_(what);
  action();
}

void ConversionDirectories::discard_copies() {
  for (const std::filesystem::path& copy : {converting_, converted_}) {
    if (is_there(copy)) step("remove " + copy.string(), [&] { remove_tree(copy); });
  }
}

void ConversionDirectories::check_way() const {
  if (is_there(retired_)) {
    throw Error(TENON_ERROR_INVALID, retired_.string() +
                                         " is there, of an earlier conversion, and that name is needed; remove it, or "
                                         "move it elsewhere");
  }
  if (!is_in_place() && is_there(target_) && !is_empty_directory(target_)) {
    throw Error(TENON_ERROR_INVALID,
                target_.string() + " is not empty, and nothing is overwritten; name another directory for --to");
  }
}

void ConversionDirectories::begin() {
  check_way();
  // First of all, so that no start takes the target for a new directory while the copy is made.
  step("record the conversion in the target", [this] { write_record(conversion_.to.data_directory, conversion_); });
  if (!is_in_place()) {
    step("record the conversion in the source", [this] { write_record(conversion_.from.data_directory, conversion_); });
    if (is_there(target_)) step("remove the empty directory", [this] { remove_tree(target_); });
  }
  discard_copies();
}

void ConversionDirectories::finish() {
  if (is_there(converting_)) {
    step("name the copy as whole", [this] { rename_durably(converting_, converted_); });
  }
  if (!is_there(retired_)) {
    step("retire the source", [this] { rename_durably(source_, retired_); });
  }
  if (is_there(converted_)) {
    step("give the copy its name", [this] { rename_durably(converted_, target_); });
  }
  step("remove the record of the target", [this] { remove_record(conversion_.to.data_directory); });
}

void ConversionDirectories::abandon() noexcept {
  try {
    for (const std::filesystem::path& copy : {converting_, converted_}) remove_tree(copy);
    remove_record(conversion_.to.data_directory);
    remove_record(conversion_.from.data_directory);
  } catch (const std::exception&) {
    // What is left keeps no start from working in the source, and the next conversion removes it.
  }
}

}  // namespace tenon::server
