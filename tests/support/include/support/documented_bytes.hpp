// SPDX-License-Identifier: MIT
// The worked examples of docs/formats.md, for tests that compare them with what the code writes. Needs the definition
// TENON_DOCS, the directory of the document.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace tenon::support {

// The bytes of the block that begins with "```hex NAME". Of each line they stand before the '|'. Empty: no such block.
inline std::string documented_bytes(const std::string& name) {
  std::ifstream document(std::string(TENON_DOCS) + "/formats.md");
  std::string found;
  bool inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("```")) {
      inside = line == "```hex " + name;
      continue;
    }
    if (!inside) continue;
    std::istringstream bytes(line.substr(0, line.find('|')));
    for (std::string byte; bytes >> byte;) found.push_back(static_cast<char>(std::stoi(byte, nullptr, 16)));
  }
  return found;
}

// Bytes as two digits and a space each, so that a failed comparison can be read.
inline std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    text += {kDigits[value / 16], kDigits[value % 16], ' '};
  }
  return text;
}

}  // namespace tenon::support
