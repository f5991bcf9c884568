// SPDX-License-Identifier: MIT
#include "runner/report.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace tenon::plugin_check {
namespace {

constexpr int kNameWidth = 36;

bool is_bad(const Reported& reported) {
  const Verdict verdict = reported.outcome.result.verdict;
  return verdict == Verdict::fail || verdict == Verdict::crash || verdict == Verdict::hang;
}

std::size_t count(const std::vector<Reported>& all, Verdict verdict) {
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const Reported& reported) { return reported.outcome.result.verdict == verdict; }));
}

void print_indented(std::ostream& output, const std::string& text, const std::string& margin) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) output << margin << line << "\n";
}

std::string seconds_text(double seconds) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << seconds;
  return text.str();
}

// Control characters, which XML cannot hold, become question marks.
std::string escaped(const std::string& text) {
  std::string xml;
  for (const char character : text) {
    if (character == '&') {
      xml += "&amp;";
    } else if (character == '<') {
      xml += "&lt;";
    } else if (character == '"') {
      xml += "&quot;";
    } else {
      xml += static_cast<unsigned char>(character) < 0x20 && character != '\n' ? '?' : character;
    }
  }
  return xml;
}

}  // namespace

void print(std::ostream& output, const Reported& reported) {
  const Result& result = reported.outcome.result;
  output << std::left << std::setw(6) << word(result.verdict) << std::setw(kNameWidth) << reported.check->name
         << std::right << std::setw(8) << seconds_text(reported.outcome.seconds) << " s\n";
  if (!is_bad(reported)) {
    print_indented(output, result.reason, "      ");
  } else {
    print_indented(output, "promise: " + reported.check->promise, "      ");
    print_indented(output, result.reason, "      ");
    for (const std::string& line : reported.outcome.last_lines) output << "      | " << line << "\n";
    output << "      replay: " << reported.replay << "\n";
    if (!reported.kept.empty()) output << "      kept: " << reported.kept << "\n";
  }
  output.flush();
}

std::string summary(const std::vector<Reported>& all) {
  std::ostringstream text;
  text << count(all, Verdict::pass) << " passed, " << count(all, Verdict::fail) << " failed, "
       << count(all, Verdict::crash) << " crashed, " << count(all, Verdict::hang) << " hung, "
       << count(all, Verdict::skip) << " skipped";
  return text.str();
}

bool any_failed(const std::vector<Reported>& all) { return std::any_of(all.begin(), all.end(), is_bad); }

std::string junit_text(const std::string& plugin, const std::vector<Reported>& all) {
  std::ostringstream xml;
  const auto bad = std::count_if(all.begin(), all.end(), is_bad);
  xml << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"" << escaped(plugin) << "\" tests=\""
      << all.size() << "\" failures=\"" << bad << "\" skipped=\"" << count(all, Verdict::skip) << "\">\n";
  for (const Reported& reported : all) {
    const Result& result = reported.outcome.result;
    xml << "  <testcase classname=\"tenon-plugin-check\" name=\"" << escaped(reported.check->name) << "\" time=\""
        << seconds_text(reported.outcome.seconds) << "\"";
    if (result.verdict == Verdict::pass) {
      xml << "/>\n";
      continue;
    }
    const char* const element = result.verdict == Verdict::skip ? "skipped" : "failure";
    xml << ">\n    <" << element << " message=\"" << word(result.verdict) << "\">" << escaped(result.reason);
    if (is_bad(reported)) xml << "\nreplay: " << escaped(reported.replay);
    xml << "</" << element << ">\n  </testcase>\n";
  }
  xml << "</testsuite>\n";
  return xml.str();
}

void print_list(std::ostream& output, const std::vector<const Check*>& checks) {
  for (const Check* const check : checks) {
    output << std::left << std::setw(kNameWidth) << check->name << (check->suite == Suite::full ? "full   " : "smoke  ")
           << check->promise << "\n";
  }
}

}  // namespace tenon::plugin_check
