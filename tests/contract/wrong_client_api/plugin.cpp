// SPDX-License-Identifier: MIT
#include "poll_api.hpp"

namespace tenon::wrong_client_api {
const Sin kSin = Sin::WRONG_SIN;
}

TENON_CLIENT_API_PLUGIN(tenon::wrong_client_api::PollApi, R"([plugin]
id = org.tenon.test.client_api
kind = client_api
version = 1.0
summary = A small client API for the tests of the checks
[option.listen]
type = string
required = yes
help = 127.0.0.1:PORT
[option.queue_depth]
type = integer
default = 8192
min = 1
max = 1000000
help = requests that the node has not answered; what comes beyond is refused as OVERLOADED
[option.output_bytes_max]
type = size
default = 16MiB
min = 64KiB
max = 1GiB
help = replies that one client has not read; beyond it nothing more is read from the client
)")
