// SPDX-License-Identifier: MIT
// The file `conversion` of a node's data directory: that what the node keeps is on its way from one storage plugin to
// another, or has gone to another directory. docs/formats.md has its grammar. While the directory `storage` is there
// too the file means nothing, for the node can be started as it was.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "config/storage_place.hpp"

namespace tenon::server {

using config::StoragePlace;

struct Conversion {
  StoragePlace from;
  StoragePlace to;
  bool operator==(const Conversion&) const = default;
};

inline constexpr char kRecordName[] = "conversion";

// The line that an operator can give to a shell to begin the conversion, or to go on with it.
std::string command_of(const Conversion& conversion);

// Durable on return. Throws tenon::Error: INVALID: a path that cannot stand in it; IO, NO_SPACE.
void write_record(const std::filesystem::path& data_directory, const Conversion& conversion);
// nullopt: there is none. Throws tenon::Error: CORRUPT, IO.
std::optional<Conversion> read_record(const std::filesystem::path& data_directory);
// Durable on return; nothing happens when there is none. Throws IO.
void remove_record(const std::filesystem::path& data_directory);

// Gives a name in this directory to what had another, or makes a name go, for good: durable on return. Throws IO.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);
void sync_directory(const std::filesystem::path& directory);

}  // namespace tenon::server
