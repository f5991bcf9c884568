// SPDX-License-Identifier: MIT
// What a received image does to a log: one write truncates it and compacts it beyond its end, and it goes on behind.
// The disk is cut after each call of that life.
#include <algorithm>

#include "disk_history.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"

namespace tenon::crash {
namespace {

using filewal::test::LogModel;
using filewal::test::OpenedLog;
using filewal::test::OwnedWrite;

constexpr std::uint64_t kCutsOfAKind = 8;
constexpr std::uint64_t kBoundary = 10;

TEST_CASE("wherever the power goes around a reset, the log is the old one, a prefix of it, or empty behind the image") {
  OwnedWrite old;
  OwnedWrite reset;
  OwnedWrite next;
  old.hard_state("vote").append(1, 1, "a").append(2, 1, "b").append(3, 2, "c");
  reset.truncate(2).compact(kBoundary);
  next.append(kBoundary + 1, 3, "behind the image");
  RecordingFileSystem disk(1, {});
  std::vector<LogModel> moments = {LogModel{}};
  std::vector<std::pair<std::size_t, std::size_t>> acknowledged = {{0, 0}};  // calls, position in moments
  {
    OpenedLog opened(disk);
    LogModel model;
    std::uint64_t sequence = 0;
    for (OwnedWrite* write : {&old, &reset, &next}) {
      opened.log.stage(write->view(++sequence));
      write->apply(model, moments);
      opened.log.sync();
      acknowledged.emplace_back(disk.calls().size(), moments.size() - 1);
    }
    REQUIRE(model == LogModel{"vote", kBoundary + 1, {{3, "behind the image"}}});
  }
  DiskHistory history(disk.start());
  std::mt19937_64 generator(7);
  std::uint64_t empty_behind_image = 0;
  std::size_t least = 0;
  for (std::size_t call = 0; call <= disk.calls().size(); ++call) {
    if (call > 0) history.make(disk.calls()[call - 1]);
    for (const auto& [calls, position] : acknowledged) {
      if (calls <= call) least = position;
    }
    for (std::size_t cut = 0; cut < kCutsOfAKind * kKeptKinds; ++cut) {
      const auto kept = static_cast<Kept>(cut % kKeptKinds);
      INFO("call " << call << ", cut " << cut << ", kept: " << name_of(kept));
      const Contents files = history.cut(kept, generator);
      const LogModel found = filewal::test::content_of(files);
      REQUIRE(std::find(moments.begin() + static_cast<std::ptrdiff_t>(least), moments.end(), found) != moments.end());
      if (found.first != kBoundary + 1 || !found.entries.empty()) continue;
      ++empty_behind_image;
      support::MemoryFileSystem again(1, files);
      {
        OpenedLog opened(again);
        REQUIRE(opened.recovered.last_index == kBoundary);
        opened.log.stage(next.view(1));
        opened.log.sync();
      }
      again.lose_power();
      REQUIRE(OpenedLog(again).content() == moments.back());
    }
  }
  CHECK(empty_behind_image > 0);
}

}  // namespace
}  // namespace tenon::crash
