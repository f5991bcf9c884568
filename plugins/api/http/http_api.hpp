// SPDX-License-Identifier: MIT
// The client API plugin for clients that speak HTTP.
#pragma once

#include <memory>

#include "tenon/client_api.hpp"

namespace tenon::api_http {

class Server;

// Reads its options when it is made; the manifest in plugin.cpp declares them and their bounds.
class HttpApi final : public ClientApi {
 public:
  explicit HttpApi(Host host);
  ~HttpApi() override;

  void start() override;
  void drain(std::uint64_t timeout_ms) override;
  void stop() override;

 private:
  struct Options;
  const std::unique_ptr<const Options> options_;
  std::unique_ptr<Server> server_;  // from start() to stop()
};

}  // namespace tenon::api_http
