// SPDX-License-Identifier: MIT
// The life of an instance, and what of the process it must leave alone.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "lifecycle/checks.hpp"
#include "lifecycle/process_state.hpp"
#include "lifecycle/role.hpp"
#include "runner/instance.hpp"

namespace tenon::plugin_check {
namespace {

constexpr int kCreations = 100;
constexpr int kSmokeStarts = 10;
constexpr int kFullStarts = 200;
constexpr int kWarmStarts = 3;
constexpr std::uint64_t kGrowthMax = std::uint64_t{16} << 20;
constexpr std::chrono::milliseconds kSilence{300};
constexpr std::chrono::milliseconds kThreadStart{100};

void expect_threads(Subject& subject, std::size_t expected, const std::string& when) {
  const std::size_t found = settled_threads(expected);
  subject.expect(found <= expected, std::to_string(found - std::min(found, expected)) + " thread(s) of the plugin " +
                                        when + "; expected none (plugin.h)");
}

std::string added(const std::map<int, std::string>& before, const std::map<int, std::string>& after) {
  std::string text;
  for (const auto& [descriptor, target] : after) {
    if (before.count(descriptor) == 0) text += " " + std::to_string(descriptor) + " -> " + target;
  }
  return text;
}

void live_once(Subject& subject, const std::filesystem::path& directory) {
  Instance instance(subject, directory);
  const std::unique_ptr<Role> role = Role::make(instance);
  role->start();
  role->stop();
  instance.destroy();
}

void check_create_destroy(Subject& subject) {
  const std::filesystem::path directory = subject.new_directory("data");
  subject.plugin();
  const std::size_t threads_before = threads().size();
  for (int creation = 0; creation < kCreations; ++creation) {
    Instance instance(subject, directory);
    if (creation == 0) {
      expect_threads(subject, threads_before, "run after create(), before open() or start()");
      subject.expect(std::filesystem::is_empty(directory),
                     "create() made files in the data directory; expected no input or output before open() or start()");
      subject.expect(instance.get_extension("org.tenon.plugin-check.not-offered/1") == nullptr,
                     "get_extension() found an extension that does not exist; expected NULL");
    }
    instance.destroy();
  }
  expect_threads(subject, threads_before, "are left after destroy()");
}

void check_start_stop(Subject& subject) {
  const std::filesystem::path directory = subject.new_directory("data");
  const int starts = subject.full() ? kFullStarts : kSmokeStarts;
  subject.plugin();
  const std::size_t threads_before = threads().size();
  std::map<int, std::string> descriptors_before;
  std::uint64_t resident_before = 0;
  for (int start = 0; start < kWarmStarts + starts; ++start) {
    // What a library sets up once for the process is there after the first lives.
    if (start == kWarmStarts) {
      descriptors_before = descriptors();
      resident_before = resident_bytes();
    }
    live_once(subject, directory);
    expect_threads(subject, threads_before, "are left after close() or stop()");
  }
  const std::map<int, std::string> descriptors_after = descriptors();
  subject.expect(
      descriptors_after.size() <= descriptors_before.size(),
      "descriptors are left open after destroy():" + added(descriptors_before, descriptors_after) + "; expected none");
  const std::uint64_t resident_after = resident_bytes();
  subject.expect(!kMemoryIsTelling || resident_after <= resident_before + kGrowthMax,
                 "memory grew by " + std::to_string((resident_after - resident_before) >> 10) + " KiB over " +
                     std::to_string(starts) + " lives of an instance; expected at most " +
                     std::to_string(kGrowthMax >> 10) + " KiB");
}

void check_two_instances(Subject& subject) {
  Instance first(subject, subject.new_directory("first"));
  Instance second(subject, subject.new_directory("second"), {}, {2, "plugin-check"});
  const std::unique_ptr<Role> first_role = Role::make(first);
  const std::unique_ptr<Role> second_role = Role::make(second);
  first_role->start();
  const std::string failure = second_role->try_start();
  subject.expect(failure.empty(), "the second instance in one process: " + failure +
                                      "; expected two to work side by side. Should it be for an address that both "
                                      "listen on, give one with port 0 by --set");
  first_role->stop();
  first.destroy();
  Instance third(subject, subject.new_directory("third"), {}, {3, "plugin-check"});
  const std::unique_ptr<Role> third_role = Role::make(third);
  third_role->start();
  second_role->stop();
  second.destroy();
  third_role->stop();
  third.destroy();
}

void check_process_state(Subject& subject) {
  subject.description();
  const std::map<std::string, std::string> before = process_state();
  const std::filesystem::path directory = subject.new_directory("data");
  for (int life = 0; life < 2; ++life) live_once(subject, directory);
  for (const auto& [name, value] : process_state()) {
    subject.expect(value == before.at(name), "the " + name + " changed from '" + before.at(name) + "' to '" + value +
                                                 "'; expected a plugin to leave it alone (plugin.h)");
  }
}

void check_threads(Subject& subject) {
  subject.plugin();
  const std::set<int> threads_before = threads();
  const std::map<int, std::string> descriptors_before = descriptors();
  Instance instance(subject, subject.new_directory("data"));
  const std::unique_ptr<Role> role = Role::make(instance);
  role->start();
  // The C library starts a thread with every signal blocked, and lets it go to its own mask only when it runs.
  std::this_thread::sleep_for(kThreadStart);
  for (const int thread : threads()) {
    if (threads_before.count(thread) != 0) continue;
    const std::vector<int> open = unblocked_signals(thread);
    if (open.empty()) continue;
    subject.fail("a thread of the plugin takes signal " + std::to_string(open.front()) + " and " +
                 std::to_string(open.size() - 1) + " more; expected its threads to block all signals (plugin.h)");
  }
  for (const auto& [descriptor, target] : descriptors()) {
    if (descriptors_before.count(descriptor) != 0) continue;
    subject.expect(!is_inherited(descriptor), "the descriptor to " + target +
                                                  " would be inherited by a program that the process starts; expected "
                                                  "it to be opened with O_CLOEXEC");
  }
  role->stop();
  instance.destroy();
}

void check_silence(Subject& subject) {
  Instance instance(subject, subject.new_directory("data"));
  const std::unique_ptr<Role> role = Role::make(instance);
  role->start();
  role->stop();
  instance.destroy();
  // The host of a destroyed instance fails the check when it is called.
  std::this_thread::sleep_for(kSilence);
}

}  // namespace

Checks lifecycle_checks() {
  using std::chrono::seconds;
  return {
      {"plugin.create_destroy",
       {},
       Suite::smoke,
       "create() reads options and starts nothing; a hundred instances come and go (plugin.h: create)",
       seconds(20),
       check_create_destroy},
      {"plugin.start_stop",
       {},
       Suite::smoke,
       "close() or stop() leaves no thread and no descriptor, and memory stays bounded (plugin.h)",
       seconds(120),
       check_start_stop},
      {"plugin.two_instances",
       {},
       Suite::smoke,
       "two instances in one process work, and end apart (plugin.h)",
       seconds(30),
       check_two_instances},
      {"plugin.process_state",
       {},
       Suite::smoke,
       "signal handlers, locale, working directory, environment and standard output are left alone (plugin.h)",
       seconds(30),
       check_process_state},
      {"plugin.threads",
       {},
       Suite::smoke,
       "its threads block all signals, and its descriptors are not inherited (plugin.h)",
       seconds(30),
       check_threads},
      {"plugin.silence",
       {},
       Suite::smoke,
       "after destroy() it calls the host no more (plugin.h)",
       seconds(30),
       check_silence},
  };
}

}  // namespace tenon::plugin_check
