// SPDX-License-Identifier: MIT
// The directories of a conversion, and the steps that take a node from one storage plugin to another. Each step is
// durable before the next, and after a crash between any two of them a start either finds the node as it was, or as it
// is to be, or is refused with the command that goes on:
//
//   what is there                                     in the source          in the target      a start there
//   ------------------------------------------------- ---------------------- ------------------ -------------------
//   1 nothing was done                                storage                                   works as before
//   2 the records are written                         storage                                   works as before (1)
//   3 the copy is made                                storage                storage.converting works as before (1)
//   4 the copy is whole, and compared                 storage                storage.converted  works as before (1)
//   5 the source is retired                           storage.NAME.retired   storage.converted  refused
//   6 the copy has its name                           storage.NAME.retired   storage            works in the target (2)
//   7 the record of the target is removed             storage.NAME.retired   storage            works in the target (2)
//
// (1) in the source; in the target, when that is another directory, it is refused. (2) In the source, when that is
// another directory, it is refused for good: its record stays, and says where the node has gone. A conversion that is
// begun again at 1 to 4 copies everything again, for the node may have run meanwhile; at 5 and 6 it does what is left.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "convert/record.hpp"

namespace tenon::server {

inline constexpr char kStorageName[] = "storage";  // below the data directory: what the storage plugin is given
inline constexpr char kConvertingName[] = "storage.converting";
inline constexpr char kConvertedName[] = "storage.converted";

// Holds a data directory for this process, or refuses. The lock goes with the process that held it.
class DataDirectoryLock {
 public:
  // Throws tenon::Error: BUSY: a node runs on it, or a conversion; IO. Needs: the directory exists.
  explicit DataDirectoryLock(const std::filesystem::path& data_directory);
  ~DataDirectoryLock();
  DataDirectoryLock(const DataDirectoryLock&) = delete;
  DataDirectoryLock& operator=(const DataDirectoryLock&) = delete;

 private:
  const int descriptor_;
};

// The copy that an interrupted conversion has left beside a node that can be started; nullopt: there is none.
std::optional<std::filesystem::path> left_copy(const std::filesystem::path& data_directory);

// Throws INVALID when what the node kept here is on its way to another storage plugin, or has gone to another
// directory: with the command that goes on, or where it is. CORRUPT, IO. Needs: the lock.
void check_is_startable(const std::filesystem::path& data_directory);

// Where the directory of the source stays when the conversion is complete.
std::filesystem::path retired_directory(const Conversion& conversion);

enum class ConversionStage {
  source_in_place,  // the node is in the source: everything is to be done
  source_retired,   // finish() has some of its steps to do, or none
};

// Called before each change of a directory, with what it does.
using BeforeStep = std::function<void(const std::string& step)>;

class ConversionDirectories {
 public:
  // Both data directories exist. `before_step` may throw, and then the step is not done.
  ConversionDirectories(Conversion conversion, BeforeStep before_step);

  // Looks, and changes nothing. Throws INVALID: there is nothing to convert; CORRUPT, IO.
  ConversionStage stage() const;
  // Writes down what is begun, and removes what an earlier attempt left. Throws INVALID: something is in the way, and
  // nothing was changed; IO, NO_SPACE. Needs: source_in_place.
  void begin();
  // Puts the whole and compared copy in the place of the source. Needs: both are closed; or source_retired.
  void finish();
  // Removes what begin() and the copying have made. Never throws.
  void abandon() noexcept;

 private:
  bool is_in_place() const noexcept { return conversion_.from.data_directory == conversion_.to.data_directory; }
  void check_way() const;
  void discard_copies();
  void step(const std::string& what, const std::function<void()>& action) const;

  const Conversion conversion_;
  const BeforeStep before_step_;
  const std::filesystem::path source_;
  const std::filesystem::path target_;
  const std::filesystem::path converting_;
  const std::filesystem::path converted_;
  const std::filesystem::path retired_;
};

}  // namespace tenon::server
