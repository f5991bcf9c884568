// SPDX-License-Identifier: MIT
// The histories in good/ and bad/, each named after what it shows.
#include <filesystem>
#include <fstream>

#include "support/catch.hpp"
#include "support/linearizability.hpp"

namespace tenon::support {
namespace {

Operations read(const std::filesystem::path& file) {
  Operations history;
  std::ifstream input(file);
  REQUIRE(input);
  for (std::string line; std::getline(input, line);) history.push_back(parse_operation(line));
  return history;
}

std::vector<std::filesystem::path> files_in(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(TENON_HISTORIES) / folder)) {
    files.push_back(file.path());
  }
  return files;
}

TEST_CASE("every history that is known to be good is linearizable") {
  const auto files = files_in("good");
  REQUIRE(files.size() > 10);
  for (const auto& file : files) {
    CAPTURE(file);
    const Judgement judgement = judge(read(file));
    CHECK(judgement.verdict == Verdict::linearizable);
    CHECK(judgement.findings.empty());
  }
}

TEST_CASE("every history that is known to be bad is not linearizable, and neither is its excerpt") {
  const auto files = files_in("bad");
  REQUIRE(files.size() > 10);
  for (const auto& file : files) {
    CAPTURE(file);
    const Judgement judgement = judge(read(file));
    REQUIRE(judgement.verdict == Verdict::not_linearizable);
    REQUIRE_FALSE(judgement.findings.front().excerpt.empty());
    CHECK(judge(judgement.findings.front().excerpt).verdict == Verdict::not_linearizable);
  }
}

TEST_CASE("an operation is read as it was written") {
  for (const char* folder : {"good", "bad"}) {
    for (const auto& file : files_in(folder)) {
      for (const Operation& operation : read(file)) {
        CAPTURE(text_of(operation));
        CHECK(text_of(parse_operation(text_of(operation))) == text_of(operation));
      }
      // What was written judges as what was read.
      Operations again;
      for (const Operation& operation : read(file)) again.push_back(parse_operation(text_of(operation)));
      CHECK(judge(again).verdict == judge(read(file)).verdict);
    }
  }
}

TEST_CASE("a line that is not an operation is refused, with what is wrong with it") {
  const auto why = [](const char* line) -> std::string {
    try {
      parse_operation(line);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "nothing";
  };
  const std::string head = R"({"client": 1, "call": 5, "return": 6, "outcome": "done", )";
  CHECK(why((head + R"("kind": "get", "key": "x", "found": "a"})").c_str()) == "nothing");
  CHECK(why("{").find("no JSON") != std::string::npos);
  CHECK(why("[]").find("expected one") != std::string::npos);
  CHECK(why((head + R"("kind": "get", "key": "x", "fuond": "a"})").c_str()) == "nobody knows 'fuond' here");
  CHECK(why((head + R"("kind": "got", "key": "x"})").c_str()) == "nobody knows the kind 'got' here");
  CHECK(why((head + R"("kind": "put", "key": "x"})").c_str()) == "'value' is missing");
  CHECK(why((head + R"("kind": "put", "key": "x", "value": 7})").c_str()) == "'value' is not text");
  CHECK(why((head + R"("kind": "cas", "key": "x", "value": "a", "expected": null})").c_str()) ==
        "'changed' is missing of a conditional operation that is done");
  CHECK(why((head + R"("kind": "cas", "key": "x", "value": "a", "changed": true})").c_str()) ==
        "neither 'expected' nor 'expected_version' is there");
  CHECK(why(R"({"call": 5, "return": 4, "outcome": "done", "kind": "get", "key": "x"})") ==
        "it returned before it was called");
  CHECK(why(R"({"call": 5, "outcome": "done", "kind": "get", "key": "x"})") ==
        "'return' is missing of an operation that is done");
  CHECK(why(R"({"call": 5, "outcome": "failed", "kind": "get", "key": "x"})") ==
        "nobody knows the outcome 'failed', expected done, refused or unknown");
}

}  // namespace
}  // namespace tenon::support
