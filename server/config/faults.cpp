// SPDX-License-Identifier: MIT
#include "faults.hpp"

#include <optional>
#include <string>

#include "refusal.hpp"
#include "tenon/option.hpp"
#include "values.hpp"

namespace tenon::config {
namespace {

constexpr std::string_view kFault = "fault";

std::vector<std::uint64_t> read_peers(const Settings& settings) {
  std::vector<std::uint64_t> peers;
  const Setting* const given = settings.find(kFault, "transport_peers");
  if (given == nullptr) return peers;
  for (const std::string& item : list_items(kFault, "transport_peers", *given)) {
    const std::optional<std::int64_t> id = parse_integer(item);
    if (!id || *id < 1) {
      refuse(given->origin, kFault, "transport_peers", "found '" + item + "', expected the id of a node, as in 2,3");
    }
    peers.push_back(static_cast<std::uint64_t>(*id));
  }
  return peers;
}

fault::Lanes read_lanes(const Settings& settings) {
  const std::string& lanes = settings.get(kFault, "transport_lanes").value;
  if (lanes == "control") return fault::Lanes::control;
  return lanes == "bulk" ? fault::Lanes::bulk : fault::Lanes::both;
}

fault::Isolation read_isolation(const Settings& settings) {
  const std::string& isolation = settings.get(kFault, "transport_isolation").value;
  if (isolation == "incoming") return fault::Isolation::incoming;
  if (isolation == "outgoing") return fault::Isolation::outgoing;
  return isolation == "both" ? fault::Isolation::both : fault::Isolation::none;
}

}  // namespace

void read_faults(const Settings& settings, Config& config) {
  fault::StorageFaults& storage = config.storage_faults;
  storage.seed = settings.count(kFault, "seed");
  storage.sync_delay = settings.duration(kFault, "storage_sync_delay");
  storage.sync_delay_percent = settings.count(kFault, "storage_sync_delay_percent");
  storage.stall_at_write = settings.count(kFault, "storage_stall_at_write");
  storage.stall_time = settings.duration(kFault, "storage_stall_time");
  storage.fail_at_write = settings.count(kFault, "storage_fail_at_write");
  storage.fail_per_million = settings.count(kFault, "storage_fail_per_million");
  storage.full_at_write = settings.count(kFault, "storage_full_at_write");
  storage.read_delay = settings.duration(kFault, "storage_read_delay");

  fault::TransportFaults& transport = config.transport_faults;
  transport.seed = settings.count(kFault, "seed");
  transport.peers = read_peers(settings);
  transport.lanes = read_lanes(settings);
  transport.isolation = read_isolation(settings);
  transport.loss_percent = settings.count(kFault, "transport_loss_percent");
  transport.delay = settings.duration(kFault, "transport_delay");
  transport.delay_jitter = settings.duration(kFault, "transport_delay_jitter");
  transport.duplicate_percent = settings.count(kFault, "transport_duplicate_percent");
  transport.reorder_percent = settings.count(kFault, "transport_reorder_percent");
}

}  // namespace tenon::config
