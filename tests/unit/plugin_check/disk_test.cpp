// SPDX-License-Identifier: MIT
#include "recorder/disk.hpp"

#include <fstream>

#include "support/catch.hpp"
#include "work_directory.hpp"

namespace tenon::plugin_check {
namespace {

using Kind = Operation::Kind;

Operation create(Node node, std::string name) {
  return {.kind = Kind::create, .node = node, .place = {kRootNode, std::move(name)}};
}
Operation write(Node node, std::uint64_t offset, std::string bytes) {
  return {.kind = Kind::write, .node = node, .offset = offset, .length = bytes.size(), .bytes = bytes};
}
Operation sync(Node node) { return {.kind = Kind::sync, .node = node}; }
Operation sync_names(Node node = kRootNode) { return {.kind = Kind::sync_names, .node = node}; }
Operation rename(Node node, std::string from, std::string to) {
  return {
      .kind = Kind::rename, .node = node, .place = {kRootNode, std::move(from)}, .target = {kRootNode, std::move(to)}};
}

SparseBytes bytes(std::string_view text) {
  SparseBytes made;
  made.write(0, text);
  return made;
}

Disk disk_of(const Operations& operations) {
  Disk disk;
  for (const Operation& operation : operations) disk.make(operation);
  return disk;
}

Contents cut(const Operations& operations, Kept kept, std::uint64_t seed = 1) {
  std::mt19937_64 generator(seed);
  return disk_of(operations).cut(kept, generator);
}

}  // namespace

TEST_CASE("what was synced with its name survives, and nothing else need") {
  const Operations operations = {create(1, "log"), write(1, 0, "one"), sync(1), sync_names(), write(1, 3, "two")};
  CHECK(cut(operations, Kept::nothing) == Contents{{"log", bytes("one")}});
  CHECK(cut(operations, Kept::everything) == Contents{{"log", bytes("onetwo")}});
}

TEST_CASE("a file that is synced and whose directory is not may lose its name") {
  const Operations operations = {create(1, "log"), write(1, 0, "one"), sync(1)};
  CHECK(cut(operations, Kept::nothing).empty());
  CHECK(cut(operations, Kept::data_only).empty());
  CHECK(cut(operations, Kept::everything) == Contents{{"log", bytes("one")}});
}

TEST_CASE("a name that is synced may lead to a file without its bytes") {
  const Operations operations = {create(1, "log"), write(1, 0, "one"), sync_names()};
  CHECK(cut(operations, Kept::nothing) == Contents{{"log", SparseBytes()}});
}

TEST_CASE("a rename is kept or lost as one") {
  const Operations operations = {create(1, "new"), write(1, 0, "new"),     sync(1),
                                 create(2, "old"), write(2, 0, "old"),     sync(2),
                                 sync_names(),     rename(1, "new", "old")};
  CHECK(cut(operations, Kept::nothing) == Contents{{"new", bytes("new")}, {"old", bytes("old")}});
  CHECK(cut(operations, Kept::everything) == Contents{{"old", bytes("new")}});
}

TEST_CASE("a directory whose name is lost is lost with all in it") {
  const Operations operations = {{.kind = Kind::make, .node = 1, .place = {kRootNode, "images"}},
                                 {.kind = Kind::create, .node = 2, .place = {1, "image"}},
                                 write(2, 0, "bytes"),
                                 sync(2),
                                 sync_names(1)};
  CHECK(cut(operations, Kept::nothing).empty());
  Operations kept = operations;
  kept.push_back(sync_names());
  CHECK(cut(kept, Kept::nothing) == Contents{{"images", std::nullopt}, {"images/image", bytes("bytes")}});
}

TEST_CASE("writes that were not synced are torn at sectors, and arrive in any order") {
  const std::string first(Disk::kSectorBytes, 'a');
  const std::string second(Disk::kSectorBytes, 'b');
  const Operations operations = {create(1, "log"), sync_names(), write(1, 0, first + second)};
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Contents contents = cut(operations, Kept::sectors, seed);
    const WorkDirectory work;
    save(contents, work.path());
    std::ifstream input(work.path() / "log");
    seen.insert(std::string(std::istreambuf_iterator<char>(input), {}));
  }
  const std::string zeros(Disk::kSectorBytes, '\0');
  CHECK(seen == std::set<std::string>{"", zeros + zeros, first, first + zeros, zeros + second, first + second});
}

TEST_CASE("a directory that holds what no recorded call wrote is told from one that does not") {
  const WorkDirectory work;
  const Operations operations = {create(1, "log"), write(1, 0, "one"), sync(1), create(2, "notes")};
  std::ofstream(work.path() / "log") << "one";
  std::ofstream(work.path() / "notes") << "written by stdio, and never synced";
  CHECK(disk_of(operations).difference(work.path()).empty());
  std::ofstream(work.path() / "log") << "one and more";
  CHECK(disk_of(operations).difference(work.path()) == "'log' holds bytes that no recorded call wrote");
  std::ofstream(work.path() / "log") << "one";
  std::ofstream(work.path() / "other") << "";
  CHECK(disk_of(operations).difference(work.path()) == "no recorded call made 'other'");
}

TEST_CASE("sparse bytes are the bytes that were written, zeros between them") {
  SparseBytes sparse;
  sparse.write(5000, "far");
  CHECK(sparse.size() == 5003);
  sparse.write_zeros(5000, 1);
  sparse.resize(5002);
  sparse.resize(20'000);
  const WorkDirectory work;
  sparse.save(work.path() / "file");
  std::ifstream input(work.path() / "file", std::ios::binary);
  const std::string content(std::istreambuf_iterator<char>(input), {});
  std::string expected(20'000, '\0');
  expected[5001] = 'a';
  CHECK(content == expected);
  CHECK(SparseBytes::load(work.path() / "file") == sparse);
  sparse.write(19'999, "x");
  CHECK(SparseBytes::load(work.path() / "file") != sparse);
}

}  // namespace tenon::plugin_check
