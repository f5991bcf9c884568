// SPDX-License-Identifier: MIT
#include "plugin/load.hpp"

#include <algorithm>
#include <cstring>

#include "library.hpp"
#include "object.hpp"

namespace tenon::plugin {

CheckedPlugin check(const Request& request) {
  CheckedPlugin checked;
  checked.name = plugin_name(request.kind, request.name);
  checked.description = inspect(resolve(request.kind, request.name, request.directories));
  const Manifest& manifest = checked.description.manifest;
  check_kind(manifest.kind, request.kind, checked.description.path.string());
  checked.options = check_options(manifest.options, request.options, checked.name);
  return checked;
}

LoadedPlugin load(const Request& request) {
  CheckedPlugin checked = check(request);
  LoadedPlugin loaded;
  loaded.name = std::move(checked.name);
  loaded.path = checked.description.path;
  loaded.object = load_library(checked.description.path, loaded.warnings);
  loaded.manifest = std::move(checked.description.manifest);
  loaded.options = std::move(checked.options);
  check_object(*loaded.object, checked.description.note, loaded.manifest.kind, checked.description.path.string());
  return loaded;
}

LoadedPlugin adopt(const tenon_plugin& object, Kind kind, const Options& options) {
  const std::string origin = "a " + std::string(manifest_word(kind)) + " plugin in this program";
  Note note;
  std::copy(std::begin(object.abi), std::end(object.abi), note.abi.begin());
  check_abi(note.abi, origin);
  // What the object says stands in for the note.
  if (object.manifest != nullptr) note.manifest = object.manifest;
  LoadedPlugin adopted;
  adopted.object = &object;
  adopted.manifest = parse_manifest(note.manifest, origin);
  adopted.name = adopted.manifest.id;
  check_kind(adopted.manifest.kind, kind, adopted.name);
  adopted.options = check_options(adopted.manifest.options, options, adopted.name);
  check_object(object, note, kind, adopted.name);
  return adopted;
}

}  // namespace tenon::plugin
