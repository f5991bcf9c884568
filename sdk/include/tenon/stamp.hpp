// SPDX-License-Identifier: MIT
// Whose a data directory is: the file `stamp` that every storage plugin keeps in it, in one grammar, so that each can
// say by name whose directory it was given, and which command helps. The file is the last that birth makes durable.
//
//   stamp   magic "TENONSTP", format u32, block plugin id, block cluster id, node id u64, incarnation 16 bytes,
//           checksum u32 of all before it
//
// Integers are little-endian, a block is its size as 32 bits and its bytes, the checksum is a CRC-32C. The format is
// the plugin's own number for the whole of its directory; the stamp's grammar is the same in all of them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"
#include "tenon/storage.hpp"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

inline constexpr char kStampName[] = "stamp";
inline constexpr std::uint64_t kStampBytesMax = 4096;
inline constexpr std::size_t kStampIdBytesMax = 1024;  // of each of the two names

struct Stamp {
  std::uint32_t format = 1;
  std::string plugin_id;
  std::string cluster_id;
  std::uint64_t node_id = 0;
  Incarnation incarnation = {};
};

// Throws Error(INVALID): the name of the plugin or of the cluster is too long for a stamp.
inline void check_stamp_names(const Stamp& stamp) {
  for (const std::string* name : {&stamp.plugin_id, &stamp.cluster_id}) {
    if (name->size() <= kStampIdBytesMax) continue;
    throw Error(TENON_ERROR_INVALID, std::string(name == &stamp.cluster_id ? "cluster.id" : "the plugin's id") +
                                         " has " + std::to_string(name->size()) + " bytes, at most " +
                                         std::to_string(kStampIdBytesMax) + " are allowed");
  }
}

// Returns the content of the file. Throws as check_stamp_names().
inline std::string encode_stamp(const Stamp& stamp) {
  check_stamp_names(stamp);
  std::string encoded;
  ByteWriter writer(encoded);
  writer.raw("TENONSTP");
  writer.u32(stamp.format);
  writer.block(stamp.plugin_id);
  writer.block(stamp.cluster_id);
  writer.u64(stamp.node_id);
  writer.raw({reinterpret_cast<const char*>(stamp.incarnation.data()), stamp.incarnation.size()});
  writer.u32(crc32c(encoded));
  return encoded;
}

// Reads the content of the file, of any plugin and format. Throws Error(CORRUPT), with a message that lacks the path.
inline Stamp decode_stamp(std::string_view encoded) {
  constexpr std::size_t kChecksumBytes = 4;
  ByteReader reader(encoded);
  if (encoded.size() < kChecksumBytes || encoded.size() > kStampBytesMax || reader.raw(8) != "TENONSTP") {
    throw Error(TENON_ERROR_CORRUPT, "this is not the stamp of a data directory");
  }
  const std::string_view body = encoded.substr(0, encoded.size() - kChecksumBytes);
  if (ByteReader(encoded.substr(body.size())).u32() != crc32c(body)) {
    throw Error(TENON_ERROR_CORRUPT, "the checksum is wrong, its bytes are not what was written");
  }
  Stamp stamp;
  stamp.format = reader.u32();
  stamp.plugin_id = reader.block();
  stamp.cluster_id = reader.block();
  stamp.node_id = reader.u64();
  const std::string_view incarnation = reader.raw(stamp.incarnation.size());
  reader.u32();
  if (stamp.format == 0 || !reader.done()) throw Error(TENON_ERROR_CORRUPT, "its fields do not fit its size");
  std::memcpy(stamp.incarnation.data(), incarnation.data(), incarnation.size());
  return stamp;
}

// The name by which a config calls the storage plugin with this id: filewal for dev.tenon.storage.filewal.
inline std::string_view plugin_name_in_config(std::string_view plugin_id) noexcept {
  return plugin_id.substr(plugin_id.rfind('.') + 1);
}

// Says no unless a directory with the stamp `found` is that of `expected`, whose format is the newest that this plugin
// reads; the incarnation is not compared. `directory` stands in the messages.
// Throws Error. INVALID: the directory of another plugin, cluster or node. UNSUPPORTED: a newer format.
inline void check_stamp(const Stamp& found, const Stamp& expected, const std::string& directory) {
  if (found.plugin_id != expected.plugin_id) {
    const auto place = [&](const std::string& id) { return std::string(plugin_name_in_config(id)) + ":" + directory; };
    throw Error(TENON_ERROR_INVALID, "the directory was written by the storage plugin " + found.plugin_id +
                                         "; choose that plugin, or convert: tenond storage convert --from " +
                                         place(found.plugin_id) + " --to " + place(expected.plugin_id));
  }
  if (found.format > expected.format) {
    throw Error(TENON_ERROR_UNSUPPORTED, directory + " has format " + std::to_string(found.format) +
                                             ", this version reads up to " + std::to_string(expected.format) +
                                             "; start the newer version that wrote it");
  }
  if (found.cluster_id != expected.cluster_id) {
    throw Error(TENON_ERROR_INVALID, directory + " belongs to cluster '" + found.cluster_id + "', the config says '" +
                                         expected.cluster_id + "'; correct cluster.id, or choose another directory");
  }
  if (found.node_id != expected.node_id) {
    throw Error(TENON_ERROR_INVALID, directory + " belongs to node " + std::to_string(found.node_id) +
                                         ", the config says " + std::to_string(expected.node_id) +
                                         "; correct node.id, or choose another directory");
  }
}

}  // namespace sdk_1
}  // namespace tenon
