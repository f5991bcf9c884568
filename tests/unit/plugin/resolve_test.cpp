// SPDX-License-Identifier: MIT
#include "plugin/resolve.hpp"

#include <unistd.h>

#include <array>

#include "support.hpp"

namespace tenon::plugin {
namespace {

using std::filesystem::path;
using std::filesystem::perms;

constexpr const char* kFile = "tenon-storage-memory_c.so";

path make_directory(const path& directory, perms mode = perms::owner_all) {
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, mode);
  return directory;
}

Refusal refused(std::string_view name, Directories directories) {
  return refusal_of([&] { resolve(Kind::storage, name, directories); });
}

}  // namespace

TEST_CASE("a name is found in the first directory that has its file") {
  const PluginDirectory first, second, third;
  second.install(kFile);
  third.install(kFile);
  const std::array directories = {first.path(), second.path(), third.path()};
  CHECK(resolve(Kind::storage, "memory_c", directories) == second.path() / kFile);
}

TEST_CASE("each kind has its word in file names") {
  CHECK(file_name(Kind::storage, "filewal") == "tenon-storage-filewal.so");
  CHECK(file_name(Kind::transport, "thrift") == "tenon-transport-thrift.so");
  CHECK(file_name(Kind::client_api, "thrift") == "tenon-api-thrift.so");
  CHECK(plugin_name(Kind::client_api, "thrift") == "api.thrift");
  CHECK(plugin_name(Kind::client_api, "/x/y.so") == "/x/y.so");
}

TEST_CASE("an absolute path stands for a plugin of any file name") {
  const PluginDirectory directory;
  const path file = directory.install(kFile, "strange.so");
  CHECK(resolve(Kind::storage, file.string(), {}) == file);
}

TEST_CASE("a missing file is refused with the directories searched and the nearest name there") {
  const PluginDirectory first, second;
  second.install(kFile);
  second.install(kFile, "tenon-transport-memry_c.so");
  const std::array directories = {first.path(), second.path()};
  const Refusal refusal = refused("memry_c", directories);
  CHECK(refusal.kind() == RefusalKind::missing_file);
  check_says(refusal, {"storage.memry_c", "tenon-storage-memry_c.so", first.path().string(), second.path().string(),
                       "the nearest name there is 'memory_c'"});
  check_says(refused("memory_c", {}), {"none is configured"});
  CHECK(refused((first.path() / "none.so").string(), {}).kind() == RefusalKind::missing_file);
}

TEST_CASE("a name with other characters than a-z, 0-9, _ and - is refused") {
  const PluginDirectory directory;
  const std::array directories = {directory.path()};
  for (const std::string_view name : {"", "../memory_c", "a/b", "Memory", "a.b", "a b"}) {
    const Refusal refusal = refused(name, directories);
    CHECK(refusal.kind() == RefusalKind::invalid_name);
    check_says(refusal, {"'" + std::string(name) + "'", "a-z, 0-9, _ and -"});
  }
}

TEST_CASE("a directory that is not absolute is refused, whatever stands in the working directory") {
  const std::array directories = {path("plugins")};
  const Refusal refusal = refused("memory_c", directories);
  CHECK(refusal.kind() == RefusalKind::invalid_directory);
  check_says(refusal, {"'plugins'", "an absolute path"});
}

TEST_CASE("what is not a regular file is refused") {
  const PluginDirectory directory;
  make_directory(directory.path() / kFile);
  const std::array directories = {directory.path()};
  CHECK(refused("memory_c", directories).kind() == RefusalKind::not_a_regular_file);
}

TEST_CASE("a file that others may write to is refused") {
  const PluginDirectory directory;
  const path file = directory.install(kFile);
  const std::array directories = {directory.path()};
  for (const perms others : {perms::group_write, perms::others_write}) {
    std::filesystem::permissions(file, perms::owner_all | others);
    const Refusal refusal = refused("memory_c", directories);
    CHECK(refusal.kind() == RefusalKind::writable_by_others);
    check_says(refusal, {file.string() + ": is writable by others (mode 07", "chmod go-w"});
  }
}

TEST_CASE("a file below a directory that others may write to is refused") {
  const PluginDirectory root;
  const path outer = make_directory(root.path() / "outer");
  const path inner = make_directory(outer / "inner");
  root.install(kFile, "outer/inner/" + std::string(kFile));
  const std::array directories = {inner};
  CHECK_NOTHROW(resolve(Kind::storage, "memory_c", directories));
  std::filesystem::permissions(outer, perms::owner_all | perms::group_write);
  const Refusal refusal = refused("memory_c", directories);
  CHECK(refusal.kind() == RefusalKind::writable_by_others);
  check_says(refusal, {outer.string() + ": is writable by others"});
  CHECK(refused((inner / kFile).string(), {}).kind() == RefusalKind::writable_by_others);
  std::filesystem::permissions(outer, perms::owner_all | perms::others_all | perms::sticky_bit);
  CHECK_NOTHROW(resolve(Kind::storage, "memory_c", directories));
}

TEST_CASE("the file behind a symbolic link is the one that is checked and loaded") {
  const PluginDirectory real, links;
  const path file = real.install(kFile, "real.so");
  std::filesystem::create_symlink(file, links.path() / kFile);
  const std::array directories = {links.path()};
  CHECK(resolve(Kind::storage, "memory_c", directories) == file);
  std::filesystem::permissions(file, perms::owner_all | perms::others_write);
  CHECK(refused("memory_c", directories).kind() == RefusalKind::writable_by_others);
}

TEST_CASE("a symbolic link that others may replace is refused though its file is sound") {
  const PluginDirectory real, links;
  const path file = real.install(kFile, "real.so");
  const path open_to_all = make_directory(links.path() / "open", perms::all);
  std::filesystem::create_symlink(file, open_to_all / kFile);
  const std::array directories = {open_to_all};
  CHECK(refused("memory_c", directories).kind() == RefusalKind::writable_by_others);
}

TEST_CASE("a symbolic link to nowhere is refused and does not lead to the next directory") {
  const PluginDirectory first, second;
  std::filesystem::create_symlink("/nowhere/at/all", first.path() / kFile);
  second.install(kFile);
  const std::array directories = {first.path(), second.path()};
  CHECK(refused("memory_c", directories).kind() == RefusalKind::missing_file);
}

TEST_CASE("a path that the operating system does not follow is refused as unreadable") {
  const PluginDirectory directory;
  std::filesystem::create_symlink(directory.path() / kFile, directory.path() / kFile);
  const std::array directories = {directory.path()};
  const Refusal refusal = refused("memory_c", directories);
  CHECK(refusal.kind() == RefusalKind::unreadable_file);
  check_says(refusal, {(directory.path() / kFile).string(), "cannot be followed to a file", "Mend"});
}

TEST_CASE("a file of another owner is refused") {
  const PluginDirectory directory;
  const path file = directory.install(kFile);
  CHECK_NOTHROW(check_location(file, ::geteuid()));
  const uid_t other = 12345;
  // Only root can give a file away; anybody else sees the same with the eyes of another user.
  const bool given_away = ::geteuid() == 0 && ::chown(file.c_str(), other, static_cast<gid_t>(-1)) == 0;
  if (::geteuid() == 0) REQUIRE(given_away);
  const uid_t reader = given_away ? ::geteuid() : other;
  const Refusal refusal = refusal_of([&] { check_location(file, reader); });
  CHECK(refusal.kind() == RefusalKind::other_owner);
  check_says(refusal, {file.string() + ": belongs to the user", "wanted root or the user", "chown"});
}

TEST_CASE("a file below a directory of another owner is refused") {
  const PluginDirectory root;
  const path inner = make_directory(root.path() / "inner");
  const path file = root.install(kFile, "inner/" + std::string(kFile));
  const uid_t other = 12345;
  if (::geteuid() != 0) return;  // the test before this one covers all that such a user can arrange
  REQUIRE(::chown(inner.c_str(), other, static_cast<gid_t>(-1)) == 0);
  const Refusal refusal = refusal_of([&] { check_location(file, ::geteuid()); });
  CHECK(refusal.kind() == RefusalKind::other_owner);
  check_says(refusal, {inner.string() + ": belongs to the user 12345"});
}

}  // namespace tenon::plugin
