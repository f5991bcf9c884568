// SPDX-License-Identifier: MIT
// Names for sessions, in files of the user who opened them: DIRECTORY/tenonctl/sessions/NAME holds the number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tenon::tenonctl {

class SessionNames {
 public:
  // `directory` is where this user's programs keep their state; absent: nobody knows.
  explicit SessionNames(std::optional<std::string> directory) : directory_(std::move(directory)) {}

  // All throw std::runtime_error that says what to do: for what is no name (a letter, then letters, digits, '-', '_'
  // and
  // '.', at most 64), and for a file that cannot be read or written.

  // The session that `text` means: a number itself, a name by its file; nullopt: no session has this name.
  std::optional<std::uint64_t> find(const std::string& text) const;
  void keep(const std::string& name, std::uint64_t session) const;
  // Nothing happens when `text` is a number, or is not kept.
  void forget(const std::string& text) const;

 private:
  std::string path(const std::string& name) const;

  std::optional<std::string> directory_;
};

}  // namespace tenon::tenonctl
