// SPDX-License-Identifier: MIT
#include "plugin/load.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "support.hpp"
#include "tenon/testing/host.hpp"

extern "C" const tenon_plugin tenon_static_plugin_memory_c;

namespace tenon::plugin {
namespace {

using tenon::testing::FakeHost;

class Installed {
 public:
  explicit Installed(const std::string& file) { directory_.install(file); }

  LoadedPlugin load_as(Kind kind, const std::string& name, Options options = {}) const {
    return load({kind, name, {directory_.path()}, std::move(options)});
  }
  std::string file(const std::string& name) const { return (directory_.path() / name).string(); }
  const PluginDirectory& directory() const { return directory_; }

 private:
  PluginDirectory directory_;
};

// What the variants need to be set.
const Options kListen = {{"listen", "here"}};

Refusal refused_variant(const std::string& variant, const Options& options = kListen) {
  const Installed installed("tenon-transport-" + variant + ".so");
  return refusal_of([&] { installed.load_as(Kind::transport, variant, options); });
}

}  // namespace

TEST_CASE("a plugin in plain C is loaded and its instance works") {
  const Installed installed("tenon-storage-memory_c.so");
  const LoadedPlugin plugin = installed.load_as(Kind::storage, "memory_c", {{"shards", "8"}});
  CHECK(plugin.name == "storage.memory_c");
  CHECK(plugin.manifest.id == "org.tenon.test.memory");
  CHECK(plugin.options.at("shards") == "8");
  CHECK(plugin.options.at("segment_bytes") == "64KiB");
  CHECK_FALSE(plugin.options.contains("password"));
  CHECK(plugin.warnings.empty());

  const FakeHost host("/nonexistent", plugin.options);
  const Instance instance(plugin, host.table());
  tenon_storage_host storage_host{};
  storage_host.struct_size = sizeof storage_host;
  std::uint64_t durable = 0;
  storage_host.context = &durable;
  storage_host.durable = [](const tenon_storage_host* table, std::uint64_t sequence) {
    *static_cast<std::uint64_t*>(table->context) = sequence;
  };
  tenon_recovered found{};
  found.struct_size = sizeof found;
  found.incarnation[15] = 7;
  tenon_detail why{sizeof why, {}};
  const tenon_storage& storage = *instance.object().storage;
  REQUIRE(storage.open(instance.self(), &storage_host, &found, &why) == TENON_OK);
  CHECK(found.incarnation[0] == 0);
  CHECK(found.incarnation[15] == 7);
  CHECK(found.first_index == 1);
  CHECK(found.last_index == 0);
  const tenon_entry entry = {1, 1, bytes("data")};
  tenon_write write{};
  write.struct_size = sizeof write;
  write.sequence = 1;
  write.parts = TENON_WRITE_ENTRIES;
  write.entries = &entry;
  write.entry_count = 1;
  storage.write(instance.self(), &write);
  CHECK(durable == 1);
  storage.close(instance.self());
}

TEST_CASE("check() finds everything but runs no plugin code") {
  const Installed installed("tenon-transport-aborts_in_constructor.so");
  const CheckedPlugin checked =
      check({Kind::transport, "aborts_in_constructor", {installed.directory().path()}, kListen});
  CHECK(checked.name == "transport.aborts_in_constructor");
  CHECK(checked.options == kListen);
  const Refusal refusal = refusal_of([&] {
    check({Kind::transport, "aborts_in_constructor", {installed.directory().path()}, {}});
  });
  CHECK(refusal.kind() == RefusalKind::required_option_missing);
}

TEST_CASE("a plugin for another ABI is refused before its constructors run") {
  const Refusal refusal = refused_variant("other_draft");  // its constructor calls abort()
  CHECK(refusal.kind() == RefusalKind::other_abi);
  check_says(refusal, {"found ABI 1.0 draft 999", "wanted 1.0 draft", "Install"});
}

TEST_CASE("a plugin that needs a newer minor is refused") {
  const Refusal refusal = refused_variant("newer_minor");
  CHECK(refusal.kind() == RefusalKind::other_abi);
  check_says(refusal, {"found ABI 1.999", "Use a newer server"});
}

TEST_CASE("options are refused before the constructors run") {
  CHECK(refused_variant("aborts_in_constructor", {}).kind() == RefusalKind::required_option_missing);
  const Refusal refusal = refused_variant("aborts_in_constructor", {{"listn", "x"}});
  CHECK(refusal.kind() == RefusalKind::unknown_option);
  check_says(refusal, {"transport.aborts_in_constructor", "'listen'"});
}

TEST_CASE("a plugin of another kind is refused") {
  PluginDirectory directory;
  directory.install("tenon-transport-aborts_in_constructor.so", "tenon-storage-x.so");
  const Refusal refusal = refusal_of([&] { load({Kind::storage, "x", {directory.path()}, kListen}); });
  CHECK(refusal.kind() == RefusalKind::wrong_kind);
  check_says(refusal, {"a plugin of kind transport", "wanted storage", "[transport]"});
}

TEST_CASE("a plugin with a malformed manifest is refused with the line") {
  const Refusal refusal = refused_variant("malformed_manifest");
  CHECK(refusal.kind() == RefusalKind::malformed_manifest);
  check_says(refusal, {"line 6", "'tipe'", "'type'"});
}

TEST_CASE("a plugin with an undefined symbol is refused with the name of the symbol") {
  const Refusal refusal = refused_variant("undefined_symbol");
  CHECK(refusal.kind() == RefusalKind::undefined_symbol);
  check_says(refusal, {"undefined symbol", "tenon_test_defined_nowhere", "wanted every symbol", "-z,defs"});
}

TEST_CASE("a plugin that needs a library which is not there is refused with the name of the library") {
  const PluginDirectory directory;
  std::string content = read_file(kBuiltPlugins / "tenon-transport-quiet.so");
  // A sanitizer may have taken the place of the C library.
  const std::vector<std::string> libraries = {"libc.so.6", "libtsan.so.2", "libasan.so.8"};
  const auto is_needed = [&](const std::string& library) { return content.find(library) != std::string::npos; };
  const auto needed = std::find_if(libraries.begin(), libraries.end(), is_needed);
  REQUIRE(needed != libraries.end());
  std::string missing = *needed;
  missing.back() = '?';
  directory.write("tenon-transport-quiet.so", content.replace(content.find(*needed), missing.size(), missing));
  const Refusal refusal = refusal_of([&] { load({Kind::transport, "quiet", {directory.path()}, kListen}); });
  CHECK(refusal.kind() == RefusalKind::not_loadable);
  check_says(refusal, {"cannot be loaded: found " + missing, "Install what it needs"});
}

TEST_CASE("a plugin without the exported object is refused") {
  const Refusal refusal = refused_variant("without_object");
  CHECK(refusal.kind() == RefusalKind::not_a_plugin);
  check_says(refusal, {"no exported object", "tenon_plugin_v1"});
}

TEST_CASE("an object that contradicts its note is refused") {
  const Refusal refusal = refused_variant("other_manifest");
  CHECK(refusal.kind() == RefusalKind::object_does_not_fit);
  check_says(refusal, {"another manifest than in its note"});
}

TEST_CASE("a table with an empty place is refused") {
  const Refusal refusal = refused_variant("empty_place");
  CHECK(refusal.kind() == RefusalKind::object_does_not_fit);
  check_says(refusal, {"no function at place 3 of the table transport"});
}

TEST_CASE("a table shorter than the first release is refused") {
  const Refusal refusal = refused_variant("short_table");
  CHECK(refusal.kind() == RefusalKind::object_does_not_fit);
  check_says(refusal, {"a table transport of 32 bytes", "at least 40"});
}

TEST_CASE("an object with two tables is refused") {
  const Refusal refusal = refused_variant("two_tables");
  CHECK(refusal.kind() == RefusalKind::object_does_not_fit);
  check_says(refusal, {"also a table client_api"});
}

TEST_CASE("when create fails the plugin's words are reported and nothing more of it is called") {
  const Installed installed("tenon-transport-create_fails.so");
  const LoadedPlugin plugin = installed.load_as(Kind::transport, "create_fails", kListen);
  const FakeHost host("/nonexistent", plugin.options);
  const Refusal refusal = refusal_of([&] { const Instance instance(plugin, host.table()); });  // destroy would abort()
  CHECK(refusal.kind() == RefusalKind::create_failed);
  check_says(refusal, {"transport.create_fails", "error -1", "the address here is a bad one", "wanted an instance"});
}

TEST_CASE("an instance gives access to its extensions") {
  const Installed installed("tenon-transport-quiet.so");
  const LoadedPlugin plugin = installed.load_as(Kind::transport, "quiet", kListen);
  const FakeHost host("/nonexistent", plugin.options);
  const Instance instance(plugin, host.table());
  CHECK(instance.get_extension("org.tenon.test/1") == instance.self());
  CHECK(instance.get_extension("org.tenon.test/2") == nullptr);
}

TEST_CASE("a plugin loaded again is the same object, and two instances of it work") {
  const Installed installed("tenon-storage-memory_c.so");
  const LoadedPlugin first = installed.load_as(Kind::storage, "memory_c");
  const LoadedPlugin second = installed.load_as(Kind::storage, "memory_c");
  CHECK(first.object == second.object);
  const FakeHost host("/nonexistent", first.options);
  const Instance one(first, host.table());
  const Instance two(second, host.table());
  CHECK(one.self() != two.self());
}

TEST_CASE("two copies of one plugin share nothing") {
  const Installed installed("tenon-api-counting.so");
  installed.directory().install("tenon-api-counting.so", "tenon-api-other.so");
  const LoadedPlugin plugin = installed.load_as(Kind::client_api, "counting");
  const LoadedPlugin copy = installed.load_as(Kind::client_api, "other");
  CHECK(plugin.object != copy.object);
  const FakeHost host("/nonexistent", {});
  const Instance first(plugin, host.table());
  const Instance second(plugin, host.table());
  const Instance of_copy(copy, host.table());
  const auto counts = [](const Instance& instance) {
    const auto* found = static_cast<const std::uint64_t*>(instance.get_extension("org.tenon.test.counts/1"));
    REQUIRE(found != nullptr);
    return std::array<std::uint64_t, 3>{found[0], found[1], found[2]};
  };
  CHECK(counts(first) == std::array<std::uint64_t, 3>{1, 1, 1});
  CHECK(counts(second) == std::array<std::uint64_t, 3>{2, 2, 2});
  CHECK(counts(of_copy) == std::array<std::uint64_t, 3>{1, 1, 1});
}

#if defined(__x86_64__)
TEST_CASE("a plugin that changes the floating point settings is undone and named in a warning") {
  const Installed installed("tenon-transport-changes_floating_point.so");
  const LoadedPlugin plugin = installed.load_as(Kind::transport, "changes_floating_point", kListen);
  volatile double smallest = std::numeric_limits<double>::min();
  CHECK(smallest / 2 > 0);
  REQUIRE(plugin.warnings.size() == 1);
  CHECK(plugin.warnings[0].find("-ffast-math") != std::string::npos);
}
#endif

TEST_CASE("a plugin that is linked into the program is adopted under the same checks") {
  const LoadedPlugin plugin = adopt(tenon_static_plugin_memory_c, Kind::storage, {{"compress", "yes"}});
  CHECK(plugin.object == &tenon_static_plugin_memory_c);
  CHECK(plugin.name == "org.tenon.test.memory");
  CHECK(plugin.options.at("compress") == "yes");
  CHECK(plugin.options.at("order") == "ascending");
  const FakeHost host("/nonexistent", plugin.options);
  const Instance instance(plugin, host.table());
  CHECK(instance.self() != nullptr);
}

TEST_CASE("what is wrong with an adopted plugin is refused") {
  const auto kind_of = [](const tenon_plugin& object, Kind kind, const Options& options) {
    return refusal_of([&] { adopt(object, kind, options); }).kind();
  };
  CHECK(kind_of(tenon_static_plugin_memory_c, Kind::transport, {}) == RefusalKind::wrong_kind);
  CHECK(kind_of(tenon_static_plugin_memory_c, Kind::storage, {{"shards", "65"}}) == RefusalKind::out_of_range);
  tenon_plugin changed = tenon_static_plugin_memory_c;
  changed.abi[2] += 1;
  CHECK(kind_of(changed, Kind::storage, {}) == RefusalKind::other_abi);
  changed = tenon_static_plugin_memory_c;
  changed.manifest = nullptr;
  CHECK(kind_of(changed, Kind::storage, {}) == RefusalKind::malformed_manifest);
  changed = tenon_static_plugin_memory_c;
  changed.destroy = nullptr;
  CHECK(kind_of(changed, Kind::storage, {}) == RefusalKind::object_does_not_fit);
  changed = tenon_static_plugin_memory_c;
  changed.storage = nullptr;
  CHECK(kind_of(changed, Kind::storage, {}) == RefusalKind::object_does_not_fit);
  changed = tenon_static_plugin_memory_c;
  changed.struct_size -= 8;
  CHECK(kind_of(changed, Kind::storage, {}) == RefusalKind::object_does_not_fit);
}

TEST_CASE("a table longer than ours is accepted, whatever stands in its newer places") {
  struct Longer {
    tenon_storage table;
    void (*newer)();
  };
  Longer longer{*tenon_static_plugin_memory_c.storage, nullptr};
  longer.table.struct_size = sizeof longer;
  tenon_plugin changed = tenon_static_plugin_memory_c;
  changed.storage = &longer.table;
  CHECK_NOTHROW(adopt(changed, Kind::storage, {}));
}

}  // namespace tenon::plugin
