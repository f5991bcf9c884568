// SPDX-License-Identifier: MIT
// The log and the hard state, without anything going wrong.
#include <algorithm>

#include "storage/checks.hpp"
#include "storage/store.hpp"

namespace tenon::plugin_check {
namespace {

// What a log that is open returns, against what was written so far.
void expect_reads(Store& store, const LogModel& model, const std::string& when) {
  const std::vector<Entry> entries = store.read_entries(model.first(), model.last());
  for (const Entry& entry : entries) {
    store.subject().expect(entry == model.at(entry.index), when + ": read " + text_of(entry) + ", expected " +
                                                               text_of(model.at(entry.index)) +
                                                               " with the data that was written");
  }
}

// What an opening found against what was written before it. A storage that keeps nothing was not opened again.
void expect_found(Store& store, const LogModel& model, const std::string& when) {
  if (!is_durable(store.subject())) return expect_reads(store, model, when);
  const std::string difference = model.difference(store.read_log());
  store.subject().expect(difference.empty(), when + ": " + difference);
}

void apply(Store& store, LogModel& model, const Write& write) {
  model.apply(write);
  store.write(write);
}

void check_order(Subject& subject) {
  constexpr int kWrites = 200;
  Store store(subject, subject.new_directory("data"));
  store.open();
  subject.expect(store.found().hard_state.empty() && store.found().first == 1 && store.found().last == 0,
                 "a log that was never written was opened with first_index " + std::to_string(store.found().first) +
                     ", last_index " + std::to_string(store.found().last) + " and a hard state of " +
                     std::to_string(store.found().hard_state.size()) + " bytes; expected 1, 0 and none");
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (int write = 0; write < kWrites; ++write) {
    apply(store, model, generator.entries(model, 1 + generator.below(3), 10 + generator.below(100)));
    if (write % 10 == 0) store.wait_durable();
  }
  expect_reads(store, model, "while it is open");
  store.wait_durable();
  expect_reads(store, model, "once it is durable");
  store.reopen();
  expect_found(store, model, "after close() and open()");
  store.close();
}

void check_model(Subject& subject) {
  const int openings = subject.full() ? 60 : 5;
  const int writes = subject.full() ? 300 : 80;
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (int opening = 0; opening < openings; ++opening) {
    for (int write = 0; write < writes; ++write) {
      store.write(generator.next(model));
      if (generator.below(8) == 0) store.wait_durable();
      if (generator.below(6) != 0 || model.last() < model.first()) continue;
      const std::uint64_t first = model.first() + generator.below(model.last() + 1 - model.first());
      const ReadAnswer answer = store.read(first, model.last() + 1, generator.below(5000));
      subject.expect(answer.error == TENON_OK, "a read of entry " + std::to_string(first) + " brought the error " +
                                                   text_of(answer.error) + "; expected the entry");
      for (const Entry& entry : answer.entries) {
        subject.expect(entry == model.at(entry.index),
                       "read " + text_of(entry) + ", expected " + text_of(model.at(entry.index)));
      }
    }
    store.reopen();
    expect_found(store, model, "at opening " + std::to_string(opening + 2));
  }
  store.close();
}

void check_durable(Subject& subject) {
  constexpr int kWrites = 300;
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (int write = 0; write < kWrites; ++write) {
    store.write(generator.next(model));
    if (generator.below(20) == 0) store.wait_durable();
  }
  store.wait_durable();
  const std::vector<FailedReport> failures = store.plugin_host().failures();
  subject.expect(failures.empty(), "failed() was called though no call of the system failed");
  store.close();
}

void check_reads(Subject& subject) {
  constexpr std::uint64_t kEntries = 60;
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  // Reads that were queued behind their writes, many at once, and nothing waited for.
  for (std::uint64_t entry = 1; entry <= kEntries; ++entry) {
    apply(store, model, generator.entries(model, 1, 100));
    store.begin_read(entry, entry, entry + 1, 0);
  }
  for (std::uint64_t entry = 1; entry <= kEntries; ++entry) {
    const ReadAnswer answer = store.wait_read(entry);
    subject.expect(answer.error == TENON_OK && answer.entries.size() == 1 && answer.entries[0] == model.at(entry),
                   "a read of entry " + std::to_string(entry) + " that was queued behind its write brought " +
                       text_of(answer.error) + " and " + std::to_string(answer.entries.size()) +
                       " entries; expected just that entry: bytes_max of 0 still brings one, and a read sees every "
                       "write before it (storage.h: write, read_entries)");
  }
  for (const std::uint64_t bytes_max : {0u, 1u, 100u, 250u, 1000u, 100'000u}) {
    const ReadAnswer answer = store.read(1, kEntries + 1, bytes_max);
    const std::uint64_t expected = std::clamp<std::uint64_t>(bytes_max / 100, 1, kEntries);
    subject.expect(answer.error == TENON_OK && answer.entries.size() == expected,
                   "a read of entries of 100 bytes in at most " + std::to_string(bytes_max) + " bytes brought " +
                       std::to_string(answer.entries.size()) + " entries; expected " + std::to_string(expected) +
                       " (storage.h: read_entries)");
  }
  store.wait_durable();
  store.close();
}

void check_loans(Subject& subject) {
  constexpr std::uint64_t kReads = 20;
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (int write = 0; write < 20; ++write) apply(store, model, generator.entries(model, 5, 300));
  store.wait_durable();
  store.host().set_loans(Loans::held);
  for (std::uint64_t read = 0; read < kReads; ++read) store.read(1 + read * 5, 6 + read * 5, 10'000);
  store.host().set_loans(Loans::returned_at_once);
  // What was lent must stay while the log goes on, loses its end and its beginning, and starts anew.
  for (const std::uint64_t from : {90u, 40u, 20u}) {
    Write write = generator.entries(model, 0, 0);
    write.truncate_from = from;
    apply(store, model, write);
    apply(store, model, generator.entries(model, 30, 2000));
  }
  apply(store, model, {.compact_to = model.last() + 100});
  for (int write = 0; write < 20; ++write) apply(store, model, generator.entries(model, 5, 2000));
  store.wait_durable();
  expect_reads(store, model, "while entries are on loan");
  store.host().return_loans();
  store.close();
}

void check_truncate(Subject& subject) {
  const int rounds = subject.full() ? 100 : 12;
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  apply(store, model, generator.entries(model, 40, 50));
  for (int round = 0; round < rounds; ++round) {
    // Beyond the end nothing is dropped; from the first on everything is.
    const std::uint64_t from = round == 3 ? 1 : round == 5 ? model.last() + 10 : 1 + generator.below(model.last() + 1);
    Write write;
    write.truncate_from = from;
    if (round % 2 == 0) {
      LogModel cut = model;
      cut.apply(write);
      write.entries = generator.entries(cut, 1 + generator.below(30), 60).entries;
      for (Entry& entry : write.entries) entry.term += static_cast<std::uint64_t>(round);
    }
    apply(store, model, write);
    if (model.last() == 0) apply(store, model, generator.entries(model, 20, 40));
    expect_reads(store, model, "after a truncation from " + std::to_string(from));
    if (round % 3 != 0) continue;
    store.reopen();
    expect_found(store, model, "after a truncation from " + std::to_string(from) + " and open()");
  }
  store.close();
}

void check_compact(Subject& subject) {
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  apply(store, model, {.hard_state = generator.bytes(32)});
  apply(store, model, generator.entries(model, 50, 100));
  // Within the log, up to its end, beyond it, and beyond it again while it is empty.
  for (const std::uint64_t beyond : {0u, 0u, 17u, 1000u}) {
    const std::uint64_t to = beyond == 0 ? model.first() + (model.last() - model.first()) / 2 : model.last() + beyond;
    apply(store, model, {.compact_to = to});
    expect_reads(store, model, "after a compaction to " + std::to_string(to));
    if (beyond != 1000) apply(store, model, generator.entries(model, 20, 100));
    store.reopen();
    expect_found(store, model, "after a compaction to " + std::to_string(to) + " and open()");
  }
  apply(store, model, generator.entries(model, 5, 100));
  apply(store, model, {.compact_to = model.last()});
  apply(store, model, {.compact_to = 1});  // long ago
  store.reopen();
  expect_found(store, model, "after a compaction to the end and open()");
  apply(store, model, generator.entries(model, 5, 100));
  store.reopen();
  expect_found(store, model, "after entries behind a compaction and open()");
  store.close();
}

void check_hard_state(Subject& subject) {
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (const std::uint64_t size : {1u, 17u, 511u, 512u, 4095u, TENON_HARD_STATE_BYTES_MAX, 8u}) {
    for (int write = 0; write < 3; ++write) apply(store, model, {.hard_state = generator.bytes(size)});
    apply(store, model, generator.entries(model, 2, 30));
    store.reopen();
    expect_found(store, model, "a hard state of " + std::to_string(size) + " bytes after open()");
  }
  apply(store, model, {.hard_state = std::string(100, '\0'), .compact_to = model.last() + 5});
  store.reopen();
  expect_found(store, model, "a hard state of zeros, written with a compaction beyond the end, after open()");
  store.reopen();
  expect_found(store, model, "a second open() without a write");
  store.close();
}

void check_large_entries(Subject& subject) {
  Store store(subject, subject.new_directory("data"));
  store.open();
  WriteGenerator generator(subject.generator());
  LogModel model;
  for (const std::uint64_t size : {0u, 1u, 4096u, 65'536u, 1u << 20, 3u << 20, 100u}) {
    apply(store, model, generator.entries(model, 1, size));
  }
  expect_reads(store, model, "entries of up to 3 MiB while they are written");
  store.wait_durable();
  store.reopen();
  expect_found(store, model, "entries of up to 3 MiB after open()");
  store.close();
}

}  // namespace

Checks storage_log_checks() {
  using std::chrono::seconds;
  constexpr plugin::Kind storage = plugin::Kind::storage;
  return {
      {"storage.order", storage, Suite::smoke,
       "entries come back in the order they were written (storage.h: the model)", seconds(40), check_order},
      {"storage.durable", storage, Suite::smoke,
       "durable() reaches every write, never falls and never runs ahead (storage.h: durable)", seconds(40),
       check_durable},
      {"storage.reads", storage, Suite::smoke,
       "a read sees every write before it, is answered once and keeps to bytes_max (storage.h: read_entries)",
       seconds(40), check_reads},
      {"storage.loans", storage, Suite::smoke,
       "entries on loan stay as they are until they are released (storage.h: read_done)", seconds(40), check_loans},
      {"storage.truncate", storage, Suite::smoke, "a suffix is replaced as a whole (storage.h: TRUNCATE_SUFFIX)",
       seconds(120), check_truncate},
      {"storage.compact", storage, Suite::smoke,
       "a prefix may be forgotten, and beyond the end the log is emptied and goes on behind it (storage.h: "
       "COMPACT_PREFIX)",
       seconds(40), check_compact},
      {"storage.hard_state", storage, Suite::smoke,
       "the last hard state of up to 4096 bytes is found at open() (storage.h: HARD_STATE)", seconds(40),
       check_hard_state},
      {"storage.large_entries", storage, Suite::smoke, "entries of any size come back whole (storage.h: ENTRIES)",
       seconds(60), check_large_entries},
      {"storage.model", storage, Suite::smoke,
       "any stream of writes, over many openings, leaves what the model leaves (storage.h: the model)", seconds(300),
       check_model},
  };
}

}  // namespace tenon::plugin_check
