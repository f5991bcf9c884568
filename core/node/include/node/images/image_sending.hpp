// SPDX-License-Identifier: MIT
// Sends the newest image to peers whose logs end before this node's begins. Pieces travel as they are stored, on the
// bulk lane, and no more of them in a second than the operator allows.
//
//   probe   one piece, and no more until an answer says which one the peer wants
//   stream  a window of pieces ahead of the last answer
//
// A transfer begins with a probe, and returns to it whenever something may have been lost: no answer in time, a lane
// that went down, a peer that wants a piece again that it had. While nobody answers the waits grow.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/images/image_file.hpp"
#include "node/peer_links.hpp"
#include "node/work.hpp"

namespace tenon::node {

struct SendingSettings {
  std::uint64_t window_pieces = 8;  // that were sent and not answered; > 0
  // Images of transfers that have ended, and that a worker has yet to close; > 0. Above it no other is opened, and a
  // transfer that begins waits.
  std::size_t closing_files_max = 8;
  // Of all transfers together, 0: as fast as the network takes them.
  std::uint64_t bytes_per_second = 0;
  // How long an answer may take before the pieces are sent again; doubled with each such wait up to the greatest.
  raft::Duration answer_wait_min = std::chrono::seconds(1);
  raft::Duration answer_wait_max = std::chrono::seconds(30);
};

class ImageSending {
 public:
  using Failed = std::function<void(tenon_error error, const std::string& why)>;

  // `failed` is called on the node's thread when the image cannot be read, with CORRUPT when it is damaged; the
  // transfer is tried again later, with the image that is the newest then.
  ImageSending(StoragePort storage, WorkPort& workers, PeerLinks& links, const SendingSettings& settings,
               Failed failed);
  ~ImageSending();

  // The peer needs an image, and is known to hold what it acknowledged up to `match`. Does nothing when one that ends
  // behind that is on its way. `newest`: the index of the newest image; the one that is sent may be newer still,
  // because a worker opens it.
  void begin(raft::NodeId peer, raft::LogIndex match, raft::LogIndex newest, raft::Instant now);
  void on_ack(raft::NodeId peer, const wire::ImageAck& ack, raft::Instant now);
  // The bulk lane is up again, or has room again.
  void on_lane(raft::NodeId peer, LaneEvent event, raft::Instant now);
  // Ends every transfer, on the thread that calls.
  void close() noexcept { transfers_.clear(); }
  // Ends the transfers to all but these peers.
  void keep(const std::vector<raft::NodeId>& peers);
  // Reads and sends what may be sent now, in `term`.
  void run(raft::Term term, raft::Instant now);
  std::optional<raft::Instant> next_deadline() const noexcept;

  std::size_t count() const noexcept { return transfers_.size(); }
  // No image that is on its way has an index below this: what follows it in the log will be wanted next.
  std::optional<raft::LogIndex> oldest_index() const noexcept;

 private:
  struct Place {
    std::uint64_t piece = 0;
    std::uint64_t offset = 0;
    bool operator==(const Place&) const = default;
  };
  enum class State { probe, stream };
  struct Transfer {
    std::uint64_t reading = 0;  // names the read that is under way, or was the last
    bool is_reading = false;    // a worker has the file
    bool is_void = false;       // what it reads is not wanted any more
    bool is_blocked = false;    // the lane had no room
    State state = State::probe;
    std::shared_ptr<ImageFile> file;  // null: not opened yet
    raft::LogIndex index;             // of the image; <= its index while it is not opened
    Place acknowledged;               // what the peer wants next
    Place next;                       // to be read and sent; not before `acknowledged`
    Place reached;                    // by reading from the beginning: a piece begins here, or the image ends
    raft::Instant wait_until;         // when a probe follows unless an answer comes
    raft::Duration wait;
  };
  struct Piece {
    Place place;
    raft::Payload bytes;
  };
  class Pieces;
  class Closing;

  // It is forgotten next.
  void end(Transfer& transfer);
  // The last owner closes the file, on a worker.
  void close_later(std::shared_ptr<ImageFile> file);
  void has_closed() noexcept;
  std::size_t closing_files() const noexcept;
  void probe(Transfer& transfer);
  void read_on(raft::NodeId peer, Transfer& transfer);
  void has_read(Pieces& read);
  void send(raft::NodeId peer, Transfer& transfer, const std::vector<Piece>& pieces);
  void refill(raft::Instant now);

  const StoragePort storage_;
  WorkPort& workers_;
  PeerLinks& links_;
  const SendingSettings settings_;
  const Failed failed_;
  std::map<raft::NodeId, Transfer> transfers_;
  std::size_t open_files_ = 0;  // or are being opened or closed; <= count() + closing_files_max
  std::uint64_t last_reading_ = 0;
  raft::Term term_;  // of this leadership
  raft::Instant now_;
  std::int64_t allowance_bytes_ = 0;  // that may be sent now; below 0 after a batch that was larger
  raft::Instant refilled_at_;
};

}  // namespace tenon::node
