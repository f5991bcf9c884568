// SPDX-License-Identifier: MIT
// An incremental backup: the committed entries of a log behind the end of an earlier backup, as a file of records, each
// checked by itself.
//
//   file   = header, entries in the order of their indexes without a gap, footer
//   record = u32 checksum      CRC-32C of the record from the next byte to its end
//            u32 record_bytes  of the whole record, the checksum included
//            u8  kind          1 header, 2 entry, 3 footer
//            u8  zero[3]
//            body
//   header = u8 magic[8] "TENONLOG", u32 format (1), block cluster, u64 previous_index, u64 previous_term,
//            u64 last_index, u64 last_term
//   entry  = u64 index, u64 term, then the data of the entry (wire/entry_data.hpp)
//   footer = u64 count of entries, u64 bytes of the records before it, u32 CRC-32C of all of these bytes
//
// The previous entry is the last of the earlier backup; the file has the entries from the next one to the last, none
// when nothing was written between. Integers are little-endian. docs/formats.md has an example.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "backup/position.hpp"

namespace tenon::backup {

inline constexpr std::size_t kRecordHeadBytes = 4 + 4 + 1 + 3;
inline constexpr std::size_t kRecordBytesMax = 64u << 20;
inline constexpr std::size_t kClusterIdBytesMax = 1024;
inline constexpr std::string_view kLogFileMagic = "TENONLOG";
// In a file, behind the head of its first record.
inline constexpr std::size_t kMagicOffset = kRecordHeadBytes;

struct LogFileHeader {
  std::string cluster_id;            // at most kClusterIdBytesMax bytes
  std::uint64_t previous_index = 0;  // 1 or more
  std::uint64_t previous_term = 0;
  std::uint64_t last_index = 0;  // >= previous_index
  std::uint64_t last_term = 0;   // >= previous_term
  bool operator==(const LogFileHeader&) const = default;
};

struct LogFileEntry {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::string_view data;
};

std::string encode_header(const LogFileHeader& header);
// Appends the record to `output`. Needs: the data has fewer than kRecordBytesMax bytes by 64.
void append_entry(std::string& output, const LogFileEntry& entry);

// Takes such a file in cuts of any size, and gives its entries to a sink once they are verified. Holds at most one
// record, and what was fed at once. One thread at a time.
class LogFileCheck {
 public:
  // False: it has no use for the entry.
  using Sink = std::function<bool(const LogFileEntry& entry)>;

  // Takes what follows the bytes fed before. False: error() says why, now and at every later call.
  bool feed(std::string_view bytes, const Sink& sink);
  // Whether the footer has come, and all before it was what header and footer say.
  bool complete() const noexcept { return complete_; }
  // Nullopt until its record has come.
  const std::optional<LogFileHeader>& header() const noexcept { return header_; }
  // Of the entry that came last; before the first of them the previous one. Needs: header().
  std::uint64_t index() const noexcept { return index_; }
  std::uint64_t term() const noexcept { return term_; }
  // The footer that ends what was fed. Needs: index() is the header's last_index, and no record is cut.
  std::string make_footer() const;
  // Empty, or the offset of the record that was refused, and the reason.
  const std::string& error() const noexcept { return error_; }
  // For whoever has no more bytes, though error() is empty: the offset at which it ends, and what is missing. Empty
  // when complete().
  std::string missing() const;

 private:
  // Each is empty, or says what is wrong with the record.
  std::string take(std::string_view record, const Sink& sink);
  std::string take_header(std::string_view body);
  std::string take_entry(std::string_view body, const Sink& sink);
  std::string take_footer(std::string_view body);

  std::string waiting_;         // the beginning of a record that has not come whole
  std::uint64_t offset_ = 0;    // at which it begins
  std::uint32_t checksum_ = 0;  // of all bytes before it
  std::uint64_t entries_ = 0;
  std::uint64_t index_ = 0;
  std::uint64_t term_ = 0;
  std::optional<LogFileHeader> header_;
  bool complete_ = false;
  std::string error_;
};

// Whether a file that begins with these bytes, kMagicOffset + the magic's size of them, is an incremental backup.
bool is_log_file(std::string_view first_bytes) noexcept;

}  // namespace tenon::backup
