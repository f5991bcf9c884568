// SPDX-License-Identifier: MIT
// The real disk under LevelDB, with calls that fail when the test says so, and with power that can be lost: what was
// not synced may be gone, or there in part, or be something else.
#pragma once

#include <leveldb/env.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>

namespace tenon::leveldb_storage::test {

class FaultyFiles final : public leveldb::EnvWrapper {
 public:
  FaultyFiles() : EnvWrapper(leveldb::Env::Default()) {}

  // Lets the n-th change from now on fail (1: the next), and all that come after it too. A change is a file that is
  // made, an append, a sync or a rename.
  void fail_from(std::uint64_t n, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    fail_at_ = changes_ + n;
    reason_ = reason;
    only_syncs_ = false;
  }
  // Lets the next sync fail, and nothing else.
  void fail_next_sync(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    only_syncs_ = true;
    fail_at_ = 1;
    reason_ = reason;
  }
  std::uint64_t changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }
  std::uint64_t syncs() const {
    const std::lock_guard lock(mutex_);
    return syncs_;
  }

  // Does to the files what a loss of power may do. Needs: nothing is open.
  void lose_power(std::mt19937_64& generator) {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, synced] : synced_) {
      if (!std::filesystem::exists(path)) continue;
      const std::uint64_t size = std::filesystem::file_size(path);
      if (size <= synced) continue;
      const std::uint64_t kept = synced + generator() % (size - synced + 1);
      std::filesystem::resize_file(path, kept);
      if (kept == synced || generator() % 2 == 0) continue;
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(synced + generator() % (kept - synced)));
      const bool zeros = generator() % 2 == 0;
      for (std::uint64_t left = std::min<std::uint64_t>(kept - static_cast<std::uint64_t>(file.tellp()), 5000);
           left > 0; --left) {
        file.put(zeros ? '\0' : static_cast<char>(generator()));
      }
    }
  }

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** result) override {
    *result = nullptr;
    leveldb::Status status = change(path);
    leveldb::WritableFile* file = nullptr;
    if (status.ok()) status = target()->NewWritableFile(path, &file);
    if (!status.ok()) return status;
    *result = new File(*this, path, file);
    const std::lock_guard lock(mutex_);
    synced_[path] = 0;
    return status;
  }
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    leveldb::Status status = change(from);
    if (status.ok()) status = target()->RenameFile(from, to);
    const std::lock_guard lock(mutex_);
    if (status.ok()) {
      synced_[to] = synced_[from];
      synced_.erase(from);
    }
    return status;
  }

 private:
  class File final : public leveldb::WritableFile {
   public:
    File(FaultyFiles& files, std::string path, leveldb::WritableFile* file)
        : files_(files), path_(std::move(path)), file_(file) {}
    leveldb::Status Append(const leveldb::Slice& bytes) override {
      const leveldb::Status status = files_.change(path_);
      if (!status.ok()) return status;
      size_ += bytes.size();
      return file_->Append(bytes);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override {
      leveldb::Status status = files_.change(path_, true);
      if (status.ok()) status = file_->Flush();  // a sync of the real disk would only take time here
      if (status.ok()) files_.synced(path_, size_);
      return status;
    }

   private:
    FaultyFiles& files_;
    const std::string path_;
    const std::unique_ptr<leveldb::WritableFile> file_;
    std::uint64_t size_ = 0;
  };

  leveldb::Status change(const std::string& path, bool is_sync = false) {
    const std::lock_guard lock(mutex_);
    ++changes_;
    if (is_sync) ++syncs_;
    const bool fails = only_syncs_ ? is_sync && std::exchange(fail_at_, 0) != 0 : fail_at_ != 0 && changes_ >= fail_at_;
    return fails ? leveldb::Status::IOError(path, reason_) : leveldb::Status();
  }
  void synced(const std::string& path, std::uint64_t size) {
    const std::lock_guard lock(mutex_);
    synced_[path] = size;
  }

  mutable std::mutex mutex_;
  std::uint64_t changes_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t fail_at_ = 0;  // 0: nothing fails
  bool only_syncs_ = false;
  std::string reason_;
  std::map<std::string, std::uint64_t> synced_;  // bytes, by path
};

}  // namespace tenon::leveldb_storage::test
