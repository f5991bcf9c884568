// SPDX-License-Identifier: MIT
// A client API that breaks the contract once, harmlessly: it makes a metric on a thread of its own, where only the
// host's control thread may do that.
#include <thread>

#include "tenon/client_api.hpp"

namespace careless {

class CarelessApi final : public tenon::ClientApi {
 public:
  explicit CarelessApi(tenon::Host host) : ClientApi(host) {}
  void start() override {
    thread_ = std::thread([this] { host().metric("late_total"); });
  }
  void drain(std::uint64_t) override {}
  void stop() override { thread_.join(); }

 private:
  std::thread thread_;
};

}  // namespace careless

TENON_CLIENT_API_PLUGIN(careless::CarelessApi,
                        "[plugin]\n"
                        "id = org.tenon.test.careless\n"
                        "kind = client_api\n"
                        "version = 1.0\n"
                        "[metric.late_total]\n"
                        "kind = counter\n"
                        "help = made too late\n")
