// SPDX-License-Identifier: MIT
// Images and the power. A life of an ImageStore is told once; then its disk is cut after each of its calls, in every
// way and several times, and recovered: it has exactly one committed image, and that is the last whose commit returned
// or the one that was being committed. Of what is found the recovery is cut in turn, and must find the same. And each
// call fails once.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "disk_history.hpp"
#include "faulty_file_system.hpp"
#include "image_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::crash {
namespace {

using filewal::test::error_of;
using filewal::test::FaultyFileSystem;
using filewal::test::Newest;
using filewal::test::OpenedImages;
using support::MemoryFileSystem;

constexpr std::uint64_t kCutsOfAKind = 6;

// What may be the newest image.
struct Expectation {
  Newest before;
  Newest after;
  bool allows(const Newest& found) const { return found == before || found == after; }
};

std::string content_of(std::uint64_t index) {
  std::string content;
  while (content.size() < 300 * index) content += "image " + std::to_string(index) + ";";
  return content;
}

// What is written last is too little to be synced before the commit.
void write_rest(Image& image, std::string_view content, std::size_t offset) {
  constexpr std::size_t kTailBytes = OpenedImages::kUnsyncedBytesMax / 2;
  const std::size_t tail = std::max(offset, content.size() - kTailBytes);
  image.write(offset, content.substr(offset, tail - offset));
  image.write(tail, content.substr(tail));
}

// A life that ends with the first error: images begun, given up, gone on with, replaced, over three processes.
class Life {
 public:
  Life(filewal::FileSystem& disk, std::function<std::size_t()> calls) : disk_(disk), calls_(std::move(calls)) {
    mark();
  }

  tenon_error live() {
    return error_of([&] {
      for (std::uint64_t process = 0; process < 3; ++process) {
        OpenedImages images(disk_);
        REQUIRE(expected_.allows(images.newest()));
        write_and_commit(images, 10 * process + 1);  // goes on with that of the process before
        const auto held = images.open_newest();
        begin_and_leave(images, 10 * process + 2);
        begin_and_leave(images, 10 * process + 3);
        write_and_commit(images, 10 * process + 3);
        REQUIRE(filewal::test::all_of(*held, 100'000) == content_of(10 * process + 1));
        begin_and_leave(images, 10 * process + 11);
      }
    });
  }
  // After so many calls.
  const Expectation& expectation(std::size_t calls) const { return std::prev(windows_.upper_bound(calls))->second; }
  const Expectation& expectation() const { return expected_; }

 private:
  void mark() { windows_.insert_or_assign(calls_(), expected_); }

  static std::uint8_t id_of(std::uint64_t index) { return static_cast<std::uint8_t>(index); }
  static std::string_view first_half_of(std::string_view content) { return content.substr(0, content.size() / 2); }

  void begin_and_leave(OpenedImages& images, std::uint64_t index) {
    const std::string content = content_of(index);
    images.create(index, id_of(index))->write(0, first_half_of(content));
  }
  void write_and_commit(OpenedImages& images, std::uint64_t index) {
    const std::string content = content_of(index);
    const auto image = images.create(index, id_of(index));
    const std::uint64_t kept = images.size / 2;  // of what is there the core trusts a part
    write_rest(*image, content, kept);
    expected_.after = {index, content};
    mark();
    image->commit();
    expected_.before = expected_.after;
    mark();
  }

  filewal::FileSystem& disk_;
  const std::function<std::size_t()> calls_;
  Expectation expected_;
  std::map<std::size_t, Expectation> windows_;  // from a number of calls on
};

// Goes on with an image as far as the bytes that are left of it are right, as the core does, or begins it.
void complete(OpenedImages& images, std::uint64_t index) {
  const std::string content = content_of(index);
  const auto image = images.create(index, static_cast<std::uint8_t>(index));
  const std::string left = filewal::test::all_of(*image, images.size);
  const auto wrong = std::mismatch(left.begin(), left.end(), content.begin(), content.end());
  const auto good = static_cast<std::size_t>(wrong.first - left.begin());
  write_rest(*image, content, good);
  image->commit();
}

// Recovers, checks, and shows that what was left of an image can be gone on with.
Newest recover_and_check(const Contents& files, const Expectation& expected) {
  MemoryFileSystem disk(1, files);
  Newest found;
  {
    OpenedImages images(disk);
    found = images.newest();
    REQUIRE(expected.allows(found));
    REQUIRE(images.lines.empty());
    const std::vector<std::string> names = disk.list();
    const auto is_committed = [](const std::string& name) { return name.ends_with(".image"); };
    REQUIRE(std::count_if(names.begin(), names.end(), is_committed) == (found.index == 0 ? 0 : 1));
  }
  disk.lose_power();
  OpenedImages again(disk);
  REQUIRE(again.newest() == found);
  complete(again, found.index + 8);
  REQUIRE(disk.list().size() == 1);
  REQUIRE(again.newest() == Newest{found.index + 8, content_of(found.index + 8)});
  return found;
}

// The power goes while what a first cut left is recovered.
void cut_recovery(const Contents& files, const Newest& found, std::mt19937_64& generator) {
  RecordingFileSystem disk(1, files);
  { const OpenedImages images(disk); }
  DiskHistory history(files);
  for (const Call& call : disk.calls()) {
    history.make(call);
    recover_and_check(history.cut(static_cast<Kept>(generator() % kKeptKinds), generator), {found, found});
  }
}

TEST_CASE("wherever the power goes, there is one newest image, the last that was committed or the next") {
  RecordingFileSystem disk(1, {});
  Life life(disk, [&] { return disk.calls().size(); });
  REQUIRE(life.live() == TENON_OK);
  DiskHistory history(disk.start());
  std::mt19937_64 generator(5);
  std::uint64_t old_found = 0;
  std::uint64_t new_found = 0;
  for (std::size_t call = 0; call <= disk.calls().size(); ++call) {
    if (call > 0) history.make(disk.calls()[call - 1]);
    for (std::size_t kept = 0; kept < kKeptKinds; ++kept) {
      for (std::uint64_t cut = 0; cut < kCutsOfAKind; ++cut) {
        INFO("call " << call << ", cut " << cut << ", after: " << (call == 0 ? "" : text_of(disk.calls()[call - 1]))
                     << "\nkept: " << name_of(static_cast<Kept>(kept)));
        const Contents files = history.cut(static_cast<Kept>(kept), generator);
        const Expectation& expected = life.expectation(call);
        const Newest found = recover_and_check(files, expected);
        if (expected.before != expected.after) ++(found == expected.before ? old_found : new_found);
        if (cut == 0) cut_recovery(files, found, generator);
      }
    }
  }
  CHECK(old_found > 0);
  CHECK(new_found > 0);
}

// What becomes of the disk after a failure.
enum class Aftermath { killed, pages_forgotten, power_lost };

TEST_CASE("whichever call of an image store fails, the next start finds the newest image whole") {
  const auto code = GENERATE(tenon_error{TENON_ERROR_IO}, tenon_error{TENON_ERROR_NO_SPACE});
  const auto aftermath = GENERATE(Aftermath::killed, Aftermath::pages_forgotten, Aftermath::power_lost);
  CAPTURE(code, static_cast<int>(aftermath));
  constexpr std::uint64_t kChangesMin = 60;  // of the whole life
  std::uint64_t change = 0;
  for (bool has_failed = true; has_failed;) {
    CAPTURE(++change);
    MemoryFileSystem disk(change);
    FaultyFileSystem faulty(disk);
    faulty.fail_change(change, code);
    Life life(faulty, [] { return std::size_t{0}; });
    const tenon_error error = life.live();
    has_failed = faulty.has_failed();
    REQUIRE((error == TENON_OK || error == code));
    if (!has_failed) REQUIRE(error == TENON_OK);
    if (aftermath == Aftermath::pages_forgotten) disk.forget_unsynced_writes();
    if (aftermath == Aftermath::power_lost) disk.lose_power();
    Newest found;
    {
      OpenedImages images(disk);
      found = images.newest();
      REQUIRE(life.expectation().allows(found));
      complete(images, found.index + 8);
    }
    disk.lose_power();
    REQUIRE(OpenedImages(disk).newest() == Newest{found.index + 8, content_of(found.index + 8)});
  }
  CHECK(change > kChangesMin);
}

}  // namespace
}  // namespace tenon::crash
