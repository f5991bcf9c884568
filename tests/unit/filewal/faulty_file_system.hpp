// SPDX-License-Identifier: MIT
// A file system that counts the calls that change something and can fail one of them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "filewal/file_system.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal::test {

struct CallCounts {
  std::uint64_t changes = 0;  // every call that changes something, or makes a change durable
  std::uint64_t writes = 0;   // of files, zero_fill included
  std::uint64_t syncs = 0;    // of files
};

class FaultyFileSystem final : public FileSystem {
 public:
  // `disk` outlives this.
  explicit FaultyFileSystem(FileSystem& disk) : disk_(disk) {}

  const CallCounts& counts() const { return counts_; }
  // "write NAME;sync NAME;" and so on, of every counted call.
  const std::string& trace() const { return trace_; }
  bool has_failed() const { return has_failed_; }
  // "NAME OFFSET SIZE;" and so on, of every wish to release memory.
  const std::string& released() const { return released_; }
  std::uint64_t last_write_end() const { return last_write_end_; }

  // The change with this number, counted from 1, fails with this code; a write that fails has written half of its
  // bytes. Everything after it works again, as a disk's would.
  void fail_change(std::uint64_t change, tenon_error code) {
    failing_change_ = change;
    code_ = code;
  }
  // Is called before each sync of a file that counts; may block.
  void before_sync(std::function<void()> hook) { before_sync_ = std::move(hook); }
  // From now on every read has one bit wrong.
  void flip_every_read() { flips_ = true; }

  std::string path(std::string_view name) const override { return disk_.path(name); }
  void create_directory() override {
    count("create", "directory");
    disk_.create_directory();
  }
  std::vector<std::string> list() const override { return disk_.list(); }
  std::unique_ptr<File> open(std::string_view name, OpenMode mode) override {
    if (mode == OpenMode::replace) count("create", name);
    return std::make_unique<CountedFile>(*this, std::string(name), disk_.open(name, mode));
  }
  void rename(std::string_view from, std::string_view to) override {
    count("rename", to);
    disk_.rename(from, to);
  }
  void unlink(std::string_view name) override {
    count("unlink", name);
    disk_.unlink(name);
  }
  void sync_directory() override {
    count("sync", "directory");
    disk_.sync_directory();
  }
  std::unique_ptr<FileLock> lock(std::string_view name) override { return disk_.lock(name); }
  void random_bytes(std::span<std::uint8_t> output) override { disk_.random_bytes(output); }

 private:
  class CountedFile final : public File {
   public:
    CountedFile(FaultyFileSystem& owner, std::string name, std::unique_ptr<File> file)
        : owner_(owner), name_(std::move(name)), file_(std::move(file)) {}

    std::uint64_t size() const override { return file_->size(); }
    std::size_t read(std::uint64_t offset, std::span<char> buffer) const override {
      const std::size_t size = file_->read(offset, buffer);
      if (owner_.flips_ && size > 0) buffer[size / 2] = static_cast<char>(buffer[size / 2] ^ 4);
      return size;
    }
    void write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
      ++owner_.counts_.writes;
      owner_.last_write_end_ = offset;
      for (const std::string_view piece : pieces) owner_.last_write_end_ += piece.size();
      if (owner_.is_next()) file_->write(offset, pieces.first(pieces.size() / 2));
      owner_.count("write", name_);
      file_->write(offset, pieces);
    }
    void reserve(std::uint64_t size) override {
      owner_.count("reserve", name_);
      file_->reserve(size);
    }
    void zero_fill(std::uint64_t offset, std::uint64_t size) override {
      ++owner_.counts_.writes;
      if (owner_.is_next()) file_->zero_fill(offset, size / 2);
      owner_.count("zero_fill", name_);
      file_->zero_fill(offset, size);
    }
    void truncate(std::uint64_t size) override {
      owner_.count("truncate", name_);
      file_->truncate(size);
    }
    void sync() override {
      if (owner_.before_sync_) owner_.before_sync_();
      ++owner_.counts_.syncs;
      owner_.count("sync", name_);
      file_->sync();
    }
    void release_cache(std::uint64_t offset, std::uint64_t size) noexcept override {
      owner_.released_ += name_ + " " + std::to_string(offset) + " " + std::to_string(size) + ";";
      file_->release_cache(offset, size);
    }

   private:
    FaultyFileSystem& owner_;
    const std::string name_;
    const std::unique_ptr<File> file_;
  };

  bool is_next() const { return failing_change_ && counts_.changes + 1 == *failing_change_; }

  void count(std::string_view call, std::string_view name) {
    trace_ += std::string(call) + " " + std::string(name) + ";";
    const bool fails = is_next();
    ++counts_.changes;
    if (!fails) return;
    has_failed_ = true;
    throw Error(code_, std::string(call) + " " + path(name) + ": injected");
  }

  FileSystem& disk_;
  CallCounts counts_;
  std::string trace_;
  std::string released_;
  std::uint64_t last_write_end_ = 0;
  std::optional<std::uint64_t> failing_change_;
  tenon_error code_ = TENON_ERROR_IO;
  bool has_failed_ = false;
  bool flips_ = false;
  std::function<void()> before_sync_;
};

}  // namespace tenon::filewal::test
