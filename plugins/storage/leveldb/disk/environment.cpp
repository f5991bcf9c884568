// SPDX-License-Identifier: MIT
#include "environment.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>
#include <system_error>

#include "posix.hpp"

namespace tenon::leveldb_storage {
namespace {

leveldb::Status system_error(const std::string& path) {
  return leveldb::Status::IOError(path, std::generic_category().message(errno));
}

class ReadFile final : public leveldb::RandomAccessFile {
 public:
  ReadFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~ReadFile() override { ::close(descriptor_); }

  leveldb::Status Read(std::uint64_t offset, std::size_t size, leveldb::Slice* result,
                       char* scratch) const noexcept override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t count = ::pread(descriptor_, scratch + done, size - done, static_cast<off_t>(offset + done));
      if (count == -1 && errno == EINTR) continue;
      if (count == -1) return system_error(path_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    *result = leveldb::Slice(scratch, done);
    return {};
  }

 private:
  const int descriptor_;
  const std::string path_;
};

}  // namespace

std::uint64_t write_ahead_log_number(const std::string& path) noexcept {
  constexpr std::string_view kSuffix = ".log";
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  if (!name.ends_with(kSuffix)) return 0;
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size() - kSuffix.size();
  const auto [stopped, error] = std::from_chars(name.data(), end, number);
  return error == std::errc() && stopped == end ? number : 0;
}

class Environment::WritableFile final : public leveldb::WritableFile {
 public:
  WritableFile(Environment& environment, leveldb::WritableFile* file, std::uint64_t log_number)
      : environment_(environment), file_(file), log_number_(log_number) {}
  ~WritableFile() override {
    const std::lock_guard lock(environment_.mutex_);
    if (environment_.newest_log_ == this) environment_.newest_log_ = nullptr;
  }

  leveldb::Status Append(const leveldb::Slice& bytes) noexcept override {
    const leveldb::Status failed = environment_.failure();
    if (!failed.ok()) return failed;
    bytes_ += bytes.size();
    return environment_.keep(file_->Append(bytes));
  }
  leveldb::Status Close() noexcept override { return environment_.keep(file_->Close()); }
  leveldb::Status Flush() noexcept override { return environment_.keep(file_->Flush()); }
  leveldb::Status Sync() noexcept override {
    leveldb::Status status = environment_.failure();
    if (!status.ok()) return status;
    const auto began = std::chrono::steady_clock::now();
    status = environment_.keep(file_->Sync());
    if (status.ok() && !has_durable_name_) {
      status = environment_.sync_names();
      has_durable_name_ = status.ok();
    }
    if (log_number_ == 0 || !status.ok()) return status;
    environment_.sync_nanoseconds_ +=
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - began).count();
    synced_bytes_ = bytes_;
    const std::lock_guard lock(environment_.mutex_);
    environment_.synced_ = {log_number_, synced_bytes_};
    return status;
  }
  bool is_synced() const noexcept { return synced_bytes_ == bytes_; }

 private:
  Environment& environment_;
  const std::unique_ptr<leveldb::WritableFile> file_;
  const std::uint64_t log_number_;  // 0: not a write-ahead log
  std::uint64_t bytes_ = 0;
  std::uint64_t synced_bytes_ = 0;
  bool has_durable_name_ = false;
};

Environment::Environment(leveldb::Env& files, std::string directory)
    : EnvWrapper(&files), directory_(std::move(directory)) {
  const SignalBlock block;
  thread_ = std::thread([this] { run(); });
}

Environment::~Environment() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

SyncedPlace Environment::synced_place() const noexcept {
  const std::lock_guard lock(mutex_);
  return synced_;
}

leveldb::Status Environment::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

leveldb::Status Environment::keep(leveldb::Status status) {
  if (!status.ok()) {
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = status;
  }
  return status;
}

leveldb::Status Environment::sync_names() {
  tenon_detail why{};
  if (guard(&why, [&] { sync_directory(directory_); }) == TENON_OK) return {};
  return keep(leveldb::Status::IOError(why.message));
}

leveldb::Status Environment::NewWritableFile(const std::string& path, leveldb::WritableFile** result) noexcept {
  *result = nullptr;
  const std::uint64_t number = write_ahead_log_number(path);
  WritableFile* before = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!failure_.ok()) return failure_;
    if (number != 0) before = newest_log_;
  }
  // LevelDB begins a write-ahead log on the thread that writes to the one before, and closes that one afterwards.
  if (before != nullptr && !before->is_synced()) {
    leveldb::Status synced = before->Sync();
    if (!synced.ok()) return synced;
  }
  leveldb::WritableFile* file = nullptr;
  leveldb::Status status = keep(target()->NewWritableFile(path, &file));
  if (!status.ok()) return status;
  auto* const made = new WritableFile(*this, file, number);
  *result = made;
  if (number != 0) {
    const std::lock_guard lock(mutex_);
    newest_log_ = made;
    synced_ = {number, 0};
  }
  return status;
}

leveldb::Status Environment::NewRandomAccessFile(const std::string& path, leveldb::RandomAccessFile** result) noexcept {
  *result = nullptr;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor == -1) return system_error(path);
  *result = new ReadFile(descriptor, path);
  return {};
}

leveldb::Status Environment::RenameFile(const std::string& from, const std::string& to) noexcept {
  leveldb::Status status = failure();
  if (status.ok()) status = keep(target()->RenameFile(from, to));
  return status.ok() ? sync_names() : status;
}

void Environment::Schedule(void (*function)(void*), void* argument) noexcept {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back({function, argument});
  }
  wake_.notify_one();
}

// The thread.
void Environment::run() noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return closing_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const Task task = tasks_.front();
    tasks_.pop_front();
    lock.unlock();
    task.function(task.argument);
    lock.lock();
  }
}

}  // namespace tenon::leveldb_storage
