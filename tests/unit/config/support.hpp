// SPDX-License-Identifier: MIT
// Configurations of a few lines for the tests of this folder.
#pragma once

#include <string>

#include "config/config.hpp"
#include "support/catch.hpp"

namespace tenon::config {

// The least that a node needs; lines 1 to 9. What a test appends begins in line 10.
inline const char* const kLeast =
    "[node]\n"
    "id = 7\n"
    "data_directory = somewhere\n"
    "[cluster]\n"
    "id = test\n"
    "[storage]\n"
    "plugin = filewal\n"
    "[api]\n"
    "plugin = thrift\n";

inline Sources file(const std::string& text) {
  Sources sources;
  sources.file = File{"a.conf", text};
  return sources;
}
inline Sources least(const std::string& append = {}) { return file(kLeast + append); }

// What load() says when it refuses; fails the test when it does not.
inline std::string refusal(const Sources& sources) {
  try {
    load(sources);
  } catch (const ConfigError& error) {
    return error.what();
  }
  FAIL("the configuration was taken");
  return {};
}

// Checks each part of a refusal, so that one that lost its place or its advice is seen.
inline void check_refusal(const Sources& sources, const std::string& beginning, const std::string& part) {
  const std::string text = refusal(sources);
  INFO(text);
  CHECK(text.substr(0, beginning.size()) == beginning);
  CHECK(text.find(part) != std::string::npos);
}

}  // namespace tenon::config
