// SPDX-License-Identifier: MIT
// What a peer may say in frames whose checksums are right: they are refused, or mean what the encoder writes again, and
// a node that has heard them goes on, as candidate and as leader too. Entries are left out: who sends some that no
// leader has appended breaks what the core rests on.
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "fuzz_input.hpp"
#include "raft/raft.hpp"
#include "tenon/bytes.hpp"
#include "tenon/check.hpp"
#include "tenon/crc32c.hpp"
#include "wire/frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tenon {
namespace {

using raft::LogIndex;
using raft::NodeId;
using raft::Term;

const wire::Envelope kEnvelope{"fuzz", NodeId(2), {}, NodeId(1)};
constexpr std::size_t kStepsMax = 64;

std::uint64_t ordinal(fuzz::Input& input) {
  constexpr std::array extremes{raft::kOrdinalMax, raft::kOrdinalMax + 1, std::uint64_t{1} << 63,
                                std::numeric_limits<std::uint64_t>::max() - 1,
                                std::numeric_limits<std::uint64_t>::max()};
  const std::uint64_t choice = input.below(16 + extremes.size());
  return choice < 16 ? choice : extremes[choice - 16];
}

// The head of a message whose numbers the fuzzer has chosen, under a checksum that holds.
std::shared_ptr<const std::string> frame_of(fuzz::Input& input) {
  std::string head = wire::encode_frame(kEnvelope, raft::Message(raft::ReadIndexRequest{Term(1), 1})).head;
  head.resize(head.size() - 1 - 2 * sizeof(std::uint64_t));
  ByteWriter writer(head);
  const auto kind = static_cast<std::uint8_t>(1 + input.below(std::variant_size_v<raft::Message>));
  writer.u8(kind);
  writer.u64(ordinal(input));
  if (kind <= 2) {
    writer.u8(static_cast<std::uint8_t>(input.below(4)));
    writer.u8(static_cast<std::uint8_t>(input.below(4)));
  }
  for (std::uint64_t left = input.below(4); left > 0; --left) writer.u64(ordinal(input));
  if (kind == 3) writer.u32(0);
  const auto size = static_cast<std::uint32_t>(head.size());
  std::memcpy(head.data() + sizeof size, &size, sizeof size);
  const std::uint32_t checksum = crc32c(std::string_view(head).substr(sizeof size));
  std::memcpy(head.data(), &checksum, sizeof checksum);
  return std::make_shared<const std::string>(std::move(head));
}

raft::Recovered a_voter_of_three() {
  raft::Recovered recovered{{Term(1), NodeId()}, raft::Log(), raft::WriteSequence(1)};
  const raft::Membership members{{{NodeId(1)}, {NodeId(2)}, {NodeId(3)}}};
  recovered.log.recover(
      {LogIndex(1), Term(1), raft::EntryKind::membership, {}, std::make_shared<const raft::Membership>(members)});
  return recovered;
}

void run(fuzz::Input input) {
  raft::Settings settings;
  settings.self = NodeId(1);
  raft::Instant now = raft::Instant(std::chrono::hours(600));
  raft::Raft raft(settings, a_voter_of_three(), raft::Random(1), now);
  for (std::size_t step = 0; step < kStepsMax && !input.empty(); ++step) {
    raft::Effects effects;
    const std::uint64_t what = input.below(4);
    if (what == 0) {
      now += std::chrono::milliseconds(input.below(256) * 8);
      raft.step({now, raft::Tick{}}, effects);
    } else {
      const auto frame = frame_of(input);
      auto decoded = wire::decode_frame(frame);
      auto* good = std::get_if<wire::DecodedFrame>(&decoded);
      if (good == nullptr) continue;
      const auto& message = std::get<raft::Message>(good->body);
      TENON_CHECK(wire::encode_frame(kEnvelope, message).head == *frame);
      raft.step({now, raft::Received{NodeId(1 + what), message}}, effects);
    }
    if (effects.write) {
      const raft::WriteSequence sequence = effects.write->sequence;
      raft::Effects after;
      raft.step({now, raft::WriteDurable{sequence}}, after);
      if (after.write) {
        raft::Effects last;
        raft.step({now, raft::WriteDurable{after.write->sequence}}, last);
      }
    }
  }
}

}  // namespace
}  // namespace tenon

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::run({data, size});
  return 0;
}
