// SPDX-License-Identifier: MIT
// The images of a node: the one that it holds, when the next is taken, and those that come from or go to peers. There
// is one writer at a time: while an image is received none is taken, and the other way round.
//
// An image is taken when the entries applied since the last one are many (against the size of that one, so that the
// work stays in proportion), when it is old, or when an operator asks. The log is shortened behind it as far as nobody
// is likely to need it: a tail stays for followers that are a little late, and more, up to a bound, for those that are
// late and for transfers under way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kv/store.hpp"
#include "node/images/image_receiving.hpp"
#include "node/images/image_sending.hpp"
#include "node/images/image_status.hpp"
#include "node/images/image_taking.hpp"
#include "node/log_marks.hpp"
#include "raft/raft.hpp"

namespace tenon::node {

struct ImageSettings {
  std::uint64_t log_bytes = 256u << 20;        // of entries since the last image, at least, that call for the next
  raft::Duration interval = raft::Duration();  // an image older than this is replaced; 0: age alone is no reason
  std::uint32_t chunk_raw_bytes = wire::kChunkRawBytes;
  int zstd_level = wire::kZstdLevel;
  std::uint64_t take_bytes_per_second = 32u << 20;       // of the state, and then of what is read back; 0: no bound
  raft::Duration retry_wait = std::chrono::seconds(10);  // after an image could not be taken
  std::uint64_t log_mark_bytes = 256u << 10;             // how finely the log is shortened
  std::uint64_t log_tail_bytes = 8u << 20;               // kept in any case
  std::uint64_t log_held_bytes_max = 1u << 30;           // kept for who is late; beyond it an image is sent instead
  SendingSettings sending;
};

class Images {
 public:
  Images(StoragePort storage, WorkPort& workers, PeerLinks& links, std::string cluster_id,
         const ImageSettings& settings, std::optional<ImageIdentity> newest, raft::Random random, raft::Instant now);

  // An operator wants an image of what is applied now; the newest may be one already.
  void ask(raft::LogIndex applied) noexcept { is_asked_ = !newest_ || newest_->index < applied; }
  // Whether an image is to be taken now, of which `applied` would be the index. `log_bytes`: of all entries applied.
  bool wants_to_take(raft::LogIndex applied, std::uint64_t log_bytes, raft::Instant now) const noexcept;
  // Takes it. The header needs no id and no size.
  void take(wire::ImageHeader header, std::shared_ptr<const kv::Snapshot> snapshot, std::uint64_t log_bytes);

  // From the leader of this node's term.
  void on_piece(raft::NodeId leader, const wire::ImagePiece& piece);
  ImageSending& sending() noexcept { return sending_; }
  const ImageSending& sending() const noexcept { return sending_; }

  // What was received is installed, at this sum of log bytes.
  void installed(std::uint64_t log_bytes) noexcept { log_bytes_at_newest_ = log_bytes; }

  // What has happened since the last call.
  std::optional<ReceivedImage> take_received() noexcept;
  bool take_news() noexcept;              // an image has become the newest
  std::vector<std::string> take_notes();  // for the operator
  const std::optional<std::string>& fatal() const noexcept { return fatal_; }

  // Ends every handle, on the thread that calls. Needs: no work is under way, and none is begun any more.
  void close() noexcept;

  const std::optional<ImageIdentity>& newest() const noexcept { return newest_; }
  // The newest was found to be damaged: nothing may rest on it any more.
  bool is_damaged() const noexcept { return is_damaged_; }
  std::optional<raft::Instant> next_deadline(raft::Instant now) const noexcept;
  ImageStatus status() const noexcept;
  // What holds from now on: `term` is what answers to peers carry.
  void update(raft::Term term, raft::LogIndex applied, raft::Instant now);

 private:
  wire::ImageId draw_id();
  void taken(const ImageOutcome& outcome);

  const StoragePort storage_;
  WorkPort& workers_;
  PeerLinks& links_;
  const ImageSettings settings_;
  raft::Random random_;
  std::optional<ImageIdentity> newest_;
  std::uint64_t log_bytes_at_newest_ = 0;
  raft::Instant newest_since_;
  std::uint64_t
      first_log_bytes_;      // the first image comes earlier, by a random part, so that nodes do not do it at once
  bool is_damaged_ = false;  // the newest; never without one
  bool is_asked_ = false;
  bool is_taking_ = false;
  std::uint64_t log_bytes_at_taking_ = 0;
  raft::Instant not_before_;  // after a failure
  std::uint64_t taken_count_ = 0;
  std::uint64_t received_count_ = 0;
  raft::Term term_;
  raft::Instant now_;
  bool has_news_ = false;
  std::optional<ReceivedImage> received_image_;
  std::vector<std::string> notes_;
  std::optional<std::string> fatal_;
  ImageSending sending_;
  ImageReceiving receiving_;
};

}  // namespace tenon::node
