// SPDX-License-Identifier: MIT
#include "filewal/posix_file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

#include "tenon/check.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
constexpr std::size_t kPiecesPerCall = 512;  // of the 1024 that pwritev(2) takes
// Few, and written again and again, so that they stay in the nearest cache.
constexpr std::array<char, 4096> kZeros{};

[[noreturn]] void throw_error(const char* call, const std::string& path) {
  const int number = errno;
  const bool full = number == ENOSPC || number == EDQUOT;
  throw Error(full ? TENON_ERROR_NO_SPACE : TENON_ERROR_IO,
              std::string(call) + " " + path + ": " + std::generic_category().message(number));
}

// Makes a call that returns -1 and sets errno on failure, until no signal interrupts it.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

off_t file_offset(std::uint64_t offset) {
  TENON_CHECK(offset <= static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()));
  return static_cast<off_t>(offset);
}

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ != -1) ::close(number_);
  }
  int number() const noexcept { return number_; }

 private:
  int number_;
};

Descriptor open_descriptor(const std::string& path, int flags) {
  const int number = uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
  if (number == -1) throw_error("open", path);
  return Descriptor(number);
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  std::uint64_t size() const override {
    struct stat found = {};
    if (::fstat(descriptor_.number(), &found) == -1) throw_error("fstat", path_);
    return static_cast<std::uint64_t>(found.st_size);
  }

  std::size_t read(std::uint64_t offset, std::span<char> buffer) const override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t count = uninterrupted([&] {
        return ::pread(descriptor_.number(), buffer.data() + done, buffer.size() - done, file_offset(offset + done));
      });
      if (count == -1) throw_error("pread", path_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  void write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    std::array<iovec, kPiecesPerCall> vectors;
    while (!pieces.empty()) {
      const auto taken = pieces.first(std::min(pieces.size(), vectors.size()));
      std::transform(taken.begin(), taken.end(), vectors.begin(), [](std::string_view piece) {
        return iovec{const_cast<char*>(piece.data()), piece.size()};
      });
      offset = write_vectors(offset, std::span(vectors).first(taken.size()));
      pieces = pieces.subspan(taken.size());
    }
  }

  // In one piece, which keeps the file in few extents.
  void reserve(std::uint64_t size) override {
    const int result = uninterrupted([&] { return ::fallocate(descriptor_.number(), 0, 0, file_offset(size)); });
    if (result == -1 && errno != EOPNOTSUPP) throw_error("fallocate", path_);
  }

  void zero_fill(std::uint64_t offset, std::uint64_t size) override {
    const std::uint64_t begin = offset;
    while (size > 0) {
      std::array<std::string_view, kPiecesPerCall> pieces;
      std::size_t count = 0;
      std::uint64_t bytes = 0;
      for (; count < pieces.size() && bytes < size; ++count) {
        pieces[count] = {kZeros.data(), static_cast<std::size_t>(std::min<std::uint64_t>(size - bytes, kZeros.size()))};
        bytes += pieces[count].size();
      }
      write(offset, std::span(pieces).first(count));
      offset += bytes;
      size -= bytes;
    }
    // A wish, so it cannot fail: what the disk has written by the time of the sync, the sync does not wait for.
    static_cast<void>(::sync_file_range(descriptor_.number(), file_offset(begin), file_offset(offset - begin),
                                        SYNC_FILE_RANGE_WRITE));
  }

  void truncate(std::uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(descriptor_.number(), file_offset(size)); }) == -1) {
      throw_error("ftruncate", path_);
    }
  }

  void sync() override {
    if (uninterrupted([&] { return ::fdatasync(descriptor_.number()); }) == -1) throw_error("fdatasync", path_);
  }

  void release_cache(std::uint64_t offset, std::uint64_t size) noexcept override {
    static_cast<void>(
        ::posix_fadvise(descriptor_.number(), file_offset(offset), file_offset(size), POSIX_FADV_DONTNEED));
  }

 private:
  // Writes all of `vectors`, which it uses up, and returns the offset after them.
  std::uint64_t write_vectors(std::uint64_t offset, std::span<iovec> vectors) {
    while (true) {
      while (!vectors.empty() && vectors.front().iov_len == 0) vectors = vectors.subspan(1);
      if (vectors.empty()) return offset;
      const ssize_t count = uninterrupted([&] {
        return ::pwritev(descriptor_.number(), vectors.data(), static_cast<int>(vectors.size()), file_offset(offset));
      });
      if (count == 0) errno = EIO;
      if (count <= 0) throw_error("pwritev", path_);
      offset += static_cast<std::uint64_t>(count);
      auto written = static_cast<std::size_t>(count);
      for (iovec& vector : vectors) {
        const std::size_t part = std::min(written, vector.iov_len);
        vector.iov_base = static_cast<char*>(vector.iov_base) + part;
        vector.iov_len -= part;
        written -= part;
      }
    }
  }

  const Descriptor descriptor_;
  const std::string path_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  const Descriptor descriptor_;  // the lock belongs to the open file, so closing it gives the lock up
};

}  // namespace

std::string PosixFileSystem::path(std::string_view name) const {
  return name.empty() ? directory_ : directory_ + "/" + std::string(name);
}

// A name that an earlier process has made may never have been synced, so the parent is synced in any case.
void PosixFileSystem::create_directory() {
  if (::mkdir(directory_.c_str(), kDirectoryMode) == -1 && errno != EEXIST) throw_error("mkdir", directory_);
  PosixFileSystem(directory_ + "/..").sync_directory();
}

std::vector<std::string> PosixFileSystem::list() const {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(directory_.c_str()), ::closedir);
  if (directory == nullptr) throw_error("opendir", directory_);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) throw_error("readdir", directory_);
  std::sort(names.begin(), names.end());
  return names;
}

std::unique_ptr<File> PosixFileSystem::open(std::string_view name, OpenMode mode) {
  std::string file_path = path(name);
  Descriptor descriptor = open_descriptor(file_path, O_RDWR | (mode == OpenMode::replace ? O_CREAT | O_TRUNC : 0));
  return std::make_unique<PosixFile>(std::move(descriptor), std::move(file_path));
}

void PosixFileSystem::rename(std::string_view from, std::string_view to) {
  if (::rename(path(from).c_str(), path(to).c_str()) == -1) throw_error("rename", path(from));
}

void PosixFileSystem::unlink(std::string_view name) {
  if (::unlink(path(name).c_str()) == -1) throw_error("unlink", path(name));
}

void PosixFileSystem::sync_directory() {
  const Descriptor descriptor = open_descriptor(directory_, O_RDONLY | O_DIRECTORY);
  if (uninterrupted([&] { return ::fsync(descriptor.number()); }) == -1) throw_error("fsync", directory_);
}

std::unique_ptr<FileLock> PosixFileSystem::lock(std::string_view name) {
  Descriptor descriptor = open_descriptor(path(name), O_RDWR | O_CREAT);
  if (uninterrupted([&] { return ::flock(descriptor.number(), LOCK_EX | LOCK_NB); }) == -1) {
    if (errno != EWOULDBLOCK) throw_error("flock", path(name));
    throw Error(TENON_ERROR_BUSY, directory_ +
                                      ": another process has this data directory open; stop that process, or "
                                      "give this node a directory of its own");
  }
  return std::make_unique<PosixFileLock>(std::move(descriptor));
}

void PosixFileSystem::random_bytes(std::span<std::uint8_t> output) {
  while (!output.empty()) {
    const ssize_t count = uninterrupted([&] { return ::getrandom(output.data(), output.size(), 0); });
    if (count == -1) throw_error("getrandom for", directory_);
    output = output.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace tenon::filewal
