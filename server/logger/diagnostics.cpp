// SPDX-License-Identifier: MIT
#include "diagnostics.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "tenon/plugin.h"

namespace tenon::server {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD, for bytes that are not UTF-8

const char* level_word(std::uint32_t severity) noexcept {
  switch (severity) {
    case TENON_SEVERITY_DEBUG:
      return "debug";
    case TENON_SEVERITY_INFO:
      return "info";
    case TENON_SEVERITY_WARNING:
      return "warning";
    default:
      return "error";
  }
}

std::string time_text(WallTime time) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[48];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(milliseconds % 1000));
  return std::string(text, size) + fraction;
}

bool is_control(char letter) noexcept { return static_cast<unsigned char>(letter) < ' ' || letter == '\x7f'; }

// How many bytes of a UTF-8 character begin `text`, in its shortest form and no surrogate; 0: none does.
std::size_t character_size(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool is_wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return is_wrong ? 0 : size;
}

void add_json(std::string& line, std::string_view name, std::string_view value) {
  line.append("\"").append(name).append("\":\"");
  while (!value.empty()) {
    const char letter = value.front();
    const std::size_t size = character_size(value);
    if (letter == '"' || letter == '\\') {
      line.append("\\").push_back(letter);
    } else if (is_control(letter)) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(letter));
      line.append(escape);
    } else {
      line.append(size == 0 ? kReplacement : value.substr(0, size));
    }
    value.remove_prefix(std::max<std::size_t>(size, 1));
  }
  line.append("\"");
}

std::string text_line(WallTime time, std::uint32_t severity, std::string_view room, std::string_view text) {
  std::string line = time_text(time) + " " + level_word(severity) + " ";
  const std::size_t begin = line.size();
  line.append(room).append(": ").append(text);
  std::replace_if(line.begin() + static_cast<std::ptrdiff_t>(begin), line.end(), is_control, ' ');
  line.push_back('\n');
  return line;
}

std::string json_line(WallTime time, std::uint32_t severity, std::string_view room, std::string_view text) {
  std::string line = "{";
  add_json(line, "time", time_text(time));
  line.push_back(',');
  add_json(line, "level", level_word(severity));
  line.push_back(',');
  add_json(line, "room", room);
  line.push_back(',');
  add_json(line, "message", text);
  return line.append("}\n");
}

}  // namespace

std::string diagnostics_line(config::LoggerFormat format, WallTime time, std::uint32_t severity, std::string_view room,
                             std::string_view text) {
  return format == config::LoggerFormat::kJson ? json_line(time, severity, room, text)
                                               : text_line(time, severity, room, text);
}

std::uint32_t severity_of(config::LoggerLevel level) noexcept {
  switch (level) {
    case config::LoggerLevel::kDebug:
      return TENON_SEVERITY_DEBUG;
    case config::LoggerLevel::kInfo:
      return TENON_SEVERITY_INFO;
    case config::LoggerLevel::kWarning:
      return TENON_SEVERITY_WARNING;
    default:
      return TENON_SEVERITY_ERROR;
  }
}

config::LoggerLevel level_of(const config::LoggerLevels& levels, std::string_view room) noexcept {
  auto found = levels.of_rooms.find(room);
  if (found == levels.of_rooms.end()) found = levels.of_rooms.find(room.substr(0, room.find('.')));
  return found == levels.of_rooms.end() ? levels.general : found->second;
}

std::optional<std::uint64_t> LineLimit::take(std::string_view room, std::uint32_t severity, Instant now) {
  Place& place = place_of(room, severity);
  const auto refills = (now - place.refilled) / kRefill;
  if (refills >= kBurst) {
    place.lines_left = kBurst;
    place.refilled = now;
  } else if (refills > 0) {
    place.lines_left = std::min(kBurst, place.lines_left + static_cast<std::uint32_t>(refills));
    place.refilled += refills * kRefill;
  }
  if (place.lines_left == 0) {
    ++place.held_back;
    return std::nullopt;
  }
  --place.lines_left;
  const std::uint64_t told = place.held_back;
  place.held_back = 0;
  return told;
}

std::uint64_t LineLimit::held_back() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [name, place] : places_) sum += place.held_back;
  return sum;
}

LineLimit::Place& LineLimit::place_of(std::string_view room, std::uint32_t severity) {
  std::string name = std::to_string(severity) + " " + std::string(room);
  const auto found = places_.find(name);
  if (found != places_.end()) return found->second;
  if (places_.size() >= kRoomsMax) name.clear();
  return places_[name];
}

}  // namespace tenon::server
