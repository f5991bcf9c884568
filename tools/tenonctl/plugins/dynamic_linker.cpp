// SPDX-License-Identifier: MIT
#include "dynamic_linker.hpp"

#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace tenon::tenonctl {
namespace {

[[noreturn]] void throw_system_error(const std::string& what, int error) {
  throw std::runtime_error("the dynamic linker cannot be asked: " + what + " failed (" + std::strerror(error) + ")");
}

// The path of the linker that has loaded this program; empty: it has none.
std::string linker_path() {
  std::string path;
  const auto visit = [](dl_phdr_info* program, std::size_t, void* found) {
    for (std::size_t i = 0; i < program->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = program->dlpi_phdr[i];
      if (segment.p_type != PT_INTERP) continue;
      *static_cast<std::string*>(found) = reinterpret_cast<const char*>(program->dlpi_addr + segment.p_vaddr);
    }
    return 1;  // the first is the program
  };
  ::dl_iterate_phdr(visit, &path);
  return path;
}

// The spawn attributes that send what the child says into a pipe.
class Redirection {
 public:
  Redirection() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw_system_error("pipe2", errno);
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, ends_[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, ends_[1], STDERR_FILENO);
  }
  Redirection(const Redirection&) = delete;
  Redirection& operator=(const Redirection&) = delete;
  ~Redirection() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }

  const posix_spawn_file_actions_t* actions() const noexcept { return &actions_; }
  // All that is said until the child ends.
  std::string read() {
    ::close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    std::array<char, 4096> piece;
    for (;;) {
      const ssize_t size = ::read(ends_[0], piece.data(), piece.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return text;
      text.append(piece.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  std::array<int, 2> ends_{-1, -1};
  posix_spawn_file_actions_t actions_{};
};

std::string ask_linker(const std::string& linker, const std::string& library) {
  std::array<std::string, 2> words{linker, library};
  std::array<char*, 3> arguments{words[0].data(), words[1].data(), nullptr};
  std::array<std::string, 3> variables{"LD_TRACE_LOADED_OBJECTS=1", "LD_WARN=yes", "LD_BIND_NOW=yes"};
  std::array<char*, 4> environment{variables[0].data(), variables[1].data(), variables[2].data(), nullptr};
  Redirection output;
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, linker.c_str(), output.actions(), nullptr, arguments.data(), environment.data());
  if (error != 0) throw_system_error(linker, error);
  const std::string said = output.read();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return said;
}

std::string between(const std::string& line, std::string_view before, std::string_view after) {
  const std::size_t begin = line.find(before) + before.size();
  return line.substr(begin, std::min(line.find(after, begin), line.size()) - begin);
}

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

}  // namespace

Resolution resolve_libraries(const std::filesystem::path& library) {
  const std::string linker = linker_path();
  if (linker.empty())
    throw std::runtime_error("the dynamic linker cannot be asked: this program was linked without it");
  Resolution resolution;
  std::istringstream said(ask_linker(linker, library.string()));
  for (std::string line; std::getline(said, line);) {
    if (line.ends_with("=> not found")) {
      add_once(resolution.missing_libraries, between(line, "\t", " =>"));
    } else if (line.find("undefined symbol: ") != std::string::npos) {
      add_once(resolution.undefined_symbols, between(line, "undefined symbol: ", "\t"));
    } else if (!line.starts_with("\t") && !line.empty()) {
      add_once(resolution.other_troubles, line);
    }
  }
  return resolution;
}

}  // namespace tenon::tenonctl
