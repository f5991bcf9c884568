// SPDX-License-Identifier: MIT
// What a storage does under load: to the node's thread, to memory, to the disk, and when it is closed meanwhile.
#include <algorithm>
#include <chrono>
#include <thread>

#include "lifecycle/process_state.hpp"
#include "recorder/recorder.hpp"
#include "storage/checks.hpp"
#include "storage/store.hpp"

namespace tenon::plugin_check {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

void check_node_thread(Subject& subject) {
  constexpr int kWrites = 1000;
  constexpr std::chrono::microseconds kBudget{50};     // of values.h
  constexpr std::chrono::microseconds kBearable{200};  // for the median, on a machine that does other things too
  const std::filesystem::path directory = subject.new_directory("data");
  Recorder& recorder = Recorder::instance();
  recorder.start(directory);
  recorder.set_sync_observer([&](const char* call) {
    if (!subject.progress().is_in(ThreadWord::core)) return;
    subject.fail(std::string(call) +
                 " was called on the node's thread, within a CORE call; expected it never to block "
                 "(values.h: TENON_CORE)");
  });
  Store store(subject, directory);
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  std::vector<std::chrono::microseconds> took;
  for (int write = 0; write < kWrites; ++write) {
    const Write next = generator.entries(model, 1, 100);
    model.apply(next);
    const Clock::time_point start = Clock::now();
    store.write(next);
    took.push_back(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start));
    if (write % 50 == 49) store.wait_durable();
  }
  std::nth_element(took.begin(), took.begin() + kWrites / 2, took.end());
  const std::chrono::microseconds median = took[kWrites / 2];
  subject.expect(median <= kBearable * static_cast<std::int64_t>(subject.task().patience),
                 "half of " + std::to_string(kWrites) + " calls of write() took longer than " +
                     std::to_string(median.count()) + " us; expected the node's thread to be back within " +
                     std::to_string(kBudget.count()) + " us (values.h: TENON_CORE)");
  store.close();
  recorder.stop();
}

void check_group_commit(Subject& subject) {
  constexpr int kWrites = 1000;
  constexpr std::uint64_t kSyncsMax = kWrites / 2;
  const std::filesystem::path directory = subject.new_directory("data");
  Recorder& recorder = Recorder::instance();
  recorder.start(directory);
  Store store(subject, directory);
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  const std::uint64_t before = recorder.syncs();
  for (int write = 0; write < kWrites; ++write) {
    const Write next = generator.entries(model, 1, 100);
    model.apply(next);
    store.write(next);
  }
  store.wait_durable();
  const std::uint64_t syncs = recorder.syncs() - before;
  subject.note(std::to_string(syncs) + " syncs for " + std::to_string(kWrites) + " writes");
  subject.expect(syncs <= kSyncsMax, std::to_string(syncs) + " syncs for " + std::to_string(kWrites) +
                                         " writes that waited together; expected at most " + std::to_string(kSyncsMax) +
                                         ": all that queued during a sync is one group");
  store.close();
  recorder.stop();
}

void check_memory(Subject& subject) {
  if (!kMemoryIsTelling) subject.skip("not proven: this tool was built with a sanitizer, which keeps what is freed");
  constexpr std::uint64_t kEntryBytes = 16 * 1024;
  constexpr std::uint64_t kEntriesOfWrite = 4;
  constexpr std::uint64_t kKept = 256;  // entries that are not compacted
  constexpr std::uint64_t kWarm = 24 * kMebibyte;
  constexpr std::uint64_t kGrowthMax = 48 * kMebibyte;
  const std::uint64_t total = (subject.full() ? 1024 : 144) * kMebibyte;
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  const std::string data = generator.bytes(kEntryBytes);
  std::uint64_t resident_before = 0;
  std::uint64_t last = 0;
  for (std::uint64_t written = 0; written < total; written += kEntryBytes * kEntriesOfWrite) {
    Write next;
    for (std::uint64_t entry = 0; entry < kEntriesOfWrite; ++entry) next.entries.push_back({++last, 1, data});
    if (last > 2 * kKept) next.compact_to = last - kKept;
    store.write(next);
    if (store.written() % 32 == 0) store.wait_durable();
    if (resident_before == 0 && written >= kWarm) resident_before = resident_bytes();
  }
  store.wait_durable();
  const std::uint64_t resident_after = resident_bytes();
  subject.expect(resident_after <= resident_before + kGrowthMax,
                 "memory grew by " + std::to_string((resident_after - resident_before) / kMebibyte) + " MiB while " +
                     std::to_string(total / kMebibyte) + " MiB were written and compacted again; expected at most " +
                     std::to_string(kGrowthMax / kMebibyte) + " MiB");
  store.close();
}

void check_stop_under_load(Subject& subject) {
  const int rounds = subject.full() ? 60 : 6;
  Store store(subject, subject.new_directory("data"));
  subject.plugin();
  const std::size_t threads_before = threads().size();
  WriteGenerator generator(subject.generator());
  LogModel model;
  store.open();
  for (int round = 0; round < rounds; ++round) {
    for (std::uint64_t write = 0; write < 150; ++write) {
      store.write(generator.next(model));
      if (write % 3 != 0 || model.last() < model.first()) continue;
      store.begin_read(write + 1, model.first(), model.last() + 1, 10'000);
    }
    store.close();  // with writes and reads under way, every one of which must come to its end
    const std::size_t left = settled_threads(threads_before);
    subject.expect(left <= threads_before, std::to_string(left - std::min(left, threads_before)) +
                                               " thread(s) of the plugin are left after close(); expected none");
    store.open();
    if (!is_durable(subject)) model = LogModel();
    const std::string difference = model.difference(store.read_log());
    subject.expect(difference.empty(), "after close() under load and open(): " + difference);
  }
  store.close();
}

void check_silence(Subject& subject) {
  constexpr std::chrono::milliseconds kSilence{400};
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (std::uint64_t write = 1; write <= 100; ++write) {
    store.write(generator.next(model));
    if (model.last() >= model.first()) store.begin_read(write, model.first(), model.last() + 1, 1000);
  }
  store.close();
  // A host that is called after close() fails the check.
  std::this_thread::sleep_for(kSilence);
}

}  // namespace

Checks storage_load_checks() {
  using std::chrono::seconds;
  constexpr plugin::Kind storage = plugin::Kind::storage;
  return {
      {"storage.node_thread", storage, Suite::smoke,
       "write() does not sync and comes back within its budget (values.h: TENON_CORE)", seconds(60), check_node_thread},
      {"storage.group_commit", storage, Suite::smoke, "writes that wait together share a sync (storage.h: the model)",
       seconds(60), check_group_commit},
      {"storage.memory", storage, Suite::smoke, "memory does not grow with all that was ever written", seconds(300),
       check_memory},
      {"storage.stop_under_load", storage, Suite::smoke,
       "close() makes every write durable, answers every read and ends the threads (storage.h: close)", seconds(180),
       check_stop_under_load},
      {"storage.silence", storage, Suite::smoke, "after close() it calls the host no more (plugin.h)", seconds(30),
       check_silence},
  };
}

}  // namespace tenon::plugin_check
