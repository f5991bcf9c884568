// SPDX-License-Identifier: MIT
#include "runner/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <thread>

#include "runner/progress.hpp"

namespace tenon::plugin_check {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollPeriod{2};
constexpr std::size_t kLastLines = 12;

// posix_spawn's attributes: a process group of its own, and signals as a fresh process has them.
class SpawnPlan {
 public:
  explicit SpawnPlan(const std::filesystem::path& output) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&files_);
    sigset_t none;
    sigset_t every;
    sigemptyset(&none);
    sigfillset(&every);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &every);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }

  pid_t spawn(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "tenon-plugin-check");
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_t process = 0;
    const int error = posix_spawn(&process, "/proc/self/exe", &files_, &attributes_, pointers.data(), environ);
    if (error != 0) throw std::system_error(error, std::generic_category(), "the check cannot be started");
    return process;
  }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t files_;
};

std::vector<std::string> last_lines(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::ifstream input(file);
  for (std::string line; std::getline(input, line);) {
    lines.push_back(line);
    if (lines.size() > kLastLines) lines.erase(lines.begin());
  }
  return lines;
}

std::string while_in(const std::string& under_way) {
  return under_way.empty() ? "no function of the plugin was under way" : "under way: " + under_way;
}

}  // namespace

Result judge(int status, const std::optional<Result>& written, const std::string& under_way) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return {Verdict::crash,
            "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + "); " + while_in(under_way)};
  }
  if (written) return *written;
  return {Verdict::crash, "the process ended with status " + std::to_string(WEXITSTATUS(status)) +
                              " before the check did; " + while_in(under_way)};
}

Outcome run_child(const ChildPlan& plan) {
  const Clock::time_point start = Clock::now();
  const pid_t process = SpawnPlan(plan.directory / kOutputName).spawn(plan.arguments);
  int status = 0;
  bool hangs = false;
  std::string under_way;
  while (::waitpid(process, &status, WNOHANG) == 0) {
    std::this_thread::sleep_for(kPollPeriod);
    if (hangs || Clock::now() - start < plan.patience) continue;
    hangs = true;
    under_way = Progress::read(plan.directory / kProgressName);
    ::kill(-process, SIGKILL);
  }
  ::kill(-process, SIGKILL);  // what the plugin may have started
  Outcome outcome;
  outcome.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (hangs) {
    outcome.result = {Verdict::hang,
                      "not done after " + std::to_string(plan.patience.count() / 1000) + " s; " + while_in(under_way)};
  } else {
    outcome.result = judge(status, read_result(plan.directory), Progress::read(plan.directory / kProgressName));
  }
  if (outcome.result.verdict != Verdict::pass && outcome.result.verdict != Verdict::skip) {
    for (const char* const name : {kLoggerName, kOutputName}) {
      const std::vector<std::string> lines = last_lines(plan.directory / name);
      outcome.last_lines.insert(outcome.last_lines.end(), lines.begin(), lines.end());
    }
  }
  return outcome;
}

}  // namespace tenon::plugin_check
