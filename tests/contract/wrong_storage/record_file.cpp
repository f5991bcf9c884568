// SPDX-License-Identifier: MIT
#include "record_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "sins.hpp"
#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"
#include "tenon/host.hpp"

namespace tenon::wrong {
namespace {

constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kBodyBytesMin = 17;

[[noreturn]] void fail(const std::string& path) {
  throw Error(errno == ENOSPC ? TENON_ERROR_NO_SPACE : TENON_ERROR_IO, path + ": " + std::strerror(errno));
}

}  // namespace

void append_record(std::string& output, const Record& record) {
  std::string body;
  ByteWriter writer(body);
  writer.u8(static_cast<std::uint8_t>(record.kind));
  writer.u64(record.index);
  writer.u64(record.term);
  writer.raw(record.data);
  ByteWriter header(output);
  header.u32(static_cast<std::uint32_t>(body.size()));
  header.u32(crc32c(body));
  header.raw(body);
}

std::uint64_t scan_records(std::string_view content, const std::function<void(const Record&)>& visit) {
  std::uint64_t offset = 0;
  while (content.size() - offset >= kHeaderBytes) {
    ByteReader header(content.substr(offset, kHeaderBytes));
    const std::uint32_t length = header.u32();
    const std::uint32_t checksum = header.u32();
    if (length < kBodyBytesMin || content.size() - offset - kHeaderBytes < length) break;
    const std::string_view body = content.substr(offset + kHeaderBytes, length);
    if (crc32c(body) != checksum) break;
    ByteReader reader(body);
    Record record{static_cast<RecordKind>(reader.u8())};
    record.index = reader.u64();
    record.term = reader.u64();
    record.data = body.substr(kBodyBytesMin);
    visit(record);
    offset += kHeaderBytes + length;
  }
  return offset;
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
Descriptor::~Descriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
int Descriptor::release() { return std::exchange(descriptor_, -1); }

Descriptor open_file(const std::string& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (file.get() < 0) fail(path);
  return file;
}

void write_all(const Descriptor& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (commits(Sin::ignores_a_failed_write) && written < 0) return;
    if (commits(Sin::ignores_a_short_write) && written >= 0) return;
    if (written < 0 && errno != EINTR) fail(path);
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync_file(const Descriptor& file, const std::string& path) {
  if (::fdatasync(file.get()) == 0) return;
  if (commits(Sin::retries_a_failed_sync) && ::fdatasync(file.get()) == 0) return;
  fail(path);
}

void sync_directory(const std::string& path) {
  if (commits(Sin::forgets_the_directory)) return;
  const Descriptor directory = open_file(path, O_RDONLY | O_DIRECTORY);
  if (::fsync(directory.get()) != 0) fail(path);
}

std::string read_all(const Descriptor& file, const std::string& path) {
  std::string content;
  char buffer[64 * 1024];
  while (true) {
    const ssize_t size = ::pread(file.get(), buffer, sizeof buffer, static_cast<off_t>(content.size()));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail(path);
    if (size == 0) return content;
    content.append(buffer, static_cast<std::size_t>(size));
  }
}

}  // namespace tenon::wrong
