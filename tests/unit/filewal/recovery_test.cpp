// SPDX-License-Identifier: MIT
#include <algorithm>

#include "faulty_file_system.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"

namespace tenon::filewal::test {
namespace {

using Contents = support::MemoryFileSystem::Contents;
using support::MemoryFileSystem;

constexpr char kSegment[] = "00000000000000000001.wal";
constexpr char kTorn[] = "00000000000000000001.torn";
constexpr char kHardState[] = "hard_state";
constexpr std::size_t kSlotStride = 8192;

std::size_t content_end(const std::string& segment) { return segment.find_last_not_of('\0') + 1; }

bool contains(const std::vector<LogModel>& states, const LogModel& found) {
  return std::find(states.begin(), states.end(), found) != states.end();
}

// A small log whose last batch was synced or not: nobody can tell from its bytes.
struct SmallLog {
  Contents files;
  LogModel durable;               // before the last batch
  std::vector<LogModel> allowed;  // what may be found when the last batch is cut: durable, .., model
  LogModel model;                 // all of it
  std::size_t last_batch = 0;     // offset
  std::size_t end = 0;            // offset
};

enum class Ending { killed, closed };

SmallLog small_log(Ending ending) {
  SmallLog small;
  MemoryFileSystem disk(5);
  OpenedLog opened(disk);
  std::vector<LogModel> ignored;
  const auto stage = [&](OwnedWrite& write, std::vector<LogModel>& states) {
    opened.log.stage(write.view(1));
    write.apply(small.model, states);
  };
  OwnedWrite first;
  OwnedWrite second;
  OwnedWrite third;
  OwnedWrite fourth;
  stage(first.hard_state("term 3, vote 2").append(1, 1, "one").append(2, 1, "").append(3, 2, "three"), ignored);
  opened.log.sync();
  stage(second.truncate(2).append(2, 3, std::string(20, '\0') + "x").append(3, 3, "III"), ignored);
  stage(third.truncate(3), ignored);
  opened.log.sync();
  small.durable = small.model;
  small.allowed.push_back(small.model);
  small.last_batch = content_end(disk.contents().at(kSegment));
  small.last_batch = (small.last_batch + 7) / 8 * 8;
  stage(fourth.append(3, 4, "last batch").append(4, 4, std::string(30, 'y')).compact(1), small.allowed);
  opened.log.sync();
  if (ending == Ending::closed) opened.log.close();
  small.files = disk.contents();
  small.end = content_end(small.files.at(kSegment));
  return small;
}

TEST_CASE("after a power loss at any call a prefix is found that holds everything synced") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{61}));
  CAPTURE(seed);
  std::mt19937_64 generator(seed);
  MemoryFileSystem disk(seed, seed % 2 == 0 ? MemoryFileSystem::kSectorBytes : 8);
  LogModel model;
  std::vector<LogModel> states = {model};  // any of them may be found
  for (int crash = 0; crash < 30; ++crash) {
    CAPTURE(crash);
    FaultyFileSystem faulty(disk);
    faulty.fail_change(1 + generator() % 40, TENON_ERROR_IO);
    try {
      OpenedLog opened(faulty);
      model = opened.content();
      REQUIRE(contains(states, model));
      states = {model};
      while (true) {
        std::vector<std::unique_ptr<OwnedWrite>> group;
        for (std::uint64_t count = 1 + generator() % 4; count > 0; --count) {
          group.push_back(random_write(model, generator, 700));
          group.back()->apply(model, states);
          opened.log.stage(group.back()->view(1));
        }
        opened.log.sync();
        states = {model};
        if (generator() % 2 == 0) opened.log.prepare_spare();
      }
    } catch (const Error& error) {
      REQUIRE(error.code() == TENON_ERROR_IO);
      REQUIRE(faulty.has_failed());
    }
    if (generator() % 4 != 0) disk.lose_power();
  }
}

TEST_CASE("a last batch that is torn at any byte is cut, and everything before it is found") {
  const SmallLog small = small_log(Ending::killed);
  for (std::size_t length = small.last_batch; length < small.end; ++length) {
    CAPTURE(length);
    Contents files = small.files;
    std::fill(files[kSegment].begin() + static_cast<std::ptrdiff_t>(length), files[kSegment].end(), '\0');
    REQUIRE(contains(small.allowed, content_of(files)));
  }
  CHECK(content_of(small.files) == small.model);
}

TEST_CASE("a last batch whose beginning is lost and whose end survived is cut, set aside and warned of") {
  const SmallLog small = small_log(Ending::killed);
  Contents files = small.files;
  const auto batch = files[kSegment].begin() + static_cast<std::ptrdiff_t>(small.last_batch);
  std::fill(batch, batch + 48, '\0');
  MemoryFileSystem disk(1, files);
  {
    OpenedLog opened(disk);
    CHECK(opened.content() == small.durable);
    CHECK(opened.logged("a crash cut the last write short at offset " + std::to_string(small.last_batch)));
  }
  const std::size_t torn_bytes = small.end - small.last_batch;
  CHECK(disk.contents().at(kTorn) == files[kSegment].substr(small.last_batch, torn_bytes));
  OpenedLog again(disk);
  CHECK(again.content() == small.durable);
  CHECK_FALSE(again.logged("a crash cut"));
}

TEST_CASE("a shorter batch that is written where a torn one was cut brings back nothing of it") {
  const SmallLog small = small_log(Ending::killed);
  for (std::size_t length = small.last_batch; length < small.end; length += 8) {
    CAPTURE(length);
    Contents files = small.files;
    files[kSegment][length] = static_cast<char>(files[kSegment][length] ^ 1);
    MemoryFileSystem disk(1, files);
    LogModel model;
    {
      OpenedLog opened(disk);
      model = opened.content();
      OwnedWrite write;
      std::vector<LogModel> states;
      write.append(model.last() + 1, 9, "z").apply(model, states);
      opened.log.stage(write.view(1));
      opened.log.sync();
    }
    REQUIRE(OpenedLog(disk).content() == model);
  }
}

TEST_CASE("a flipped bit in a closed log is refused, wherever it is, and nothing is changed") {
  const SmallLog small = small_log(Ending::closed);
  for (std::size_t offset = 0; offset < small.end; ++offset) {
    CAPTURE(offset);
    Contents files = small.files;
    files[kSegment][offset] = static_cast<char>(files[kSegment][offset] ^ (1 << (offset % 8)));
    std::string message;
    const tenon_error code = refusal_of(files, &message);
    // A damaged mark is all that a close adds; without it the log is as if it had been killed.
    if (offset >= small.end - 40) {
      REQUIRE((code == TENON_OK || code == TENON_ERROR_CORRUPT));
      if (code == TENON_OK) REQUIRE(content_of(files) == small.model);
      continue;
    }
    REQUIRE(code == TENON_ERROR_CORRUPT);
    REQUIRE(message.find("00000000000000000001.wal is damaged at offset ") != std::string::npos);
    MemoryFileSystem disk(1, files);
    try {
      OpenedLog opened(disk);
    } catch (const Error&) {
    }
    REQUIRE(disk.contents() == files);
  }
}

TEST_CASE("a flipped bit in a log that was killed is refused, or cuts the last batch and nothing before it") {
  const SmallLog small = small_log(Ending::killed);
  std::size_t cut = 0;
  for (std::size_t offset = 0; offset < small.end + 64; ++offset) {
    CAPTURE(offset);
    Contents files = small.files;
    files[kSegment][offset] = static_cast<char>(files[kSegment][offset] ^ (1 << (offset % 8)));
    const tenon_error code = refusal_of(files);
    if (offset < small.last_batch) {
      REQUIRE(code == TENON_ERROR_CORRUPT);
    } else if (code == TENON_OK) {
      const LogModel found = content_of(files);
      REQUIRE(contains(small.allowed, found));
      if (found != small.model) ++cut;
    } else {
      REQUIRE(code == TENON_ERROR_CORRUPT);
    }
  }
  CHECK(cut > 100);
}

TEST_CASE("eight zero bytes anywhere in a closed log are refused or change nothing") {
  const SmallLog small = small_log(Ending::closed);
  for (std::size_t offset = 0; offset < small.end; offset += 8) {
    CAPTURE(offset);
    Contents files = small.files;
    const auto word = files[kSegment].begin() + static_cast<std::ptrdiff_t>(offset);
    std::fill(word, word + 8, '\0');
    if (refusal_of(files) == TENON_OK) {
      REQUIRE(content_of(files) == small.model);
    } else {
      REQUIRE(refusal_of(files) == TENON_ERROR_CORRUPT);
      REQUIRE(offset < small.end);
    }
  }
}

TEST_CASE("a segment that was made shorter is refused at every length") {
  const SmallLog small = small_log(Ending::killed);
  for (std::size_t size = 0; size < small.files.at(kSegment).size(); size += size < small.end + 16 ? 1 : 256) {
    CAPTURE(size);
    Contents files = small.files;
    files[kSegment].resize(size);
    REQUIRE(refusal_of(files) == TENON_ERROR_CORRUPT);
  }
}

TEST_CASE("a batch that was written to the wrong place is not taken into the log") {
  const SmallLog small = small_log(Ending::killed);
  const std::string batch =
      small.files.at(kSegment).substr(small.last_batch, (small.end + 7) / 8 * 8 - small.last_batch);
  Contents files = small.files;
  files[kSegment].replace((small.end + 7) / 8 * 8, batch.size(), batch);
  CHECK(content_of(files) == small.model);
}

TEST_CASE("a batch that gave way to another of the same place is refused, though each record is whole") {
  MemoryFileSystem born(5);
  OpenedLog(born).log.close();
  const auto history = [&](std::vector<std::string> entries) {
    MemoryFileSystem disk(1, born.contents());
    OpenedLog opened(disk);
    for (std::uint64_t index = 1; index <= entries.size(); ++index) {
      OwnedWrite write;
      opened.log.stage(write.append(index, 1, entries[index - 1]).view(1));
      opened.log.sync();
    }
    return disk.contents();
  };
  const std::string stale = history({"AAAA"}).at(kSegment);
  Contents files = history({"BBBB", "CCCC"});
  files[kSegment].replace(0, content_end(stale), stale, 0, content_end(stale));
  CHECK(refusal_of(files) == TENON_ERROR_CORRUPT);
}

TEST_CASE("bytes beyond a last batch that lacks its own end are corruption") {
  const SmallLog small = small_log(Ending::killed);
  Contents files = small.files;
  files[kSegment][small.last_batch + 48] ^= 1;
  files[kSegment][small.end + 100] = 'x';
  CHECK(refusal_of(files) == TENON_ERROR_CORRUPT);
}

TEST_CASE("a segment of another directory is refused") {
  const SmallLog small = small_log(Ending::closed);
  MemoryFileSystem other(99);
  OpenedLog(other).log.close();
  Contents files = small.files;
  files[kSegment] = other.contents().at(kSegment);
  std::string message;
  CHECK(refusal_of(files, &message) == TENON_ERROR_CORRUPT);
  CHECK(message.find("belongs to another data directory") != std::string::npos);
}

TEST_CASE("a damaged copy of the hard state is repaired from the other, at every byte") {
  const SmallLog small = small_log(Ending::closed);
  constexpr std::size_t kRecordBytes = 44 + 14;  // what a record of this payload covers by its checksum
  for (std::size_t slot = 0; slot < 2; ++slot) {
    for (std::size_t offset = 0; offset < 80; ++offset) {
      CAPTURE(slot, offset);
      Contents files = small.files;
      char& byte = files[kHardState][slot * kSlotStride + offset];
      byte = static_cast<char>(byte ^ (1 << (offset % 8)));
      MemoryFileSystem disk(1, files);
      {
        OpenedLog opened(disk);
        REQUIRE(opened.content() == small.model);
        REQUIRE(opened.logged("copy of the hard state is damaged") == (offset < kRecordBytes));
      }
      disk.lose_power();
      if (offset < kRecordBytes) REQUIRE(disk.contents().at(kHardState) == small.files.at(kHardState));
    }
  }
}

TEST_CASE("two damaged copies of the hard state are refused") {
  const SmallLog small = small_log(Ending::closed);
  Contents files = small.files;
  files[kHardState][20] ^= 1;
  files[kHardState][kSlotStride + 50] ^= 1;
  std::string message;
  CHECK(refusal_of(files, &message) == TENON_ERROR_CORRUPT);
  CHECK(message.find("hard_state: both copies") != std::string::npos);
  files[kHardState].clear();
  CHECK(refusal_of(files) == TENON_ERROR_CORRUPT);
}

TEST_CASE("two copies of one hard state that differ are refused") {
  Contents files;
  const auto directory_with = [](const std::string& hard_state) {
    MemoryFileSystem disk(5);
    OpenedLog opened(disk);
    OwnedWrite write;
    opened.log.stage(write.hard_state(hard_state).view(1));
    opened.log.sync();
    return disk.contents();
  };
  files = directory_with("vote 1");
  files[kHardState].replace(0, kSlotStride, directory_with("vote 2").at(kHardState), 0, kSlotStride);
  std::string message;
  CHECK(refusal_of(files, &message) == TENON_ERROR_CORRUPT);
  CHECK(message.find("contradict") != std::string::npos);
}

TEST_CASE("a crash between the two copies of the hard state is repaired to the newer one") {
  MemoryFileSystem disk(5);
  {
    FaultyFileSystem faulty(disk);
    OpenedLog opened(faulty);
    OwnedWrite write;
    faulty.fail_change(faulty.counts().changes + 3, TENON_ERROR_IO);  // the write of the second copy
    opened.log.stage(write.hard_state("new").view(1));
    CHECK_THROWS_AS(opened.log.sync(), Error);
  }
  OpenedLog opened(disk);
  CHECK(opened.recovered.hard_state == "new");
  disk.lose_power();
  CHECK(OpenedLog(disk).recovered.hard_state == "new");
}

TEST_CASE("a last batch that a failed sync left in memory only is durable once it was recovered") {
  // A disk whose failed sync drops the bytes and calls them clean, as that of Linux does.
  MemoryFileSystem disk(5);
  {
    FaultyFileSystem faulty(disk);
    OpenedLog opened(faulty);
    OwnedWrite write;
    faulty.fail_change(faulty.counts().changes + 2, TENON_ERROR_IO);  // the sync
    opened.log.stage(write.append(1, 1, "a").view(1));
    CHECK_THROWS_AS(opened.log.sync(), Error);
  }
  disk.forget_unsynced_writes();
  {
    FaultyFileSystem counting(disk);
    OpenedLog opened(counting);
    CHECK(opened.recovered.last_index == 1);
    // The mark, which says that the batch was synced, is written after that is so.
    const std::string sync = "write 00000000000000000001.wal;sync 00000000000000000001.wal;";
    CHECK(counting.trace().find(sync + "sync directory;" + sync) != std::string::npos);
  }
  disk.lose_power();
  CHECK(OpenedLog(disk).recovered.last_index == 1);
}

TEST_CASE("the copy that recovery takes is written again and synced before the other is written over") {
  MemoryFileSystem disk(5);
  {
    FaultyFileSystem faulty(disk);
    OpenedLog opened(faulty);
    OwnedWrite write;
    faulty.fail_change(faulty.counts().changes + 2, TENON_ERROR_IO);  // the sync of the first copy
    opened.log.stage(write.hard_state("new").view(1));
    CHECK_THROWS_AS(opened.log.sync(), Error);
  }
  FaultyFileSystem counting(disk);
  OpenedLog opened(counting);
  CHECK(opened.recovered.hard_state == "new");
  CHECK(counting.trace().starts_with("write hard_state;sync hard_state;write hard_state;sync hard_state;"));
}

}  // namespace
}  // namespace tenon::filewal::test
