// SPDX-License-Identifier: MIT
// Tells a torn write at the end of LevelDB's write-ahead logs from damage to what was synced, before LevelDB opens
// them: by default LevelDB drops both without a word, and with paranoid checks it refuses both.
//
// A write-ahead log is a file of blocks of 32 KiB. A block holds fragments: checksum u32, length u16, type u8 and the
// bytes; what is left over at its end, fewer than 7 bytes, is zero. A record is one fragment of type 1, or one of type
// 2, any of type 3 and one of type 4. Each record is a batch, and each batch begins with a mark: format.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "format.hpp"

namespace tenon::leveldb_storage {

struct WriteAheadLog {
  std::uint64_t whole_bytes = 0;  // the file up to the end of its last whole record
  bool is_whole = true;           // there is nothing behind them
  std::optional<Mark> first;      // of its first record
  std::uint64_t synced = 0;       // the most bytes of this file that any mark, also one behind damage, says were synced
};

// Reads the bytes of write-ahead log `number`.
WriteAheadLog read_write_ahead_log(std::string_view bytes, std::uint64_t number);

// Checks the write-ahead logs of the database in a directory, and cuts a torn write off the newest; its bytes are kept
// in NUMBER.torn, and the logger gets a line. Throws CORRUPT, with nothing changed: damage to what was synced. IO,
// NO_SPACE.
void mend_write_ahead_logs(leveldb::Env& files, const std::string& directory,
                           const std::function<void(const std::string&)>& warn);

}  // namespace tenon::leveldb_storage
