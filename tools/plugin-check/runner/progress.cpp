// SPDX-License-Identifier: MIT
#include "runner/progress.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace tenon::plugin_check {
namespace {

constexpr std::size_t kPageBytes = 1024;  // the text and a zero

}  // namespace

Progress::Progress(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0 || ::ftruncate(descriptor, kPageBytes) != 0) {
    throw std::runtime_error(file.string() + ": cannot be made: " + std::strerror(errno));
  }
  void* const mapped = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  if (mapped == MAP_FAILED) throw std::runtime_error(file.string() + ": cannot be mapped: " + std::strerror(errno));
  page_ = static_cast<char*>(mapped);
}

Progress::~Progress() { ::munmap(page_, kPageBytes); }

bool Progress::is_in(ThreadWord word) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(steps_.begin(), steps_.end(), [&](const auto& step) {
    return step.second.word == word && step.second.thread == std::this_thread::get_id();
  });
}

std::string Progress::read(const std::filesystem::path& file) {
  std::ifstream input(file, std::ios::binary);
  std::string page(kPageBytes, '\0');
  input.read(page.data(), static_cast<std::streamsize>(page.size()));
  page.resize(static_cast<std::size_t>(std::max<std::streamsize>(input.gcount(), 0)));
  return page.substr(0, page.find('\0'));
}

std::uint64_t Progress::begin(std::string_view text, std::optional<ThreadWord> word) {
  const std::lock_guard lock(mutex_);
  steps_.emplace(++last_number_, UnderWay{std::string(text), word, std::this_thread::get_id()});
  show();
  return last_number_;
}

void Progress::end(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  steps_.erase(number);
  show();
}

// Needs: the mutex. The parent reads when this process can no longer write, or does not.
void Progress::show() {
  std::string text;
  for (const auto& [number, step] : steps_) text += (text.empty() ? "" : ", ") + step.text;
  text.resize(std::min(text.size(), kPageBytes - 1));
  std::memcpy(page_, text.c_str(), text.size() + 1);
}

Progress::Step::Step(Progress& progress, std::string_view text, std::optional<ThreadWord> word)
    : progress_(progress), number_(progress.begin(text, word)) {}
Progress::Step::~Step() { progress_.end(number_); }

}  // namespace tenon::plugin_check
