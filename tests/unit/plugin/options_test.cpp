// SPDX-License-Identifier: MIT
#include "plugin/options.hpp"

#include "support.hpp"

namespace tenon::plugin {
namespace {

const std::vector<OptionDeclaration>& declared() {
  static const std::vector<OptionDeclaration> options =
      parse_manifest(
          "[plugin]\nid = x\nkind = storage\nversion = 1\n"
          "[option.listen]\ntype = string\nrequired = yes\n"
          "[option.shards]\ntype = integer\ndefault = 4\nmin = -1\nmax = 64\n"
          "[option.segment_bytes]\ntype = size\ndefault = 64KiB\nmin = 4KiB\nmax = 1GiB\n"
          "[option.sync_delay]\ntype = duration\nmax = 1s\n"
          "[option.compress]\ntype = boolean\ndefault = no\n"
          "[option.order]\ntype = choice\nchoices = up | down\ndefault = up\n"
          "[option.pin]\ntype = integer\nsecret = yes\n",
          "/x.so")
          .options;
  return options;
}

Options checked(Options given) {
  given.try_emplace("listen", "here");
  return check_options(declared(), given, "storage.x");
}

Refusal refused(const std::string& option, const std::string& value) {
  return refusal_of([&] { checked({{option, value}}); });
}

}  // namespace

TEST_CASE("options that are not set have their defaults, and those without one are absent") {
  const Options expected = {
      {"listen", "here"}, {"shards", "4"}, {"segment_bytes", "64KiB"}, {"compress", "no"}, {"order", "up"}};
  CHECK(checked({}) == expected);
}

TEST_CASE("values at the bounds of an option are accepted as they were written") {
  const Options given = {
      {"listen", ""},    {"shards", "-1"}, {"segment_bytes", "4096"}, {"sync_delay", "1000ms"}, {"compress", "yes"},
      {"order", "down"}, {"pin", "7"}};
  CHECK(checked(given) == given);
  CHECK(checked({{"segment_bytes", "1GiB"}}).at("segment_bytes") == "1GiB");
}

TEST_CASE("an unknown option is refused with the nearest name") {
  const Refusal refusal = refused("segmentbytes", "1");
  CHECK(refusal.kind() == RefusalKind::unknown_option);
  CHECK(refusal.option() == "segmentbytes");
  check_says(refusal, {"storage.x: found the option 'segmentbytes'", "wanted", "'segment_bytes'", "--help-plugin"});
  const Refusal none = refusal_of([] { check_options({}, {{"a", "b"}}, "storage.x"); });
  check_says(none, {"'a'", "declares no options"});
}

TEST_CASE("a value of the wrong type is refused") {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"shards", "four"},          {"shards", ""},          {"shards", "4.0"},   {"shards", "99999999999999999999"},
      {"segment_bytes", "64 KiB"}, {"segment_bytes", "-1"}, {"sync_delay", "5"}, {"compress", "true"}};
  for (const auto& [option, value] : wrong) {
    const Refusal refusal = refused(option, value);
    CHECK(refusal.kind() == RefusalKind::wrong_type);
    CHECK(refusal.option() == option);
    check_says(refusal, {"'" + option + "'", "found '" + value + "'", "wanted"});
  }
  check_says(refused("segment_bytes", "x"), {"a size such as 64KiB", "from 4KiB to 1GiB", "or leave it out"});
  check_says(refused("compress", "x"), {"yes or no"});
  CHECK(refused("listen", std::string("a\0b", 3)).kind() == RefusalKind::wrong_type);
}

TEST_CASE("a value out of range is refused with the range") {
  const std::vector<std::pair<std::string, std::string>> wrong = {{"shards", "-2"},
                                                                  {"shards", "65"},
                                                                  {"segment_bytes", "4095"},
                                                                  {"segment_bytes", "2GiB"},
                                                                  {"sync_delay", "1001ms"}};
  for (const auto& [option, value] : wrong) {
    const Refusal refusal = refused(option, value);
    CHECK(refusal.kind() == RefusalKind::out_of_range);
    check_says(refusal, {"'" + option + "' is out of range", "found '" + value + "'"});
  }
  check_says(refused("shards", "65"), {"an integer, from -1 to 64"});
  check_says(refused("sync_delay", "2s"), {"at most 1s"});
}

TEST_CASE("a value that is no choice is refused with the choices") {
  const Refusal refusal = refused("order", "Up");
  CHECK(refusal.kind() == RefusalKind::not_a_choice);
  check_says(refusal, {"'order' is none of its choices", "found 'Up'", "one of up, down"});
}

TEST_CASE("a required option that is not set is refused") {
  const Refusal refusal = refusal_of([] { check_options(declared(), {}, "storage.x"); });
  CHECK(refusal.kind() == RefusalKind::required_option_missing);
  CHECK(refusal.option() == "listen");
  check_says(refusal, {"storage.x: the option 'listen' is not set", "wanted text", "Set it"});
}

TEST_CASE("the value of a secret option is in no message") {
  const Refusal refusal = refused("pin", "hunter2");
  CHECK(std::string(refusal.what()).find("hunter2") == std::string::npos);
  check_says(refusal, {"'pin'", "not shown"});
}

}  // namespace tenon::plugin
