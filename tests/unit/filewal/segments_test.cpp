// SPDX-License-Identifier: MIT
// A log of several segments: how it goes on from one to the next, what it removes, and what it refuses.
#include <algorithm>

#include "faulty_file_system.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"

namespace tenon::filewal::test {
namespace {

using Contents = support::MemoryFileSystem::Contents;
using support::MemoryFileSystem;

// A log that is written to, and what it must hold.
class WrittenLog {
 public:
  explicit WrittenLog(FileSystem& disk) : opened(disk), model(opened.content()) {}

  void append(std::size_t payload_bytes) {
    OwnedWrite write;
    std::vector<LogModel> states;
    const std::uint64_t index = model.last() + 1;
    write.append(index, 1, std::string(payload_bytes, static_cast<char>('a' + index % 26))).apply(model, states);
    opened.log.stage(write.view(1));
    opened.log.sync();
  }
  void compact(std::uint64_t to) {
    OwnedWrite write;
    std::vector<LogModel> states;
    write.compact(to).apply(model, states);
    opened.log.stage(write.view(1));
    opened.log.sync();
  }

  OpenedLog opened;
  LogModel model;
};

// Three segments, closed; nothing is compacted.
Contents three_segments(LogModel* model = nullptr) {
  MemoryFileSystem disk(5);
  WrittenLog log(disk);
  while (segments_of(disk).size() < 3) log.append(300);
  log.append(40);
  log.opened.log.close();
  if (model != nullptr) *model = log.model;
  return disk.contents();
}

std::size_t content_end(const std::string& segment) { return segment.find_last_not_of('\0') + 1; }

TEST_CASE("a log goes on from segment to segment, and all of it is found again") {
  MemoryFileSystem disk(3);
  LogModel model;
  {
    WrittenLog log(disk);
    for (int i = 0; i < 100; ++i) {
      log.append(static_cast<std::size_t>(i * 7));
      if (i % 3 == 0) log.opened.log.prepare_spare();
    }
    model = log.model;
    CHECK(segments_of(disk).size() > 8);
  }
  CHECK(content_of(disk.contents()) == model);
  disk.lose_power();
  CHECK(content_of(disk.contents()) == model);
}

TEST_CASE("an entry that is larger than a segment gets one that holds it") {
  MemoryFileSystem disk(3);
  WrittenLog log(disk);
  log.append(10);
  log.append(5 * kSegmentBytesMin);
  log.append(10);
  CHECK(segments_of(disk) ==
        std::vector<std::string>{"00000000000000000001.wal", "00000000000000000002.wal", "00000000000000000003.wal"});
  log.opened.log.close();
  CHECK(content_of(disk.contents()) == log.model);
}

TEST_CASE("what waits for one sync and does not fit goes into the next segment, in order") {
  MemoryFileSystem disk(3);
  WrittenLog log(disk);
  std::vector<std::unique_ptr<OwnedWrite>> group;
  std::vector<LogModel> states;
  for (std::uint64_t index = 1; index <= 20; ++index) {
    group.push_back(std::make_unique<OwnedWrite>());
    group.back()->append(index, 1, std::string(1000, 'x')).apply(log.model, states);
    log.opened.log.stage(group.back()->view(index));
  }
  log.opened.log.sync();
  CHECK(segments_of(disk).size() == 7);
  CHECK(content_of(disk.contents()) == log.model);
}

TEST_CASE("segments whose entries are all compacted are removed, the oldest first, and each durably") {
  MemoryFileSystem disk(3);
  FaultyFileSystem counting(disk);
  WrittenLog log(counting);
  while (segments_of(disk).size() < 4) log.append(500);
  const std::uint64_t last = log.model.last();
  log.compact(last - 1);
  CHECK(segments_of(disk) == std::vector<std::string>{"00000000000000000004.wal"});
  CHECK(
      counting.trace().ends_with("unlink 00000000000000000001.wal;sync directory;"
                                 "unlink 00000000000000000002.wal;sync directory;"
                                 "unlink 00000000000000000003.wal;sync directory;"));
  CHECK(content_of(disk.contents()) == log.model);
  log.append(10);
  log.opened.log.close();
  CHECK(content_of(disk.contents()) == log.model);
  CHECK(content_of(disk.contents()).first == last);
}

TEST_CASE("compacting part of a segment keeps it, and compacting beyond the end empties the log") {
  MemoryFileSystem disk(3);
  WrittenLog log(disk);
  while (segments_of(disk).size() < 3) log.append(500);
  log.compact(1);
  CHECK(segments_of(disk).size() == 3);
  CHECK(content_of(disk.contents()) == log.model);
  log.compact(1000);
  CHECK(segments_of(disk).size() == 1);
  CHECK(content_of(disk.contents()) == log.model);
  log.append(10);
  log.opened.log.close();
  CHECK(content_of(disk.contents()) == log.model);
  CHECK(content_of(disk.contents()).first == 1001);
}

TEST_CASE("a crash between two removals leaves a log that is found, and the next start goes on with them") {
  MemoryFileSystem born(3);
  WrittenLog log(born);
  while (segments_of(born).size() < 5) log.append(500);
  log.opened.log.close();
  for (std::uint64_t change = 1; change < 12; ++change) {
    CAPTURE(change);
    MemoryFileSystem disk(change, born.contents());
    FaultyFileSystem faulty(disk);
    LogModel after;
    {
      WrittenLog again(faulty);
      faulty.fail_change(faulty.counts().changes + change, TENON_ERROR_IO);
      try {
        again.compact(log.model.last() - 1);
        CHECK(change > 10);
      } catch (const Error&) {
      }
      after = again.model;
    }
    disk.lose_power();
    const LogModel found = content_of(disk.contents());
    CHECK((found == after || found == log.model));
    CHECK(segments_of(disk).size() >= 1);
  }
}

TEST_CASE("a plan to read stays good when its segments are removed") {
  MemoryFileSystem disk(3);
  WrittenLog log(disk);
  while (segments_of(disk).size() < 3) log.append(500);
  const std::uint64_t last = log.model.last();
  const ReadPlan plan = log.opened.log.plan_read(1, last + 1, std::uint64_t{1} << 20);
  CHECK(plan.segments.size() == 3);
  const std::vector<LogEntry> entries = log.model.entries;
  log.compact(last);
  CHECK(segments_of(disk).size() == 1);
  const std::unique_ptr<ReadEntries> read = log.opened.log.read(plan);
  REQUIRE(read->entries.size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) CHECK(tenon::view(read->entries[i].data) == entries[i].data);
}

TEST_CASE("a flipped bit anywhere in a closed log of three segments is refused, and nothing is changed") {
  LogModel model;
  const Contents whole = three_segments(&model);
  REQUIRE(content_of(whole) == model);
  std::size_t refused = 0;
  for (const auto& [name, bytes] : whole) {
    if (!name.ends_with(".wal")) continue;
    const bool is_last = name == "00000000000000000003.wal";
    for (std::size_t offset = 0; offset < content_end(bytes); ++offset) {
      CAPTURE(name, offset);
      Contents files = whole;
      files[name][offset] = static_cast<char>(bytes[offset] ^ (1 << (offset % 8)));
      std::string message;
      const tenon_error code = refusal_of(files, &message);
      // The mark of the close is all that can be lost without a trace.
      if (is_last && offset + 40 >= content_end(bytes) && code == TENON_OK) {
        REQUIRE(content_of(files) == model);
        continue;
      }
      REQUIRE(code == TENON_ERROR_CORRUPT);
      REQUIRE(message.find(name) != std::string::npos);
      ++refused;
      if (offset % 16 != 0) continue;
      MemoryFileSystem disk(1, files);
      CHECK_THROWS_AS(OpenedLog(disk), Error);
      REQUIRE(disk.contents() == files);
    }
  }
  CHECK(refused > 8000);
}

TEST_CASE("a flipped bit anywhere in the files of a killed log is refused or repaired, or cuts only the last batch") {
  MemoryFileSystem killed(5);
  WrittenLog log(killed);
  OwnedWrite vote;
  std::vector<LogModel> states;
  vote.hard_state("term 3, vote 2").apply(log.model, states);
  log.opened.log.stage(vote.view(1));
  while (segments_of(killed).size() < 3) log.append(300);
  const LogModel synced = log.model;
  const std::string last = "00000000000000000003.wal";
  const std::size_t last_batch = (content_end(killed.contents().at(last)) + 7) / 8 * 8;
  log.append(40);
  const Contents whole = killed.contents();
  REQUIRE(content_of(whole) == log.model);
  std::size_t cut = 0;
  for (const auto& [name, bytes] : whole) {
    for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
      CAPTURE(name, offset);
      Contents files = whole;
      files[name][offset] = static_cast<char>(bytes[offset] ^ (1 << (offset % 8)));
      const tenon_error code = refusal_of(files);
      if (name == "stamp") REQUIRE(code != TENON_OK);
      if (name == "hard_state") REQUIRE(code == TENON_OK);
      if (name.ends_with(".wal") && (name != last || offset < last_batch)) REQUIRE(code == TENON_ERROR_CORRUPT);
      if (code != TENON_OK) continue;
      const LogModel found = content_of(files);
      REQUIRE((found == log.model || (name == last && found == synced)));
      if (found == synced) ++cut;
    }
  }
  CHECK(cut > 100);
}

TEST_CASE("a segment that is not the last is never cut: a lost end, or bytes behind it, are refused") {
  const Contents whole = three_segments();
  const std::string name = "00000000000000000002.wal";
  const std::size_t end = content_end(whole.at(name));
  for (std::size_t lost = 1; lost < 700; lost += 13) {
    CAPTURE(lost);
    Contents files = whole;
    std::fill(files[name].begin() + static_cast<std::ptrdiff_t>(end - lost), files[name].end(), '\0');
    std::string message;
    REQUIRE(refusal_of(files, &message) == TENON_ERROR_CORRUPT);
  }
  Contents files = whole;
  files[name].back() = 'x';
  CHECK(refusal_of(files) == TENON_ERROR_CORRUPT);
}

TEST_CASE("segments that are missing, swapped or of another history are refused") {
  const Contents whole = three_segments();
  const auto without = [&](const char* name) {
    Contents files = whole;
    files.erase(name);
    std::string message;
    CHECK(refusal_of(files, &message) == TENON_ERROR_CORRUPT);
    return message;
  };
  CHECK_THAT(without("00000000000000000001.wal"),
             Catch::Contains("00000000000000000002.wal is the oldest segment, and the entries 1 to"));
  CHECK_THAT(without("00000000000000000002.wal"), Catch::Contains("00000000000000000002.wal is missing"));
  Contents swapped = whole;
  std::swap(swapped["00000000000000000002.wal"], swapped["00000000000000000003.wal"]);
  CHECK(refusal_of(swapped) == TENON_ERROR_CORRUPT);
}

TEST_CASE("a rest of a spare segment is removed at the next start") {
  Contents files = three_segments();
  files["spare.new"] = std::string(1000, '\0');
  MemoryFileSystem disk(1, files);
  OpenedLog opened(disk);
  const std::vector<std::string> names = disk.list();
  CHECK(std::find(names.begin(), names.end(), "spare.new") == names.end());
}

}  // namespace
}  // namespace tenon::filewal::test
