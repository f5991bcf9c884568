// SPDX-License-Identifier: MIT
#include "data_directory.hpp"

#include <algorithm>

#include "hard_state_file.hpp"
#include "log_writer.hpp"
#include "segment_scan.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal {
namespace {

bool exists(const FileSystem& file_system, std::string_view name) {
  const std::vector<std::string> names = file_system.list();
  return std::find(names.begin(), names.end(), name) != names.end();
}

void make_file(FileSystem& file_system, std::string_view name, std::string_view content, std::uint64_t file_bytes) {
  const std::unique_ptr<File> file = file_system.open(std::string(name) + std::string(kNewSuffix), OpenMode::replace);
  if (file_bytes > content.size()) {
    file->reserve(file_bytes);
    file->zero_fill(content.size(), file_bytes - content.size());
  }
  file->write(0, std::span(&content, 1));
  file->sync();
}

void name_file(FileSystem& file_system, std::string_view name) {
  file_system.rename(std::string(name) + std::string(kNewSuffix), name);
}

// A birth that was interrupted may have left these files without a stamp; then they hold nothing.
void check_holds_nothing(FileSystem& file_system) {
  bool holds_log = false;
  for (const std::string& name : file_system.list()) {
    if (name == kHardStateName) {
      holds_log |= !HardStateFile::is_born(read_small_file(file_system, name, kHardStateFileBytes));
    } else if (name.ends_with(kSegmentSuffix)) {
      const std::unique_ptr<File> segment = file_system.open(name, OpenMode::existing);
      holds_log |= end_of_content(*segment, kBornBytes) > kBornBytes;
    }
  }
  if (holds_log) {
    throw Error(TENON_ERROR_CORRUPT, file_system.path({}) +
                                         ": the directory holds a log and no stamp, so the stamp was lost. Nothing was "
                                         "changed. Restore the file 'stamp', or give this node an empty directory");
  }
}

[[noreturn]] void throw_missing(const FileSystem& file_system, std::string_view name) {
  throw Error(TENON_ERROR_CORRUPT, file_system.path(name) +
                                       " is missing from a directory that had it. Nothing was changed. Restore the "
                                       "file, or replace this node by a new one");
}

}  // namespace

std::string read_small_file(FileSystem& file_system, std::string_view name, std::uint64_t size_max) {
  const std::unique_ptr<File> file = file_system.open(name, OpenMode::existing);
  const std::uint64_t size = file->size();
  if (size > size_max) {
    throw Error(TENON_ERROR_CORRUPT, file_system.path(name) + " has " + std::to_string(size) + " bytes, expected at " +
                                         "most " + std::to_string(size_max));
  }
  std::string content(static_cast<std::size_t>(size), '\0');
  content.resize(file->read(0, content));
  return content;
}

std::optional<Incarnation> find_incarnation(FileSystem& file_system, const Stamp& own) {
  if (!exists(file_system, kStampName)) return {};
  Stamp stamp;
  try {
    stamp = decode_stamp(read_small_file(file_system, kStampName, kStampBytesMax));
  } catch (const Error& error) {
    if (error.code() == TENON_ERROR_IO) throw;
    throw Error(error.code(), file_system.path(kStampName) + ": " + error.what());
  }
  check_stamp(stamp, own, file_system.path({}));
  return stamp.incarnation;
}

Incarnation bear(FileSystem& file_system, Stamp stamp, std::uint64_t segment_bytes) {
  check_holds_nothing(file_system);
  if (stamp.incarnation == Incarnation{}) file_system.random_bytes(stamp.incarnation);
  SegmentHeader header;
  header.salt = random_salt(file_system);
  header.segment = kFirstSegment;
  header.incarnation = stamp.incarnation;
  const std::string segment = segment_name(kFirstSegment);
  make_file(file_system, segment, LogWriter::born(header, segment_bytes), segment_bytes);
  make_file(file_system, kHardStateName, HardStateFile::born(stamp.incarnation), 0);
  make_file(file_system, kStampName, encode_stamp(stamp), 0);
  name_file(file_system, segment);
  name_file(file_system, kHardStateName);
  file_system.sync_directory();
  name_file(file_system, kStampName);
  file_system.sync_directory();
  return stamp.incarnation;
}

std::uint32_t random_salt(FileSystem& file_system) {
  std::array<std::uint8_t, sizeof(std::uint32_t)> salt_bytes;
  file_system.random_bytes(salt_bytes);
  std::uint32_t salt;
  std::memcpy(&salt, salt_bytes.data(), sizeof salt);
  return salt;
}

std::vector<std::uint64_t> check_files(const FileSystem& file_system) {
  if (!exists(file_system, kHardStateName)) throw_missing(file_system, kHardStateName);
  std::vector<std::uint64_t> segments;
  for (const std::string& name : file_system.list()) {
    if (!name.ends_with(kSegmentSuffix)) continue;
    const std::optional<std::uint64_t> number = segment_number(name);
    if (!number) {
      throw Error(TENON_ERROR_CORRUPT, file_system.path(name) +
                                           ": found a segment of a log without a number of twenty digits, which this "
                                           "server never makes. Nothing was changed. Move the file elsewhere");
    }
    if (!segments.empty() && *number != segments.back() + 1) {
      throw_missing(file_system, segment_name(segments.back() + 1));
    }
    segments.push_back(*number);
  }
  if (segments.empty()) throw_missing(file_system, segment_name(kFirstSegment));
  return segments;
}

void remove_unfinished_files(FileSystem& file_system) {
  for (const std::string& name : file_system.list()) {
    if (name.ends_with(kNewSuffix)) file_system.unlink(name);
  }
}

}  // namespace tenon::filewal
