// SPDX-License-Identifier: MIT
#include "log_model.hpp"

#include <limits>

#include "tenon/bytes.hpp"

namespace tenon::filewal::test {

OwnedWrite& OwnedWrite::hard_state(std::string bytes) {
  hard_state_ = std::move(bytes);
  return *this;
}

OwnedWrite& OwnedWrite::truncate(std::uint64_t from) {
  truncate_from_ = from;
  return *this;
}

OwnedWrite& OwnedWrite::append(std::uint64_t index, std::uint64_t term, std::string data) {
  owned_.push_back({index, term, std::move(data)});
  return *this;
}

OwnedWrite& OwnedWrite::compact(std::uint64_t to) {
  compact_to_ = to;
  return *this;
}

const tenon_write& OwnedWrite::view(std::uint64_t sequence) {
  view_.sequence = sequence;
  if (hard_state_) {
    view_.parts |= TENON_WRITE_HARD_STATE;
    view_.hard_state = bytes(*hard_state_);
  }
  if (truncate_from_) {
    view_.parts |= TENON_WRITE_TRUNCATE_SUFFIX;
    view_.truncate_from = *truncate_from_;
  }
  if (!owned_.empty()) {
    entries_.clear();
    for (const Owned& entry : owned_) entries_.push_back({entry.index, entry.term, bytes(entry.data)});
    view_.parts |= TENON_WRITE_ENTRIES;
    view_.entries = entries_.data();
    view_.entry_count = entries_.size();
  }
  if (compact_to_) {
    view_.parts |= TENON_WRITE_COMPACT_PREFIX;
    view_.compact_to = *compact_to_;
  }
  return view_;
}

void OwnedWrite::apply(LogModel& model, std::vector<LogModel>& states) const {
  if (hard_state_) {
    model.hard_state = *hard_state_;
    states.push_back(model);
  }
  if (truncate_from_ && *truncate_from_ <= model.last()) {
    model.entries.resize(*truncate_from_ - model.first);
    states.push_back(model);
  }
  for (const Owned& entry : owned_) {
    model.entries.push_back({entry.term, entry.data});
    states.push_back(model);
  }
  if (compact_to_ && *compact_to_ >= model.first) {
    const std::uint64_t dropped = std::min<std::uint64_t>(*compact_to_ - model.first + 1, model.entries.size());
    model.entries.erase(model.entries.begin(), model.entries.begin() + static_cast<std::ptrdiff_t>(dropped));
    model.first = *compact_to_ + 1;
    states.push_back(model);
  }
}

std::unique_ptr<OwnedWrite> random_write(const LogModel& model, std::mt19937_64& generator, std::size_t payload_max) {
  const auto below = [&](std::uint64_t bound) { return generator() % bound; };
  const auto random_bytes = [&](std::size_t size) {
    std::string text(size, '\0');
    for (char& byte : text) byte = static_cast<char>(below(3) == 0 ? 0 : below(256));
    return text;
  };
  auto write = std::make_unique<OwnedWrite>();
  std::uint64_t last = model.last();
  if (below(6) == 0) write->hard_state(random_bytes(below(8) == 0 ? TENON_HARD_STATE_BYTES_MAX : 1 + below(40)));
  if (below(5) == 0) {
    const std::uint64_t from = model.first + below(model.entries.size() + 3);
    write->truncate(from);
    last = std::min(last, from - 1);
  }
  const std::uint64_t count = below(4) == 0 ? 0 : below(5);
  for (std::uint64_t entry = 0; entry < count; ++entry) {
    write->append(++last, 1 + below(9), random_bytes(below(payload_max + 1)));
  }
  if (below(8) == 0) write->compact(below(4) == 0 ? last + below(4) : model.first + below(model.entries.size() + 1));
  return write;
}

OpenedLog::OpenedLog(FileSystem& file_system, std::uint64_t segment_bytes, const Identity& identity)
    : log(file_system, {.segment_bytes = segment_bytes},
          [this](std::uint32_t, std::string_view line) { lines.emplace_back(line); }),
      recovered(log.open(identity)) {}

bool OpenedLog::logged(std::string_view part) const {
  for (const std::string& line : lines) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

LogModel OpenedLog::content() const {
  LogModel found{recovered.hard_state, recovered.first_index, {}};
  if (recovered.last_index < recovered.first_index) return found;
  const ReadPlan plan =
      log.plan_read(recovered.first_index, recovered.last_index + 1, std::numeric_limits<std::uint64_t>::max());
  const std::unique_ptr<ReadEntries> read = log.read(plan);
  for (const tenon_entry& entry : read->entries) {
    if (entry.index != found.last() + 1) throw std::logic_error("an entry has the wrong index");
    found.entries.push_back({entry.term, std::string(tenon::view(entry.data))});
  }
  if (found.last() != recovered.last_index) throw std::logic_error("a read lacks entries");
  return found;
}

LogModel content_of(const support::MemoryFileSystem::Contents& contents) {
  support::MemoryFileSystem disk(1, contents);
  OpenedLog opened(disk);
  LogModel found = opened.content();
  opened.log.close();
  return found;
}

tenon_error refusal_of(const support::MemoryFileSystem::Contents& contents, std::string* message) {
  support::MemoryFileSystem disk(1, contents);
  try {
    OpenedLog opened(disk);
    return TENON_OK;
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.code();
  }
}

std::vector<std::string> segments_of(const FileSystem& disk) {
  std::vector<std::string> names = disk.list();
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".wal"); });
  return names;
}

}  // namespace tenon::filewal::test
