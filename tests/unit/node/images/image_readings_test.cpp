// SPDX-License-Identifier: MIT
// Operators read a node's images part by part, while newer ones take their place.
#include "machine.hpp"

namespace tenon::node {
namespace {

class Reader : public Machine {
 public:
  Reader() {
    settings.images.chunk_raw_bytes = 1u << 10;
    restart();
    settle();
  }
  // An image that has `count` more keys than the one before.
  void take_image(int count = 1) {
    for (int i = 0; i < count; ++i) {
      std::string value(100, 'v');  // that no compression makes smaller
      for (char& byte : value) byte = static_cast<char>(random_.next());
      put("key" + std::to_string(++keys_), value);
    }
    settle();
    node->take_image();
    settle();
  }
  std::uint64_t ask(std::optional<wire::ImageId> id, std::uint64_t offset) {
    node->ask({{1, ++last_request}, ImagePartWanted{id, offset}});
    return last_request;
  }
  const ImagePart& part(std::uint64_t request) {
    const auto& what = recorder.operator_answers.at(request).what;
    if (const auto* refused = std::get_if<OperatorRefusal>(&what)) FAIL(refused->why);
    return std::get<ImagePart>(what);
  }
  const OperatorRefusal& refusal(std::uint64_t request) {
    return std::get<OperatorRefusal>(recorder.operator_answers.at(request).what);
  }
  bool is_answered(std::uint64_t request) const { return recorder.operator_answers.contains(request); }
  ImagePart read(std::optional<wire::ImageId> id, std::uint64_t offset) {
    const std::uint64_t request = ask(id, offset);
    settle();
    return part(request);
  }

 private:
  int keys_ = 0;
  raft::Random random_{1};
};

TEST_CASE("an image is read as it is stored, from any offset") {
  Reader reader;
  reader.take_image(20);
  const ImagePart whole = reader.read(std::nullopt, 0);
  CHECK(whole.data == reader.storage.newest_image->bytes);
  CHECK(whole.image_bytes == whole.data.size());
  CHECK(whole.index == reader.node->status().images.index);
  const ImagePart rest = reader.read(whole.id, 100);
  CHECK(rest.id == whole.id);
  CHECK(rest.offset == 100);
  CHECK(rest.data == whole.data.substr(100));
  CHECK(reader.read(whole.id, whole.image_bytes).data.empty());
  const std::uint64_t beyond = reader.ask(whole.id, whole.image_bytes + 1);
  reader.settle();
  CHECK(reader.refusal(beyond).error == TENON_ERROR_INVALID);
  CHECK(reader.read(whole.id, 1).offset == 1);
}

TEST_CASE("a node without an image says so") {
  Reader reader;
  const std::uint64_t request = reader.ask(std::nullopt, 0);
  reader.settle();
  CHECK(reader.refusal(request).error == TENON_ERROR_NOT_FOUND);
  CHECK(reader.storage.open_images == 0);
}

TEST_CASE("an image that is being read stays readable when a newer one takes its place, until it is idle") {
  Reader reader;
  reader.take_image(20);
  const ImagePart first = reader.read(std::nullopt, 0);
  reader.take_image();
  REQUIRE(reader.storage.newest_image->bytes != first.data);
  reader.now.steady += ImageReadings::kIdleMax - std::chrono::seconds(1);
  CHECK(reader.read(first.id, 0).data == first.data);
  reader.now.steady += ImageReadings::kIdleMax - std::chrono::seconds(1);
  CHECK(reader.read(first.id, 0).data == first.data);
  REQUIRE(reader.node->next_deadline().has_value());
  CHECK(*reader.node->next_deadline() <= reader.now.steady + ImageReadings::kIdleMax);
  reader.now.steady += ImageReadings::kIdleMax;
  reader.settle();
  CHECK(reader.storage.open_images == 0);
  const std::uint64_t late = reader.ask(first.id, 0);
  reader.settle();
  CHECK(reader.refusal(late).error == TENON_ERROR_NOT_FOUND);
  CHECK(reader.storage.open_images == 0);
}

TEST_CASE("a reading goes on after a restart while its image is the newest") {
  Reader reader;
  reader.take_image(20);
  const ImagePart first = reader.read(std::nullopt, 0);
  reader.node->close_images();
  reader.restart();
  reader.settle();
  CHECK(reader.read(first.id, 10).data == first.data.substr(10));
}

TEST_CASE("parts of one image wait for each other, and only so many wait at once") {
  Reader reader;
  reader.take_image(20);
  const ImagePart first = reader.read(std::nullopt, 0);
  std::vector<std::uint64_t> asked;
  for (std::size_t i = 0; i < ImageReadings::kAskedMax; ++i) asked.push_back(reader.ask(first.id, i));
  CHECK(reader.workers.waiting.size() == 1);
  const std::uint64_t one_too_many = reader.ask(first.id, 0);
  CHECK(reader.refusal(one_too_many).outcome == Outcome::overloaded);
  reader.settle();
  for (std::size_t i = 0; i < asked.size(); ++i) CHECK(reader.part(asked[i]).data == first.data.substr(i));
  CHECK(reader.storage.open_images == 1);
}

TEST_CASE("only so many images are open at once; one that was read to its end makes room") {
  Reader reader;
  std::vector<ImagePart> read;
  for (std::size_t i = 0; i < ImageReadings::kReadingsMax; ++i) {
    reader.take_image(12'000);
    read.push_back(reader.read(std::nullopt, 0));
    REQUIRE(read.back().data.size() < read.back().image_bytes);
  }
  reader.take_image();
  const std::uint64_t refused = reader.ask(std::nullopt, 0);
  reader.settle();
  CHECK(reader.refusal(refused).outcome == Outcome::overloaded);
  const ImagePart last = reader.read(read[1].id, read[1].image_bytes - 1);
  CHECK(last.data.size() == 1);
  CHECK(reader.read(std::nullopt, 0).index == reader.node->status().images.index);
  const std::uint64_t gone = reader.ask(read[1].id, 0);
  reader.settle();
  CHECK(reader.refusal(gone).outcome == Outcome::overloaded);
  CHECK(reader.storage.open_images == ImageReadings::kReadingsMax);
}

}  // namespace
}  // namespace tenon::node
