// SPDX-License-Identifier: MIT
// What of a process a plugin must leave as it found it, and what it must give back: read from /proc and the C library.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tenon::plugin_check {

// Threads of this process.
std::set<int> threads();
// How many threads there are, once those that have ended their work are gone: waits up to two seconds for there to be
// no more than `expected`.
std::size_t settled_threads(std::size_t expected);
// Signals, by number, that the thread would still take; none when the thread is gone. SIGKILL and SIGSTOP, which
// nobody can block, and the two of the C library itself do not count.
std::vector<int> unblocked_signals(int thread);

// Open descriptors and what they lead to, without the one that looks.
std::map<int, std::string> descriptors();
// Says whether a program that is started would inherit it.
bool is_inherited(int descriptor);

// Bytes of memory that are in use.
std::uint64_t resident_bytes();
// Whether that says anything: a sanitizer keeps what is freed for a while, and so hides what a plugin needs.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryIsTelling = false;
#elif defined(__has_feature)
inline constexpr bool kMemoryIsTelling = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
inline constexpr bool kMemoryIsTelling = true;
#endif

// Each as a text, by name: signal handlers, signal mask, locale, working directory, environment, floating point
// settings, umask, where standard output leads.
std::map<std::string, std::string> process_state();

}  // namespace tenon::plugin_check
