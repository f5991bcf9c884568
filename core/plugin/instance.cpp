// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>

#include "plugin/load.hpp"
#include "tenon/check.hpp"

namespace tenon::plugin {
namespace {

// Nothing may be thrown across the waist; what is thrown all the same ends the process here, where it can be seen.
tenon_error create(const tenon_plugin& object, const tenon_host* host, void** self, tenon_detail* why) noexcept {
  return object.create(host, self, why);
}
void destroy(const tenon_plugin& object, void* self) noexcept { object.destroy(self); }
const void* find_extension(const tenon_plugin& object, void* self, const char* name) noexcept {
  return object.get_extension(self, name);
}

// The plugin's words, from a buffer that it may have filled with anything.
std::string words_of(const tenon_detail& why) {
  const char* end = std::find(std::begin(why.message), std::end(why.message), '\0');
  std::string words(std::begin(why.message), end);
  std::replace_if(
      words.begin(), words.end(), [](char character) { return static_cast<unsigned char>(character) < 0x20; }, ' ');
  return words.empty() ? "the plugin gave no reason" : words;
}

}  // namespace

Instance::Instance(const LoadedPlugin& plugin, const tenon_host* host) : object_(plugin.object) {
  TENON_CHECK(object_ != nullptr && host != nullptr);
  tenon_detail why{};
  why.struct_size = sizeof why;
  const tenon_error error = create(*object_, host, &self_, &why);
  if (error == TENON_OK) return;
  throw Refusal(RefusalKind::create_failed, plugin.name + ": could not be created: found error " +
                                                std::to_string(error) + " (" + words_of(why) +
                                                "), wanted an instance. Correct what it says, then start again.");
}

Instance::~Instance() { destroy(*object_, self_); }

const void* Instance::get_extension(const char* name) const noexcept { return find_extension(*object_, self_, name); }

}  // namespace tenon::plugin
