// SPDX-License-Identifier: MIT
// Why a plugin's file does not load, or loads and should not be used, as far as that can be told without running it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tenon::tenonctl {

struct Finding {
  enum class Weight {
    refused,  // the server does not load it
    risky     // the server loads it, and it should be mended
  };
  Weight weight;
  std::string text;  // what was found, what was expected, what to do
};

// Everything that is found, the most basic first; what makes further questions pointless ends the list. For a server
// that runs as this user. Needs: an absolute path.
std::vector<Finding> examine(const std::filesystem::path& file);

}  // namespace tenon::tenonctl
