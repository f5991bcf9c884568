// SPDX-License-Identifier: MIT
#include "plugin/manifest.hpp"

#include "support.hpp"

namespace tenon::plugin {
namespace {

const std::string kPlugin = "[plugin]\nid = org.example.memory\nkind = storage\nversion = 1.0 beta\n";

void check_malformed(const std::string& text, const std::string& line, const std::string& found) {
  INFO(text);
  const Refusal refusal = refusal_of([&] { parse_manifest(text, "/x.so"); });
  CHECK(refusal.kind() == RefusalKind::malformed_manifest);
  check_says(refusal, {"/x.so: its manifest is malformed in line " + line + ":", found, "wanted"});
}

}  // namespace

TEST_CASE("a manifest is read with options and metrics in its order") {
  const Manifest manifest = parse_manifest(kPlugin +
                                               "summary = a = b # not a comment\n"
                                               "\n"
                                               "  # a comment\n"
                                               "[option.zeta]\n"
                                               "type = size\n"
                                               "default = 64KiB\n"
                                               "min = 4KiB\n"
                                               "max=1MiB\n"
                                               "help = bytes\n"
                                               "[ option.alpha ]\n"
                                               "type = choice\n"
                                               "choices = a | bc\n"
                                               "required = yes\n"
                                               "secret = yes\n"
                                               "[metric.writes]\n"
                                               "kind = histogram",
                                           "/x.so");
  CHECK(manifest.id == "org.example.memory");
  CHECK(manifest.kind == Kind::storage);
  CHECK(manifest.version == "1.0 beta");
  CHECK(manifest.summary == "a = b # not a comment");
  REQUIRE(manifest.options.size() == 2);
  const OptionDeclaration& zeta = manifest.options[0];
  CHECK(zeta.name == "zeta");
  CHECK(zeta.type == OptionType::size);
  CHECK(zeta.default_value == "64KiB");
  CHECK(zeta.min->value == 4096);
  CHECK(zeta.max->text == "1MiB");
  CHECK(zeta.help == "bytes");
  CHECK_FALSE(zeta.required);
  const OptionDeclaration& alpha = manifest.options[1];
  CHECK(alpha.choices == std::vector<std::string>{"a", "bc"});
  CHECK(alpha.required);
  CHECK(alpha.secret);
  CHECK_FALSE(alpha.default_value.has_value());
  REQUIRE(manifest.metrics.size() == 1);
  CHECK(manifest.metrics[0].kind == MetricKind::histogram);
}

TEST_CASE("a storage is durable unless its manifest says that it is not") {
  CHECK(parse_manifest(kPlugin, "/x.so").is_durable);
  CHECK(parse_manifest(kPlugin + "durable = yes\n", "/x.so").is_durable);
  CHECK_FALSE(parse_manifest(kPlugin + "durable = no\n", "/x.so").is_durable);
  check_malformed(kPlugin + "durable = perhaps\n", "5", "durable = yes | no");
  check_malformed("[plugin]\nid = a.b\nkind = transport\nversion = 1\ndurable = no\n", "5", "another kind");
}

TEST_CASE("a malformed manifest is refused with the line") {
  check_malformed(kPlugin + "summary\n", "5", "'summary'");
  check_malformed(kPlugin + "sumary = x\n", "5", "the nearest is 'summary'");
  check_malformed(kPlugin + "id = again\n", "5", "the key 'id' for the second time");
  check_malformed(kPlugin + "[plugin]\n", "5", "[plugin] for the second time");
  check_malformed(kPlugin + "\n[options.x]\n", "6", "[options.x]");
  check_malformed(kPlugin + "[option.]\ntype = string\n", "5", "''");
  check_malformed(kPlugin + "[option.Bad-Name]\ntype = string\n", "5", "'Bad-Name'");
  check_malformed(kPlugin + "[option.x]\n", "5", "[option.x] without type");
  check_malformed(kPlugin + "[option.x]\ntype = number\n", "6", "string | integer | size");
  check_malformed(kPlugin + "[option.x]\ntype = integer\nmin = 4KiB\n", "7", "'4KiB'");
  check_malformed(kPlugin + "[option.x]\ntype = string\nmin = 4\n", "7", "min for a string");
  check_malformed(kPlugin + "[option.x]\ntype = integer\nmin = 4\nmax = 3\n", "7", "min 4 above max 3");
  check_malformed(kPlugin + "[option.x]\ntype = integer\nmin = 4\ndefault = 3\n", "8", "'3'");
  check_malformed(kPlugin + "[option.x]\ntype = boolean\ndefault = true\n", "7", "'true'");
  check_malformed(kPlugin + "[option.x]\ntype = choice\n", "5", "[option.x] without choices");
  check_malformed(kPlugin + "[option.x]\ntype = choice\nchoices = a||b\n", "7", "'a||b'");
  check_malformed(kPlugin + "[option.x]\ntype = choice\nchoices = a|a\n", "7", "'a|a'");
  check_malformed(kPlugin + "[option.x]\ntype = choice\nchoices = a|\n", "7", "'a|'");
  check_malformed(kPlugin + "[option.x]\ntype = string\nchoices = a\n", "7", "choices for a string");
  check_malformed(kPlugin + "[option.x]\ntype = string\nrequired = true\n", "7", "'true'");
  check_malformed(kPlugin + "[option.x]\ntype = string\nrequired = yes\ndefault = a\n", "8", "a default of a required");
  check_malformed(kPlugin + "[metric.x]\nkind = timer\n", "6", "counter | gauge | histogram");
  check_malformed(kPlugin + "help = \x1b[2J\n", "5", "a control character");
  check_malformed(kPlugin + std::string("help = a\0b\n", 11), "5", "a control character");
  check_malformed("id = x\n" + kPlugin, "1", "before any section");
}

TEST_CASE("a manifest needs a plugin section with id, kind and version") {
  check_malformed("", "1", "no section [plugin]");
  check_malformed("[option.x]\ntype = string\n", "1", "no section [plugin]");
  check_malformed("[plugin]\nid = x\nkind = storage\n", "1", "without version");
  check_malformed("[plugin]\nid = x\nversion = 1\n", "1", "without kind");
  check_malformed("[plugin]\nkind = storage\nversion = 1\n", "1", "without id");
  check_malformed("[plugin]\nid =\nkind = storage\nversion = 1\n", "2", "without id");
  check_malformed("[plugin]\nid = a b\nkind = storage\nversion = 1\n", "2", "'a b'");
  check_malformed("[plugin]\nid = x\nkind = api\nversion = 1\n", "3", "storage | transport | client_api");
}

}  // namespace tenon::plugin
