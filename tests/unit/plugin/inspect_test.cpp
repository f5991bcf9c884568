// SPDX-License-Identifier: MIT
#include "plugin/inspect.hpp"

#include <array>

#include "support.hpp"

namespace tenon::plugin {
namespace {

const std::string kAborting = "tenon-transport-aborts_in_constructor.so";

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a plugin is described without running its code") {
  // Its constructor calls abort(), which would end this test.
  const Description description = inspect(kBuiltPlugins / kAborting);
  CHECK(description.manifest.id == "org.tenon.test.variant");
  CHECK(description.manifest.kind == Kind::transport);
  CHECK(description.note.abi[0] == TENON_ABI_MAJOR);
}

TEST_CASE("help and list show a plugin without running its code") {
  const PluginDirectory directory;
  directory.install(kAborting);
  const std::array directories = {directory.path()};
  const std::string help_text = help("transport.aborts_in_constructor", directories);
  CHECK(contains(help_text, "org.tenon.test.variant"));
  CHECK(contains(help_text, "[transport.aborts_in_constructor]"));
  const std::string list_text = format_list(list(directories));
  CHECK(contains(list_text, "transport.aborts_in_constructor"));
  CHECK_FALSE(contains(list_text, "refused"));
}

TEST_CASE("a list has the usable plugins and the refused ones with their reasons") {
  const PluginDirectory first, second;
  first.install("tenon-storage-memory_c.so");
  first.install("tenon-api-counting.so", "tenon-transport-counting.so");
  first.install("tenon-transport-other_draft.so");
  first.write("tenon-api-text.so", "text");
  first.write("tenon-database-x.so", "not the name of a plugin");
  first.write("readme.txt", "not the name of a plugin");
  second.install("tenon-storage-memory_c.so");
  const std::array directories = {first.path(), second.path(), first.path() / "none",
                                  std::filesystem::path("relative")};
  const std::vector<ListEntry> entries = list(directories);

  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const ListEntry& entry : entries) names.push_back(entry.name);
  CHECK(names == std::vector<std::string>{"api.text", "storage.memory_c", "transport.counting", "transport.other_draft",
                                          "storage.memory_c", (first.path() / "none").string(), "relative"});
  REQUIRE(entries.size() == 7);
  const auto refused = [&entries](std::size_t place) { return std::get<Refusal>(entries[place].outcome).kind(); };
  CHECK(refused(0) == RefusalKind::not_elf);
  CHECK(std::get<Description>(entries[1].outcome).manifest.version == "1.2");
  CHECK(refused(2) == RefusalKind::wrong_kind);
  CHECK(refused(3) == RefusalKind::other_abi);
  CHECK(std::holds_alternative<Description>(entries[4].outcome));
  CHECK(refused(5) == RefusalKind::invalid_directory);
  CHECK(refused(6) == RefusalKind::invalid_directory);

  const std::string text = format_list(entries);
  CHECK(contains(text, "1.2  org.tenon.test.memory: a log in memory, for tests"));
  CHECK(contains(text, (first.path() / "tenon-storage-memory_c.so").string()));
  CHECK(contains(text, "refused: "));
  CHECK(contains(text, "not used: one of this name comes before it"));
}

TEST_CASE("an empty list says so") { CHECK(contains(format_list({}), "no plugins")); }

TEST_CASE("help shows type, range, default and help of every option, and the metrics") {
  const PluginDirectory directory;
  directory.install("tenon-storage-memory_c.so");
  const std::array directories = {directory.path()};
  const std::string text = help("storage.memory_c", directories);
  for (const std::string_view part :
       {"storage.memory_c  1.2  org.tenon.test.memory", "a log in memory, for tests",
        "Options, in the section [storage.memory_c] of the config:", "string; default empty",
        "any text; it has no effect # and this is no comment", "integer, 1 to 64; default 4",
        "size, at least 4KiB; default 64KiB", "duration, at most 1s; default 0us", "boolean; default no",
        "choice of ascending | descending; default ascending", "string; not set by default; secret",
        "counter: writes that were taken"}) {
    INFO(part);
    INFO(text);
    CHECK(contains(text, part));
  }
}

TEST_CASE("help shows a required option, and a secret default not at all") {
  Description description;
  description.manifest = parse_manifest(
      "[plugin]\nid = x\nkind = storage\nversion = 1\n[option.a]\ntype = string\nrequired = yes\n"
      "[option.b]\ntype = string\nsecret = yes\ndefault = hunter2\n",
      "x");
  const std::string text = format_help("storage.x", description);
  CHECK(contains(text, "string; required"));
  CHECK(contains(text, "has a default that is not shown"));
  CHECK_FALSE(contains(text, "hunter2"));
}

TEST_CASE("help and list say of a storage that it is not durable, and of another nothing") {
  Description description;
  for (const std::string flag : {"durable = no\n", ""}) {
    description.manifest = parse_manifest("[plugin]\nid = x\nkind = storage\nversion = 1\n" + flag, "x");
    const bool expected = !flag.empty();
    CHECK(contains(format_help("storage.x", description), "not durable") == expected);
    CHECK(contains(format_list({{"storage.x", "/x.so", description}}), "not durable") == expected);
  }
}

TEST_CASE("help for what is no plugin says what was wanted") {
  const PluginDirectory directory;
  directory.install("tenon-api-counting.so", "tenon-storage-counting.so");
  const std::array directories = {directory.path()};
  const auto refused = [&](std::string_view name) { return refusal_of([&] { help(name, directories); }); };
  CHECK(refused("filewal").kind() == RefusalKind::invalid_name);
  CHECK(refused("storage").kind() == RefusalKind::invalid_name);
  CHECK(refused("database.x").kind() == RefusalKind::invalid_name);
  CHECK(refused("storage.").kind() == RefusalKind::invalid_name);
  CHECK(refused("storage.filewal").kind() == RefusalKind::missing_file);
  CHECK(refused("storage.counting").kind() == RefusalKind::wrong_kind);
}

TEST_CASE("an ABI must have our major, our draft, no newer minor and our pointers") {
  const auto kind_of = [](std::array<std::uint32_t, 4> abi) {
    return refusal_of([&] { check_abi(abi, "/x.so"); }).kind();
  };
  CHECK_NOTHROW(check_abi({TENON_ABI_MAJOR, 0, TENON_ABI_DRAFT, 64}, "/x.so"));
  CHECK_NOTHROW(check_abi({TENON_ABI_MAJOR, TENON_ABI_MINOR, TENON_ABI_DRAFT, 64}, "/x.so"));
  CHECK(kind_of({TENON_ABI_MAJOR + 1, 0, TENON_ABI_DRAFT, 64}) == RefusalKind::other_abi);
  CHECK(kind_of({TENON_ABI_MAJOR, 0, TENON_ABI_DRAFT + 1, 64}) == RefusalKind::other_abi);
  CHECK(kind_of({TENON_ABI_MAJOR, TENON_ABI_MINOR + 1, TENON_ABI_DRAFT, 64}) == RefusalKind::other_abi);
  CHECK(kind_of({TENON_ABI_MAJOR, 0, TENON_ABI_DRAFT, 32}) == RefusalKind::other_architecture);
}

}  // namespace tenon::plugin
