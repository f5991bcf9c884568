// SPDX-License-Identifier: MIT
#include "filewal/posix_file_system.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "log_model.hpp"
#include "support/catch.hpp"
#include "temporary_directory.hpp"

namespace tenon::filewal::test {
namespace {

std::string whole(const File& file) {
  std::string content(file.size() + 10, '?');
  content.resize(file.read(0, content));
  return content;
}

TEST_CASE("pieces lie one after the other in the file, more of them than one call takes, empty ones among them") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  const auto file = disk.open("a", OpenMode::replace);
  std::vector<std::string> texts;
  std::string expected = "##";
  for (int piece = 0; piece < 3000; ++piece) {
    texts.push_back(piece % 7 == 0 ? "" : std::to_string(piece));
    expected += texts.back();
  }
  const std::vector<std::string_view> pieces(texts.begin(), texts.end());
  const std::string_view head = "##";
  file->write(0, std::span(&head, 1));
  file->write(2, pieces);
  file->sync();
  CHECK(whole(*file) == expected);
}

TEST_CASE("zero-filling grows a file by zeros and leaves what lies before") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  const auto file = disk.open("a", OpenMode::replace);
  const std::string_view head = "head";
  file->write(0, std::span(&head, 1));
  file->zero_fill(4, 3 << 20);
  CHECK(file->size() == (3 << 20) + 4);
  CHECK(whole(*file) == "head" + std::string(3 << 20, '\0'));
  file->zero_fill((3 << 20) + 4, 5'001);
  CHECK(file->size() == (3 << 20) + 5'005);
}

TEST_CASE("room that is reserved is taken from the disk, and what lies there stays") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  const auto file = disk.open("a", OpenMode::replace);
  const std::string_view head = "head";
  file->write(0, std::span(&head, 1));
  file->reserve(3 << 20);
  CHECK(file->size() == 3 << 20);
  CHECK(whole(*file) == "head" + std::string((3 << 20) - 4, '\0'));
  struct stat found {};
  REQUIRE(::stat((directory.path() + "/a").c_str(), &found) == 0);
  CHECK(found.st_blocks * 512 >= 3 << 20);
  file->reserve(1);
  CHECK(file->size() == 3 << 20);
}

TEST_CASE("what the system is asked to forget is read as it was, synced or not") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  const auto file = disk.open("a", OpenMode::replace);
  const std::string text(100'000, 'x');
  const std::string_view piece = text;
  file->write(0, std::span(&piece, 1));
  file->release_cache(0, text.size());
  CHECK(whole(*file) == text);
  file->sync();
  file->release_cache(0, text.size());
  CHECK(whole(*file) == text);
}

TEST_CASE("a truncated file ends where it was cut, and goes on from there") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  const auto file = disk.open("a", OpenMode::replace);
  const std::string_view digits = "0123456789";
  file->write(0, std::span(&digits, 1));
  file->truncate(4);
  CHECK(whole(*file) == "0123");
  file->write(6, std::span(&digits, 1));
  CHECK(whole(*file) == std::string("0123\0\0", 6) + "0123456789");
}

TEST_CASE("a directory is made once, in one that exists") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path() + "/images");
  disk.create_directory();
  disk.open("a", OpenMode::replace);
  disk.create_directory();
  CHECK(disk.list() == std::vector<std::string>{"a"});
  try {
    PosixFileSystem(directory.path() + "/missing/images").create_directory();
    FAIL("the directory cannot be made");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("mkdir " + directory.path() + "/missing/images") != std::string::npos);
  }
}

TEST_CASE("names are listed, changed and removed") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  disk.open("b", OpenMode::replace);
  disk.open("c", OpenMode::replace);
  disk.rename("c", "a");
  CHECK(disk.list() == std::vector<std::string>{"a", "b"});
  disk.unlink("b");
  CHECK_NOTHROW(disk.sync_directory());
  CHECK(disk.list() == std::vector<std::string>{"a"});
}

TEST_CASE("an error names the call, the path and the reason") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  const auto message_of = [](auto&& call) {
    try {
      call();
    } catch (const Error& error) {
      CHECK(error.code() == TENON_ERROR_IO);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const std::string reason = directory.path() + "/missing: No such file or directory";
  CHECK(message_of([&] { disk.open("missing", OpenMode::existing); }) == "open " + reason);
  CHECK(message_of([&] { disk.unlink("missing"); }) == "unlink " + reason);
  CHECK(message_of([&] { disk.rename("missing", "a"); }) == "rename " + reason);
}

TEST_CASE("a full disk is told from other failures") {
  PosixFileSystem devices("/dev");
  const auto file = devices.open("full", OpenMode::existing);
  const std::string_view piece = "x";
  try {
    file->write(0, std::span(&piece, 1));
    FAIL("/dev/full took a byte");
  } catch (const Error& error) {
    CHECK(error.code() == TENON_ERROR_NO_SPACE);
  }
}

TEST_CASE("descriptors are not inherited by programs that are started") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  const auto file = disk.open("a", OpenMode::replace);
  const auto lock = disk.lock("lock");
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const std::string target = std::filesystem::read_symlink(entry.path(), ignored).string();
    if (!target.starts_with(directory.path())) continue;
    ++found;
    CHECK((::fcntl(std::stoi(entry.path().filename().string()), F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(found == 2);
}

TEST_CASE("a locked directory is busy, and the message names it") {
  const TemporaryDirectory directory;
  PosixFileSystem first(directory.path());
  PosixFileSystem second(directory.path());
  auto lock = first.lock("lock");
  try {
    second.lock("lock");
    FAIL("the lock was given twice");
  } catch (const Error& error) {
    CHECK(error.code() == TENON_ERROR_BUSY);
    CHECK(std::string(error.what()).starts_with(directory.path() + ": another process has this data directory open"));
  }
  lock.reset();
  CHECK_NOTHROW(second.lock("lock"));
}

TEST_CASE("a log on a real disk is found again") {
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  std::mt19937_64 generator(11);
  LogModel model;
  std::vector<LogModel> states;
  for (int round = 0; round < 10; ++round) {
    OpenedLog opened(disk, 64 << 10);
    REQUIRE(opened.content() == model);
    for (int step = 0; step < 20; ++step) {
      const auto write = random_write(model, generator, 5000);
      opened.log.stage(write->view(1));
      opened.log.sync();
      write->apply(model, states);
    }
    if (round % 2 == 0) opened.log.close();
  }
}

}  // namespace
}  // namespace tenon::filewal::test
