// SPDX-License-Identifier: MIT
#include "object_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "plugin/refusal.hpp"

namespace tenon::plugin {

ObjectFile::ObjectFile(const std::filesystem::path& path) : path_(path.string()) {
  // Without O_NONBLOCK the open of a pipe would wait for a writer.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (descriptor_ < 0) {
    const int error = errno;
    throw Refusal(error == ENOENT ? RefusalKind::missing_file : RefusalKind::unreadable_file,
                  path_ + ": cannot be opened (" + std::strerror(error) +
                      "), wanted a plugin's file that this user may read. Mend its path or its permissions.");
  }
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw Refusal(RefusalKind::not_a_regular_file,
                  path_ + ": is not a regular file, wanted a shared library. Give the path of the plugin's .so file.");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

ObjectFile::~ObjectFile() { ::close(descriptor_); }

std::string ObjectFile::text_at(std::uint64_t offset, std::uint64_t size) const {
  require(offset, size, "a note");
  std::string text(size, '\0');
  read(offset, text.data(), size);
  return text;
}

void ObjectFile::require(std::uint64_t offset, std::uint64_t size, const char* part) const {
  if (holds(offset, size)) return;
  throw Refusal(RefusalKind::damaged_file,
                path_ + ": is damaged: it has " + std::to_string(size_) + " bytes, and " + part + " of " +
                    std::to_string(size) + " bytes at offset " + std::to_string(offset) +
                    " lies beyond its end. Install the plugin again, by renaming a complete file into place.");
}

void ObjectFile::read(std::uint64_t offset, void* target, std::uint64_t size) const {
  require(offset, size, "a part");
  auto* next = static_cast<char*>(target);
  while (size > 0) {
    const ssize_t count = ::pread(descriptor_, next, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const std::string reason = count == 0 ? "it became shorter meanwhile" : std::strerror(errno);
      throw Refusal(RefusalKind::unreadable_file, path_ + ": cannot be read (" + reason +
                                                      "), wanted a plugin's file. Check the disk, then try again.");
    }
    next += count;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::uint64_t>(count);
  }
}

}  // namespace tenon::plugin
