// SPDX-License-Identifier: MIT
#include "runner/verdict.hpp"

#include <array>
#include <fstream>
#include <sstream>

namespace tenon::plugin_check {
namespace {

constexpr std::array kVerdicts = {Verdict::pass, Verdict::fail, Verdict::crash, Verdict::hang, Verdict::skip};
// Ends every result, so that one that was cut short is not taken for a whole one.
constexpr std::string_view kEnd = "\nend of result\n";

}  // namespace

std::string_view word(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::pass:
      return "PASS";
    case Verdict::fail:
      return "FAIL";
    case Verdict::crash:
      return "CRASH";
    case Verdict::hang:
      return "HANG";
    case Verdict::skip:
      return "SKIP";
  }
  return "CRASH";
}

bool write_result(const std::filesystem::path& directory, const Result& result) noexcept {
  try {
    std::ofstream file(directory / kResultName, std::ios::binary | std::ios::trunc);
    file << word(result.verdict) << '\n' << result.reason << kEnd;
    file.flush();
    return file.good();
  } catch (const std::exception&) {
    return false;
  }
}

std::optional<Result> read_result(const std::filesystem::path& directory) {
  std::ifstream file(directory / kResultName, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) return std::nullopt;
  std::string text = content.str();
  const std::size_t line_end = text.find('\n');
  if (!text.ends_with(kEnd) || line_end == std::string::npos) return std::nullopt;
  const std::size_t reason_end = text.size() - kEnd.size();
  for (const Verdict verdict : kVerdicts) {
    if (text.substr(0, line_end) != word(verdict) || line_end + 1 > reason_end) continue;
    return Result{verdict, text.substr(line_end + 1, reason_end - line_end - 1)};
  }
  return std::nullopt;
}

}  // namespace tenon::plugin_check
