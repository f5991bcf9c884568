// SPDX-License-Identifier: MIT
// Images that are being read by operators' tools, part by part. A reading keeps its image open, so that it stays
// readable when a newer one takes its place, from its first part until nobody has asked for the next for a while. All
// who read the same image share one reading. Parts are read by workers, one at a time for each reading.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "node/backup/operator_request.hpp"
#include "node/images/image_file.hpp"
#include "node/work.hpp"

namespace tenon::node {

class ImageReadings {
 public:
  static constexpr std::size_t kReadingsMax = 4;       // images that are open at once
  static constexpr std::size_t kAskedMax = 16;         // parts that were asked for and are not yet answered
  static constexpr std::size_t kPartBytes = 1u << 20;  // at most, of one part
  static constexpr std::chrono::seconds kIdleMax{60};  // since a part of it was read last

  // Each part that is asked for is answered once, with an ImagePart or an OperatorRefusal, on the node's thread.
  using Answer = std::function<void(OperatorAnswer answer)>;

  ImageReadings(StoragePort storage, WorkPort& workers, Answer answer);
  ~ImageReadings();

  void ask(Token token, const ImagePartWanted& wanted);
  // Closes what nobody has read for a while. Called often.
  void expire(raft::Instant now);
  // When expire() has something to do at the earliest; nullopt: nothing is open.
  std::optional<raft::Instant> next_expiry() const noexcept;
  // Ends every handle, on the thread that calls. Needs: no work is under way, and none is begun any more.
  void close() noexcept;

 private:
  class PartReading;
  struct Asked {
    Token token;
    ImagePartWanted wanted;
  };
  struct Reading {
    wire::ImageId id = {};
    std::unique_ptr<ImageFile> file;    // null: a worker has it
    std::optional<raft::Instant> used;  // nullopt: since the last expire()
    bool has_ended = false;             // its last part was read; another may take its place
  };

  // Begins what can be begun of what waits.
  void begin_waiting();
  // False: it has to wait for a worker that reads the same image.
  bool begin(const Asked& asked);
  bool make_room();
  void finished(PartReading& part);
  Reading* find(const wire::ImageId& id) noexcept;
  void close_later(std::unique_ptr<ImageFile> file);

  const StoragePort storage_;
  WorkPort& workers_;
  const Answer answer_;
  std::vector<Reading> readings_;  // of different images; with opening_, <= kReadingsMax
  std::size_t opening_ = 0;        // that workers open; nobody knows yet of which image
  std::size_t under_way_ = 0;      // parts that workers read; with waiting_, <= kAskedMax
  std::deque<Asked> waiting_;
};

}  // namespace tenon::node
