// SPDX-License-Identifier: MIT
// A node on the disks of a test: Node, FileLog and ImageStore as in the product, one call after the other. Whatever the
// node asks of storage or of a worker is done when drain() is called.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "filewal/file_log.hpp"
#include "filewal/image_store.hpp"
#include "node/boot.hpp"
#include "node/node.hpp"

namespace tenon::crash {

inline node::Settings small_settings(raft::NodeId self) {
  node::Settings settings;
  settings.raft.self = self;
  settings.raft.log_cache_bytes_max = 2'000;
  settings.cluster_id = "machines";
  settings.images.chunk_raw_bytes = 300;
  settings.images.log_bytes = 3'000;
  settings.images.log_mark_bytes = 1;
  settings.images.log_tail_bytes = 0;
  settings.images.log_held_bytes_max = 0;
  return settings;
}

// What it tells its surroundings, as soon as it does.
struct Told {
  std::function<void(const node::Answer&)> answered = [](const node::Answer&) {};
  std::function<void(raft::NodeId to, const std::shared_ptr<const std::string>& frame)> sent =
      [](raft::NodeId, const std::shared_ptr<const std::string>&) {};
  std::function<void(const node::ImageStatus&)> image_committed = [](const node::ImageStatus&) {};
  std::function<void()> has_called_storage = [] {};  // calls on at most one of the disks were made since the last time
};

class StoredNode final : private node::PeerPort, private node::WorkPort, private node::Surroundings {
 public:
  // Starts from what the disks hold; a directory without entries is born with these members. Throws std::runtime_error
  // when the start is refused.
  StoredNode(filewal::FileSystem& log_disk, filewal::FileSystem& image_disk, const node::Settings& settings,
             const raft::Membership& members, Told told = {});
  ~StoredNode() override;

  // Runs the node, and does all that it asks for, until it asks for nothing any more.
  void settle();
  node::Node& node() noexcept { return *node_; }
  // Of the log as it was found: whether the image made it begin anew.
  bool was_reset() const noexcept { return was_reset_; }
  std::uint64_t index_of_image() const noexcept { return image_index_; }  // that it has started from; 0: none
  const std::optional<std::string>& failure() const noexcept { return failure_; }

  node::Now now{raft::Instant(std::chrono::hours(600)), 1'700'000'000'000};

 private:
  struct Read {
    std::uint64_t request, first, end, bytes_max;
  };
  using Request = std::variant<const tenon_write*, Read>;

  std::size_t send(raft::NodeId peer, node::Lane lane, std::span<wire::OutgoingFrame> frames) override;
  void start(std::unique_ptr<node::Work> work) override { works_.push_back(std::move(work)); }
  raft::Instant steady_now() override { return now.steady; }
  void answer(node::Answer answer) override { told_.answered(answer); }
  void role_changed(const raft::RoleChanged&) override {}
  void image_committed(const node::ImageStatus& status) override { told_.image_committed(status); }
  void image_trouble(const std::string& what) override { failure_ = what; }
  void frame_dropped(node::FrameDrop, raft::NodeId) override {}
  void message_dropped(raft::Drop) override {}
  void failed(const std::string& why) override { failure_ = why; }

  void fill_table() noexcept;
  void stage_and_sync(const tenon_write& write);
  node::Recovered recover(const raft::Membership& members, filewal::Recovered& found);
  bool do_one();
  void work_one();

  const node::Settings settings_;
  const Told told_;
  tenon_storage table_{};
  filewal::FileLog log_;
  filewal::ImageStore images_;
  std::deque<Request> queue_;
  std::deque<std::unique_ptr<node::Work>> works_;
  bool was_reset_ = false;
  std::uint64_t image_index_ = 0;
  std::optional<std::string> failure_;
  std::optional<node::Node> node_;
};

}  // namespace tenon::crash
