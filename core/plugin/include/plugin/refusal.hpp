// SPDX-License-Identifier: MIT
// Why a plugin is not used. Every refusal of this room is one exception type, so that a caller has one thing to catch
// and a test one thing to name.
#pragma once

#include <stdexcept>
#include <string>

namespace tenon::plugin {

enum class RefusalKind {
  invalid_name,             // the name has characters that no plugin's name has
  invalid_directory,        // a configured directory is not absolute or cannot be read
  missing_file,             // no such file in the directories that were searched
  unreadable_file,          // the operating system does not let us look at it
  not_a_regular_file,       // a directory, a device, a pipe
  writable_by_others,       // the file or a directory above it
  other_owner,              // the file or a directory above it belongs to neither root nor this user
  not_elf,                  // not an object file at all
  damaged_file,             // an ELF file that contradicts itself, mostly because its end is missing
  other_architecture,       // for another processor, byte order or word size
  not_a_plugin,             // a sound object without the note, or without the exported object, of a plugin
  other_abi,                // made for another waist than ours
  malformed_manifest,       // the text in the note breaks its grammar
  wrong_kind,               // a plugin in another role than the wanted one
  unknown_option,           // the manifest declares no such option
  wrong_type,               // a value is not of the declared type
  out_of_range,             // a value is below min or above max
  not_a_choice,             // a value is none of the declared choices
  required_option_missing,  // the manifest requires an option that is not set
  undefined_symbol,         // the dynamic linker misses a symbol
  not_loadable,             // the dynamic linker refuses for another reason
  object_does_not_fit,      // the loaded object contradicts the note or is incomplete
  create_failed,            // the plugin made no instance
};

// what() is one line for the operator: what was found, what was wanted, what to do. Nothing of the plugin is in use,
// and before `undefined_symbol` in the list above none of its code has run.
class Refusal : public std::runtime_error {
 public:
  Refusal(RefusalKind kind, const std::string& message, std::string option = {})
      : std::runtime_error(message), kind_(kind), option_(std::move(option)) {}

  RefusalKind kind() const noexcept { return kind_; }
  // The option that it is about, so that whoever knows where the option was set can say so; empty: about none.
  const std::string& option() const noexcept { return option_; }

 private:
  RefusalKind kind_;
  std::string option_;
};

}  // namespace tenon::plugin
