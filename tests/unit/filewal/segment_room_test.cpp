// SPDX-License-Identifier: MIT
// What a log asks of the disk and of the memory of the system: the segment that comes next, set aside before it is
// needed, and what is written, and kept in memory, of the current one.
#include <algorithm>

#include "faulty_file_system.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"

namespace tenon::filewal::test {
namespace {

using support::MemoryFileSystem;

TEST_CASE("the segment that comes next is set aside in steps, and then a write does not wait for it") {
  constexpr std::uint64_t kSegmentBytes = 4 * FileLog::kSpareStepBytes;
  MemoryFileSystem disk(3);
  FaultyFileSystem counting(disk);
  OpenedLog opened(counting, kSegmentBytes);
  CHECK(opened.log.prepare_spare() == SpareState::not_yet);
  std::vector<std::unique_ptr<OwnedWrite>> writes;
  const auto append = [&](std::size_t size) {
    writes.push_back(std::make_unique<OwnedWrite>());
    opened.log.stage(writes.back()->append(writes.size(), 1, std::string(size, 'x')).view(writes.size()));
    opened.log.sync();
  };
  append(kSegmentBytes / 4);
  CHECK(opened.log.spare_is_behind());
  CHECK(opened.log.prepare_spare() == SpareState::unfinished);
  CHECK(opened.log.prepare_spare() == SpareState::unfinished);
  CHECK_FALSE(opened.log.spare_is_behind());
  CHECK(opened.log.prepare_spare() == SpareState::unfinished);
  CHECK(opened.log.prepare_spare() == SpareState::ready);
  CHECK(opened.log.prepare_spare() == SpareState::ready);
  const std::size_t before = counting.trace().size();
  append(kSegmentBytes * 3 / 4);
  // The file is the spare still for who counts its calls.
  CHECK(counting.trace().substr(before) ==
        "write spare.new;sync spare.new;rename 00000000000000000002.wal;sync directory;"
        "write spare.new;sync spare.new;");
}

TEST_CASE("the zeros of the next segment keep pace with the log, and are there when an eighth of it is left") {
  constexpr std::uint64_t kSteps = 16;
  constexpr std::uint64_t kSegmentBytes = kSteps * FileLog::kSpareStepBytes;
  MemoryFileSystem disk(3);
  OpenedLog opened(disk, kSegmentBytes);
  std::uint64_t index = 0;
  std::uint64_t used = 4096;  // the first page is the segment's own
  const auto use = [&](std::uint64_t bytes) {
    OwnedWrite write;
    ++index;
    opened.log.stage(write.append(index, 1, std::string(bytes - used - 200, 'x')).view(index));
    opened.log.sync();
    used = bytes;
  };
  const auto keep_pace = [&] {
    std::uint64_t steps = 0;
    for (; opened.log.spare_is_behind(); ++steps) opened.log.prepare_spare();
    return steps;
  };
  use(kSegmentBytes / 16);
  CHECK(keep_pace() == 0);
  use(kSegmentBytes / 2);
  CHECK(keep_pace() == 9);  // 7 of the 13 sixteenths that it has
  use(kSegmentBytes * 3 / 4);
  CHECK(keep_pace() == 5);
  CHECK(opened.log.spare_state() == SpareState::unfinished);
  use(kSegmentBytes * 7 / 8 + 4096);
  CHECK(keep_pace() == 2);
  CHECK(opened.log.spare_state() == SpareState::ready);
}

TEST_CASE("what is written ends with a page, so that nothing has to be fetched from the disk for the rest of it") {
  constexpr std::uint64_t kSegmentBytes = 100'000;  // no whole number of pages
  MemoryFileSystem disk(3);
  FaultyFileSystem counting(disk);
  OpenedLog opened(counting, kSegmentBytes);
  std::uint64_t index = 0;
  for (const std::size_t size : {1u, 7u, 8u, 3'000u, 4'096u, 5'001u, 40'000u, 50'000u}) {
    OwnedWrite write;
    ++index;
    opened.log.stage(write.append(index, 1, std::string(size, 'x')).view(index));
    opened.log.sync();
    INFO(size);
    CHECK((counting.last_write_end() % 4096 == 0 || counting.last_write_end() == kSegmentBytes));
  }
  CHECK(segments_of(disk).size() == 2);
}

TEST_CASE("the system is asked to forget what was synced, but for what was written last") {
  constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
  MemoryFileSystem disk(3);
  FaultyFileSystem counting(disk);
  OpenedLog opened(counting, 8 * kMebibyte);
  std::uint64_t count = 0;
  const auto append = [&](std::size_t size) {
    OwnedWrite write;
    ++count;
    opened.log.stage(write.append(count, 1, std::string(size, 'x')).view(count));
    opened.log.sync();
  };
  append(4 * kMebibyte);
  append(kMebibyte - 4096);
  CHECK(counting.released().empty());
  append(4096);
  CHECK(counting.released() == "00000000000000000001.wal 0 1048576;");
  append(2 * kMebibyte);
  CHECK(counting.released() == "00000000000000000001.wal 0 1048576;00000000000000000001.wal 1048576 2097152;");
  append(5 * kMebibyte);
  CHECK(counting.released().ends_with(";spare.new 0 1048576;"));  // that is what who counts its calls takes it for
}

TEST_CASE("without room for the next segment nothing of it is left, the log goes on, and it is tried again") {
  MemoryFileSystem disk(3);
  FaultyFileSystem faulty(disk);
  OpenedLog opened(faulty);
  std::vector<std::unique_ptr<OwnedWrite>> writes;
  const auto append = [&](std::size_t size) {
    writes.push_back(std::make_unique<OwnedWrite>());
    opened.log.stage(writes.back()->append(writes.size(), 1, std::string(size, 'x')).view(writes.size()));
    opened.log.sync();
  };
  append(1000);
  const std::size_t before = faulty.trace().size();
  faulty.fail_change(faulty.counts().changes + 2, TENON_ERROR_NO_SPACE);
  CHECK(opened.log.prepare_spare() == SpareState::no_space);
  CHECK(faulty.trace().substr(before).starts_with("create spare.new;reserve spare.new;"));  // before any zero of it
  CHECK(faulty.has_failed());
  const std::vector<std::string> names = disk.list();
  CHECK(std::find(names.begin(), names.end(), "spare.new") == names.end());
  append(1000);
  CHECK(opened.log.spare_state() == SpareState::no_space);
  CHECK(opened.log.prepare_spare() == SpareState::ready);
  append(3000);
  CHECK(segments_of(disk).size() == 2);
}
}  // namespace
}  // namespace tenon::filewal::test
