// SPDX-License-Identifier: MIT
#include "write_ahead_log.hpp"

#include <algorithm>
#include <map>

#include "posix.hpp"
#include "status.hpp"
#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"

namespace tenon::leveldb_storage {
namespace {

constexpr std::uint64_t kBlockBytes = 32768;
constexpr std::uint64_t kHeaderBytes = 7;
constexpr std::uint32_t kChecksumMask = 0xa282ead8u;
// In a batch: its sequence u64 and count u32, then type 1, and key and value with their lengths in a byte each.
constexpr std::size_t kMarkKeyOffset = 8 + 4 + 1 + 1;
constexpr std::size_t kMarkEnd = kMarkKeyOffset + kMarkKeyBytes + 1 + kMarkValueBytes;

enum class Type : std::uint8_t { full = 1, first = 2, middle = 3, last = 4 };

struct Fragment {
  Type type;
  std::string_view bytes;
};

// The whole fragment at `offset`, or nothing.
std::optional<Fragment> fragment_at(std::string_view file, std::uint64_t offset) {
  const std::uint64_t room = std::min<std::uint64_t>(kBlockBytes - offset % kBlockBytes, file.size() - offset);
  if (room < kHeaderBytes) return {};
  ByteReader reader(file.substr(offset, kHeaderBytes));
  const std::uint32_t masked = reader.u32();
  const std::uint64_t length = reader.u8() | std::uint64_t{reader.u8()} << 8;
  const std::uint8_t type = reader.u8();
  if (type < 1 || type > 4 || length > room - kHeaderBytes) return {};
  const std::uint32_t checksum = crc32c(file.substr(offset + kHeaderBytes - 1, 1 + length));
  if (masked != ((checksum >> 15) | (checksum << 17)) + kChecksumMask) return {};
  return Fragment{static_cast<Type>(type), file.substr(offset + kHeaderBytes, length)};
}

bool begins_record(Type type) { return type == Type::full || type == Type::first; }

std::optional<Mark> mark_in(std::string_view batch) {
  if (batch.size() < kMarkEnd || batch[12] != 1 || batch[13] != kMarkKeyBytes) return {};
  if (batch[kMarkKeyOffset + kMarkKeyBytes] != kMarkValueBytes) return {};
  return decode_mark(batch.substr(kMarkKeyOffset, kMarkKeyBytes),
                     batch.substr(kMarkKeyOffset + kMarkKeyBytes + 1, kMarkValueBytes));
}

// The mark of the record that begins at `offset`, where a whole fragment begins a record.
std::optional<Mark> mark_at(std::string_view file, std::uint64_t offset, const Fragment& fragment) {
  if (fragment.type == Type::full || fragment.bytes.size() >= kMarkEnd) return mark_in(fragment.bytes);
  // The end of a block has cut it, and it goes on in the next one.
  const std::uint64_t next = (offset / kBlockBytes + 1) * kBlockBytes;
  if (next >= file.size()) return {};
  const std::optional<Fragment> rest = fragment_at(file, next);
  if (!rest || begins_record(rest->type)) return {};
  return mark_in(std::string(fragment.bytes) + std::string(rest->bytes.substr(0, kMarkEnd)));
}

// Looks at every place where a fragment could begin, for damage may have changed a length.
std::uint64_t synced_according_to_what_follows(std::string_view file, std::uint64_t offset, std::uint64_t number) {
  std::uint64_t synced = 0;
  while (offset + kHeaderBytes <= file.size()) {
    const std::optional<Fragment> fragment = fragment_at(file, offset);
    if (!fragment) {
      ++offset;
      continue;
    }
    if (begins_record(fragment->type)) {
      const std::optional<Mark> mark = mark_at(file, offset, *fragment);
      if (mark && mark->synced.file == number) synced = std::max(synced, mark->synced.bytes);
    }
    offset += kHeaderBytes + fragment->bytes.size();
  }
  return synced;
}

struct Found {
  std::string path;
  std::string bytes;
  WriteAheadLog log;
};

std::map<std::uint64_t, Found> read_all(leveldb::Env& files, const std::string& directory) {
  std::vector<std::string> names;
  check(files.GetChildren(directory, &names), directory);
  std::map<std::uint64_t, Found> logs;
  for (const std::string& name : names) {
    const std::uint64_t number = write_ahead_log_number(name);
    if (number == 0) continue;
    Found& found = logs[number];
    found.path = directory + "/" + name;
    check(leveldb::ReadFileToString(&files, found.path, &found.bytes), found.path);
    found.log = read_write_ahead_log(found.bytes, number);
  }
  // The mark of the next log says how much of the one before was synced.
  for (const auto& [number, found] : logs) {
    if (!found.log.first) continue;
    const auto before = logs.find(found.log.first->synced.file);
    if (before == logs.end()) continue;
    before->second.log.synced = std::max(before->second.log.synced, found.log.first->synced.bytes);
  }
  return logs;
}

}  // namespace

WriteAheadLog read_write_ahead_log(std::string_view file, std::uint64_t number) {
  WriteAheadLog log;
  std::uint64_t offset = 0;
  bool is_within_record = false;
  while (offset < file.size()) {
    const std::uint64_t left = kBlockBytes - offset % kBlockBytes;
    if (left < kHeaderBytes) {
      offset += std::min<std::uint64_t>(left, file.size() - offset);
      if (!is_within_record) log.whole_bytes = offset;
      continue;
    }
    const std::optional<Fragment> fragment = fragment_at(file, offset);
    if (!fragment || begins_record(fragment->type) == is_within_record) break;
    if (begins_record(fragment->type)) {
      const std::optional<Mark> mark = mark_at(file, offset, *fragment);
      if (offset == 0) log.first = mark;
      if (mark && mark->synced.file == number) log.synced = std::max(log.synced, mark->synced.bytes);
    }
    offset += kHeaderBytes + fragment->bytes.size();
    is_within_record = fragment->type == Type::first || fragment->type == Type::middle;
    if (!is_within_record) log.whole_bytes = offset;
  }
  log.is_whole = offset == file.size() && !is_within_record;
  if (!log.is_whole) log.synced = std::max(log.synced, synced_according_to_what_follows(file, offset, number));
  return log;
}

void mend_write_ahead_logs(leveldb::Env& files, const std::string& directory,
                           const std::function<void(const std::string&)>& warn) {
  const std::map<std::uint64_t, Found> logs = read_all(files, directory);
  for (const auto& [number, found] : logs) {
    const bool is_newest = number == logs.rbegin()->first;
    if (found.log.synced <= found.log.whole_bytes && (found.log.is_whole || is_newest)) continue;
    throw Error(TENON_ERROR_CORRUPT, found.path + " is damaged at offset " + std::to_string(found.log.whole_bytes) +
                                         ", and what was there had been synced. Nothing was changed. Restore the file, "
                                         "or replace this node by a new one");
  }
  if (logs.empty() || logs.rbegin()->second.log.is_whole) return;
  const auto& [number, torn] = *logs.rbegin();
  const std::string_view rest = std::string_view(torn.bytes).substr(torn.log.whole_bytes);
  const std::string kept = std::to_string(number) + ".torn";
  write_durable_file(directory, kept, rest);
  truncate_file(torn.path, torn.log.whole_bytes);
  warn(torn.path + ": a crash cut the last write short: set " + std::to_string(rest.size()) + " bytes from offset " +
       std::to_string(torn.log.whole_bytes) + " on aside in " + kept + "; none of them was reported durable");
}

}  // namespace tenon::leveldb_storage
