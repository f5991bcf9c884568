// SPDX-License-Identifier: MIT
#include "object.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "plugin/refusal.hpp"

namespace tenon::plugin {
namespace {

// The size of a struct up to and with its last member of minor 0: what every plugin has. It stays when the struct
// grows.
#define TENON_SIZE_AT_MINOR_0(type, last) (offsetof(type, last) + sizeof(type::last))

[[noreturn]] void refuse(const std::string& origin, const std::string& found, const std::string& wanted) {
  throw Refusal(RefusalKind::object_does_not_fit,
                origin + ": its exported object is not what its manifest promises: found " + found + ", wanted " +
                    wanted + ". Its author has to build it again with tenon/define_plugin.h.");
}

void check_size(std::uint64_t found, std::size_t wanted, const std::string& name, const std::string& origin) {
  if (found >= wanted) return;
  refuse(origin, name + " of " + std::to_string(found) + " bytes", "at least " + std::to_string(wanted));
}

// A table is struct_size and then nothing but functions. It may be shorter than ours, when the plugin is older, or
// longer, when it is newer; of those that both know, none may be missing.
template <class Table>
void check_table(const Table* table, std::size_t size_at_minor_0, bool wanted, const std::string& name,
                 const std::string& origin) {
  if (!wanted) {
    if (table != nullptr) refuse(origin, "also a table " + name, "only the table of its kind");
    return;
  }
  if (table == nullptr) refuse(origin, "no table " + name, "the table of its kind");
  check_size(table->struct_size, size_at_minor_0, "a table " + name, origin);
  const std::size_t size = std::min<std::size_t>(table->struct_size, sizeof(Table));
  for (std::size_t offset = sizeof table->struct_size; offset + sizeof(void*) <= size; offset += sizeof(void*)) {
    void* function = nullptr;
    std::memcpy(&function, reinterpret_cast<const char*>(table) + offset, sizeof function);
    if (function != nullptr) continue;
    refuse(origin, "no function at place " + std::to_string(offset / sizeof(void*)) + " of the table " + name,
           "every function of the table");
  }
}

}  // namespace

void check_object(const tenon_plugin& object, const Note& note, Kind kind, const std::string& origin) {
  check_size(object.struct_size, TENON_SIZE_AT_MINOR_0(tenon_plugin, client_api), "an object", origin);
  if (!std::equal(note.abi.begin(), note.abi.end(), std::begin(object.abi))) {
    refuse(origin, "another ABI than in its note", "the same");
  }
  if (object.manifest == nullptr ||
      std::strncmp(object.manifest, note.manifest.c_str(), note.manifest.size() + 1) != 0) {
    refuse(origin, "another manifest than in its note", "the same");
  }
  if (object.create == nullptr || object.destroy == nullptr || object.get_extension == nullptr) {
    refuse(origin, "an empty place among create, destroy and get_extension", "all three");
  }
  check_table(object.storage, TENON_SIZE_AT_MINOR_0(tenon_storage, image_close), kind == Kind::storage, "storage",
              origin);
  check_table(object.transport, TENON_SIZE_AT_MINOR_0(tenon_transport, send), kind == Kind::transport, "transport",
              origin);
  check_table(object.client_api, TENON_SIZE_AT_MINOR_0(tenon_client_api, stop), kind == Kind::client_api, "client_api",
              origin);
}

}  // namespace tenon::plugin
