// SPDX-License-Identifier: MIT
// What routes have beside the request.
#pragma once

#include <string>

#include "live_sockets.hpp"
#include "net/client/submissions.hpp"
#include "settings.hpp"
#include "tenon/host.hpp"

namespace tenon::api_http {

struct Service {
  net::Submissions& submissions;
  net::Submissions& telling;  // what the node says of itself goes by a queue of its own, which no load of clients fills
  const Settings& settings;
  const Host host;
  const std::string machine_name;  // of the machine that this runs on; one more name for Host
  LiveSockets& live;
};

}  // namespace tenon::api_http
