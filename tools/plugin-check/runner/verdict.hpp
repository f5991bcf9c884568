// SPDX-License-Identifier: MIT
// How a check ended, and the file by which a child says so.
//
// The result file is written by the child as its last act: the word of the verdict, a line end, the reason. A child
// that ends without one has crashed, whatever its exit status says.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::plugin_check {

enum class Verdict { pass, fail, crash, hang, skip };

// PASS, FAIL, CRASH, HANG, SKIP.
std::string_view word(Verdict verdict) noexcept;

struct Result {
  Verdict verdict = Verdict::pass;
  std::string reason;  // of a pass: what was measured, or nothing; may have several lines
};

// The names within the work directory of a child.
inline constexpr char kResultName[] = "result";
inline constexpr char kProgressName[] = "progress";  // what is under way, see progress.hpp
inline constexpr char kOutputName[] = "output";      // what the child and the plugin print
inline constexpr char kLoggerName[] = "logger";      // what the plugin gives to the logger

// Returns false when it could not be written.
bool write_result(const std::filesystem::path& directory, const Result& result) noexcept;
// nullopt: there is none, or it is cut short.
std::optional<Result> read_result(const std::filesystem::path& directory);

}  // namespace tenon::plugin_check
