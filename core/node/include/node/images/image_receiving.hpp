// SPDX-License-Identifier: MIT
// Receives an image from the leader: piece by piece into storage, verified as it comes and once more as a whole, and
// built into a state that is ready when the image is durable. What is there of it survives a restart: the answer to
// whatever piece comes names the one that is wanted.
//
//   piece -> waiting (bounded) -> a worker: verify, write, load -> ack -> ... -> commit -> Received
//
// An image of another leader, or a newer one, replaces what was begun.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kv/store.hpp"
#include "node/images/image_reading.hpp"
#include "node/work.hpp"
#include "raft/entry.hpp"
#include "wire/frame.hpp"

namespace tenon::node {

struct ReceivedImage {
  LoadedImage image;
  raft::NodeId leader;  // who sent it
};

class ImageReceiving {
 public:
  static constexpr std::size_t kWaitingMax = 16;      // pieces that have come and are not yet being written
  static constexpr std::chrono::minutes kIdleMax{2};  // between two pieces

  using Answer = std::function<void(raft::NodeId leader, const wire::ImageAck& ack)>;
  using Received = std::function<void(ReceivedImage received)>;
  using Failed = std::function<void(const std::string& why)>;

  // All three are called on the node's thread: `answer` with the term left at 0; `given_up` when an image cannot be
  // taken now, and `undecided` when the node cannot go on.
  ImageReceiving(StoragePort storage, WorkPort& workers, std::string cluster_id, Answer answer, Received received,
                 Failed given_up, Failed undecided);
  ~ImageReceiving();

  // A piece has come from the leader of this node's term.
  void on_piece(raft::NodeId leader, const wire::ImagePiece& piece, raft::Instant now);
  // Gives up an image that the log has overtaken, or of which nothing has come for a while.
  void expire(raft::LogIndex applied, raft::Instant now);
  // When expire() has something to do at the earliest; nullopt: nothing is under way.
  std::optional<raft::Instant> next_expiry() const noexcept;
  // Ends the handle, on the thread that calls.
  void close() noexcept;
  // Whether an image is being received or installed: none is to be taken meanwhile.
  bool is_busy() const noexcept { return target_.has_value(); }
  std::uint64_t received_bytes() const noexcept { return offset_; }

 private:
  struct Stage;
  class Storing;
  class Closing;
  struct Target {
    raft::NodeId leader;
    wire::ImageId id;
    raft::LogIndex index;
    bool operator==(const Target&) const = default;
  };
  // Forgets what is under way; what is stored stays, to be gone on with. Needs: no worker has it.
  void abandon();
  void store();
  void stored(std::unique_ptr<Stage> stage);
  void close_later(std::unique_ptr<Stage> stage);
  void say(wire::ImageAck::Status status) const;

  const StoragePort storage_;
  WorkPort& workers_;
  const std::string cluster_id_;
  const Answer answer_;
  const Received received_;
  const Failed given_up_;
  const Failed undecided_;

  std::optional<Target> target_;
  raft::Instant heard_;                // when a piece of the target has come last
  std::unique_ptr<Stage> stage_;       // null: a worker has it, or none was begun
  bool is_storing_ = false;            // a worker has the stage
  bool is_closing_ = false;            // a worker closes the file of a stage that was given up
  std::uint64_t next_piece_ = 0;       // of the target, that is neither stored nor waiting
  std::uint64_t offset_ = 0;           // bytes of the target that are stored
  std::deque<raft::Payload> waiting_;  // pieces up to next_piece_; <= kWaitingMax
};

}  // namespace tenon::node
