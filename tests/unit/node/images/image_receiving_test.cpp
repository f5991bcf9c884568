// SPDX-License-Identifier: MIT
// What comes of an image while its file is opened again.
#include "node/images/image_receiving.hpp"

#include "small_images.hpp"
#include "wire/image.hpp"

namespace tenon::node {
namespace {

const NodeId kLeader(7);

// An image of some pieces, as a leader sends them.
std::vector<wire::ImagePiece> pieces_of_an_image() {
  Machine machine;
  make_small(machine.settings.images);
  machine.restart();
  for (int i = 0; i < 20; ++i) machine.put("key" + std::to_string(i), std::string(40, 'v'));
  machine.settle();
  machine.node->take_image();
  machine.settle();
  const ManualStorage::StoredImage image = machine.storage.newest_image.value();
  wire::ImagePiece piece;
  piece.term = machine.node->term();
  std::copy_n(image.name.id, piece.image.size(), piece.image.begin());
  piece.index = LogIndex(image.name.index);
  piece.total_bytes = image.bytes.size();
  std::vector<wire::ImagePiece> pieces;
  for (std::size_t at = 0; at < image.bytes.size(); at += pieces.back().piece.bytes.size()) {
    const std::size_t size = *wire::piece_bytes(std::string_view(image.bytes).substr(at, wire::kPieceHeadBytes));
    const auto owner = std::make_shared<const std::string>(image.bytes.substr(at, size));
    piece.number = pieces.size();
    piece.piece = {owner, *owner};
    pieces.push_back(piece);
  }
  return pieces;
}

// Between two of them the node has restarted; the storage is the same.
struct Receiver {
  explicit Receiver(ManualStorage& storage)
      : receiving(
            storage.port(), workers, "machines", [this](NodeId, const wire::ImageAck& ack) { acks.push_back(ack); },
            [this](const ReceivedImage&) { ++received; }, [this](const std::string& why) { faults.push_back(why); },
            [this](const std::string& why) { faults.push_back(why); }) {}

  void hear(const wire::ImagePiece& piece) { receiving.on_piece(kLeader, piece, {}); }
  // All that is to be done is done.
  void work() {
    while (!workers.waiting.empty()) workers.finish_one()->finished();
  }

  ManualWorkers workers;
  std::vector<wire::ImageAck> acks;
  int received = 0;
  std::vector<std::string> faults;
  ImageReceiving receiving;
};

TEST_CASE("pieces that come while an image's file is opened again are taken as far as it does not hold them") {
  const std::vector<wire::ImagePiece> pieces = pieces_of_an_image();
  REQUIRE(pieces.size() > 6);
  ManualStorage storage;
  {
    Receiver first(storage);
    for (std::size_t i = 0; i < 4; ++i) {
      first.hear(pieces[i]);
      first.work();
      if (i == 0) first.hear(pieces[0]);  // the first has only opened the file
      first.work();
    }
    REQUIRE(first.acks.back().next_piece == 4);
  }
  std::uint64_t held = 0;
  {
    Receiver second(storage);
    second.hear(pieces[0]);
    second.work();
    held = second.acks.back().next_piece;
  }
  REQUIRE(held > 1);
  REQUIRE(held + 1 < pieces.size());
  // The leader does not know yet what is held, and begins anew.
  const std::size_t coming = GENERATE_COPY(std::size_t{1}, std::size_t(held), std::size_t(held + 1));
  Receiver third(storage);
  third.hear(pieces[0]);
  REQUIRE(third.workers.waiting.size() == 1);
  for (std::size_t i = 0; i < coming; ++i) third.hear(pieces[i]);
  third.workers.finish_one()->finished();
  REQUIRE(third.acks.size() == 1);
  CHECK(third.acks.back().next_piece == held);
  third.work();
  CHECK(third.faults == std::vector<std::string>());
  CHECK(third.acks.back().next_piece == std::max<std::uint64_t>(held, coming));
  for (std::uint64_t i = third.acks.back().next_piece; i < pieces.size(); ++i) {
    third.hear(pieces[i]);
    third.work();
  }
  CHECK(third.received == 1);
  CHECK(third.faults == std::vector<std::string>());
}

TEST_CASE("an image of a later term than that of the leader that sends it is refused before it is stored") {
  std::vector<wire::ImagePiece> pieces = pieces_of_an_image();
  const bool is_earlier = GENERATE(true, false);
  if (is_earlier) {
    for (wire::ImagePiece& piece : pieces) piece.term = piece.term.previous();
  }
  ManualStorage storage;
  Receiver receiver(storage);
  receiver.hear(pieces[0]);
  receiver.work();
  for (std::size_t i = 0; i < pieces.size() && receiver.faults.empty(); ++i) {
    receiver.hear(pieces[i]);
    receiver.work();
  }
  CHECK(receiver.received == (is_earlier ? 0 : 1));
  CHECK(receiver.faults.size() == (is_earlier ? 1 : 0));
}

}  // namespace
}  // namespace tenon::node
