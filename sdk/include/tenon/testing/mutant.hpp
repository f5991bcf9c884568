// SPDX-License-Identifier: MIT
// Mutants: faults that are built in on purpose, to see that the simulator finds them.
//
// A condition names one, as in `if (is_durable || mutant("ack-too-early"))`. In a normal build no mutant is ever on:
// that is known to the compiler, which leaves neither the fault nor its name in what it makes. A build with
// TENON_MUTANTS, meson's option mutants, has them all, and the environment variable TENON_MUTANT names the one that is
// on. tests/sim/mutants/mutants.txt says of each what it breaks and which check finds it. A `const bool` must not begin
// with one: where all before is constant the compiler takes the whole for a constant, and the mutant is off. Any
// thread.
#pragma once

#ifdef TENON_MUTANTS
#include <cstdlib>
#include <string_view>
#include <type_traits>
#endif

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

#ifdef TENON_MUTANTS
inline bool is_wanted_mutant(std::string_view name) noexcept {
  static const char* const wanted = std::getenv("TENON_MUTANT");
  return wanted != nullptr && name == wanted;
}

constexpr bool mutant(std::string_view name) noexcept {
  return !std::is_constant_evaluated() && is_wanted_mutant(name);
}
#else
consteval bool mutant(const char*) noexcept { return false; }
#endif

}  // namespace sdk_1
}  // namespace tenon
