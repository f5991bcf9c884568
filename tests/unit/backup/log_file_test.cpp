// SPDX-License-Identifier: MIT
// A file of log entries is accepted as it was made, and refused with the offset when anything of it is not.
#include "backup/log_file.hpp"

#include <vector>

#include "support/catch.hpp"
#include "support/documented_bytes.hpp"

namespace tenon::backup {
namespace {

const LogFileHeader kHeader{"orders", 10, 2, 14, 3};

std::vector<std::string> records() {
  std::vector<std::string> made{encode_header(kHeader)};
  for (std::uint64_t index = 11; index <= 14; ++index) {
    append_entry(made.emplace_back(), {index, index < 13 ? 2u : 3u, "data of " + std::to_string(index)});
  }
  LogFileCheck check;
  for (const std::string& record : made) REQUIRE(check.feed(record, [](const LogFileEntry&) { return true; }));
  made.push_back(check.make_footer());
  return made;
}

std::string joined(const std::vector<std::string>& all) {
  std::string file;
  for (const std::string& record : all) file += record;
  return file;
}

struct Checked {
  LogFileCheck check;
  std::vector<std::string> entries;
};

Checked checked(std::string_view file, std::size_t cut_bytes) {
  Checked result;
  const auto sink = [&](const LogFileEntry& entry) {
    result.entries.push_back(std::to_string(entry.index) + "/" + std::to_string(entry.term) + " " +
                             std::string(entry.data));
    return true;
  };
  for (; !file.empty(); file.remove_prefix(std::min(cut_bytes, file.size()))) {
    if (!result.check.feed(file.substr(0, cut_bytes), sink)) break;
  }
  return result;
}

TEST_CASE("a file of entries gives them back, in cuts of any size") {
  const std::string file = joined(records());
  CHECK(is_log_file(file));
  for (std::size_t cut = 1; cut <= file.size(); ++cut) {
    const Checked result = checked(file, cut);
    REQUIRE(result.check.complete());
    CHECK(result.check.missing().empty());
    CHECK(result.check.header() == kHeader);
    CHECK(result.entries ==
          std::vector<std::string>{"11/2 data of 11", "12/2 data of 12", "13/3 data of 13", "14/3 data of 14"});
  }
}

TEST_CASE("a file without entries says that nothing was written between") {
  const LogFileHeader header{"orders", 10, 2, 10, 2};
  LogFileCheck check;
  const auto sink = [](const LogFileEntry&) { return true; };
  REQUIRE(check.feed(encode_header(header), sink));
  const std::string file = encode_header(header) + check.make_footer();
  CHECK(checked(file, 5).check.complete());
}

TEST_CASE("the incremental backup of docs/formats.md is what is written") {
  std::string file = encode_header({"orders", 258, 7, 259, 8});
  append_entry(file, {259, 8, "hello"});
  LogFileCheck check;
  REQUIRE(check.feed(file, [](const LogFileEntry&) { return true; }));
  file += check.make_footer();
  CHECK(support::hexadecimal(file) == support::hexadecimal(support::documented_bytes("core log_file")));
}

TEST_CASE("a flipped bit anywhere is refused with an offset") {
  const std::string file = joined(records());
  for (std::size_t at = 0; at < file.size(); ++at) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x04);
    const Checked result = checked(damaged, damaged.size());
    CAPTURE(at);
    REQUIRE_FALSE(result.check.complete());
    CHECK((result.check.error() + result.check.missing()).find("offset") != std::string::npos);
  }
}

TEST_CASE("a file that was cut is not complete, wherever it ends") {
  const std::string file = joined(records());
  for (std::size_t size = 0; size < file.size(); ++size) {
    const Checked result = checked(std::string_view(file).substr(0, size), 100);
    REQUIRE_FALSE(result.check.complete());
    CHECK(result.check.error().empty());
    CHECK(result.check.missing().find("offset " + std::to_string(size)) != std::string::npos);
  }
}

TEST_CASE("entries that are missing, twice, in another order or of another file are refused") {
  const std::vector<std::string> all = records();
  std::string other;
  append_entry(other, {12, 2, "another"});
  const auto is_refused = [&](const std::vector<std::string>& some) {
    const Checked result = checked(joined(some), 1000);
    CAPTURE(result.check.error());
    return !result.check.complete() && result.check.error().find("offset") != std::string::npos;
  };
  CHECK(is_refused({all[0], all[2], all[1], all[3], all[4], all[5]}));
  CHECK(is_refused({all[0], all[1], all[3], all[4], all[5]}));
  CHECK(is_refused({all[0], all[1], all[1], all[2], all[3], all[4], all[5]}));
  CHECK(is_refused({all[0], all[1], other, all[3], all[4], all[5]}));  // only the footer can tell
  CHECK(is_refused({all[0], all[1], all[2], all[3], all[5]}));
  CHECK(is_refused({all[1], all[2], all[3], all[4], all[5]}));
  CHECK(is_refused({all[0], all[1], all[2], all[3], all[4], all[5], all[5]}));
  CHECK(is_refused({all[0], all[0]}));
}

TEST_CASE("an entry that the sink has no use for ends the reading") {
  LogFileCheck check;
  CHECK_FALSE(check.feed(joined(records()), [](const LogFileEntry& entry) { return entry.index < 13; }));
  CHECK(check.error().find("index 13 and term 3 cannot be used") != std::string::npos);
  CHECK(check.index() == 12);
}

TEST_CASE("a file of another kind is refused at its beginning") {
  std::string file = joined(records());
  CHECK_FALSE(is_log_file(std::string(100, 'x')));
  CHECK_FALSE(is_log_file("TENONLOG"));
  CHECK(checked(std::string(100, '\xff'), 100).check.error().find("offset 0") != std::string::npos);
}

}  // namespace
}  // namespace tenon::backup
