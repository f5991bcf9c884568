// SPDX-License-Identifier: MIT
#include "restore/backup.hpp"

#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>
#include <string_view>
#include <utility>

#include "backup/log_file.hpp"
#include "kv/command.hpp"
#include "kv/image.hpp"
#include "node/images/image_taking.hpp"
#include "tenon/host.hpp"
#include "wire/entry_data.hpp"
#include "wire/image.hpp"

namespace tenon::server {
namespace {

constexpr std::size_t kReadBytes = 1u << 20;
constexpr std::chrono::seconds kProgressInterval(2);

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Error(TENON_ERROR_CORRUPT, "the backup " + file.string() + " is not good: " + why + "; copy or take it again");
}

// Gives all bytes of the file to `take`, part by part, until it says false.
void read_file(const std::filesystem::path& path, host::Logger& logger,
               const std::function<bool(std::string_view part)>& take) {
  std::error_code error;
  const std::uint64_t bytes = std::filesystem::file_size(path, error);
  if (error) throw Error(TENON_ERROR_IO, "the backup " + path.string() + " cannot be read: " + error.message());
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(TENON_ERROR_IO, "the backup " + path.string() + " cannot be opened; check its permissions");
  std::vector<char> buffer(kReadBytes);
  std::uint64_t offset = 0;
  auto last_line = std::chrono::steady_clock::now();
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto size = static_cast<std::size_t>(file.gcount());
    if (file.bad()) throw Error(TENON_ERROR_IO, "the backup " + path.string() + " cannot be read to its end");
    offset += size;
    if (!take({buffer.data(), size})) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_line < kProgressInterval) continue;
    last_line = now;
    logger.write(TENON_SEVERITY_INFO, "server",
                 path.string() + ": read " + std::to_string(offset) + " of " + std::to_string(bytes) + " bytes");
  }
}

Backup read_image(const std::filesystem::path& path, host::Logger& logger) {
  kv::ImageLoader loader;
  wire::ImageDecoder decoder;
  bool is_first = true;
  read_file(path, logger, [&](std::string_view part) {
    if (std::exchange(is_first, false) && backup::is_log_file(part)) {
      throw Error(TENON_ERROR_INVALID, "the backup " + path.string() +
                                           " is an incremental one; name the full backup first that it goes on from");
    }
    return decoder.feed(part, [&](std::string_view raw) { return loader.feed(raw); });
  });
  if (!decoder.error().empty()) refuse(path, decoder.error());
  if (!decoder.complete()) refuse(path, decoder.missing());
  const wire::ImageHeader& header = *decoder.header();
  Backup read{{header.cluster_id, header.index.value(), header.term.value()}, loader.finish()};
  if (!read.store) refuse(path, "it holds no state: " + loader.error());
  return read;
}

std::string entry_text(const backup::Position& position) {
  return "index " + std::to_string(position.index) + " and term " + std::to_string(position.term) +
         " of the cluster '" + position.cluster_id + "'";
}

void expect_joint(const std::filesystem::path& path, const backup::LogFileHeader& header,
                  const backup::Position& before) {
  const backup::Position previous{header.cluster_id, header.previous_index, header.previous_term};
  if (previous == before) return;
  throw Error(TENON_ERROR_INVALID, "the incremental backup " + path.string() + " goes on from " + entry_text(previous) +
                                       ", and what stands before it ends at " + entry_text(before) +
                                       "; name the files in the order in which they were taken, and all of them");
}

void add_log(Backup& to, const std::filesystem::path& path, host::Logger& logger) {
  backup::LogFileCheck check;
  bool is_joined = false;
  const auto join = [&] {
    if (!std::exchange(is_joined, true)) expect_joint(path, *check.header(), to.position);
  };
  read_file(path, logger, [&](std::string_view part) {
    return check.feed(part, [&](const backup::LogFileEntry& entry) {
      join();
      return apply_entry(*to.store, entry.data);
    });
  });
  if (!check.error().empty()) refuse(path, check.error());
  if (!check.complete()) refuse(path, check.missing());
  join();
  to.position.index = check.index();
  to.position.term = check.term();
}

wire::ImageId random_id() {
  std::random_device device;
  wire::ImageId id;
  for (std::size_t at = 0; at < id.size(); at += sizeof(unsigned)) {
    const unsigned drawn = device();
    std::memcpy(id.data() + at, &drawn, sizeof drawn);
  }
  return id;
}

}  // namespace

bool apply_entry(kv::Store& store, std::string_view data) {
  const std::optional<wire::DecodedEntry> decoded = wire::decode_entry(data);
  if (!decoded) return false;
  if (decoded->kind != raft::EntryKind::commands) return true;
  store.begin_entry(decoded->cluster_time_ms);
  for (const std::string_view bytes : decoded->commands) {
    const std::optional<kv::Command> command = kv::decode(bytes);
    if (!command) return false;
    store.apply(*command);
  }
  return true;
}

Backup read_backup(const std::vector<std::filesystem::path>& files, host::Logger& logger) {
  TENON_CHECK(!files.empty());
  Backup read = read_image(files.front(), logger);
  for (std::size_t at = 1; at < files.size(); ++at) add_log(read, files[at], logger);
  return read;
}

void restore(host::StorageSession& session, node::StoragePort storage, const Backup& backup, const RestoreAs& as) {
  if (backup.position.cluster_id == as.cluster_id) {
    throw Error(
        TENON_ERROR_INVALID,
        "the backup is of the cluster '" + as.cluster_id +
            "', and cluster.id is the same: a restored cluster is another one, and needs another cluster.id, so "
            "that no node of the old one can join it");
  }
  session.expect_empty();
  wire::ImageHeader header;
  header.id = random_id();
  header.cluster_id = as.cluster_id;
  header.index = raft::LogIndex(backup.position.index);
  header.term = raft::Term(backup.position.term);
  header.membership = as.members;
  // The image comes last: a directory that has only the hard state can be restored into again.
  session.begin_at(header.term);
  node::ImageOutcome outcome;
  node::ImageTaking taking(storage, std::move(header), backup.store->pin(), as.zstd_level,
                           [&](const node::ImageOutcome& ended) { outcome = ended; });
  while (taking.step()) {
  }
  taking.finished();
  if (outcome.kind != node::ImageOutcome::Kind::committed) {
    throw Error(TENON_ERROR_IO, "the state cannot be written to the data directory: " + outcome.why);
  }
}

}  // namespace tenon::server
