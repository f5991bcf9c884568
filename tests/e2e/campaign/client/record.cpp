// SPDX-License-Identifier: MIT
#include "record.hpp"

#include <stdexcept>

namespace tenon::campaign {
namespace {

constexpr std::chrono::milliseconds kWrittenOutAfter(100);
constexpr std::array<const char*, kKinds> kKindNames{"get",    "lease get", "log get",   "put",
                                                     "delete", "append",    "increment", "cas"};
constexpr std::array<const char*, kEndings> kEndingNames{"done", "refused", "unknown"};

}  // namespace

Record::Record(const std::string& path) : file_(path), written_out_(std::chrono::steady_clock::now()) {
  if (!file_) throw std::runtime_error(path + ": cannot be written");
}

void Record::add(Kind kind, Ending ending, const support::Operation& operation) {
  const bool says_something = !is_read(kind) || ending == Ending::done;
  const std::string line = says_something ? support::text_of(operation) : std::string();
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(ending)];
  if (!says_something) return;
  file_ << line << '\n';
  const auto now = std::chrono::steady_clock::now();
  if (now - written_out_ < kWrittenOutAfter) return;
  written_out_ = now;
  if (!file_.flush()) throw std::runtime_error("the history cannot be written");
}

std::uint64_t Record::done() {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  for (const auto& endings : counts_) count += endings[static_cast<std::size_t>(Ending::done)];
  return count;
}

std::string Record::counts() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    text += (text.empty() ? "{\"" : ", \"") + std::string(kKindNames[kind]) + "\": {";
    for (std::size_t ending = 0; ending < kEndings; ++ending) {
      text += std::string(ending == 0 ? "\"" : ", \"") + kEndingNames[ending] +
              "\": " + std::to_string(counts_[kind][ending]);
    }
    text += "}";
  }
  return text + "}";
}

void Record::write_out() {
  const std::lock_guard lock(mutex_);
  if (!file_.flush()) throw std::runtime_error("the history cannot be written");
}

}  // namespace tenon::campaign
