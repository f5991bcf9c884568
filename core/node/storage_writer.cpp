// SPDX-License-Identifier: MIT
#include "node/storage_writer.hpp"

#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/testing/mutant.hpp"
#include "wire/hard_state.hpp"

namespace tenon::node {

void StorageWriter::write(raft::Write write) {
  Kept& kept = kept_.emplace_back();
  kept.source = std::move(write);
  kept.write.struct_size = sizeof kept.write;
  kept.write.sequence = kept.source.sequence.value();
  if (kept.source.hard_state) {
    kept.hard_state = wire::encode_hard_state(*kept.source.hard_state);
    kept.write.parts |= TENON_WRITE_HARD_STATE;
    kept.write.hard_state = bytes(kept.hard_state);
  }
  if (kept.source.truncate_from) {
    kept.write.parts |= TENON_WRITE_TRUNCATE_SUFFIX;
    kept.write.truncate_from = kept.source.truncate_from->value();
  }
  if (!kept.source.entries.empty()) {
    kept.entries.reserve(kept.source.entries.size());
    for (const raft::Entry& entry : kept.source.entries) {
      kept.entries.push_back({entry.index.value(), entry.term.value(), bytes(entry.data.bytes)});
      kept.bytes += entry.data.bytes.size();
    }
    kept.write.parts |= TENON_WRITE_ENTRIES;
    kept.write.entries = kept.entries.data();
    kept.write.entry_count = kept.entries.size();
  }
  if (kept.source.compact_to) {
    kept.write.parts |= TENON_WRITE_COMPACT_PREFIX;
    kept.write.compact_to = kept.source.compact_to->value();
  }
  backlog_bytes_ += kept.bytes;
  storage_.table->write(storage_.self, &kept.write);
}

void StorageWriter::complete(raft::WriteSequence sequence) noexcept {
  while (!kept_.empty() && kept_.front().source.sequence <= sequence) {
    if (!mutant("backlog-never-shrinks")) backlog_bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
}

}  // namespace tenon::node
