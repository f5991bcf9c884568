// SPDX-License-Identifier: MIT
// Where diagnostics are written: a descriptor, each line by one write.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

namespace tenon::server {

class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // nullopt: standard error. Throws config::ConfigError when the file cannot be opened.
  explicit LineSink(std::optional<std::filesystem::path> file);
  ~LineSink() override;

  // Opens the file again. What could not be done, and then the old one stays in use. Any thread.
  std::optional<std::string> reopen();

 private:
  // A line that cannot be written, to a full disk for one, is lost: the node goes on.
  void sink_it_(const spdlog::details::log_msg& line) override;
  void flush_() override {}

  const std::optional<std::filesystem::path> file_;
  int descriptor_;
};

}  // namespace tenon::server
