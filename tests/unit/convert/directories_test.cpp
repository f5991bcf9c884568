// SPDX-License-Identifier: MIT
#include "convert/directories.hpp"

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include "server/temporary_directory.hpp"
#include "support/catch.hpp"
#include "tenon/host.hpp"

namespace tenon::server {
namespace {

struct Crash : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Crashes before the step with this number, from 0 on; counts them all.
class CrashBefore {
 public:
  explicit CrashBefore(int step) : left_(step) {}
  BeforeStep hook() {
    return [this](const std::string& step) {
      if (left_-- == 0) throw Crash(step);
    };
  }

 private:
  int left_;
};

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

// A node whose storage is a directory with one file, which says of which plugin it is.
class Directories {
 public:
  enum class Target { same_directory, other_directory };

  explicit Directories(Target target)
      : conversion_{{"old", root_ / "a"}, {"new", root_ / (target == Target::other_directory ? "b" : "a")}} {
    write_file(from() / "storage" / "log", "old");
    std::filesystem::create_directories(to());
  }

  const Conversion& conversion() const { return conversion_; }
  std::filesystem::path from() const { return conversion_.from.data_directory; }
  std::filesystem::path to() const { return conversion_.to.data_directory; }

  // As convert_storage() does it; returns what the crash came before, or nothing when there was none.
  std::optional<std::string> convert(int crash_before) {
    CrashBefore crash(crash_before);
    ConversionDirectories directories(conversion_, crash.hook());
    try {
      if (directories.stage() == ConversionStage::source_in_place) {
        const std::string content = contents(from() / "storage" / "log");
        directories.begin();
        CHECK_FALSE(std::filesystem::exists(to() / "storage.converting"));
        CHECK_FALSE(std::filesystem::exists(to() / "storage.converted"));
        write_file(to() / "storage.converting" / "log", content == "old" ? "new" : content + ", new");
      }
      directories.finish();
    } catch (const Crash& step) {
      return step.what();
    }
    return std::nullopt;
  }

  // What a start on this data directory finds; the words of the refusal when it is refused.
  std::string start(const std::filesystem::path& data_directory) const {
    try {
      check_is_startable(data_directory);
    } catch (const Error& error) {
      CHECK(error.code() == TENON_ERROR_INVALID);
      return error.what();
    }
    const std::filesystem::path log = data_directory / "storage" / "log";
    return std::filesystem::exists(log) ? contents(log) : "nothing";
  }

 private:
  const TemporaryDirectory root_holder_;
  const std::filesystem::path root_ = root_holder_ / "";
  const Conversion conversion_;
};

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a node converted in its own directory starts with the copy, and what was before is kept aside") {
  Directories directories(Directories::Target::same_directory);
  CHECK_FALSE(directories.convert(-1));
  CHECK(directories.start(directories.from()) == "new");
  CHECK(contents(directories.from() / "storage.old.retired" / "log") == "old");
  CHECK_FALSE(std::filesystem::exists(directories.from() / kRecordName));
}

TEST_CASE("a node converted to another directory starts there, and is refused for good where it was") {
  Directories directories(Directories::Target::other_directory);
  CHECK_FALSE(directories.convert(-1));
  CHECK(directories.start(directories.to()) == "new");
  CHECK_FALSE(std::filesystem::exists(directories.to() / kRecordName));
  const std::string refusal = directories.start(directories.from());
  CHECK(says(refusal, "was converted to new:" + directories.to().string()));
  CHECK(says(refusal, "set storage.plugin = new and node.data_directory = " + directories.to().string()));
}

TEST_CASE(
    "after a crash before any step a start works or is refused with the command, which completes the conversion") {
  const auto target = GENERATE(Directories::Target::same_directory, Directories::Target::other_directory);
  int crashes = 0;
  for (int step = 0;; ++step) {
    Directories directories(target);
    const std::optional<std::string> crash = directories.convert(step);
    if (!crash) break;
    ++crashes;
    CAPTURE(*crash);
    const std::string command = command_of(directories.conversion());
    const std::string before = directories.start(directories.from());
    const std::string after = directories.start(directories.to());
    const bool is_with_command = says(before, command) || says(after, command);
    const bool starts_in_source = before == "old";
    const bool starts_in_target = after == "new";
    // Never both, or the cluster would count one node's vote twice; never an empty one in the place of the node.
    CHECK_FALSE((target == Directories::Target::other_directory && starts_in_source && starts_in_target));
    CHECK((starts_in_source || starts_in_target || is_with_command));
    CHECK(before != "nothing");
    if (after == "nothing") CHECK(step == 0);
    REQUIRE_FALSE(directories.convert(-1));
    CHECK(directories.start(directories.to()) == "new");
    CHECK(contents(directories.from() / "storage.old.retired" / "log") == "old");
    CHECK_FALSE(left_copy(directories.to()));
    CHECK_FALSE(std::filesystem::exists(directories.to() / kRecordName));
  }
  CHECK(crashes == (target == Directories::Target::same_directory ? 5 : 6));
}

TEST_CASE("what the node wrote after a crash in the copying is in the copy of the next attempt") {
  Directories directories(Directories::Target::same_directory);
  const int before_naming_the_copy = 1;
  const int before_retiring = 2;
  for (const int step : {before_naming_the_copy, before_retiring}) {
    REQUIRE(directories.convert(step));
    REQUIRE(directories.start(directories.from()) != "new");
    CHECK(left_copy(directories.from()));
    std::ofstream(directories.from() / "storage" / "log", std::ios::app) << ", written";
  }
  REQUIRE_FALSE(directories.convert(-1));
  CHECK(directories.start(directories.from()) == "old, written, written, new");
}

TEST_CASE("nothing in the way is overwritten") {
  SECTION("a target that is not empty") {
    Directories directories(Directories::Target::other_directory);
    write_file(directories.to() / "storage" / "log", "another node");
    CHECK_THROWS_WITH(directories.convert(-1), Catch::Contains("is not empty, and nothing is overwritten"));
    CHECK(contents(directories.to() / "storage" / "log") == "another node");
  }
  SECTION("what an earlier conversion kept aside") {
    Directories directories(Directories::Target::same_directory);
    write_file(directories.from() / "storage.old.retired" / "log", "older");
    CHECK_THROWS_WITH(directories.convert(-1), Catch::Contains("of an earlier conversion"));
    CHECK(contents(directories.from() / "storage.old.retired" / "log") == "older");
  }
  SECTION("but an empty directory is used") {
    Directories directories(Directories::Target::other_directory);
    std::filesystem::create_directories(directories.to() / "storage");
    CHECK_FALSE(directories.convert(-1));
    CHECK(directories.start(directories.to()) == "new");
  }
}

TEST_CASE("a conversion that failed leaves the node as it was") {
  const auto target = GENERATE(Directories::Target::same_directory, Directories::Target::other_directory);
  Directories made(target);
  ConversionDirectories directories(made.conversion(), {});
  REQUIRE(directories.stage() == ConversionStage::source_in_place);
  directories.begin();
  write_file(made.to() / "storage.converting" / "log", "half");
  directories.abandon();
  CHECK(made.start(made.from()) == "old");
  CHECK_FALSE(left_copy(made.to()));
  CHECK_FALSE(std::filesystem::exists(made.from() / kRecordName));
  CHECK_FALSE(std::filesystem::exists(made.to() / kRecordName));
}

TEST_CASE("a data directory whose storage is kept aside is not taken for a new one") {
  Directories directories(Directories::Target::same_directory);
  REQUIRE_FALSE(directories.convert(-1));
  std::filesystem::remove_all(directories.from() / "storage");
  CHECK(says(directories.start(directories.from()), "so what the node kept is elsewhere"));
}

TEST_CASE("there is nothing to convert in a directory without storage") {
  const TemporaryDirectory root;
  ConversionDirectories directories({{"old", root / ""}, {"new", root / ""}}, {});
  CHECK_THROWS_WITH(directories.stage(), Catch::Contains("there is nothing to convert"));
}

TEST_CASE("a data directory is held by one process at a time") {
  const TemporaryDirectory root;
  {
    const DataDirectoryLock first(root / "");
    CHECK_THROWS_WITH(DataDirectoryLock(root / ""), Catch::Contains("another process has the data directory"));
  }
  CHECK_NOTHROW(DataDirectoryLock(root / ""));
}

TEST_CASE("the example of a record in docs/formats.md is what is written") {
  const TemporaryDirectory root;
  write_record(root / "", {{"filewal", "/var/lib/tenon"}, {"leveldb", "/srv/tenon"}});
  const std::string written = contents(root / kRecordName);
  const std::string example = "Example: " + std::to_string(written.size()) + " bytes.\n\n```\n" + written + "```\n";
  CHECK(says(contents(TENON_DOCS "/formats.md"), example));
}

TEST_CASE("a record is read as it was written, and what is none is refused") {
  const TemporaryDirectory root;
  const Conversion conversion{{"filewal", "/data of a node"}, {"leveldb", "/it's"}};
  CHECK_FALSE(read_record(root / ""));
  write_record(root / "", conversion);
  CHECK(contents(root / kRecordName) == "tenon conversion 1\nfrom filewal:/data of a node\nto leveldb:/it's\n");
  CHECK(read_record(root / "") == conversion);
  CHECK(command_of(conversion) == "tenond storage convert --from 'filewal:/data of a node' --to 'leveldb:/it'\\''s'");
  for (const char* const damaged : {"", "tenon conversion 2\n", "tenon conversion 1\nfrom filewal:/a\n",
                                    "tenon conversion 1\nfrom filewal:/a\nto leveldb:b\n",
                                    "tenon conversion 1\nfrom filewal:/a\nto leveldb:/b\nmore\n"}) {
    CAPTURE(damaged);
    std::ofstream(root / kRecordName) << damaged;
    CHECK_THROWS_WITH(read_record(root / ""), Catch::Contains("is not the record of a conversion"));
  }
  remove_record(root / "");
  CHECK_FALSE(read_record(root / ""));
  CHECK_THROWS_AS(write_record(root / "", {{"a", "/x\ny"}, {"b", "/z"}}), Error);
}

}  // namespace
}  // namespace tenon::server
