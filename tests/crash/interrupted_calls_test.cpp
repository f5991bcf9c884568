// SPDX-License-Identifier: MIT
// The operating system's calls under PosixFileSystem, made worse: this program defines those of the C library anew, and
// they transfer less than was asked for, are interrupted by signals that never came, or fail.
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "filewal/posix_file_system.hpp"
#include "image_fixture.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"
#include "temporary_directory.hpp"

namespace {

// How the calls behave; one thread. The program's own, as the calls are.
struct Behaviour {
  std::size_t bytes_max = ~std::size_t{0};  // that a call transfers
  bool interrupts = false;                  // every second call of each kind returns EINTR first
  std::uint64_t calls = 0;                  // those that may fail, so far
  std::uint64_t failing_call = 0;           // counted from 1; 0: none
  int failure = 0;
  std::uint64_t short_transfers = 0;
  std::uint64_t interruptions = 0;
};
Behaviour behaviour;

// Returns whether the call is to be made; else errno says why not.
bool is_made() {
  if (behaviour.interrupts && ++behaviour.interruptions % 2 == 1) {
    errno = EINTR;
    return false;
  }
  if (++behaviour.calls != behaviour.failing_call) return true;
  errno = behaviour.failure;
  return false;
}

}  // namespace

extern "C" {

ssize_t pwritev(int descriptor, const iovec* vectors, int count, off_t offset) {
  if (!is_made()) return -1;
  std::size_t room = behaviour.bytes_max;
  std::size_t asked = 0;
  std::array<iovec, 1024> shortened;
  for (int position = 0; position < count; ++position) {
    iovec& vector = shortened[static_cast<std::size_t>(position)];
    vector = vectors[position];
    asked += vector.iov_len;
    vector.iov_len = std::min(vector.iov_len, room);
    room -= vector.iov_len;
  }
  if (asked > behaviour.bytes_max) ++behaviour.short_transfers;
  return ::syscall(SYS_pwritev, descriptor, shortened.data(), count, offset, 0);
}

ssize_t pread(int descriptor, void* buffer, std::size_t size, off_t offset) {
  if (!is_made()) return -1;
  if (size > behaviour.bytes_max) ++behaviour.short_transfers;
  return ::syscall(SYS_pread64, descriptor, buffer, std::min(size, behaviour.bytes_max), offset);
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  if (!is_made()) return -1;
  return static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, offset, size));
}

int ftruncate(int descriptor, off_t size) {
  if (!is_made()) return -1;
  return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size));
}

// No power is lost here, so nothing has to reach the disk, and the tests do not wait for it.
int fdatasync(int) { return is_made() ? 0 : -1; }
int fsync(int) { return is_made() ? 0 : -1; }

}  // extern "C"

namespace tenon::crash {
namespace {

using filewal::PosixFileSystem;
using filewal::test::LogModel;
using filewal::test::Newest;
using filewal::test::OpenedImages;
using filewal::test::OpenedLog;
using filewal::test::OwnedWrite;
using filewal::test::TemporaryDirectory;

// Writes, with a close and a second start; appends to `moments`, and says how many of them were acknowledged.
void live(filewal::FileSystem& disk, std::vector<LogModel>& moments, std::size_t& acknowledged) {
  std::mt19937_64 generator(7);
  for (int process = 0; process < 2; ++process) {
    OpenedLog opened(disk);
    const LogModel found = opened.content();  // throws where the operating system's call has failed
    REQUIRE(found == moments.back());
    for (int step = 0; step < 12; ++step) {
      LogModel model = moments.back();
      const auto write = random_write(model, generator, 900);
      write->apply(model, moments);
      opened.log.stage(write->view(1));
      opened.log.prepare_spare();
      opened.log.sync();
      acknowledged = moments.size();
    }
    opened.log.close();
  }
}

const std::string kOldImage(700, 'o');
const std::string kNewImage(900, 'n');

// Commits an image, and another one that is left unfinished for a while; appends to `acknowledged` what is the newest.
void live_with_images(filewal::FileSystem& disk, std::vector<Newest>& acknowledged) {
  OpenedImages images(disk);
  images.commit(1, 1, kOldImage);
  acknowledged.push_back(images.newest());
  images.create(2, 2)->write(0, kOldImage);
  const auto image = images.create(2, 2);
  image->write(10, "cut again");
  for (std::size_t done = 0; done < kNewImage.size(); done += 300) {
    image->write(done, std::string_view(kNewImage).substr(done, 300));
  }
  image->commit();
  acknowledged.push_back(images.newest());
}

TEST_CASE("calls that transfer a few bytes at a time, and are interrupted, lose and repeat none") {
  const auto bytes_max = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{513}, std::size_t{4095});
  CAPTURE(bytes_max);
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path());
  std::vector<LogModel> moments = {LogModel{}};
  std::size_t acknowledged = 0;
  behaviour = {.bytes_max = bytes_max, .interrupts = true};
  live(disk, moments, acknowledged);
  const Behaviour seen = std::exchange(behaviour, {});
  CHECK(seen.short_transfers > 0);
  CHECK(seen.interruptions > 0);
  CHECK(OpenedLog(disk).content() == moments.back());
}

TEST_CASE("whichever call of the operating system fails, nothing that was acknowledged before is missing") {
  const auto failure = GENERATE(EIO, ENOSPC);
  CAPTURE(failure);
  std::uint64_t failing_call = 0;
  for (bool has_failed = true; has_failed;) {
    ++failing_call;
    CAPTURE(failing_call);
    const TemporaryDirectory directory;
    PosixFileSystem disk(directory.path());
    std::vector<LogModel> moments = {LogModel{}};
    std::size_t acknowledged = 1;
    behaviour = {.failing_call = failing_call, .failure = failure};
    try {
      live(disk, moments, acknowledged);
    } catch (const Error& error) {
      REQUIRE(error.code() == (failure == ENOSPC ? TENON_ERROR_NO_SPACE : TENON_ERROR_IO));
      REQUIRE(std::string(error.what()).find(directory.path()) != std::string::npos);
    }
    has_failed = std::exchange(behaviour, {}).calls >= failing_call;
    const LogModel found = OpenedLog(disk).content();
    REQUIRE(std::find(moments.begin() + static_cast<std::ptrdiff_t>(acknowledged) - 1, moments.end(), found) !=
            moments.end());
  }
  constexpr std::uint64_t kCallsMin = 60;
  CHECK(failing_call > kCallsMin);
}

TEST_CASE("an image is whole though calls transfer a few bytes at a time and are interrupted") {
  const auto bytes_max = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{513});
  CAPTURE(bytes_max);
  const TemporaryDirectory directory;
  PosixFileSystem disk(directory.path() + "/images");
  std::vector<Newest> acknowledged;
  behaviour = {.bytes_max = bytes_max, .interrupts = true};
  live_with_images(disk, acknowledged);
  const Behaviour seen = std::exchange(behaviour, {});
  CHECK(seen.short_transfers > 0);
  CHECK(seen.interruptions > 0);
  CHECK(acknowledged == std::vector<Newest>{{1, kOldImage}, {2, kNewImage}});
  CHECK(OpenedImages(disk).newest() == acknowledged.back());
}

TEST_CASE("whichever call of the operating system fails, the newest image is whole") {
  const auto failure = GENERATE(EIO, ENOSPC);
  CAPTURE(failure);
  std::uint64_t failing_call = 0;
  for (bool has_failed = true; has_failed;) {
    ++failing_call;
    CAPTURE(failing_call);
    const TemporaryDirectory directory;
    PosixFileSystem disk(directory.path() + "/images");
    std::vector<Newest> acknowledged;
    behaviour = {.failing_call = failing_call, .failure = failure};
    try {
      live_with_images(disk, acknowledged);
    } catch (const Error& error) {
      REQUIRE(error.code() == (failure == ENOSPC ? TENON_ERROR_NO_SPACE : TENON_ERROR_IO));
      REQUIRE(std::string(error.what()).find(directory.path()) != std::string::npos);
    }
    has_failed = std::exchange(behaviour, {}).calls >= failing_call;
    const Newest found = OpenedImages(disk).newest();
    const std::vector<Newest> whole = {{}, {1, kOldImage}, {2, kNewImage}};
    REQUIRE(std::find(whole.begin() + static_cast<std::ptrdiff_t>(acknowledged.size()), whole.end(), found) !=
            whole.end());
  }
  constexpr std::uint64_t kCallsMin = 20;
  CHECK(failing_call > kCallsMin);
}

}  // namespace
}  // namespace tenon::crash
