// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>

namespace tenon::net {

// Keeps a socket from the programs that the process may start: Asio opens and accepts without SOCK_CLOEXEC. A program
// that another thread starts between the two still inherits it. Needs: an open descriptor.
inline void close_on_exec(int descriptor) noexcept { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

}  // namespace tenon::net
