// SPDX-License-Identifier: MIT
#include "runner/command_line.hpp"

#include <sstream>

#include "runner/report.hpp"
#include "support/catch.hpp"

namespace tenon::plugin_check {
namespace {

CommandLine parse(std::vector<std::string> words) { return parse_command_line(words).value(); }

}  // namespace

TEST_CASE("the command line names the plugin, its options and the checks") {
  const CommandLine line =
      parse({"x.so", "storage.order", "--set", "a=1", "--set", "b=x=y", "--suite", "full", "--seed", "7", "plugin."});
  CHECK(line.plugin == "x.so");
  CHECK(line.names == std::vector<std::string>{"storage.order", "plugin."});
  CHECK(line.options == plugin::Options{{"a", "1"}, {"b", "x=y"}});
  CHECK(line.suite == Suite::full);
  CHECK(line.seed == 7);
  CHECK_FALSE(parse_command_line(std::vector<std::string>{"--help"}));
}

TEST_CASE("a command line that is wrong is refused with what was found and expected") {
  const auto refused = [](std::vector<std::string> words, const char* why) {
    CHECK_THROWS_WITH(parse_command_line(words), Catch::Contains(why));
  };
  refused({}, "found no plugin");
  refused({"x.so", "--set", "a"}, "found 'a', expected NAME=VALUE");
  refused({"x.so", "--set", "a=1", "--set", "a=2"}, "found 'a' twice");
  refused({"x.so", "--suite", "soak"}, "found 'soak', expected smoke or full");
  refused({"x.so", "--seed", "-1"}, "found '-1'");
  refused({"x.so", "--run-one", "storage.order"}, "go together");
}

TEST_CASE("the replay of a check is a command that parses to the same") {
  const CommandLine line = parse({"dir with space/x.so", "--set", "a=it's", "--suite", "full", "--seed", "9"});
  CHECK(replay_command(line, "storage.order") ==
        "tenon-plugin-check 'dir with space/x.so' --set 'a=it'\\''s' --suite full --seed 9 storage.order");
  const CommandLine child = parse(child_arguments(line, "storage.order", "/tmp/d"));
  CHECK(child.options == line.options);
  CHECK(child.seed == line.seed);
  CHECK(child.run_one == "storage.order");
  CHECK(child.directory == "/tmp/d");
}

TEST_CASE("a report counts each verdict, and JUnit has the reason of each failure") {
  const Check check{"storage.order", {}, Suite::smoke, "in order", std::chrono::seconds(1), nullptr};
  const auto reported = [&](Verdict verdict) {
    return Reported{&check, {{verdict, "found <two> & \"more\"\x01"}, 0.5, {"a line"}}, "replay it", ""};
  };
  const std::vector<Reported> all = {reported(Verdict::pass), reported(Verdict::fail), reported(Verdict::crash),
                                     reported(Verdict::hang), reported(Verdict::skip)};
  CHECK(summary(all) == "1 passed, 1 failed, 1 crashed, 1 hung, 1 skipped");
  CHECK(any_failed(all));
  CHECK_FALSE(any_failed({reported(Verdict::pass), reported(Verdict::skip)}));
  CHECK(any_failed({reported(Verdict::hang)}));
  const std::string xml = junit_text("x.so", all);
  CHECK(xml.find("tests=\"5\" failures=\"3\" skipped=\"1\"") != std::string::npos);
  CHECK(xml.find("found &lt;two> &amp; &quot;more&quot;?") != std::string::npos);
  std::ostringstream text;
  print(text, all[1]);
  CHECK(text.str().find("promise: in order") != std::string::npos);
  CHECK(text.str().find("| a line") != std::string::npos);
  CHECK(text.str().find("replay: replay it") != std::string::npos);
}

}  // namespace tenon::plugin_check
