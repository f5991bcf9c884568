// SPDX-License-Identifier: MIT
#include "data_directory.hpp"

#include "database.hpp"
#include "log_store.hpp"
#include "posix.hpp"

namespace tenon::leveldb_storage {
namespace {

std::optional<Incarnation> find_incarnation(const std::string& directory, const Stamp& own) {
  const std::string path = directory + "/" + kStampName;
  if (!exists(path)) return {};
  Stamp found;
  try {
    found = decode_stamp(read_small_file(path, kStampBytesMax));
  } catch (const Error& error) {
    throw Error(error.code(), path + ": " + error.what());
  }
  check_stamp(found, own, directory);
  return found.incarnation;
}

// The incarnation of the databases that an interrupted birth may have left, and that hold nothing yet.
void check_holds_nothing(leveldb::Env& files, const std::string& directory) {
  const std::string log = directory + "/" + kLogName;
  const std::string images = directory + "/" + kImagesName;
  if (!exists(log) && !exists(images)) return;
  for (const std::string& database : {log, images}) {
    if (exists(database) && Database::is_as_born(files, database)) continue;
    if (!exists(database) && database == images) continue;  // birth renames the log's first
    throw Error(TENON_ERROR_CORRUPT, directory +
                                         ": the directory holds a log and no stamp, so the stamp was lost. Nothing was "
                                         "changed. Restore the file 'stamp', or give this node an empty directory");
  }
}

}  // namespace

Incarnation find_or_bear(leveldb::Env& files, const std::string& directory, Stamp own,
                         const std::function<void()>& born) {
  if (const std::optional<Incarnation> found = find_incarnation(directory, own)) {
    for (const char* name : {kLogName, kImagesName}) {
      const std::string database = directory + "/" + name;
      if (exists(database)) continue;
      throw Error(TENON_ERROR_CORRUPT, database +
                                           " is missing from a directory that had it. Nothing was changed. Restore it, "
                                           "or replace this node by a new one");
    }
    return *found;
  }
  check_holds_nothing(files, directory);
  if (own.incarnation == Incarnation{}) own.incarnation = random_incarnation();
  const std::string log = directory + "/" + kLogName;
  const std::string images = directory + "/" + kImagesName;
  for (const std::string& name : {log, images}) {
    remove_tree(name);
    remove_tree(name + kUnbornSuffix);
  }
  Database::create(files, log + kUnbornSuffix, own.incarnation, LogStore::put_empty_log);
  Database::create(files, images + kUnbornSuffix, own.incarnation, [](leveldb::WriteBatch&) {});
  sync_directory(directory);
  rename_in(directory, std::string(kLogName) + kUnbornSuffix, kLogName);
  rename_in(directory, std::string(kImagesName) + kUnbornSuffix, kImagesName);
  sync_directory(directory);
  write_durable_file(directory, kStampName, encode_stamp(own));
  born();
  return own.incarnation;
}

}  // namespace tenon::leveldb_storage
