// SPDX-License-Identifier: MIT
#include "runner/subject.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace tenon::plugin_check {
namespace {

constexpr std::array<const char*, 17> kErrorNames = {
    "OK",      "INVALID",   "UNSUPPORTED", "NOT_FOUND", "TOO_LARGE", "BUSY",    "NOT_LEADER", "CLOSED", "CANCELLED",
    "TIMEOUT", "COMPACTED", "WRONG_TYPE",  "NO_SPACE",  "IO",        "CORRUPT", "INTERNAL",   "REUSED"};

}  // namespace

Subject::Subject(Task task) : task_(std::move(task)), progress_(task_.directory / kProgressName) {
  const std::filesystem::path logger = task_.directory / kLoggerName;
  logger_descriptor_ = ::open(logger.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (logger_descriptor_ < 0) throw std::runtime_error(logger.string() + ": cannot be made: " + std::strerror(errno));
}

std::mt19937_64 Subject::generator(std::uint64_t salt) const {
  std::seed_seq words{static_cast<std::uint32_t>(task_.seed), static_cast<std::uint32_t>(task_.seed >> 32),
                      static_cast<std::uint32_t>(salt), static_cast<std::uint32_t>(salt >> 32)};
  return std::mt19937_64(words);
}

const plugin::Description& Subject::description() {
  if (!description_) {
    const Progress::Step step(progress_, "reading the note");
    try {
      description_ = plugin::inspect(task_.plugin);
    } catch (const plugin::Refusal& refusal) {
      fail(refusal.what());
    }
  }
  return *description_;
}

const plugin::LoadedPlugin& Subject::plugin() {
  if (!plugin_) {
    const plugin::Kind kind = description().manifest.kind;
    const Progress::Step step(progress_, "loading the library", ThreadWord::setup);
    try {
      plugin_ = plugin::load({kind, task_.plugin.string(), {}, task_.options});
    } catch (const plugin::Refusal& refusal) {
      fail(refusal.what());
    }
  }
  return *plugin_;
}

std::filesystem::path Subject::new_directory(std::string_view name) {
  std::filesystem::path path = task_.directory / name;
  for (int number = 2; ::mkdir(path.c_str(), 0700) != 0; ++number) {
    if (errno != EEXIST) throw std::runtime_error(path.string() + ": cannot be made: " + std::strerror(errno));
    path = task_.directory / (std::string(name) + "-" + std::to_string(number));
  }
  return path;
}

void Subject::note(std::string_view line) {
  const std::string whole = std::string(line) + "\n";
  // One write, so that lines of several threads do not mix. A line that is lost harms nothing.
  [[maybe_unused]] const ssize_t written = ::write(logger_descriptor_, whole.data(), whole.size());
}

void Subject::keep(std::shared_ptr<void> object) {
  const std::lock_guard lock(mutex_);
  kept_.push_back(std::move(object));
}

void Subject::measured(const std::string& line) {
  const std::lock_guard lock(mutex_);
  measurements_ += line + "\n";
}

void Subject::pass() { end(Verdict::pass, measurements_); }
void Subject::fail(const std::string& reason) { end(Verdict::fail, reason); }
void Subject::skip(const std::string& reason) { end(Verdict::skip, reason); }

void Subject::end(Verdict verdict, const std::string& reason) {
  // Of several threads that find something the first one speaks; the others wait here for the end.
  mutex_.lock();
  ::_exit(write_result(task_.directory, {verdict, reason}) ? 0 : 1);
}

std::string text_of(tenon_error error) {
  const auto place = static_cast<std::size_t>(-static_cast<std::int64_t>(error));
  const bool known = error <= 0 && place < kErrorNames.size();
  return std::to_string(error) + (known ? std::string(" (") + kErrorNames[place] + ")" : " (not a listed error)");
}

std::string text_of(tenon_error error, const tenon_detail& why) {
  const char* const end = std::find(std::begin(why.message), std::end(why.message), '\0');
  const std::string words(std::begin(why.message), end);
  return text_of(error) + ": " + (words.empty() ? "no reason given" : words);
}

tenon_detail new_detail() noexcept {
  tenon_detail why{};
  why.struct_size = sizeof why;
  return why;
}

}  // namespace tenon::plugin_check
