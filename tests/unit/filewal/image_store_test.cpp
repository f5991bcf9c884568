// SPDX-License-Identifier: MIT
#include "filewal/image_store.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "faulty_file_system.hpp"
#include "filewal/posix_file_system.hpp"
#include "image_fixture.hpp"
#include "support/catch.hpp"
#include "temporary_directory.hpp"

namespace tenon::filewal::test {
namespace {

using support::MemoryFileSystem;
using Contents = MemoryFileSystem::Contents;

const std::string kPart5 = "00000000000000000005-01010101010101010101010101010101.part";
const std::string kImage5 = "00000000000000000005-01010101010101010101010101010101.image";
const std::string kImage7 = "00000000000000000007-02020202020202020202020202020202.image";

TEST_CASE("a new directory has no image") {
  MemoryFileSystem disk(1);
  CHECK(OpenedImages(disk).newest() == Newest{});
}

TEST_CASE("a committed image is read as it was written, and after a loss of power too") {
  MemoryFileSystem disk(1);
  {
    OpenedImages images(disk);
    const auto image = images.create(5, 1);
    CHECK(images.size == 0);
    image->write(0, "hello ");
    image->write(6, "world");
    CHECK(disk.list() == std::vector{kPart5});
    image->commit();
    CHECK(disk.list() == std::vector{kImage5});
    CHECK(images.newest() == Newest{5, "hello world"});
    CHECK(std::equal(std::begin(images.opened.id), std::end(images.opened.id), image_of(5, 1).id));
    CHECK(images.opened.size == 11);
  }
  disk.lose_power();
  CHECK(OpenedImages(disk).newest() == Newest{5, "hello world"});
}

TEST_CASE("a read gives what is there from its offset on, and nothing behind the end") {
  MemoryFileSystem disk(1);
  OpenedImages images(disk);
  images.commit(5, 1, "0123456789");
  const auto image = images.open_newest();
  std::array<std::uint8_t, 4> buffer{};
  CHECK(image->read(3, buffer) == 4);
  CHECK(std::string(buffer.begin(), buffer.end()) == "3456");
  CHECK(image->read(8, buffer) == 2);
  CHECK(image->read(10, buffer) == 0);
  CHECK(image->read(1000, buffer) == 0);
}

TEST_CASE("an unfinished image is read through its handle, and stays unseen until its commit") {
  MemoryFileSystem disk(1);
  OpenedImages images(disk);
  images.commit(5, 1, "old");
  const auto image = images.create(7, 2);
  image->write(0, "newer");
  CHECK(all_of(*image, 5) == "newer");
  CHECK(images.newest() == Newest{5, "old"});
  image->commit();
  CHECK(all_of(*image, 5) == "newer");
  CHECK(images.newest() == Newest{7, "newer"});
}

TEST_CASE("a write drops what lies at its offset and behind") {
  MemoryFileSystem disk(1);
  OpenedImages images(disk);
  const auto image = images.create(5, 1);
  image->write(0, "0123456789");
  image->write(3, "x");
  CHECK(all_of(*image, 10) == "012x");
  image->write(2, "");
  CHECK(all_of(*image, 10) == "01");
  image->commit();
  CHECK(images.newest() == Newest{5, "01"});
  disk.lose_power();
  CHECK(disk.contents().at(kImage5) == "01");
}

TEST_CASE("an unfinished image is gone on with, in the same process and in the next") {
  MemoryFileSystem disk(1);
  {
    OpenedImages images(disk);
    images.create(5, 1)->write(0, "first ");
    const auto again = images.create(5, 1);
    CHECK(images.size == 6);
    again->write(6, "second ");
  }
  OpenedImages images(disk);
  CHECK(images.newest() == Newest{});
  const auto image = images.create(5, 1);
  CHECK(images.size == 13);
  image->write(13, "third");
  image->commit();
  CHECK(images.newest() == Newest{5, "first second third"});
}

TEST_CASE("another image removes an unfinished one without a handle, and only such") {
  MemoryFileSystem disk(1);
  OpenedImages images(disk);
  const auto held = images.create(5, 1);
  held->write(0, "held");
  images.create(6, 9)->write(0, "left");
  CHECK(disk.list().size() == 2);
  const auto other = images.create(7, 2);
  CHECK(disk.list().size() == 2);
  CHECK(disk.contents().at(kPart5) == "held");
  held->write(4, " on");
  CHECK(all_of(*held, 7) == "held on");
}

TEST_CASE("a new start keeps an unfinished image until another one is begun") {
  MemoryFileSystem disk(1);
  OpenedImages(disk).create(5, 1)->write(0, "left");
  OpenedImages images(disk);
  CHECK(disk.list() == std::vector{kPart5});
  images.commit(7, 2, "new");
  CHECK(disk.list() == std::vector{kImage7});
}

TEST_CASE("a second handle on an unfinished image is refused") {
  MemoryFileSystem disk(1);
  OpenedImages images(disk);
  const auto image = images.create(5, 1);
  CHECK(error_of([&] { images.create(5, 1); }) == TENON_ERROR_BUSY);
  image->write(0, "x");
  CHECK(all_of(*image, 1) == "x");
}

TEST_CASE("an image that is not newer is refused at its commit, and nothing else has changed") {
  const auto index = GENERATE(std::uint64_t{4}, std::uint64_t{5});
  MemoryFileSystem disk(1);
  OpenedImages images(disk);
  images.commit(5, 1, "newest");
  {
    const auto image = images.create(index, 2);
    image->write(0, "older");
    CHECK(error_of([&] { image->commit(); }) == TENON_ERROR_INVALID);
    image->write(5, " and more");  // the handle still works
    CHECK(error_of([&] { image->commit(); }) == TENON_ERROR_INVALID);
  }
  CHECK(images.newest() == Newest{5, "newest"});
  images.commit(6, 3, "newer");
  CHECK(images.newest() == Newest{6, "newer"});
}

TEST_CASE("the image before goes with the commit, and is readable through its handle all the same") {
  MemoryFileSystem disk(1);
  OpenedImages images(disk);
  images.commit(5, 1, "the old one");
  const auto old = images.open_newest();
  images.commit(7, 2, "the new one");
  CHECK(disk.list() == std::vector{kImage7});
  CHECK(all_of(*old, 11) == "the old one");
  CHECK(images.newest() == Newest{7, "the new one"});
}

TEST_CASE("of two committed images a start takes the newer one and removes the other, once that one is durable") {
  MemoryFileSystem disk(1, Contents{{kImage5, "old"}, {kImage7, "new"}});
  FaultyFileSystem counting(disk);
  OpenedImages images(counting);
  CHECK(images.newest() == Newest{7, "new"});
  CHECK(counting.trace() == "create directory;sync directory;unlink " + kImage5 + ";");
  CHECK(images.lines.empty());
}

TEST_CASE("files of others are left alone, with a warning that names them") {
  const std::vector<std::string> names = {
      "00000000000000000005-01010101010101010101010101010101.imag",
      "00000000000000000005-0101010101010101010101010101010.image",
      "00000000000000000005-010101010101010101010101010101AB.image",
      "00000000000000000005_01010101010101010101010101010101.image",
      "5-01010101010101010101010101010101.image",
      "99999999999999999999-01010101010101010101010101010101.image",
      "notes",
  };
  Contents files;
  for (const std::string& name : names) files[name] = "foreign";
  MemoryFileSystem disk(1, files);
  OpenedImages images(disk);
  CHECK(images.newest() == Newest{});
  REQUIRE(images.lines.size() == names.size());
  for (const std::string& name : names) {
    CHECK(std::count_if(images.lines.begin(), images.lines.end(), [&](const std::string& line) {
            return line.find(name) != std::string::npos && line.find("move it elsewhere") != std::string::npos;
          }) == 1);
  }
  images.commit(6, 3, "mine");
  images.commit(7, 2, "mine");
  files[kImage7] = "mine";
  CHECK(disk.contents() == files);
}

TEST_CASE("an image is synced piece by piece, so that little is left for its commit") {
  MemoryFileSystem disk(1);
  FaultyFileSystem counting(disk);
  OpenedImages images(counting);
  const auto image = images.create(5, 1);
  const std::string piece(OpenedImages::kUnsyncedBytesMax / 4, 'x');
  for (std::uint64_t written = 0; written < 20; ++written) image->write(written * piece.size(), piece);
  CHECK(counting.counts().syncs == 5);
}

TEST_CASE("a commit syncs the file, then renames it, then syncs the directory, then removes the image before") {
  MemoryFileSystem disk(1, Contents{{kImage5, "old"}});
  FaultyFileSystem counting(disk);
  OpenedImages images(counting);
  const auto image = images.create(7, 2);
  image->write(0, "new");
  const std::size_t before = counting.trace().size();
  image->commit();
  const std::string part = kImage7.substr(0, kImage7.find('.')) + ".part";
  CHECK(counting.trace().substr(before) ==
        "sync " + part + ";rename " + kImage7 + ";sync directory;unlink " + kImage5 + ";");
}

TEST_CASE("an image that cannot be written for lack of room gives its room back, and the store goes on") {
  MemoryFileSystem disk(1);
  FaultyFileSystem faulty(disk);
  OpenedImages images(faulty);
  images.commit(5, 1, "old");
  {
    const auto image = images.create(7, 2);
    image->write(0, "first");
    faulty.fail_change(faulty.counts().changes + 1, TENON_ERROR_NO_SPACE);
    CHECK(error_of([&] { image->write(5, "second"); }) == TENON_ERROR_NO_SPACE);
  }
  CHECK(disk.list() == std::vector{kImage5});
  CHECK(images.newest() == Newest{5, "old"});
  images.commit(7, 2, "new");
  CHECK(images.newest() == Newest{7, "new"});
}

TEST_CASE("a damaged image that could not be removed is begun anew, and not gone on with") {
  MemoryFileSystem disk(1);
  FaultyFileSystem faulty(disk);
  OpenedImages images(faulty);
  {
    const auto image = images.create(5, 1);
    image->write(0, "first");
    faulty.fail_change(faulty.counts().changes + 1, TENON_ERROR_IO);
    CHECK(error_of([&] { image->write(5, "second"); }) == TENON_ERROR_IO);
    faulty.fail_change(faulty.counts().changes + 1, TENON_ERROR_IO);  // the removal
  }
  REQUIRE(images.lines.size() == 1);
  CHECK(images.lines[0].find("stays for now") != std::string::npos);
  CHECK(disk.list() == std::vector{kPart5});
  const auto again = images.create(5, 1);
  CHECK(images.size == 0);
  again->write(0, "whole");
  again->commit();
  CHECK(images.newest() == Newest{5, "whole"});
}

TEST_CASE("a store whose commit failed refuses everything, whichever of the steps it was") {
  const auto step = GENERATE(std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3});
  CAPTURE(step);
  MemoryFileSystem disk(1);
  FaultyFileSystem faulty(disk);
  OpenedImages images(faulty);
  images.commit(5, 1, "old");
  const auto image = images.create(7, 2);
  image->write(0, "new");
  const auto other = images.create(8, 3);
  faulty.fail_change(faulty.counts().changes + step, TENON_ERROR_IO);
  CHECK(error_of([&] { image->commit(); }) == TENON_ERROR_IO);
  CHECK(error_of([&] { images.create(9, 4); }) == TENON_ERROR_IO);
  CHECK(error_of([&] { images.open_newest(); }) == TENON_ERROR_IO);
  CHECK(error_of([&] { other->commit(); }) == TENON_ERROR_IO);
}

TEST_CASE("an older image that cannot be removed is no failure, and goes with the next commit") {
  MemoryFileSystem disk(1);
  FaultyFileSystem faulty(disk);
  OpenedImages images(faulty);
  images.commit(5, 1, "old");
  {
    const auto image = images.create(7, 2);
    faulty.fail_change(faulty.counts().changes + 4, TENON_ERROR_IO);
    CHECK_NOTHROW(image->commit());
  }
  CHECK(faulty.has_failed());
  CHECK(images.lines.size() == 1);
  CHECK(disk.list().size() == 2);
  CHECK(images.newest() == Newest{7, ""});
  images.commit(8, 3, "newest");
  CHECK(disk.list().size() == 1);
  CHECK(images.newest() == Newest{8, "newest"});
}

TEST_CASE("the real disk keeps images in a directory that is made when it is missing") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path() + "/images");
  {
    OpenedImages images(disk);
    const auto image = images.create(5, 1);
    image->write(0, "0123456789");
    image->write(4, "x");
    image->commit();
    const auto old = images.open_newest();
    images.commit(7, 2, "new");
    CHECK(all_of(*old, 10) == "0123x");
  }
  CHECK(disk.list() == std::vector{kImage7});
  OpenedImages images(disk);
  CHECK(images.newest() == Newest{7, "new"});
}

TEST_CASE("handles are used on several threads at once") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path() + "/images");
  OpenedImages images(disk);
  images.commit(1, 1, "old");
  const auto read_newest = [&] {
    for (int read = 0; read < 200; ++read) {
      tenon_image opened{};
      const auto image = images.store.open_newest(opened);
      if (all_of(*image, opened.size) != (opened.index == 1 ? "old" : std::to_string(opened.index))) return false;
    }
    return true;
  };
  bool first_read = false;
  bool second_read = false;
  std::thread first([&] { first_read = read_newest(); });
  std::thread second([&] { second_read = read_newest(); });
  for (std::uint64_t index = 2; index < 40; ++index) {
    images.commit(index, static_cast<std::uint8_t>(index), std::to_string(index));
  }
  first.join();
  second.join();
  CHECK(first_read);
  CHECK(second_read);
}

}  // namespace
}  // namespace tenon::filewal::test
