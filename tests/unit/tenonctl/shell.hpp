// SPDX-License-Identifier: MIT
// tenonctl as a user sees it, against a server over a map.
#pragma once

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tenonctl/run.hpp"
#include "test_server.hpp"

namespace tenon::tenonctl {

using client::Answer;
using client::TestServer;

inline TestServer::Behaviour map_service() {
  const auto service = std::make_shared<client::MapService>();
  return [service](std::string request) { return Answer{Answer::Kind::kReply, service->answer(std::move(request))}; };
}

struct Outcome {
  int code = 0;
  std::string output;
  std::string messages;
};

class Shell {
 public:
  explicit Shell(TestServer::Behaviour behaviour = map_service()) : server_(std::move(behaviour)) {}

  Outcome operator()(const std::vector<std::string>& arguments, const std::string& input = {},
                     OutputDevice device = OutputDevice::kOther) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream messages;
    Surroundings surroundings{in, out, messages, device, server_.endpoint().text(), state_directory};
    const int code = run(arguments, surroundings);
    return {code, out.str(), messages.str()};
  }

  std::optional<std::string> state_directory;

 private:
  TestServer server_;
};

}  // namespace tenon::tenonctl
