// SPDX-License-Identifier: MIT
// The Raft log in one file that only grows, and is written anew when most of it is dead. Blocking, for one thread.
//
//   journal = batch, batch, ..
//   batch   = magic "SMPBATCH", size u64, offset u64, payload checksum u32, head checksum u32, payload
//   payload = write, write, ..                                  as many as were made durable together, perhaps none
//   write   = parts u64, and of each part, as tenon/storage.h numbers them: hard state block; truncate_from u64;
//             count u64, count times index u64, term u64, data checksum u32, data block; compact_to u64
//
// Integers are little-endian, a block is its size as u32 and its bytes, checksums are CRC-32C. That of the head begins
// with the incarnation, and its offset is its own place, so no batch of another directory or place is taken for one.
//
// What a crash leaves. A batch is written only when the one before it is durable. So damage with a valid head anywhere
// behind it has hit what was reported durable: the journal is CORRUPT. Damage with none is the last batch, of which a
// crash kept a part: nobody was told that it is durable, and it is dropped. An empty batch at the end of a clean close
// proves all before it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "file.hpp"
#include "tenon/storage.hpp"

namespace sample_storage {

// Entries that were read, and the bytes that they point to: these are in a vector, because a string that is moved may
// leave short ones behind.
struct EntryBlock {
  std::vector<tenon_entry> entries;
  std::vector<char> data;
};

class Journal {
 public:
  // Of the directory with this incarnation. The file is written anew when it has `dead_bytes_max` more than twice the
  // bytes that are alive. Opens nothing yet.
  Journal(std::string directory, const tenon::Incarnation& incarnation, std::uint64_t dead_bytes_max);

  // Makes the empty journal of a directory that is born; durable when the directory is synced.
  static void create(const std::string& directory);

  // Reads the whole file, and drops a batch that a crash cut short; returns how many bytes that were. Throws CORRUPT,
  // IO, NO_SPACE.
  std::uint64_t open();
  // Appends all writes as one batch; they are durable on return. Throws IO, NO_SPACE, or INVALID for entries that leave
  // a gap: nothing can be appended after that.
  void append(std::span<const tenon_write* const> writes);
  // Throws NOT_FOUND, IO, CORRUPT. Any thread may release what it returns.
  EntryBlock read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const;

  const std::string& hard_state() const noexcept { return hard_state_; }
  std::uint64_t first_index() const noexcept { return first_index_; }
  std::uint64_t last_index() const noexcept { return first_index_ + places_.size() - 1; }
  std::uint64_t bytes() const noexcept { return size_; }

 private:
  // Where the data of an entry lies. places_[i] is that of the entry first_index_ + i.
  struct Place {
    std::uint64_t term;
    std::uint64_t offset;
    std::uint32_t size;
    std::uint32_t checksum;
  };

  std::string encode_batch(std::uint64_t offset, std::string_view payload) const;
  std::optional<std::string> read_payload(std::uint64_t offset, std::uint64_t file_size) const;
  bool has_head(std::uint64_t offset, std::uint64_t file_size) const;
  bool has_head_after(std::uint64_t offset, std::uint64_t file_size) const;
  void append_payload(std::string_view payload);
  void replay(std::string_view payload, std::uint64_t offset);
  void replay_entries(tenon::ByteReader& reader, std::uint64_t end_offset);
  void truncate_suffix(std::uint64_t from);
  void compact_prefix(std::uint64_t to);
  bool is_mostly_dead() const noexcept;
  void rewrite();

  std::string directory_;
  tenon::Incarnation incarnation_;
  std::uint64_t dead_bytes_max_;

  std::optional<File> file_;
  std::uint64_t size_ = 0;  // of the valid part; the next batch begins here
  std::string hard_state_;
  std::uint64_t first_index_ = 1;
  std::deque<Place> places_;
  std::uint64_t live_bytes_ = 0;  // what the entries in places_ take in a journal
};

}  // namespace sample_storage
