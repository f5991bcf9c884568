// SPDX-License-Identifier: MIT
// FileSystem over the calls of Linux. Every descriptor is close-on-exec; a call that a signal interrupts is made again,
// and a short write is gone on with. sync() is fdatasync(2), the lock is flock(2).
#pragma once

#include "filewal/file_system.hpp"

namespace tenon::filewal {

class PosixFileSystem final : public FileSystem {
 public:
  // `directory` exists whenever another call than create_directory() is made. Does nothing yet.
  explicit PosixFileSystem(std::string directory) : directory_(std::move(directory)) {}

  std::string path(std::string_view name) const override;
  void create_directory() override;
  std::vector<std::string> list() const override;
  std::unique_ptr<File> open(std::string_view name, OpenMode mode) override;
  void rename(std::string_view from, std::string_view to) override;
  void unlink(std::string_view name) override;
  void sync_directory() override;
  std::unique_ptr<FileLock> lock(std::string_view name) override;
  void random_bytes(std::span<std::uint8_t> output) override;

 private:
  const std::string directory_;
};

}  // namespace tenon::filewal
