// SPDX-License-Identifier: MIT
#include "restore/backup.hpp"

#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>
#include <utility>
#include <vector>

#include "kv/image.hpp"
#include "node/images/image_reading.hpp"
#include "tenon/host.hpp"
#include "wire/image.hpp"

namespace tenon::server {
namespace {

constexpr std::size_t kReadBytes = 1u << 20;
constexpr std::chrono::seconds kProgressInterval(2);

// A backup, read from its beginning to its end each time.
class BackupFile {
 public:
  BackupFile(const std::filesystem::path& path, host::Logger& logger) : path_(path), logger_(logger) {
    std::error_code error;
    bytes_ = std::filesystem::file_size(path, error);
    if (error) throw Error(TENON_ERROR_IO, "the backup " + path.string() + " cannot be read: " + error.message());
  }

  // Throws CORRUPT when any of it is not good.
  wire::ImageHeader read(const char* purpose, const wire::ImageDecoder::Sink& sink) const {
    std::ifstream file(path_, std::ios::binary);
    if (!file) throw Error(TENON_ERROR_IO, "the backup " + path_.string() + " cannot be opened; check its permissions");
    wire::ImageDecoder decoder;
    std::vector<char> buffer(kReadBytes);
    std::uint64_t offset = 0;
    auto last_line = std::chrono::steady_clock::now();
    while (file) {
      file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      const auto size = static_cast<std::size_t>(file.gcount());
      offset += size;
      if (!decoder.feed({buffer.data(), size}, sink)) {
        throw Error(TENON_ERROR_CORRUPT, "the backup " + path_.string() + " is not good: " + decoder.error());
      }
      const auto now = std::chrono::steady_clock::now();
      if (now - last_line < kProgressInterval) continue;
      last_line = now;
      logger_.write(TENON_SEVERITY_INFO, "server",
                    std::string(purpose) + ": " + std::to_string(offset) + " of " + std::to_string(bytes_) + " bytes");
    }
    if (!decoder.complete()) {
      throw Error(TENON_ERROR_CORRUPT,
                  "the backup " + path_.string() + " is not whole: " + decoder.missing() + "; copy it again");
    }
    return *decoder.header();
  }

 private:
  const std::filesystem::path path_;
  host::Logger& logger_;
  std::uint64_t bytes_ = 0;
};

wire::ImageId random_id() {
  std::random_device device;
  wire::ImageId id;
  for (std::size_t at = 0; at < id.size(); at += sizeof(unsigned)) {
    const unsigned drawn = device();
    std::memcpy(id.data() + at, &drawn, sizeof drawn);
  }
  return id;
}

void write_image(node::ImageFile& image, const BackupFile& backup, const wire::ImageHeader& header, int zstd_level) {
  wire::ImageEncoder encoder(header, zstd_level);
  std::string stored;
  std::uint64_t offset = 0;
  const auto flush = [&] {
    image.write(offset, stored);
    offset += stored.size();
    stored.clear();
  };
  encoder.begin(stored);
  backup.read("restoring", [&](std::string_view raw) {
    encoder.add(raw, stored);
    if (!stored.empty()) flush();
    return true;
  });
  encoder.finish(stored);
  flush();
  node::ImageReading reading(image, [](std::string_view) { return true; });
  while (reading.step()) {
  }
  if (!reading.error().empty() || !reading.decoder().complete()) {
    throw Error(TENON_ERROR_CORRUPT, "what was restored was not read as it was written: " + reading.error());
  }
}

}  // namespace

Backup verify_backup(const std::filesystem::path& file, host::Logger& logger) {
  kv::ImageLoader loader;
  wire::ImageHeader header =
      BackupFile(file, logger).read("verifying", [&](std::string_view raw) { return loader.feed(raw); });
  const std::unique_ptr<kv::Store> store = loader.finish();
  if (!store) {
    throw Error(TENON_ERROR_CORRUPT, "the backup " + file.string() + " holds no state: " + loader.error());
  }
  return {file, std::move(header), store->revision(), store->key_count(), store->state_hash()};
}

void restore(host::StorageSession& session, node::StoragePort storage, const Backup& backup, const RestoreAs& as,
             host::Logger& logger) {
  if (backup.header.cluster_id == as.cluster_id) {
    throw Error(
        TENON_ERROR_INVALID,
        "the backup is of the cluster '" + as.cluster_id +
            "', and cluster.id is the same: a restored cluster is another one, and needs another cluster.id, so "
            "that no node of the old one can join it");
  }
  session.expect_empty();
  wire::ImageHeader header = backup.header;
  header.id = random_id();
  header.cluster_id = as.cluster_id;
  header.membership = as.members;
  node::ImageFile image = node::ImageFile::create(storage, header.id, header.index);
  write_image(image, BackupFile(backup.file, logger), header, as.zstd_level);
  // The commit comes last: a directory that has only the hard state can be restored into again.
  session.begin_at(header.term);
  image.commit();
}

}  // namespace tenon::server
