// SPDX-License-Identifier: MIT
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "runner/child.hpp"
#include "runner/progress.hpp"
#include "runner/verdict.hpp"
#include "support/catch.hpp"
#include "work_directory.hpp"

namespace tenon::plugin_check {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong{30'000};

int status_of_signal(int signal) { return signal; }  // as waitpid() has it
int status_of_exit(int status) { return status << 8; }

// Runs a hidden case of this very program as the child. The case finds the directory in the environment.
Outcome run_case(const WorkDirectory& work, const char* name, milliseconds patience) {
  ::setenv("PLUGIN_CHECK_TEST_DIRECTORY", work.path().c_str(), 1);
  return run_child({{name}, work.path(), patience});
}

std::filesystem::path directory_of_child() { return std::getenv("PLUGIN_CHECK_TEST_DIRECTORY"); }

}  // namespace

TEST_CASE("a child that passes", "[.child]") {
  if (write_result(directory_of_child(), {Verdict::pass, ""})) ::_exit(0);
}
TEST_CASE("a child that fails", "[.child]") {
  std::ofstream(directory_of_child() / kLoggerName) << "what the plugin said\n";
  if (write_result(directory_of_child(), {Verdict::fail, "found two,\nexpected one"})) ::_exit(0);
}
TEST_CASE("a child that is killed", "[.child]") {
  Progress progress(directory_of_child() / kProgressName);
  const Progress::Step step(progress, "storage.write()");
  ::raise(SIGKILL);
}
TEST_CASE("a child that exits", "[.child]") { ::_exit(3); }
TEST_CASE("a child that hangs", "[.child]") {
  Progress progress(directory_of_child() / kProgressName);
  const Progress::Step outer(progress, "storage.close()");
  const Progress::Step inner(progress, "waiting for durable(5)");
  std::this_thread::sleep_for(std::chrono::hours(1));
}

TEST_CASE("a check that writes that it passed has passed") {
  const WorkDirectory work;
  const Outcome outcome = run_case(work, "a child that passes", kLong);
  CHECK(outcome.result.verdict == Verdict::pass);
  CHECK(outcome.last_lines.empty());
}

TEST_CASE("a check that fails brings its reason and what the plugin logged") {
  const WorkDirectory work;
  const Outcome outcome = run_case(work, "a child that fails", kLong);
  CHECK(outcome.result.verdict == Verdict::fail);
  CHECK(outcome.result.reason == "found two,\nexpected one");
  REQUIRE_FALSE(outcome.last_lines.empty());
  CHECK(outcome.last_lines.front() == "what the plugin said");
}

TEST_CASE("a check that dies of a signal has crashed, in what was under way") {
  const WorkDirectory work;
  const Outcome outcome = run_case(work, "a child that is killed", kLong);
  CHECK(outcome.result.verdict == Verdict::crash);
  CHECK(outcome.result.reason == "signal 9 (Killed); under way: storage.write()");
}

TEST_CASE("a check that ends without a result has crashed") {
  const WorkDirectory work;
  const Outcome outcome = run_case(work, "a child that exits", kLong);
  CHECK(outcome.result.verdict == Verdict::crash);
  CHECK(outcome.result.reason ==
        "the process ended with status 3 before the check did; no function of the plugin was under way");
}

TEST_CASE("a check that is not done in time hangs, and what it waited for is told") {
  const WorkDirectory work;
  const Outcome outcome = run_case(work, "a child that hangs", milliseconds(2'000));
  CHECK(outcome.result.verdict == Verdict::hang);
  CHECK(outcome.result.reason == "not done after 2 s; under way: storage.close(), waiting for durable(5)");
}

TEST_CASE("a result that was written before the process was killed does not count") {
  CHECK(judge(status_of_signal(SIGSEGV), Result{Verdict::pass, ""}, "").verdict == Verdict::crash);
  CHECK(judge(status_of_exit(0), Result{Verdict::skip, "not for it"}, "").verdict == Verdict::skip);
  CHECK(judge(status_of_exit(0), std::nullopt, "create()").verdict == Verdict::crash);
}

TEST_CASE("a result that was cut short is none") {
  const WorkDirectory work;
  CHECK_FALSE(read_result(work.path()));
  REQUIRE(write_result(work.path(), {Verdict::fail, "the reason"}));
  REQUIRE(read_result(work.path()));
  CHECK(read_result(work.path())->reason == "the reason");
  const auto size = std::filesystem::file_size(work.path() / kResultName);
  for (std::uintmax_t cut = 0; cut < size; ++cut) {
    std::filesystem::resize_file(work.path() / kResultName, cut);
    CHECK_FALSE(read_result(work.path()));
    REQUIRE(write_result(work.path(), {Verdict::fail, "the reason"}));
  }
}

TEST_CASE("progress shows the steps that are under way, and the calls of this thread") {
  const WorkDirectory work;
  const std::filesystem::path file = work.path() / kProgressName;
  Progress progress(file);
  CHECK(Progress::read(file).empty());
  {
    const Progress::Step open(progress, "storage.open()", ThreadWord::setup);
    CHECK(progress.is_in(ThreadWord::setup));
    CHECK_FALSE(progress.is_in(ThreadWord::core));
    std::thread([&] { CHECK_FALSE(progress.is_in(ThreadWord::setup)); }).join();
    CHECK(Progress::read(file) == "storage.open()");
  }
  CHECK(Progress::read(file).empty());
  CHECK_FALSE(progress.is_in(ThreadWord::setup));
  CHECK(Progress::read(work.path() / "none").empty());
}

}  // namespace tenon::plugin_check
