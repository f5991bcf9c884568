// SPDX-License-Identifier: MIT
// What the system's dynamic linker says of a library, without running any of its code: the linker is started in the
// mode in which ldd(1) starts it, where it maps and resolves and then ends.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tenon::tenonctl {

struct Resolution {
  std::vector<std::string> missing_libraries;
  std::vector<std::string> undefined_symbols;
  std::vector<std::string> other_troubles;  // lines of the linker, a missing version of a library for one
};

// Looks where a process of this system looks that has no variables such as LD_LIBRARY_PATH.
// Throws std::runtime_error when the linker cannot be started. Needs: an absolute path of a sound library.
Resolution resolve_libraries(const std::filesystem::path& library);

}  // namespace tenon::tenonctl
