// SPDX-License-Identifier: MIT
// System calls that fail, through the recorder: once, the n-th of its kind, for as many n as there are calls.
#include <cerrno>
#include <chrono>

#include "recorder/recorder.hpp"
#include "storage/checks.hpp"
#include "storage/store.hpp"

namespace tenon::plugin_check {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr int kSmokeFaults = 6;
constexpr int kFullFaults = 60;
constexpr int kWrites = 40;

struct Played {
  std::vector<Write> writes;
  bool fired = false;
  bool failed = false;
  std::uint64_t durable = 0;
};

std::string text_of(const Fault& fault) {
  const char* const call = fault.kind == CallKind::write  ? "write"
                           : fault.kind == CallKind::sync ? "sync"
                           : fault.kind == CallKind::read ? "read"
                                                          : "allocation";
  return "when " + std::string(call) + " " + std::to_string(fault.nth) + " failed with " +
         (fault.error == EIO ? "EIO" : "ENOSPC");
}

// Writes while the n-th call fails, waits for what comes of it, and closes.
Played play(Subject& subject, const std::filesystem::path& directory, const Fault& fault) {
  Played played;
  Recorder& recorder = Recorder::instance();
  recorder.start(directory);
  Store store(subject, directory);
  store.open();
  recorder.arm(fault);
  WriteGenerator generator(subject.generator(fault.nth));
  LogModel model;
  for (int write = 0; write < kWrites && store.plugin_host().failures().empty(); ++write) {
    played.writes.push_back(generator.next(model));
    store.write(played.writes.back());
    if (generator.below(3) != 0) continue;
    const Progress::Step step(subject.progress(), "waiting for durable() or failed() " + text_of(fault));
    subject.expect(store.host().wait_durable_or_failed(store.written(), subject.patience(kPatience)),
                   "neither durable(" + std::to_string(store.written()) + ") nor failed() came " + text_of(fault) +
                       "; expected one of them (storage.h: the model)");
  }
  store.close();
  played.fired = recorder.has_fired();
  recorder.stop();
  const std::vector<FailedReport> failures = store.failures();
  played.failed = !failures.empty();
  played.durable = store.host().durable();
  subject.expect(failures.size() <= 1, "failed() was called " + std::to_string(failures.size()) + " times " +
                                           text_of(fault) + "; expected once (storage.h: the model)");
  return played;
}

// What is found afterwards, when the disk is well again.
void expect_prefix(Subject& subject, const std::filesystem::path& directory, const Played& played,
                   const std::string& when) {
  Store store(subject, directory);
  const std::optional<OpenFailure> failure = store.try_open();
  if (failure) subject.fail(failure->text + " " + when + ", and the disk is well again; expected OK");
  LogModel matched;
  const std::string difference =
      prefix_difference(store.read_log(), played.writes, played.durable, played.writes.size(), matched);
  subject.expect(difference.empty(), "opened again " + when + ": " + difference);
  store.close();
}

// Says whether a storage may go on after it, as when a spare that is set aside cannot be made.
enum class MayGoOn { no, yes };

void check_faults(Subject& subject, CallKind kind, int error, MayGoOn may_go_on) {
  require_durable(subject);
  const int faults = subject.full() ? kFullFaults : kSmokeFaults;
  int fired = 0;
  for (int nth = 1; nth <= faults; ++nth) {
    const Fault fault{kind, static_cast<std::uint64_t>(nth), error};
    const std::filesystem::path directory = subject.new_directory("data");
    const Played played = play(subject, directory, fault);
    if (!played.fired) break;
    ++fired;
    subject.expect(played.failed || may_go_on == MayGoOn::yes,
                   "failed() was not called " + text_of(fault) + ", and durable(" + std::to_string(played.durable) +
                       ") was; expected failed() once and no durable() after it, for what failed is not tried again "
                       "(storage.h: the model)");
    expect_prefix(subject, directory, played, text_of(fault));
    std::filesystem::remove_all(directory);
  }
  if (fired == 0) subject.skip("not proven: the plugin made no such call that the recorder sees");
}

void check_sync(Subject& subject) { check_faults(subject, CallKind::sync, EIO, MayGoOn::no); }
void check_write(Subject& subject) { check_faults(subject, CallKind::write, EIO, MayGoOn::no); }
void check_no_space(Subject& subject) { check_faults(subject, CallKind::write, ENOSPC, MayGoOn::yes); }
void check_allocation(Subject& subject) { check_faults(subject, CallKind::allocate, ENOSPC, MayGoOn::yes); }

// Calls that do less than they were asked, or want to be made again: nothing of that is a failure.
void check_disturbed(Subject& subject, const Disturbance& disturbance) {
  require_durable(subject);
  const std::filesystem::path directory = subject.new_directory("data");
  Recorder& recorder = Recorder::instance();
  recorder.start(directory);
  recorder.disturb(disturbance);
  Store store(subject, directory);
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (int opening = 0; opening < 3; ++opening) {
    store.open();
    const std::string difference = model.difference(store.read_log());
    subject.expect(difference.empty(), "after open(): " + difference);
    for (int write = 0; write < kWrites; ++write) {
      store.write(generator.next(model));
      if (generator.below(5) == 0) store.wait_durable();
    }
    store.wait_durable();
    store.close();
    subject.expect(store.failures().empty(),
                   "failed() was called though no call failed for good; expected the plugin to go on where a call left "
                   "off");
  }
  recorder.stop();
}

void check_short_writes(Subject& subject) { check_disturbed(subject, {.short_writes = true}); }
void check_interrupted(Subject& subject) { check_disturbed(subject, {.interrupt_each = 3}); }

void check_read(Subject& subject) {
  require_durable(subject);
  const int faults = subject.full() ? kFullFaults : kSmokeFaults;
  Recorder& recorder = Recorder::instance();
  const std::filesystem::path directory = subject.new_directory("data");
  recorder.start(directory);
  Store store(subject, directory);
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (int write = 0; write < kWrites; ++write) store.write(generator.next(model));
  store.wait_durable();
  store.close();
  int fired = 0;
  for (int nth = 1; nth <= faults; ++nth) {
    recorder.arm({CallKind::read, static_cast<std::uint64_t>(nth), EIO});
    const std::optional<OpenFailure> failure = store.try_open();
    const bool refused = failure && (failure->error == TENON_ERROR_IO || failure->error == TENON_ERROR_CORRUPT);
    subject.expect(!failure || refused,
                   failure ? failure->text + " after a read failed with EIO; expected IO or CORRUPT" : std::string());
    for (std::uint64_t index = model.first(); !failure && index <= model.last(); ++index) {
      const ReadAnswer answer = store.read(index, index + 1, 0);
      subject.expect(answer.error != TENON_OK || answer.entries.front() == model.at(index),
                     "a read of entry " + std::to_string(index) +
                         " brought other bytes than were written after a read "
                         "failed with EIO; expected the entry or an error");
      if (!store.plugin_host().failures().empty()) break;
    }
    if (!failure) store.close();
    fired += recorder.has_fired() ? 1 : 0;
    recorder.arm({CallKind::read, UINT64_MAX, EIO});
  }
  recorder.stop();
  store.open();
  const std::string difference = model.difference(store.read_log());
  subject.expect(difference.empty(), "after reads had failed, and with a disk that is well again: " + difference);
  store.close();
  if (fired == 0) subject.skip("not proven: the plugin read nothing that the recorder sees");
}

}  // namespace

Checks storage_fault_checks() {
  using std::chrono::seconds;
  constexpr plugin::Kind storage = plugin::Kind::storage;
  return {
      {"storage.faults.sync", storage, Suite::smoke,
       "after a sync that failed: failed() once, durable() never more (storage.h: the model)", seconds(180),
       check_sync},
      {"storage.faults.write", storage, Suite::smoke,
       "after a write that failed: failed() once, durable() never more (storage.h: the model)", seconds(180),
       check_write},
      {"storage.faults.no_space", storage, Suite::smoke,
       "on a full disk it goes on in what is set aside, or fails; what was durable stays (storage.h: space)",
       seconds(180), check_no_space},
      {"storage.faults.allocation", storage, Suite::smoke,
       "room that cannot be allocated costs nothing that was durable (storage.h: space)", seconds(180),
       check_allocation},
      {"storage.faults.read", storage, Suite::smoke, "a read that failed brings an error, never wrong data (storage.h)",
       seconds(180), check_read},
      {"storage.faults.short_writes", storage, Suite::smoke,
       "writes that take less than they are given are gone on with", seconds(60), check_short_writes},
      {"storage.faults.interrupted", storage, Suite::smoke, "calls that a signal interrupts are made again",
       seconds(60), check_interrupted},
  };
}

}  // namespace tenon::plugin_check
