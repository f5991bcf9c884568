// SPDX-License-Identifier: MIT
// What a test's server answers to whoever maintains a node.
#pragma once

#include <Maintenance.h>

#include <cstdint>
#include <string>

namespace tenon::client {

// An image that was stored before anybody asked, and a log that is cut when it is looked at for the second time.
class MaintenanceHandler : public thrift_api::MaintenanceNull {
 public:
  void readSnapshot(thrift_api::ReadSnapshotReply& reply, const thrift_api::ReadSnapshotRequest& request) override {
    reply.__set_id(std::string(32, 'a'));
    reply.__set_index(258);
    reply.__set_snapshot_bytes(static_cast<std::int64_t>(image.size()));
    reply.__set_offset(request.offset);
    reply.__set_bytes(image.substr(static_cast<std::size_t>(request.offset), part_bytes));
  }
  void compactLog(thrift_api::LogReply& reply) override {
    looks_ = 0;
    getLog(reply);
  }
  void getLog(thrift_api::LogReply& reply) override {
    const bool is_cut = ++looks_ > 2;
    reply.__set_applied_index(12);
    reply.__set_first_index(is_cut ? 13 : 1);
    reply.__set_log_bytes(is_cut ? 0 : 900);
    reply.__set_compacting(!is_cut);
  }

  std::string image;
  std::size_t part_bytes = 1;

 private:
  int looks_ = 0;
};

}  // namespace tenon::client
