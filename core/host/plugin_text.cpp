// SPDX-License-Identifier: MIT
#include <algorithm>

#include "host/status_text.hpp"

namespace tenon::host {
namespace {

// What stands in a line of its own must not end it.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char letter) { return static_cast<unsigned char>(letter) < ' '; }, '?');
  return text;
}

}  // namespace

std::string plugins_text(const std::vector<LoadedPart>& parts) {
  std::string text;
  for (const LoadedPart& part : parts) {
    text += "plugin=" + part.room + " id=" + part.id + " version=" + part.version + " abi=" + part.abi + "\n";
    text += " file " + one_line(part.file) + "\n";
    for (const auto& [name, value] : part.options) text += " option " + name + " " + one_line(value) + "\n";
  }
  return text;
}

}  // namespace tenon::host
