// SPDX-License-Identifier: MIT
// Images that were damaged, and bytes that never were one: what is taken as whole must be what was written.
#include <algorithm>
#include <memory>
#include <string>

#include "fuzz_input.hpp"
#include "kv/image.hpp"
#include "kv/store.hpp"
#include "random_command.hpp"
#include "tenon/check.hpp"
#include "wire/image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tenon::wire {
namespace {

struct Original {
  std::string raw;
  std::string stored;
};

Original make_original() {
  kv::Store store;
  kv::RandomCommand commands(7, 6);
  for (std::uint64_t i = 1; i <= 300; ++i) {
    store.begin_entry(i);
    store.apply(commands.draw_with_session());
  }
  Original made;
  kv::ImageSource source(store.pin());
  while (source.next(made.raw, 4096)) {
  }
  ImageHeader header;
  header.id.fill(3);
  header.cluster_id = "fuzz";
  header.index = raft::LogIndex(300);
  header.term = raft::Term(2);
  header.membership.members.push_back({raft::NodeId(1), {}});
  header.raw_bytes = made.raw.size();
  header.chunk_raw_bytes = 512;
  ImageEncoder encoder(header, 1);
  encoder.begin(made.stored);
  encoder.add(made.raw, made.stored);
  encoder.finish(made.stored);
  return made;
}

// The bytes of an image with what an input does to it: a few cuts, flips, copies and removals; or the input alone.
std::string damage(fuzz::Input& input, const std::string& stored) {
  if (input.below(4) == 0) return std::string(input.rest());
  std::string bytes = stored;
  for (std::uint64_t left = input.below(4); left > 0 && !bytes.empty(); --left) {
    const std::size_t at = input.below(bytes.size());
    const std::size_t count = std::min<std::size_t>(1 + input.below(1'024), bytes.size() - at);
    const std::size_t to = input.below(bytes.size());
    switch (input.below(4)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1 << input.below(8)));
        break;
      case 1:
        bytes.resize(at);
        break;
      case 2:
        bytes.erase(at, count);
        break;
      default:
        bytes.insert(to, bytes.substr(at, count));
        break;
    }
  }
  return bytes;
}

void run(fuzz::Input input) {
  static const Original original = make_original();
  const std::string bytes = damage(input, original.stored);
  const std::size_t cut = 1 + input.below(2'000);
  ImageDecoder decoder;
  kv::ImageLoader loader;
  std::string raw;
  const auto take = [&](std::string_view part) {
    raw += part;
    return loader.feed(part);
  };
  for (std::size_t at = 0; at < bytes.size(); at += cut) {
    if (!decoder.feed(std::string_view(bytes).substr(at, cut), take)) break;
  }
  TENON_CHECK(decoder.verified_bytes() <= bytes.size());
  if (!decoder.complete()) {
    TENON_CHECK(!decoder.error().empty() || !decoder.missing().empty());
    return;
  }
  // No checksum is forged by chance, so that only the whole image, and nothing more, is complete.
  if (decoder.error().empty()) TENON_CHECK(raw == original.raw && loader.finish() != nullptr);
}

}  // namespace
}  // namespace tenon::wire

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::wire::run({data, size});
  return 0;
}
