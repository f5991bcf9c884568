// SPDX-License-Identifier: MIT
#include "line_sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "config/error.hpp"

namespace tenon::server {
namespace {

constexpr mode_t kFileMode = 0640;

int open_file(const std::filesystem::path& file) noexcept {
  return ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, kFileMode);
}

std::string failure(const std::filesystem::path& file) {
  return "the file " + file.string() + " of logger.file cannot be opened: " + std::strerror(errno) +
         "; make its directory, or name another file";
}

}  // namespace

LineSink::LineSink(std::optional<std::filesystem::path> file)
    : file_(std::move(file)), descriptor_(file_ ? open_file(*file_) : STDERR_FILENO) {
  if (descriptor_ < 0) throw config::ConfigError(failure(*file_));
}

LineSink::~LineSink() {
  if (file_) ::close(descriptor_);
}

std::optional<std::string> LineSink::reopen() {
  if (!file_) return std::nullopt;
  const int opened = open_file(*file_);
  if (opened < 0) return failure(*file_);
  const std::lock_guard lock(mutex_);
  ::close(std::exchange(descriptor_, opened));
  return std::nullopt;
}

void LineSink::sink_it_(const spdlog::details::log_msg& line) {
  const char* at = line.payload.data();
  std::size_t left = line.payload.size();
  while (left > 0) {
    const ssize_t written = ::write(descriptor_, at, left);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    at += written;
    left -= static_cast<std::size_t>(written);
  }
}

}  // namespace tenon::server
