// SPDX-License-Identifier: MIT
// The file of the hard state: two copies of one record. They are written and synced one after the other, so that at any
// moment one of them is whole, and damage to either one loses nothing that was reported durable.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "filewal/file_log.hpp"
#include "format.hpp"

namespace tenon::filewal {

class HardStateFile {
 public:
  // The bytes of a new file, which holds no hard state yet.
  static std::string born(const Incarnation& incarnation);
  // Says whether these are the bytes of a file of any directory to which no hard state was ever written.
  static bool is_born(std::string_view encoded);

  // Reads the newest whole copy and changes nothing. Throws CORRUPT: neither is whole, or both are and contradict each
  // other. IO.
  HardStateFile(std::unique_ptr<File> file, std::string path, const Incarnation& incarnation);

  // Empty when none was ever written.
  const std::string& payload() const noexcept { return record_.payload; }
  // Makes both copies the newest, and durable, and says what was amiss. Throws IO, NO_SPACE.
  void repair(const LoggerFunction& logger);
  // Replaces the hard state; durable on return. Throws IO, NO_SPACE: either of the two may be found from then on.
  void persist(std::string_view payload, FileLogStatistics& statistics);

 private:
  std::uint64_t write_slot(std::size_t slot);

  std::unique_ptr<File> file_;
  std::string path_;
  Incarnation incarnation_;
  std::array<std::optional<HardStateRecord>, 2> found_;  // what each slot held when the file was opened
  HardStateRecord record_;
};

}  // namespace tenon::filewal
