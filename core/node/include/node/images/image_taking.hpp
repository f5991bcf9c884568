// SPDX-License-Identifier: MIT
// Takes an image of the state while writes go on: what a snapshot shows is encoded, written, read back and verified,
// and only then committed. All of it happens on a worker, in steps of one chunk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kv/image.hpp"
#include "node/images/image_file.hpp"
#include "node/images/image_reading.hpp"
#include "node/work.hpp"
#include "wire/image.hpp"

namespace tenon::node {

// How a piece of work on an image ended.
struct ImageOutcome {
  enum class Kind {
    committed,  // it is durable, and the newest
    given_up,   // nothing has changed; it may be tried again later
    undecided,  // nobody knows which image is the newest: the node cannot go on
  };
  Kind kind = Kind::given_up;
  ImageIdentity identity;
  std::string why;  // unless it is committed
};

class ImageTaking final : public Work {
 public:
  using Done = std::function<void(const ImageOutcome&)>;

  // `header` says what the snapshot is of; its raw size is set here. `done` is called on the node's thread.
  ImageTaking(StoragePort storage, wire::ImageHeader header, std::shared_ptr<const kv::Snapshot> snapshot,
              int zstd_level, Done done);

  bool step() override;
  // Of the state as it is encoded, and of the image as it is read back.
  std::uint64_t unhurried_bytes() const noexcept override;
  void finished() override { done_(outcome_); }

 private:
  enum class Phase { begin, encode, verify, commit };
  bool advance();
  bool encode();
  bool verify();
  void flush();

  const StoragePort storage_;
  const wire::ImageHeader header_;
  const Done done_;
  kv::ImageSource source_;
  wire::ImageEncoder encoder_;
  std::optional<ImageFile> file_;
  std::optional<ImageReading> reading_;
  std::string raw_;
  std::string stored_;
  std::uint64_t encoded_bytes_ = 0;  // of the raw state
  std::uint64_t offset_ = 0;
  Phase phase_ = Phase::begin;
  ImageOutcome outcome_;
};

}  // namespace tenon::node
