// SPDX-License-Identifier: MIT
#include "support.hpp"

namespace tenon::config {
namespace {

TEST_CASE("a node suffers nothing and is not validated unless its configuration says so") {
  const Config config = load(least());
  CHECK_FALSE(config.storage_faults.any());
  CHECK_FALSE(config.transport_faults.any());
  CHECK(config.plugin_validation == PluginValidation::kOff);
}

TEST_CASE("validation is what the configuration says") {
  Sources sources = least();
  sources.environment["TENON_NODE_PLUGIN_VALIDATION"] = "abort";
  CHECK(load(sources).plugin_validation == PluginValidation::kAbort);
  sources.environment["TENON_NODE_PLUGIN_VALIDATION"] = "report";
  CHECK(load(sources).plugin_validation == PluginValidation::kReport);
}

TEST_CASE("faults are what the section says") {
  const Config config = load(
      least("[fault]\nseed = 9\nstorage_sync_delay = 1ms\nstorage_sync_delay_percent = 2\nstorage_stall_at_write = 3\n"
            "storage_stall_time = 4ms\nstorage_fail_at_write = 5\nstorage_fail_per_million = 6\n"
            "storage_full_at_write = 7\nstorage_read_delay = 8ms\ntransport_peers = 2, 3\ntransport_lanes = bulk\n"
            "transport_isolation = outgoing\ntransport_loss_percent = 10\ntransport_delay = 11ms\n"
            "transport_delay_jitter = 12ms\ntransport_duplicate_percent = 13\ntransport_reorder_percent = 14\n"));
  using std::chrono::milliseconds;
  CHECK(config.storage_faults ==
        fault::StorageFaults{9, milliseconds(1), 2, 3, milliseconds(4), 5, 6, 7, milliseconds(8)});
  CHECK(config.transport_faults ==
        fault::TransportFaults{
            9, {2, 3}, fault::Lanes::bulk, fault::Isolation::outgoing, 10, milliseconds(11), milliseconds(12), 13, 14});
}

TEST_CASE("faults of another form are refused") {
  check_refusal(least("[fault]\ntransport_peers = 2,x\n"), "a.conf:11: fault.transport_peers: found 'x'", "as in 2,3");
  check_refusal(least("[fault]\ntransport_loss_percent = 101\n"),
                "a.conf:11: fault.transport_loss_percent: ", "0 to 100 percent");
  check_refusal(least("[fault]\ntransport_los_percent = 1\n"),
                "a.conf:11: fault.transport_los_percent: ", "transport_loss_percent");
}

}  // namespace
}  // namespace tenon::config
