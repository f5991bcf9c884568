// SPDX-License-Identifier: MIT
// Whose data directory it is, and which process has it.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "storage/checks.hpp"
#include "storage/store.hpp"
#include "tenon/stamp.hpp"

namespace tenon::plugin_check {
namespace {

using Files = std::map<std::string, std::string>;  // content by path

Files files_of(const std::filesystem::path& directory) {
  Files files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream input(entry.path(), std::ios::binary);
    std::ostringstream content;
    content << input.rdbuf();
    files[entry.path().lexically_relative(directory).string()] = content.str();
  }
  return files;
}

// A file to lock may be made before the stamp is looked at, so a new one that is empty is let pass.
void expect_unchanged(Subject& subject, const Files& before, const Files& after, const std::string& when) {
  for (const auto& [path, content] : before) {
    const auto found = after.find(path);
    subject.expect(found != after.end() && found->second == content,
                   "open() changed '" + path + "' in " + when + "; expected a refusal to change nothing (storage.h)");
  }
  for (const auto& [path, content] : after) {
    subject.expect(before.count(path) != 0 || content.empty(),
                   "open() made '" + path + "' in " + when + "; expected a refusal to change nothing (storage.h)");
  }
}

void expect_refusal(Subject& subject, const std::filesystem::path& directory, const Identity& identity,
                    tenon_error expected, const std::string& what) {
  const Files before = files_of(directory);
  Store store(subject, directory, identity);
  const std::optional<OpenFailure> failure = store.try_open();
  if (!failure) subject.fail("open() took " + what + "; expected it to return " + text_of(expected) + " (storage.h)");
  subject.expect(failure->error == expected, failure->text + " for " + what + "; expected " + text_of(expected));
  subject.expect(failure->text.find("no reason given") == std::string::npos,
                 failure->text + " for " + what + "; expected words for the operator that say whose it is");
  expect_unchanged(subject, before, files_of(directory), what);
}

void check_identity(Subject& subject) {
  require_durable(subject);
  const std::filesystem::path directory = subject.new_directory("data");
  Store store(subject, directory);
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (int write = 0; write < 20; ++write) store.write(generator.next(model));
  store.close();
  expect_refusal(subject, directory, {2, "plugin-check"}, TENON_ERROR_INVALID, "the directory of another node");
  expect_refusal(subject, directory, {1, "other-cluster"}, TENON_ERROR_INVALID, "the directory of another cluster");
  store.open();
  const std::string difference = model.difference(store.read_log());
  subject.expect(difference.empty(), "its own node, after others were refused: " + difference);
  store.close();
}

void save_stamp(const std::filesystem::path& directory, std::string plugin_id, std::uint32_t format) {
  Stamp stamp;
  stamp.format = format;
  stamp.plugin_id = std::move(plugin_id);
  stamp.cluster_id = "plugin-check";
  stamp.node_id = 1;
  stamp.incarnation.fill(7);
  std::ofstream(directory / kStampName, std::ios::binary) << encode_stamp(stamp);
}

void check_other_plugin(Subject& subject) {
  require_durable(subject);
  const std::filesystem::path foreign = subject.new_directory("of-another-plugin");
  save_stamp(foreign, "org.example.storage.another", 1);
  std::ofstream(foreign / "data", std::ios::binary) << "what another plugin keeps";
  expect_refusal(subject, foreign, {}, TENON_ERROR_INVALID, "the directory of another plugin");
  const std::filesystem::path newer = subject.new_directory("of-a-newer-format");
  constexpr std::uint32_t kFarFuture = 1'000'000;
  save_stamp(newer, subject.description().manifest.id, kFarFuture);
  expect_refusal(subject, newer, {}, TENON_ERROR_UNSUPPORTED, "a directory of a newer format");
}

void check_incarnation(Subject& subject) {
  const Incarnation zeros{};
  Store first(subject, subject.new_directory("first"));
  first.open();
  const Incarnation born = first.incarnation();
  subject.expect(born != zeros, "a directory was born with an incarnation of zeros; expected random bytes (storage.h)");
  first.reopen();
  subject.expect(first.incarnation() == born,
                 "the incarnation changed when the directory was opened again; expected "
                 "the same for all its life (storage.h)");
  first.close();
  Store second(subject, subject.new_directory("second"));
  second.open();
  subject.expect(second.incarnation() != born,
                 "two directories were born with the same incarnation; expected random "
                 "bytes (storage.h)");
  second.close();
  Incarnation handed{};
  handed.fill(0x5c);
  Store third(subject, subject.new_directory("third"), {}, handed);
  third.open();
  subject.expect(third.incarnation() == handed,
                 "a directory was born with another incarnation than open() was handed; "
                 "expected it to be taken (storage.h: tenon_recovered)");
  third.reopen();
  subject.expect(third.incarnation() == handed, "the incarnation that open() was handed was not kept");
  third.close();
}

// In a process that was forked before the plugin was loaded: opens the directory, says so, and waits for its end.
[[noreturn]] void hold(Subject& subject, const std::filesystem::path& directory, int opened) {
  Store store(subject, directory);
  store.open();
  if (::write(opened, "o", 1) != 1) ::_exit(1);
  while (true) ::pause();
}

void check_busy(Subject& subject) {
  require_durable(subject);
  const std::filesystem::path directory = subject.new_directory("data");
  int ends[2];
  subject.expect(::pipe(ends) == 0, "no pipe could be made");
  const pid_t holder = ::fork();
  subject.expect(holder >= 0, "no process could be made");
  if (holder == 0) hold(subject, directory, ends[1]);
  ::close(ends[1]);
  char byte = 0;
  if (::read(ends[0], &byte, 1) != 1) ::_exit(0);  // it has failed, and has written why
  Store store(subject, directory);
  const std::optional<OpenFailure> failure = store.try_open();
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  if (!failure) {
    subject.fail("open() took a directory that another process has open; expected BUSY (storage.h: open)");
  }
  subject.expect(failure->error == TENON_ERROR_BUSY, failure->text + " while another process has it; expected BUSY");
  store.open();
  store.close();
}

}  // namespace

Checks storage_identity_checks() {
  using std::chrono::seconds;
  constexpr plugin::Kind storage = plugin::Kind::storage;
  return {
      {"storage.identity", storage, Suite::smoke,
       "a directory of another node or cluster is INVALID, and stays as it is (storage.h: open)", seconds(30),
       check_identity},
      {"storage.other_plugin", storage, Suite::smoke,
       "a directory of another plugin is INVALID, one of a newer format UNSUPPORTED (storage.h: open; stamp.hpp)",
       seconds(30), check_other_plugin},
      {"storage.incarnation", storage, Suite::smoke,
       "a directory keeps the incarnation that it was born with (storage.h: tenon_recovered)", seconds(30),
       check_incarnation},
      {"storage.busy", storage, Suite::smoke, "a directory that another process has is BUSY (storage.h: open)",
       seconds(30), check_busy},
  };
}

}  // namespace tenon::plugin_check
