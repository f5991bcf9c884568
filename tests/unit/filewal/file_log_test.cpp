// SPDX-License-Identifier: MIT
#include <deque>

#include "faulty_file_system.hpp"
#include "filewal/file_log.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"

namespace tenon::filewal::test {
namespace {

using support::MemoryFileSystem;

void write_now(FileLog& log, OwnedWrite& write) {
  log.stage(write.view(1));
  log.sync();
}

std::string data_of(FileLog& log, std::uint64_t index) {
  return std::string(view(log.read(log.plan_read(index, index + 1, 0))->entries.at(0).data));
}

TEST_CASE("a log that was never written has no hard state, first index 1 and last index 0") {
  MemoryFileSystem disk(1);
  OpenedLog opened(disk);
  CHECK(opened.recovered.hard_state.empty());
  CHECK(opened.recovered.first_index == 1);
  CHECK(opened.recovered.last_index == 0);
  CHECK(opened.recovered.incarnation != std::array<std::uint8_t, 16>{});
}

TEST_CASE("the incarnation stays the same for all of a directory's life, and two directories differ") {
  MemoryFileSystem disk(1);
  MemoryFileSystem other(2);
  const auto first = OpenedLog(disk).recovered.incarnation;
  CHECK(OpenedLog(disk).recovered.incarnation == first);
  CHECK(OpenedLog(other).recovered.incarnation != first);
}

TEST_CASE("whatever was synced is found again after every single write of a random stream") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{21}));
  CAPTURE(seed);
  std::mt19937_64 generator(seed);
  MemoryFileSystem disk(seed);
  LogModel model;
  auto opened = std::make_unique<OpenedLog>(disk);
  for (int step = 0; step < 120; ++step) {
    CAPTURE(step);
    const auto write = random_write(model, generator, 300);
    opened->log.stage(write->view(1));
    opened->log.sync();
    std::vector<LogModel> states;
    write->apply(model, states);
    if (generator() % 2 == 0) opened->log.close();
    opened.reset();
    if (generator() % 2 == 0) disk.lose_power();
    opened = std::make_unique<OpenedLog>(disk);
    REQUIRE(opened->content() == model);
    REQUIRE_FALSE(opened->logged("crash"));
  }
}

TEST_CASE("an entry in the middle of the log replaces all that followed it") {
  MemoryFileSystem disk(1);
  {
    OpenedLog opened(disk);
    OwnedWrite first;
    write_now(opened.log, first.append(1, 1, "a").append(2, 1, "b").append(3, 1, "c"));
    OwnedWrite second;
    write_now(opened.log, second.truncate(2).append(2, 2, "B"));
  }
  OpenedLog opened(disk);
  CHECK(opened.content() == LogModel{"", 1, {{1, "a"}, {2, "B"}}});
}

TEST_CASE("a truncation without entries is kept over a restart") {
  MemoryFileSystem disk(1);
  {
    OpenedLog opened(disk);
    OwnedWrite first;
    write_now(opened.log, first.append(1, 1, "a").append(2, 1, "b"));
    OwnedWrite second;
    write_now(opened.log, second.truncate(2));
  }
  OpenedLog opened(disk);
  CHECK(opened.content() == LogModel{"", 1, {{1, "a"}}});
}

TEST_CASE("compacting beyond the end empties the log, which goes on after that index") {
  MemoryFileSystem disk(1);
  {
    OpenedLog opened(disk);
    OwnedWrite first;
    write_now(opened.log, first.append(1, 1, "a"));
    OwnedWrite second;
    write_now(opened.log, second.compact(100));
  }
  OpenedLog opened(disk);
  CHECK(opened.recovered.first_index == 101);
  CHECK(opened.recovered.last_index == 100);
  OwnedWrite third;
  write_now(opened.log, third.append(101, 3, "d"));
  CHECK(data_of(opened.log, 101) == "d");
}

TEST_CASE("what is staged together is one write and one sync of one file") {
  MemoryFileSystem disk(1);
  FaultyFileSystem counting(disk);
  OpenedLog opened(counting, 1 << 20);
  std::deque<OwnedWrite> writes(500);
  const CallCounts before = counting.counts();
  for (std::uint64_t index = 1; index <= writes.size(); ++index) {
    opened.log.stage(writes[index - 1].append(index, 1, std::string(100, 'x')).view(index));
  }
  opened.log.sync();
  CHECK(counting.counts().writes - before.writes == 1);
  CHECK(counting.counts().syncs - before.syncs == 1);
  CHECK(data_of(opened.log, 500) == std::string(100, 'x'));
}

TEST_CASE("a hard state is written and synced twice, before the entries of its write") {
  MemoryFileSystem disk(1);
  FaultyFileSystem counting(disk);
  OpenedLog opened(counting);
  const CallCounts before = counting.counts();
  OwnedWrite write;
  write_now(opened.log, write.hard_state("vote").append(1, 1, "a"));
  CHECK(counting.counts().writes - before.writes == 3);
  CHECK(counting.counts().syncs - before.syncs == 3);
  CHECK(
      counting.trace().ends_with("write hard_state;sync hard_state;write hard_state;sync hard_state;"
                                 "write 00000000000000000001.wal;sync 00000000000000000001.wal;"));
}

TEST_CASE("entries staged before a hard state are durable before it") {
  MemoryFileSystem disk(1);
  FaultyFileSystem counting(disk);
  OpenedLog opened(counting);
  OwnedWrite first;
  OwnedWrite second;
  opened.log.stage(first.append(1, 1, "a").view(1));
  opened.log.stage(second.hard_state("vote").view(2));
  opened.log.sync();
  CHECK(
      counting.trace().ends_with("write 00000000000000000001.wal;sync 00000000000000000001.wal;"
                                 "write hard_state;sync hard_state;write hard_state;sync hard_state;"));
}

TEST_CASE("a log grows beyond what was preallocated, also by an entry larger than a segment") {
  MemoryFileSystem disk(1);
  LogModel model;
  std::vector<LogModel> states;
  {
    OpenedLog opened(disk, kSegmentBytesMin);
    for (std::uint64_t index = 1; index <= 40; ++index) {
      OwnedWrite write;
      write.append(index, 1, std::string(index % 10 == 0 ? 3 * kSegmentBytesMin : 500, static_cast<char>(index)));
      write.apply(model, states);
      write_now(opened.log, write);
    }
  }
  disk.lose_power();
  CHECK(disk.contents().at("00000000000000000001.wal").size() % kSegmentBytesMin == 0);
  CHECK(OpenedLog(disk).content() == model);
}

TEST_CASE("a full segment is closed and opened without growing") {
  MemoryFileSystem disk(1);
  {
    OpenedLog opened(disk);
    OwnedWrite write;
    constexpr std::uint64_t kBefore = 64 + 40 + 40 + 40;  // both headers, the batch and the entry
    write_now(opened.log, write.append(1, 1, std::string(kSegmentBytesMin - kBefore, 'x')));
    CHECK_NOTHROW(opened.log.close());
  }
  FaultyFileSystem counting(disk);
  OpenedLog opened(counting);
  CHECK(opened.recovered.last_index == 1);
  CHECK(counting.trace().find("zero_fill") == std::string::npos);
  CHECK(disk.contents().at("00000000000000000001.wal").size() == kSegmentBytesMin);
}

TEST_CASE("a read gives as many entries as fit, at least one, with their terms") {
  MemoryFileSystem disk(1);
  OpenedLog opened(disk);
  OwnedWrite write;
  write_now(opened.log, write.append(1, 1, "aaaa").append(2, 2, "bbbb").append(3, 3, "").append(4, 4, "c"));
  CHECK(opened.log.plan_read(1, 5, 8).locations.size() == 3);
  CHECK(opened.log.plan_read(1, 5, 7).locations.size() == 1);
  CHECK(opened.log.plan_read(2, 3, 100).locations.size() == 1);
  const auto read = opened.log.read(opened.log.plan_read(1, 5, 0));
  REQUIRE(read->entries.size() == 1);
  CHECK(read->entries[0].term == 1);
  CHECK(opened.log.read(opened.log.plan_read(3, 5, 9))->entries[1].term == 4);
}

TEST_CASE("a plan reads what the log held when it was made, whatever is written later") {
  MemoryFileSystem disk(1);
  OpenedLog opened(disk);
  OwnedWrite first;
  opened.log.stage(first.append(1, 1, "a").append(2, 1, "b").view(1));
  const ReadPlan plan = opened.log.plan_read(1, 3, 100);
  OwnedWrite second;
  opened.log.stage(second.truncate(2).append(2, 2, "B").compact(1).view(2));
  opened.log.sync();
  const auto read = opened.log.read(plan);
  REQUIRE(read->entries.size() == 2);
  CHECK(view(read->entries[1].data) == "b");
}

TEST_CASE("a read beyond the log is not found") {
  MemoryFileSystem disk(1);
  OpenedLog opened(disk);
  OwnedWrite write;
  write_now(opened.log, write.append(1, 1, "a").append(2, 1, "b").compact(1));
  CHECK_THROWS_AS(opened.log.plan_read(1, 2, 100), Error);
  CHECK_THROWS_AS(opened.log.plan_read(2, 4, 100), Error);
  CHECK_NOTHROW(opened.log.plan_read(2, 3, 100));
}

TEST_CASE("damage to an entry that is read later is reported, never returned") {
  MemoryFileSystem disk(1);
  FaultyFileSystem faulty(disk);
  OpenedLog opened(faulty);
  OwnedWrite write;
  write_now(opened.log, write.append(1, 1, "some payload"));
  faulty.flip_every_read();
  const ReadPlan plan = opened.log.plan_read(1, 2, 100);
  try {
    opened.log.read(plan);
    FAIL("a damaged entry was returned");
  } catch (const Error& error) {
    CHECK(error.code() == TENON_ERROR_CORRUPT);
    CHECK(std::string_view(error.what()).find("offset") != std::string_view::npos);
  }
}

}  // namespace
}  // namespace tenon::filewal::test
