// SPDX-License-Identifier: MIT
#include "lifecycle/process_state.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon::plugin_check {
namespace {

constexpr int kSignals = 64;
constexpr int kFirstOfLibrary = 32;  // of two that the C library keeps for itself
constexpr int kLastOfLibrary = 33;

std::string field(const std::filesystem::path& status, const std::string& name) {
  std::ifstream input(status);
  for (std::string line; std::getline(input, line);) {
    if (line.starts_with(name + ":")) return line.substr(name.size() + 1);
  }
  return {};
}

std::string signal_handlers() {
  std::ostringstream text;
  for (int signal = 1; signal <= kSignals; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0) continue;
    text << signal << ":" << reinterpret_cast<std::uintptr_t>(action.sa_handler) << "/" << action.sa_flags << " ";
  }
  return text.str();
}

std::string environment() {
  std::string text;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    text += std::string(*variable) + "\n";
  }
  return text;
}

std::string floating_point() {
#if defined(__x86_64__)
  constexpr unsigned kStatus = 0x3f;  // what has happened; the other bits are settings
  return std::to_string(_mm_getcsr() & ~kStatus);
#else
  return {};
#endif
}

std::string file_mask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return std::to_string(mask);
}

std::string target_of(int descriptor) {
  std::error_code error;
  const auto target = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error);
  return error ? std::string() : target.string();
}

}  // namespace

std::set<int> threads() {
  std::set<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    found.insert(std::stoi(entry.path().filename().string()));
  }
  return found;
}

std::size_t settled_threads(std::size_t expected) {
  constexpr std::chrono::seconds kSettling{2};
  const auto start = std::chrono::steady_clock::now();
  std::size_t found = threads().size();
  while (found > expected && std::chrono::steady_clock::now() - start < kSettling) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    found = threads().size();
  }
  return found;
}

std::vector<int> unblocked_signals(int thread) {
  const std::string text = field("/proc/self/task/" + std::to_string(thread) + "/status", "SigBlk");
  if (text.empty()) return {};
  const std::uint64_t blocked = std::stoull(text, nullptr, 16);
  std::vector<int> open;
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP || (signal >= kFirstOfLibrary && signal <= kLastOfLibrary)) continue;
    if ((blocked >> (signal - 1) & 1) == 0) open.push_back(signal);
  }
  return open;
}

std::map<int, std::string> descriptors() {
  std::map<int, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int descriptor = std::stoi(entry.path().filename().string());
    const std::string target = target_of(descriptor);
    const bool looks = target.starts_with("/proc/") && target.ends_with("/fd");
    if (!looks && !target.empty()) found.emplace(descriptor, target);
  }
  return found;
}

bool is_inherited(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

std::uint64_t resident_bytes() {
  constexpr std::uint64_t kKibibyte = 1024;
  const std::string text = field("/proc/self/status", "VmRSS");
  return text.empty() ? 0 : std::stoull(text) * kKibibyte;
}

std::map<std::string, std::string> process_state() {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  std::string mask_text;
  for (int signal = 1; signal <= kSignals; ++signal) mask_text += sigismember(&mask, signal) == 1 ? '1' : '0';
  const char* const locale = std::setlocale(LC_ALL, nullptr);
  return {{"signal handlers", signal_handlers()},
          {"signal mask of the control thread", mask_text},
          {"locale", locale == nullptr ? "" : locale},
          {"working directory", std::filesystem::current_path().string()},
          {"environment", environment()},
          {"floating point settings", floating_point()},
          {"umask", file_mask()},
          {"standard output", target_of(STDOUT_FILENO)},
          {"standard error", target_of(STDERR_FILENO)}};
}

}  // namespace tenon::plugin_check
