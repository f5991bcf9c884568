// SPDX-License-Identifier: MIT
// The file of the log: records one behind the other, each a part of a write. A record is its length u32 and the CRC-32C
// of its body u32, and the body: kind u8, index u64, term u64, data. What is behind the last whole record is cut off.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tenon::wrong {

enum class RecordKind : std::uint8_t { hard_state = 1, truncate, entry, compact };

struct Record {
  RecordKind kind;
  std::uint64_t index = 0;  // of truncate and compact: where
  std::uint64_t term = 0;
  std::string_view data = {};
};

void append_record(std::string& output, const Record& record);

// The descriptor, closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return descriptor_; }
  int release();

 private:
  int descriptor_;
};

// Each throws Error(IO) or Error(NO_SPACE), naming the path.
Descriptor open_file(const std::string& path, int flags);
void write_all(const Descriptor& file, std::string_view bytes, const std::string& path);
void sync_file(const Descriptor& file, const std::string& path);
void sync_directory(const std::string& path);
std::string read_all(const Descriptor& file, const std::string& path);

// Calls `visit` with each whole record and returns the offset behind the last.
std::uint64_t scan_records(std::string_view content, const std::function<void(const Record&)>& visit);

}  // namespace tenon::wrong
