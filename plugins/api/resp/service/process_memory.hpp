// SPDX-License-Identifier: MIT
// How much memory this process holds.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace tenon::api_resp {

// 0 when the operating system does not say it.
inline std::uint64_t resident_bytes() {
  std::ifstream statistics("/proc/self/statm");
  std::uint64_t all_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!(statistics >> all_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace tenon::api_resp
