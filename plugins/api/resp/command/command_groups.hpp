// SPDX-License-Identifier: MIT
// Where the commands are defined.
#pragma once

#include <array>

#include "command.hpp"

namespace tenon::api_resp {

std::span<const Command> string_commands() noexcept;       // data/strings.cpp
std::span<const Command> key_commands() noexcept;          // data/keys.cpp
std::span<const Command> connection_commands() noexcept;   // service/connection_commands.cpp
std::span<const Command> client_commands() noexcept;       // service/client_command.cpp
std::span<const Command> server_commands() noexcept;       // service/server_commands.cpp
std::span<const Command> scan_commands() noexcept;         // scan/scan_commands.cpp
std::span<const Command> message_commands() noexcept;      // messages/message_commands.cpp
std::span<const Command> cluster_commands() noexcept;      // cluster/cluster_commands.cpp
std::span<const Command> transaction_commands() noexcept;  // data/transactions.cpp

inline std::array<std::span<const Command>, 9> command_groups() noexcept {
  return {string_commands(), key_commands(),    scan_commands(),    transaction_commands(), connection_commands(),
          client_commands(), server_commands(), message_commands(), cluster_commands()};
}

}  // namespace tenon::api_resp
